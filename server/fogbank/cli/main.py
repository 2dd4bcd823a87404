"""The command line: `fogbank serve | pull | models | ps | run | stop | rm | keys | bundle`."""

import typer

from fogbank import __version__
from fogbank.cli import bundle, engines, keys, models, pull, run, serve

app = typer.Typer(
    name="fogbank",
    help="Cloudflare Workers AI on your own machine: the same models, routes, answers and errors.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(serve.serve)
app.command()(pull.pull)
app.command()(run.run)
app.command()(models.models)
app.command()(engines.ps)
app.command()(engines.stop)
app.command()(engines.rm)
app.command()(bundle.bundle)
app.add_typer(keys.app, name="keys")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)
