"""A running server, as the commands talk to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import httpx2
import typer

ACCOUNT = "0" * 32
DEFAULT_URL = "http://127.0.0.1:8686"

Url = Annotated[
    str, typer.Option("--url", envvar="FOGBANK_URL", help="Address of the running server.")
]
Key = Annotated[
    str | None, typer.Option("--key", envvar="FOGBANK_KEY", help="API key, where the server asks.")
]


class Client:
    """One server. Every method ends the command with a message when the server says no."""

    def __init__(self, url: str, key: str | None) -> None:
        self.url = url.rstrip("/")
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http = httpx2.Client(
            base_url=self.url, headers=headers, timeout=None, trust_env=False
        )

    def get(self, path: str) -> Any:
        """The JSON of a GET."""
        return self._json("GET", path, None)

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON of a POST."""
        return self._json("POST", path, body)

    def run(self, model: str, body: dict[str, Any]) -> Any:
        """The `result` of a run request."""
        return self.post(_run_path(model), body)["result"]

    def stream(self, model: str, body: dict[str, Any]) -> Iterator[str]:
        """The `data:` payloads of a streamed run request, without `[DONE]`."""
        with (
            self._reached(),
            self._http.stream("POST", _run_path(model), json=body) as response,
        ):
            if response.status_code != 200:
                response.read()
                _refused(response)
            for line in response.iter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    yield line.removeprefix("data: ")

    def _json(self, method: str, path: str, body: Any) -> Any:
        with self._reached():
            response = self._http.request(method, path, json=body)
        if response.status_code >= 400:
            _refused(response)
        return response.json()

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx2.TransportError as error:
            typer.echo(
                f"fogbank: no server answers at {self.url} ({error}).\n"
                "Start one with 'fogbank serve', or name another with --url or FOGBANK_URL.",
                err=True,
            )
            raise typer.Exit(1) from None


def _run_path(model: str) -> str:
    return f"/client/v4/accounts/{ACCOUNT}/ai/run/{model}"


def _refused(response: httpx2.Response) -> None:
    try:
        body = response.json()
        errors = body.get("errors") or [{"message": body.get("error", response.text)}]
        text = "; ".join(str(error["message"]) for error in errors)
    except ValueError:
        text = response.text[:500]
    typer.echo(f"fogbank: the server answered {response.status_code}: {text}", err=True)
    raise typer.Exit(1)
