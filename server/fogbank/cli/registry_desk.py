"""What the commands of the registry share: a running server's, and what they are told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NoReturn

import orjson
import typer

from fogbank.cli import registry_tables as tables
from fogbank.cli.client import Client
from fogbank.cli.common import fail, settings, told

REFUSED = 409

Model = Annotated[str, typer.Argument(help="Model id, as 'fogbank registry models' lists it.")]
Version = Annotated[str, typer.Argument(help="Version, such as 1.2.0.")]
Mount = Annotated[str, typer.Option(help="Path of the server under which ESMAP is.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, on one line.")]
MOUNT = "/esmap"


class Desk:
    """The registry of one server. Every method ends the command when the server says no."""

    def __init__(self, url: str | None, key: str | None, mount: str, as_json: bool) -> None:
        self._config = settings(url=url, key=key)
        self._mount = mount.rstrip("/")
        self._as_json = as_json

    def show(
        self,
        method: str,
        path: str,
        render: Callable[[Any], None],
        body: Any = None,
        content: BinaryIO | None = None,
    ) -> Any:
        """Asks, and shows the answer as JSON, or as `render` does."""
        path = f"{self._mount}/admin{path}"
        with Client(self._config) as client:
            status, answer = client.ask(method, path, body, content=content, refusals=(REFUSED,))
        if status == REFUSED:
            self._refused(answer)
        if self._as_json:
            typer.echo(json.dumps(answer))
        else:
            render(answer)
        return answer

    def upload(self, path: str, file: Path) -> None:
        """Sends a file."""
        with told(), file.open("rb") as content:
            self.show("PUT", path, tables.uploaded, content=content)

    def _refused(self, answer: Any) -> NoReturn:
        if self._as_json:
            typer.echo(json.dumps(answer))
        elif report := answer["details"].get("report"):
            tables.report(report)
        fail(answer["error"], 1)


def read_json(file: Path) -> Any:
    """A file of the user's. Ends the command where it is no JSON."""
    with told():
        text = file.read_bytes()
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fail(f"{file} is no JSON: {error}")
