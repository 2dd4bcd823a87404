"""What is set in wrangler's environment, so that `env.AI` comes to a Fogbank (binding.md 2.A, 2.F).

Nothing else of wrangler, of the project or of the code is changed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

QUIET = {
    "WRANGLER_SEND_METRICS": "false",
    "WRANGLER_SEND_ERROR_REPORTS": "false",
    "CLOUDFLARE_CF_FETCH_ENABLED": "false",
}
"""What wrangler would send elsewhere; the user's own choice stands."""
PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY")
NO_KEY = "no-key-needed"
"""Wrangler wants a token before it calls; a server without keys takes any."""
NOBODY = "nobody@localhost"
"""Goes with the global key, which wrangler prefers to a token where it has both."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A server, the API key if it asks for one, and the account that calls are booked on."""

    url: str
    key: str | None
    account: str


def by_preload(to: Destination, preload: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """For wrangler 4.45 and later: a file that Node loads first re-points Miniflare's `ai`.

    The user's `CLOUDFLARE_*` stand: nothing of this way reads them.
    """
    changed = {"NODE_OPTIONS": _required(preload, environ.get("NODE_OPTIONS", ""))}
    return {**changed, **_common(to, environ)}


def by_proxy(to: Destination, environ: Mapping[str, str]) -> dict[str, str]:
    """For older ones, which send `env.AI` to Cloudflare's API: the API's address is moved.

    The user's own token and global key are replaced, so that neither is sent to a server that is
    not Cloudflare's; an account id stands. Not blanked: the project's `.env` fills what is empty.
    These releases would call even loopback through a proxy, whatever `NO_PROXY` says, so proxies
    are blanked.
    """
    changed = {
        "CLOUDFLARE_API_BASE_URL": f"{to.url}/client/v4",
        "CLOUDFLARE_API_TOKEN": to.key or NO_KEY,
        "CLOUDFLARE_API_KEY": to.key or NO_KEY,
        "CLOUDFLARE_EMAIL": NOBODY,
        **{name: "" for name in PROXIES if environ.get(name)},
    }
    if not environ.get("CLOUDFLARE_ACCOUNT_ID"):
        changed["CLOUDFLARE_ACCOUNT_ID"] = to.account
    return {**changed, **_common(to, environ)}


def _common(to: Destination, environ: Mapping[str, str]) -> dict[str, str]:
    key = {"FOGBANK_KEY": to.key} if to.key else {}
    quiet = {name: value for name, value in QUIET.items() if not environ.get(name)}
    return {"FOGBANK_URL": to.url, **key, **quiet}


def _required(preload: Path, options: str) -> str:
    """NODE_OPTIONS with the preload added once; a path with spaces is quoted as Node wants it."""
    path = str(preload)
    word = json.dumps(path, ensure_ascii=False) if re.search(r'[\s"\\]', path) else path
    required = f"--require {word}"
    return options if required in options else f"{options} {required}".strip()
