"""`fogbank registry schedule | schedules | cancel`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from fogbank.cli import registry_tables as tables
from fogbank.cli.client import Key, Url
from fogbank.cli.common import fail
from fogbank.cli.registry_desk import MOUNT, AsJson, Desk, Model, Mount, Version
from fogbank.clock import Clock

LATER = re.compile(r"([0-9]{1,6})([smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def schedule(
    model: Model,
    version: Version,
    at: Annotated[
        str | None, typer.Option(help="When: a date and time with its zone, ISO 8601.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--in", help="How long from now: 90s, 30m, 12h, 7d.")
    ] = None,
    url: Url = None,
    key: Key = None,
    mount: Mount = MOUNT,
    as_json: AsJson = False,
) -> None:
    """Promote a version later; it is validated then.

    \b
    Examples:
      fogbank registry schedule emission-calculator 1.1.0 --at 2026-12-01T03:00:00+01:00
      fogbank registry schedule emission-calculator 1.1.0 --in 12h
    """  # noqa: D301
    body = {"model_id": model, "version": version, "due": _due(at, after)}
    Desk(url, key, mount, as_json).show("POST", "/schedules", tables.scheduled, body)


def schedules(
    url: Url = None, key: Key = None, mount: Mount = MOUNT, as_json: AsJson = False
) -> None:
    """List what was scheduled, and what became of it."""
    Desk(url, key, mount, as_json).show("GET", "/schedules", tables.schedules)


def cancel(
    id: Annotated[str, typer.Argument(help="Id of a pending schedule.")],
    url: Url = None,
    key: Key = None,
    mount: Mount = MOUNT,
    as_json: AsJson = False,
) -> None:
    """Take back a scheduled promotion that has not begun."""
    Desk(url, key, mount, as_json).show("DELETE", f"/schedules/{id}", tables.cancelled)


def _due(at: str | None, after: str | None) -> str:
    if (at is None) == (after is None):
        fail("give either --at or --in")
    if after is not None:
        found = LATER.fullmatch(after)
        if not found:
            fail(f"--in {after!r}: expected a number and s, m, h or d, such as 12h")
        span = timedelta(**{UNITS[found[2]]: int(found[1])})
        return (Clock().now() + span).isoformat()
    try:
        due = datetime.fromisoformat(str(at))
    except ValueError:
        fail(f"--at {at!r}: expected a date and time such as 2026-12-01T03:00:00+01:00")
    if due.tzinfo is None:
        fail(f"--at {at!r} has no time zone; {at}+00:00 is UTC")
    return due.astimezone(UTC).isoformat()
