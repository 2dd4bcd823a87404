"""`fogbank serve`: stays in the foreground until told to stop, then drains and leaves nothing."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from typing import Annotated

import structlog
import typer
import uvicorn

from fogbank.app import Server, create_app
from fogbank.catalog.catalog import Catalog
from fogbank.catalog.check import hint
from fogbank.catalog.profile import EngineSpec, Profile
from fogbank.cli import banner
from fogbank.cli.common import (
    DataDir,
    ProfileName,
    catalog_of,
    database,
    descriptions_of,
    fail,
    flag,
    profile_of,
    settings,
    told,
)
from fogbank.cli.progress import pull_missing
from fogbank.deployments.description import Description
from fogbank.engines.base import Engine
from fogbank.engines.factory import build_engine
from fogbank.settings import (
    AskForKeys,
    ErrorForms,
    LogFormat,
    LogLevel,
    Settings,
    address,
    unknown_variables,
    variable,
)
from fogbank.storage.keys import KeyStore
from fogbank.telemetry import logs
from fogbank.weights.lock import engine_folder
from fogbank.weights.store import WeightsStore

BACKLOG = 2048
KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than clients keep theirs. workerd closes after
five, as uvicorn would: a call that came just then was lost."""
GRACE = 1.0
"""Seconds after the drain in which a request's last words may still go out."""

log = structlog.get_logger("fogbank.server")


def serve(
    host: Annotated[str | None, flag("host")] = None,
    port: Annotated[int | None, flag("port")] = None,
    profile: ProfileName = None,
    data_dir: DataDir = None,
    deadline: Annotated[float | None, flag("deadline")] = None,
    max_deadline: Annotated[float | None, flag("max_deadline")] = None,
    account: Annotated[str | None, flag("account")] = None,
    daily_neurons: Annotated[float | None, flag("daily_neurons")] = None,
    budget_usd: Annotated[float | None, flag("budget_usd")] = None,
    ledger_url: Annotated[str | None, flag("ledger_url")] = None,
    deployments: Annotated[str | None, flag("deployments")] = None,
    database_url: Annotated[str | None, flag("database_url")] = None,
    cache_url: Annotated[str | None, flag("cache_url")] = None,
    artifacts_url: Annotated[str | None, flag("artifacts_url")] = None,
    drain: Annotated[float | None, flag("drain")] = None,
    max_body_mib: Annotated[float | None, flag("max_body_mib")] = None,
    keys: Annotated[AskForKeys | None, flag("keys")] = None,
    retry_after: Annotated[bool | None, flag("retry_after")] = None,
    error_forms: Annotated[ErrorForms | None, flag("error_forms")] = None,
    refuse_deprecated: Annotated[bool | None, flag("refuse_deprecated")] = None,
    stream_padding: Annotated[bool | None, flag("stream_padding")] = None,
    json_streams: Annotated[bool | None, flag("json_streams")] = None,
    rate_limits: Annotated[bool | None, flag("rate_limits")] = None,
    requests_per_minute: Annotated[str | None, flag("requests_per_minute")] = None,
    faults: Annotated[bool | None, flag("faults")] = None,
    batch_keep: Annotated[float | None, flag("batch_keep")] = None,
    markdown_seconds: Annotated[float | None, flag("markdown_seconds")] = None,
    finetunes_per_account: Annotated[int | None, flag("finetunes_per_account")] = None,
    gateways: Annotated[str | None, flag("gateways")] = None,
    gateway_cache_ttl: Annotated[float | None, flag("gateway_cache_ttl")] = None,
    gateway_logs: Annotated[int | None, flag("gateway_logs")] = None,
    cache_mib: Annotated[float | None, flag("cache_mib")] = None,
    allowed_origins: Annotated[str | None, flag("allowed_origins")] = None,
    allowed_hosts: Annotated[str | None, flag("allowed_hosts")] = None,
    log_level: Annotated[LogLevel | None, flag("log_level")] = None,
    log_format: Annotated[LogFormat | None, flag("log_format")] = None,
) -> None:
    """Serve a profile's models, in the foreground.

    Missing weights are pulled first. Ctrl-C or SIGTERM lets running requests finish, then ends it.
    Every flag is also an environment variable, FOGBANK_ and its name in capitals.

    \b
    Examples:
      fogbank serve
      fogbank serve --profile gpu-1x80gb --port 8000
    """  # noqa: D301
    config = settings(**locals())
    _warn_of_unknown_variables()
    logs.configure(config.log_level, config.log_format)
    with told():
        catalog = catalog_of(config)
        chosen = profile_of(config, catalog)
    _refuse_open_door(config)
    with told():
        described = descriptions_of(config, chosen)
    # Each with where another one can be chosen.
    ports = [(config.port, "--port or FOGBANK_PORT")] + [
        (each.port, f"`port` in deployments/{each.name}.yaml of the data directory")
        for each in described.values()
        if each.port
    ]
    with contextlib.ExitStack() as open_sockets:
        with told():
            bound = [open_sockets.enter_context(_bind(config.host, port, by)) for port, by in ports]
        with database(config):
            store = WeightsStore(config.data_dir)
            pull_missing(chosen, catalog, store)
            for listening, (port, by) in zip(bound, ports, strict=True):
                with _taken(config.host, port, by):
                    listening.listen(BACKLOG)
            with told():
                build = BuildFromStore(chosen, store)
                server = _composed(config, catalog, chosen, build, described)
        banner.show(server, address(config.host, bound[0].getsockname()[1]))
        Foreground(_uvicorn(server, config), server, config.drain).run(sockets=bound)


