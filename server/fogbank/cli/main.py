"""The command line: every command, in the order in which help lists them."""

import typer

from fogbank import __version__
from fogbank.cli import (
    bench,
    bundle,
    compare,
    cost,
    engines,
    keys,
    models,
    pull,
    registry,
    run,
    serve,
    usage,
    worker,
)

app = typer.Typer(
    name="fogbank",
    no_args_is_help=True,
    context_settings={"max_content_width": 100},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def fogbank() -> None:
    """Cloudflare Workers AI on your own machine: the same models, routes, answers and errors.

    \b
    Start here; the first start fetches small models, which needs no GPU and no account:
      fogbank serve
    Then, in another terminal:
      fogbank run llama-3.1-8b-instruct "What is the capital of France?"
    """  # noqa: D301


app.command()(serve.serve)
app.command()(pull.pull)
app.command()(run.run)
app.command()(models.models)
app.command()(engines.ps)
app.command()(engines.stop)
app.command()(engines.rm)
app.command()(bundle.bundle)
app.command()(usage.usage)
app.command()(bench.bench)
app.command()(compare.compare)
app.add_typer(cost.app, name="cost")
app.add_typer(keys.app, name="keys")
app.add_typer(registry.app, name="registry")
app.add_typer(worker.app, name="worker")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)
