"""`fogbank worker dev | env`: wrangler with `env.AI` served here; no login, no network, no edit."""

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from fogbank.cli.child_server import DidNotStart, child_server
from fogbank.cli.client import Key, Url
from fogbank.cli.common import fail, settings
from fogbank.cli.foreground import in_foreground
from fogbank.cli.probe import NobodyThere, NotFogbank, Unusable, profile_at
from fogbank.cli.project import find_project
from fogbank.cli.redirection import Destination, by_preload, by_proxy
from fogbank.cli.wrangler import (
    INSTALL,
    TESTED,
    Wrangler,
    arguments_of_dev,
    check_node,
    find_node,
    find_wrangler,
)
from fogbank.settings import Settings, worker_files

SECONDS_TO_ANSWER = 120
"""For a server that has only just begun to listen, and may be loading models."""
REMOTE = frozenset({"--remote", "-r", "--remote=true", "--no-local", "--local=false"})

app = typer.Typer(
    help="Run Workers that have an AI binding on this machine.\n\n"
    "No login, no network, and neither code nor wrangler.toml is changed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    options_metavar="[OPTIONS] [WRANGLER ARGUMENTS]",
)
def dev(context: typer.Context, url: Url = None, key: Key = None) -> None:
    """Run 'wrangler dev' with env.AI served by Fogbank.

    Start it in the Worker's project. A server is started and ended with it, unless one answers
    already; its settings are variables such as FOGBANK_PROFILE. What is not listed here goes to
    wrangler as it is.

    \b
    Examples:
      fogbank worker dev
      fogbank worker dev --port 8000 --env staging
      fogbank worker dev --url http://127.0.0.1:9000
    """  # noqa: D301
    given = context.args
    if "-h" in given:  # as an option it would be found in -c=the.toml too, letter by letter
        typer.echo(context.get_help())
        return
    config = settings(url=url, key=key)
    _refuse(given)
    project = find_project(given)
    node = find_node()
    wrangler = find_wrangler(project.ancestors, node.path)
    if wrangler is None:
        fail(
            f"there is no wrangler in {project.folder}, in a folder above it, or on PATH.\n"
            f"Install it in the project:  {INSTALL}\n"
            "Or start yours yourself, in the environment that 'fogbank worker env' prints."
        )
    check_node(wrangler, node)
    _warn(wrangler)
    with _server(config) as server:
        changes = changes_for(wrangler, _destination(config, server))
        if wrangler.by_proxy:
            _say(
                "wrangler calls env.AI remote and warns of charges; it is served here, at no charge"
            )
        command = [*wrangler.command, *arguments_of_dev(wrangler, given)]
        status = in_foreground(command, {**os.environ, **changes})
    raise typer.Exit(status)


@app.command()
def env(
    url: Url = None,
    key: Key = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Print the environment that points wrangler to Fogbank.

    For those who start wrangler themselves, beside a server that runs.

    \b
    Example:
      eval "$(fogbank worker env)"
      npx wrangler dev --local
    """  # noqa: D301
    config = settings(url=url, key=key)
    found = find_wrangler((here := Path.cwd(), *here.parents))
    wrangler = found or Wrangler(TESTED[-1], ())
    _warn(wrangler)
    changes = changes_for(wrangler, _destination(config, config.server_url))
    if as_json:
        typer.echo(json.dumps(changes, indent=2))
    else:
        for name, value in changes.items():
            typer.echo(f"export {name}={shlex.quote(value)}")
    start = shlex.join(["npx", "wrangler", *arguments_of_dev(wrangler, ())])
    these = f"wrangler {found.release}" if found else "wrangler 4.45 or later (none is found here)"
    _say(f"for {these}; start it with:  {start}")
    if wrangler.by_proxy:
        _say("in this shell nothing of wrangler reaches Cloudflare; deploy from another")


def changes_for(wrangler: Wrangler, to: Destination) -> dict[str, str]:
    """What this wrangler's environment needs besides the user's own."""
    if wrangler.by_proxy:
        return by_proxy(to, os.environ)
    preload = worker_files() / "preload.cjs"
    if not preload.is_file():
        fail(f"this Fogbank is not whole: it lacks {preload}. Install it again.")
    return by_preload(to, preload, os.environ)


@contextmanager
def _server(config: Settings) -> Iterator[str]:
    """The address of a Fogbank: the one that was named, one that answers, else one of our own."""
    url, key = config.server_url, _key(config)
    port = config.port
    try:
        profile = profile_at(url, key)
    except NobodyThere as error:
        if config.url:
            fail(f"{error}.\nStart one with 'fogbank serve', or name another with --url.")
    except NotFogbank as error:
        if config.url:
            fail(f"{error}; name another with --url or FOGBANK_URL")
        _say(f"{error}, so the server gets a free port")
        port = 0
    except Unusable as error:
        fail(str(error))
    else:
        _say(f"env.AI is served by the Fogbank at {url} (profile {profile})")
        yield url
        return
    with _own_server(port, key) as url:
        yield url


@contextmanager
def _own_server(port: int, key: str | None) -> Iterator[str]:
    _say("starting a server; --url or FOGBANK_URL names one that runs already")
    try:
        with child_server(port) as server:
            profile = profile_at(server.url, key, SECONDS_TO_ANSWER)
            _say(
                f"env.AI is served by a Fogbank of this command at {server.url} (profile"
                f" {profile}); while models load, answers wait"
            )
            server.watch(_died)
            yield server.url
    except (DidNotStart, Unusable) as error:
        fail(str(error))


def _died(status: int) -> None:
    _say(f"the server has ended (exit status {status}); env.AI fails until you start this again")


def _refuse(given: Sequence[str]) -> None:
    for argument in given:
        if argument in REMOTE:
            fail(
                f"{argument} runs the Worker at Cloudflare, where env.AI is Cloudflare's.\n"
                "Leave it out, or start wrangler without Fogbank."
            )
    if given and given[0] in ("dev", "pages"):
        fail(
            "this runs 'wrangler dev' and takes what would follow 'dev'. For other commands:\n"
            '  eval "$(fogbank worker env)", then npx wrangler ...'
        )


def _warn(wrangler: Wrangler) -> None:
    if not wrangler.tested:
        _say(f"wrangler {wrangler.release} is untested; tested are {TESTED[0]} to {TESTED[-1]}")


def _destination(config: Settings, url: str) -> Destination:
    return Destination(url, _key(config), config.account)


def _key(config: Settings) -> str | None:
    return config.key.get_secret_value() if config.key else None


def _say(text: str) -> None:
    typer.echo(f"fogbank: {text}", err=True)
