"""`fogbank keys create | list | revoke`."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer

from fogbank.cli.common import DataDir, database, fail, settings
from fogbank.storage.keys import KeyNameTaken, KeyStore

LONGEST_NAME = 64

app = typer.Typer(
    help="Make, list and revoke API keys.\n\n"
    "The server asks for a key once any was created, and always off loopback.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what the key is for; shown in logs.")],
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it.

    It cannot be shown again; a running server takes it at once.
    """
    if not (name.strip() and name.isprintable() and len(name) <= LONGEST_NAME):
        fail(f"a key's name is one line of 1 to {LONGEST_NAME} printable characters")
    try:
        with _opened(data_dir) as store:
            secret = store.create(name)
    except KeyNameTaken:
        fail(f"a key named {name!r} exists or existed; choose another name")
    typer.echo(secret)
    typer.echo(f"Use it as: curl -H 'Authorization: Bearer {secret[:8]}...'", err=True)


@app.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """List every key ever made: name, first characters, made, revoked."""
    with _opened(data_dir) as store:
        rows = store.all()
    if not rows:
        typer.echo("No keys. On loopback none is needed; make one with 'fogbank keys create NAME'.")
    for key in rows:
        revoked = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "active"
        typer.echo(f"{key.name:24} {key.prefix}...  {key.created_at:%Y-%m-%d %H:%M}  {revoked}")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The key's name.")], data_dir: DataDir = None
) -> None:
    """Revoke a key; a running server refuses it with its next request."""
    with _opened(data_dir) as store:
        done = store.revoke(name)
    if not done:
        fail(f"no active key {name!r}; see 'fogbank keys list'")
    typer.echo(f"Revoked {name}.")


@contextmanager
def _opened(data_dir: DataDir) -> Iterator[KeyStore]:
    with database(settings(data_dir=data_dir)) as path, closing(KeyStore(path)) as store:
        yield store