def _composed(
    config: Settings,
    catalog: Catalog,
    profile: Profile,
    build: "BuildFromStore",
    described: Mapping[str, Description],
) -> Server:
    try:
        return create_app(config, catalog, profile, build, deployments=described)
    except ImportError as error:  # a deployment's package is not where Python looks
        fail(str(error))


def _uvicorn(server: Server, config: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        server.asgi,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=int(config.drain) + 5,
    )


class Foreground(uvicorn.Server):
    """uvicorn, but a signal drains, and is not raised again once the server has ended.

    uvicorn's own handling re-raises SIGTERM out of `serve()`, which would leave the engines'
    processes behind (facts of the front end, pitfall 1).
    """

    def __init__(self, config: uvicorn.Config, server: Server, drain: float) -> None:
        super().__init__(config)
        self._server = server
        self._drain = drain

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes SIGINT and SIGTERM for as long as the server runs."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._leave, number)
        announcing = loop.create_task(self._announce())
        try:
            yield
        finally:
            announcing.cancel()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _leave(self, number: signal.Signals) -> None:
        seconds = 0.0 if self.should_exit else self._drain
        self.should_exit = True
        running = self._server.runtime.in_flight
        log.info("stopping", signal=number.name, running=running, drain_seconds=seconds)
        self._server.runtime.drain(seconds)
        asyncio.get_running_loop().call_later(seconds + GRACE, self._hang_up)

    def _hang_up(self) -> None:
        """Drops what is still connected; not `force_exit`, which would orphan the engines."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    async def _announce(self) -> None:
        engines = [e for e in self._server.runtime.engines.values() if e.spec.load == "start"]
        for engine in engines:
            await engine.until_ready()
        gc.collect()
        gc.freeze()
        log.info("ready", profile=self._server.profile.name, engines=[e.name for e in engines])


class BuildFromStore:
    """Makes engines on the weights that a store holds for a profile."""

    def __init__(self, profile: Profile, store: WeightsStore) -> None:
        self._profile = profile
        self._store = store

    def __call__(self, name: str, spec: EngineSpec) -> Engine:
        """A new engine, not yet started. Raises EngineUnavailable where weights are missing."""
        return build_engine(name, spec, engine_folder(self._profile, name, self._store))


def _refuse_open_door(config: Settings) -> None:
    if config.loopback:
        return
    with database(config) as path, contextlib.closing(KeyStore(path)) as store:
        usable = any(key.revoked_at is None for key in store.all())
    if not usable:
        fail(
            f"{config.host} is not loopback, and there is no API key: anybody who reaches this"
            " machine could use it.\nMake a key first:  fogbank keys create NAME"
        )


def _warn_of_unknown_variables() -> None:
    known = [variable(name) for name in Settings.model_fields]
    for name in unknown_variables(os.environ):
        typer.echo(f"fogbank: {name} is no setting{hint(name, known)}", err=True)


def _bind(host: str, port: int, by: str) -> socket.socket:
    """A socket that has the address but refuses connections until it listens."""
    with _taken(host, port, by):
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(place)
        except OSError:
            bound.close()
            raise
    return bound


@contextlib.contextmanager
def _taken(host: str, port: int, by: str) -> Iterator[None]:
    """Says what to do about an address that cannot be had: `by` chooses another port."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"cannot listen on {host}:{port} ({error.strerror}). Is a server running already?"
            f" Choose another port with {by}."
        ) from None
