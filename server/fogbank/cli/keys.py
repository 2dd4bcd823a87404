"""`fogbank keys create | list | revoke`."""

from typing import Annotated

import typer

from fogbank.cli.common import DataDir, settings
from fogbank.storage.keys import KeyNameTaken, KeyStore

app = typer.Typer(
    help="API keys. The server asks for one once any was created, and always off loopback.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what the key is for; shown in logs.")],
    data_dir: DataDir = None,
) -> None:
    """Make a key and print it. It cannot be shown again; a running server takes it at once."""
    store = _store(data_dir)
    try:
        secret = store.create(name)
    except KeyNameTaken:
        typer.echo(
            f"fogbank: a key named {name!r} exists or existed; choose another name", err=True
        )
        raise typer.Exit(1) from None
    typer.echo(secret)
    typer.echo(f"Use it as: curl -H 'Authorization: Bearer {secret[:8]}...'", err=True)


@app.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """List every key ever made: name, first characters, made, revoked."""
    rows = _store(data_dir).all()
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
    if not _store(data_dir).revoke(name):
        typer.echo(f"fogbank: no active key {name!r}; see 'fogbank keys list'", err=True)
        raise typer.Exit(1)
    typer.echo(f"Revoked {name}.")


def _store(data_dir: DataDir) -> KeyStore:
    return KeyStore(settings(data_dir=data_dir).data_dir / "fogbank.db")
