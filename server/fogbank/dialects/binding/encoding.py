"""A body that may be compressed: version 2 of the binding sent gzip."""

import zlib

from starlette.types import Receive, Scope

from fogbank import errors
from fogbank.dialects import intake
from fogbank.dialects.asgi import header
from fogbank.errors import AIError
from fogbank.settings import Settings

ENCODING = b"content-encoding"
GZIP_WINDOW = 16 + zlib.MAX_WBITS


async def read_decoded(scope: Scope, receive: Receive, settings: Settings) -> bytes:
    """The body, uncompressed. Raises AIError and ClientGone.

    What it becomes is bounded as what is sent is (3006): a few bytes of gzip can be gigabytes.
    """
    body = await intake.body(scope, receive, settings)
    encoding = (header(scope, ENCODING) or "identity").strip().lower()
    if encoding == "identity":
        return body
    if encoding not in ("gzip", "x-gzip"):
        detail = f"the content-encoding {encoding[:40]!r} is not read here: send gzip or none"
        raise AIError(errors.INVALID_INPUT, detail=detail)
    limit = settings.max_body_bytes
    return await intake.off_the_loop(intake.LARGE, lambda: inflated(body, limit))


def inflated(body: bytes, limit: int) -> bytes:
    """What one gzip member holds. Raises AIError: 3006 beyond `limit` bytes, 8001."""
    inflater = zlib.decompressobj(GZIP_WINDOW)
    try:
        content = inflater.decompress(body, limit + 1)
    except zlib.error:
        raise AIError(errors.INVALID_INPUT, detail="the body is not gzip") from None
    if len(content) > limit:
        raise AIError(errors.TOO_LARGE)
    if not inflater.eof:
        raise AIError(errors.INVALID_INPUT, detail="the body's gzip ends in the middle")
    return content
