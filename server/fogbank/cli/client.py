"""A running server, as the commands talk to it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, BinaryIO, NoReturn, Self

import httpx2

from fogbank.cli.common import fail, flag
from fogbank.settings import Settings

TIMEOUT = httpx2.Timeout(None, connect=10)
"""An answer may take as long as the server's deadline allows."""

Url = Annotated[str | None, flag("url")]
Key = Annotated[str | None, flag("key")]


class Client:
    """One server. Every method ends the command with a message when the server says no."""

    def __init__(self, config: Settings, transport: httpx2.BaseTransport | None = None) -> None:
        self.url = config.server_url
        self._account = config.account
        secret = config.key.get_secret_value() if config.key else None
        self._http = httpx2.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {secret}"} if secret else {},
            timeout=TIMEOUT,
            trust_env=False,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        """The JSON of a GET."""
        return self._json("GET", path, None)[0]

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON of a POST."""
        return self._json("POST", path, body)[0]

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: BinaryIO | None = None,
        refusals: Collection[int] = (),
    ) -> tuple[int, Any]:
        """Status and JSON of any request; `refusals` are statuses that do not end the command."""
        return self._answer(method, path, body, content, refusals)[:2]

    def run(self, model: str, body: dict[str, Any]) -> Any:
        """The `result` of a run request."""
        return self.run_with_headers(model, body)[0]

    def run_with_headers(self, model: str, body: dict[str, Any]) -> tuple[Any, httpx2.Headers]:
        """The `result` of a run request, and the headers that came with it."""
        answer, headers = self._json("POST", self._run_path(model), body)
        return answer["result"], headers

    def stream(self, model: str, body: dict[str, Any]) -> Iterator[str]:
        """The `data:` payloads of a streamed run request, without `[DONE]`."""
        with (
            self._reached(),
            self._http.stream("POST", self._run_path(model), json=body) as response,
        ):
            if response.status_code != 200:
                response.read()
                _refused(response)
            for line in response.iter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    yield line.removeprefix("data: ")

    def _run_path(self, model: str) -> str:
        return f"/client/v4/accounts/{self._account}/ai/run/{model}"

    def _json(self, method: str, path: str, body: Any) -> tuple[Any, httpx2.Headers]:
        return self._answer(method, path, body)[1:]

    def _answer(
        self,
        method: str,
        path: str,
        body: Any,
        content: BinaryIO | None = None,
        refusals: Collection[int] = (),
    ) -> tuple[int, Any, httpx2.Headers]:
        with self._reached():
            response = self._http.request(method, path, json=body, content=content)
        if response.status_code >= 400 and response.status_code not in refusals:
            _refused(response)
        try:
            return response.status_code, response.json(), response.headers
        except ValueError:
            fail(f"what answers at {self.url} is not Fogbank; name another with --url", 1)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx2.TransportError as error:
            fail(
                f"no server answers at {self.url} ({error}).\n"
                "Start one with 'fogbank serve', or name another with --url or FOGBANK_URL.",
                1,
            )


def _refused(response: httpx2.Response) -> NoReturn:
    try:
        body = response.json()
        errors = body.get("errors")
        if not errors:
            told = body["error"]
            errors = [told if isinstance(told, dict) else {"message": told}]
        text = "; ".join(str(error["message"]) for error in errors)
    except (ValueError, AttributeError, KeyError, TypeError):
        text = response.text[:500]
    if response.status_code == 401:
        text += "\nGive a key with --key or FOGBANK_KEY; 'fogbank keys create NAME' makes one."
    fail(f"the server answered {response.status_code}: {text}", 1)
