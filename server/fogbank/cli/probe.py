"""Whether a Fogbank answers at an address, and takes the key; never ends a command by itself."""

import os
import ssl
from typing import Any
from urllib.parse import urlsplit

import httpx2

SECONDS = 10.0
"""For a list that needs no engine; something else on the port does not hold us up."""
AUTHORITIES = "NODE_EXTRA_CA_CERTS"
"""Names a file of certificate authorities to Node, wrangler and the preload, and so to us."""


class Unusable(Exception):
    """No server that could be used. The message says why, and what to do."""


class NobodyThere(Unusable):
    """Nothing accepts connections."""


class NotFogbank(Unusable):
    """Something else answers."""


def profile_at(url: str, key: str | None, seconds: float = SECONDS) -> str:
    """The name of the profile that the Fogbank there serves.

    Raises NobodyThere or NotFogbank, and Unusable where it is a Fogbank that refuses the call, or
    its certificate is not trusted.
    """
    headers = {"authorization": f"Bearer {key}"} if key else {}
    options: dict[str, Any] = {"headers": headers, "timeout": seconds, "trust_env": False}
    if url.startswith("https:"):
        options["verify"] = _trusted()
    try:
        response = httpx2.get(f"{url}/fogbank/models", **options)
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise Unusable(
                f"the certificate of {url} is not trusted ({error}).\n"
                f"{AUTHORITIES} names the file of an authority of your own."
            ) from None
        if "[SSL" in str(error):
            raise NotFogbank(f"what answers at {url} does not speak https ({error})") from None
        raise NobodyThere(f"no server answers at {url} ({error})") from None
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        raise NotFogbank(f"what answers at {url} is not Fogbank ({error})") from None
    body = _object(response)
    if response.status_code in (401, 403) and (said := _said(body)):
        raise Unusable(f"the server at {url} answered {response.status_code}: {said}{_hint(key)}")
    profile = body.get("profile")
    if response.status_code != 200 or not isinstance(profile, str):
        parts = urlsplit(url)
        hint = f"; without path, it would be {parts.scheme}://{parts.netloc}" * bool(parts.path)
        raise NotFogbank(f"what answers at {url} is not Fogbank{hint}")
    return profile


def _trusted() -> ssl.SSLContext:
    context = httpx2.create_ssl_context(trust_env=False)
    if path := os.environ.get(AUTHORITIES):
        try:
            context.load_verify_locations(path)
        except OSError as error:
            raise Unusable(f"{AUTHORITIES} is {path}, which cannot be read: {error}") from None
    return context


def _object(response: httpx2.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _said(body: dict[str, Any]) -> str:
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return str(first.get("message", "")) if isinstance(first, dict) else ""


def _hint(key: str | None) -> str:
    if key:
        return "\nThe key of --key or FOGBANK_KEY is not one of its own; see 'fogbank keys list'."
    return "\nGive a key with --key or FOGBANK_KEY; 'fogbank keys create NAME' makes one."
