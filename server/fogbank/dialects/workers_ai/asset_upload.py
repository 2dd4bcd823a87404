"""A multipart body with one file, streamed to disk: `file` and `file_name`, in either order."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.types import Receive, Scope

from fogbank import errors
from fogbank.dialects.asgi import ClientGone, header
from fogbank.errors import AIError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

ROOM_FOR_FORM = 64 << 10
"""Bytes of a body beside its file: boundaries, headers, the other fields."""

_MAX_FIELD = 1000


async def receive_asset(
    scope: Scope, receive: Receive, place: Path, *, limit: int, seconds: float
) -> str:
    """Writes the field `file` to `place`; returns the field `file_name`, or the file's own name.

    Raises AIError for more than `limit` bytes, for more than `seconds`, and for a body that is not
    such a form; and ClientGone.
    """
    kind, options = parse_options_header(header(scope, b"content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise _bad("the body must be multipart/form-data with the fields file and file_name")
    with place.open("wb") as stream:
        form = _Form(stream, limit)
        try:
            async with asyncio.timeout(seconds):
                await _feed(MultipartParser(boundary, form.callbacks()), form, receive, limit)
        except FormParserError as error:
            raise _bad(f"the multipart body is broken: {error}") from None
        except TimeoutError:
            raise AIError(errors.TIMEOUT) from None
    if not form.ended:
        raise _bad("the multipart body was cut off")
    if not form.files:
        raise _bad("the field 'file' is missing, or is not a file")
    if form.files > 1:
        raise _bad("there is more than one 'file'; upload them one by one")
    return str(bytes(form.file_name) or form.own_name, "utf-8", "replace")


async def _feed(parser: MultipartParser, form: "_Form", receive: Receive, limit: int) -> None:
    size, more = 0, True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ClientGone
        data = event.get("body", b"")
        size += len(data)
        parser.write(data)
        # Small parts and their headers take a second per megabyte, and nobody needs them.
        if form.written > limit or size - form.written > ROOM_FOR_FORM:
            raise AIError(errors.TOO_LARGE)
        more = event.get("more_body", False)


@dataclass
class _Form:
    """What the parser's callbacks gather."""

    stream: IO[bytes]
    limit: int
    written: int = 0
    files: int = 0
    ended: bool = False
    file_name: bytearray = field(default_factory=bytearray)
    own_name: bytes = b""
    _name: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _disposition: bytes = b""
    _part: str = ""

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header,
            "on_headers_finished": self._headers,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._disposition = b""

    def _header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._part = str(options.get(b"name", b""), "latin-1")
        if self._part == "file":
            self.files += 1
            self.own_name = options.get(b"filename", b"")
        elif self._part == "file_name":
            self.file_name.clear()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part == "file" and self.files == 1:
            self.written += end - start
            if self.written <= self.limit:
                self.stream.write(memoryview(data)[start:end])
        elif self._part == "file_name" and len(self.file_name) < _MAX_FIELD:
            self.file_name.extend(data[start:end])

    def _end(self) -> None:
        self.ended = True


def _bad(detail: str) -> AIError:
    return AIError(errors.INVALID_INPUT, detail=detail)
