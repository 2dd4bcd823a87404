"""The HTTP of a Hugging Face hub: two calls, retries, resume, and errors that say what to do.

Fogbank speaks these two routes itself rather than through `huggingface_hub`, whose downloads begin
anew after a restart and which the core does not depend on.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx2

from fogbank.weights.errors import WeightsError

T = TypeVar("T")
Tick = Callable[[int], None]

PAUSES: tuple[float, ...] = (1, 2, 4, 8, 16)
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")
_TRANSIENT = frozenset((408, 425, 429, 500, 502, 503, 504))
_LONGEST_PAUSE = 60.0
_OFFLINE = (
    "If this machine has no network, run `fogbank bundle` on one that has, and take the bundle in"
    " here. HF_ENDPOINT names another hub."
)


class _Broken(Exception):
    """The exchange stopped for a reason that may pass; `pause` seconds were asked for."""

    def __init__(self, what: str, pause: float = 0) -> None:
        self.pause = pause
        super().__init__(what)


class HubClient:
    """A hub at `endpoint`. `pauses` are the seconds between one try and the next (`PAUSES`).

    Progress starts the tries anew: a connection that breaks every minute still gets there.
    """

    def __init__(
        self,
        endpoint: str,
        token: str | None = None,
        pauses: tuple[float, ...] | None = None,
    ) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._pauses = PAUSES if pauses is None else pauses
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(
            headers={"user-agent": "fogbank", "accept-encoding": "identity", **headers},
            follow_redirects=True,
            timeout=httpx2.Timeout(30, read=60),
        )

    @classmethod
    def from_environment(cls) -> Self:
        """HF_ENDPOINT and HF_TOKEN (or the token file of `hf auth login`), as every HF tool."""
        return cls(os.environ.get("HF_ENDPOINT") or "https://huggingface.co", _token())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def model(self, hub: str, revision: str) -> dict[str, Any]:
        """The description of a repository at a revision: its commit and its files."""
        url = f"{self.endpoint}/api/models/{hub}/revision/{quote(revision, safe='')}"

        def attempt(_: Tick) -> dict[str, Any]:
            response = self._http.get(url, params={"blobs": "true"})
            self._check(response, hub, revision)
            try:
                answer = response.json()
            except ValueError:
                answer = None
            if not isinstance(answer, dict):
                raise self._strange(url)
            return answer

        return self._retry(attempt, hub)

    def download(self, hub: str, commit: str, name: str, part: Path, size: int, tick: Tick) -> None:
        """Appends to `part` until it has `size` bytes; `tick` is told each number of bytes."""
        url = f"{self.endpoint}/{hub}/resolve/{commit}/{quote(name)}"
        part.parent.mkdir(parents=True, exist_ok=True)

        def attempt(moved: Tick) -> None:
            have = part.stat().st_size if part.exists() else 0
            if have > size:
                part.unlink()
                tick(-have)
                have = 0
            if have == size and part.exists():
                return
            headers = {"range": f"bytes={have}-"} if have else {}
            with self._http.stream("GET", url, headers=headers) as response:
                self._check(response, hub, commit, name)
                start = _start(response)
                with part.open("r+b" if part.exists() else "wb") as stream:
                    stream.truncate(start)
                    stream.seek(start)
                    tick(start - have)
                    for chunk in response.iter_bytes():
                        stream.write(chunk)
                        moved(len(chunk))
                        tick(len(chunk))
                        if stream.tell() > size:
                            raise self._strange(url)
            if part.stat().st_size < size:
                raise _Broken(f"{name} ended after {part.stat().st_size} of {size} bytes")

        self._retry(attempt, f"{hub}, {name}")

    def _retry(self, attempt: Callable[[Tick], T], where: str) -> T:
        tries = 0

        def moved(_: int) -> None:
            nonlocal tries
            tries = 0

        while True:
            try:
                with _breaks():
                    return attempt(moved)
            except _Broken as error:
                if tries >= len(self._pauses):
                    raise WeightsError(
                        f"The hub at {self.endpoint} cannot be reached: {error}.",
                        where=where,
                        hint=f"What was fetched is kept: pull again to go on. {_OFFLINE}",
                    ) from error
                pause = max(error.pause, self._pauses[tries])
                tries += 1
            time.sleep(pause)

    def _check(
        self, response: httpx2.Response, hub: str, revision: str, name: str | None = None
    ) -> None:
        status = response.status_code
        if status in _TRANSIENT:
            asked = response.headers.get("retry-after", "")
            pause = min(float(asked), _LONGEST_PAUSE) if asked.isdigit() else 0
            raise _Broken(f"it answered {status}", pause)
        code = response.headers.get("x-error-code", "")
        if status in (401, 403):
            raise self._denied(hub, code)
        if status == 404:
            what = f"no file {name}" if name else f"no revision {revision!r}"
            text = "does not exist" if code == "RepoNotFound" else f"has {what}"
            raise WeightsError(
                f"The repository {hub} {text} on the hub.",
                where=f"{self.endpoint}/{hub}",
                hint="Check `hub` and `revision` in the profile.",
            )
        if status not in (200, 206):
            raise WeightsError(
                f"The hub answered {status}.", where=str(response.url), hint=_OFFLINE
            )

    def _denied(self, hub: str, code: str) -> WeightsError:
        where = f"{self.endpoint}/{hub}"
        if code == "GatedRepo":
            return WeightsError(
                f"{hub} is open only to those who have accepted its licence.",
                where=where,
                hint=f"Log in at {where}, accept the licence there, then set HF_TOKEN to a token of"
                " that account (Settings, Access Tokens, read is enough) and pull again.",
            )
        return WeightsError(
            f"The hub does not show {hub} to us: it does not exist, is private, or the token in"
            " HF_TOKEN is not valid.",
            where=where,
            hint="Check the name in the profile. For a private repository set HF_TOKEN to a token"
            " of an account that may read it; for a gated one accept its licence there first.",
        )

    def _strange(self, url: str) -> WeightsError:
        return WeightsError(
            "The answer is not that of a Hugging Face hub.",
            where=url,
            hint="Check HF_ENDPOINT, and whether a proxy stands in between.",
        )


@contextmanager
def _breaks() -> Iterator[None]:
    try:
        yield
    except httpx2.TransportError as error:
        raise _Broken(str(error) or type(error).__name__) from error


def _start(response: httpx2.Response) -> int:
    """The offset at which the body begins; a server may ignore the range it was asked for."""
    if response.status_code != 206:
        return 0
    match = _CONTENT_RANGE.match(response.headers.get("content-range", ""))
    if not match:
        raise _Broken("it answered a part without saying which")
    return int(match[1])


def _token() -> str | None:
    if token := os.environ.get("HF_TOKEN", "").strip():
        return token
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    path = Path(os.environ.get("HF_TOKEN_PATH") or home / "token")
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
