"""What went through a gateway, one row a request; read back and rated by its id.

A thread of its own writes, without waiting for the disk's platter: a row is on record when `add`
returns, and outlives the process.
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from fogbank.storage.database import connect


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayLog:
    """One request. `details` is everything that is only shown: metadata, bodies, tokens.

    `tenant` is who may read it; the column is called `account`.
    """

    id: str
    tenant: str
    gateway: str
    created_at: str
    details: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {"id": self.id, "created_at": self.created_at, **self.details}


class GatewayLogs:
    """The logs of all gateways. `keep` is how many of them are kept, the newest."""

    def __init__(self, path: Path, keep: int) -> None:
        self._keep = keep
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fogbank-gateway-logs")
        self._connection: sqlite3.Connection | None = None
        self._added = 0

    async def add(self, log: GatewayLog) -> None:
        """Writes a row."""
        await self._run(self._add, log)

    async def get(self, tenant: str, gateway: str, log_id: str) -> GatewayLog | None:
        """The log of this id, if it is one of this gateway."""
        found: GatewayLog | None = await self._run(self._get, tenant, gateway, log_id)
        return found

    async def page(
        self, tenant: str, gateway: str, page: int, per_page: int
    ) -> tuple[list[GatewayLog], int]:
        """A page of a gateway's logs, newest first, and how many there are in all."""
        found: tuple[list[GatewayLog], int] = await self._run(
            self._page, tenant, gateway, page, per_page
        )
        return found

    async def patch(
        self, tenant: str, gateway: str, log_id: str, changes: Mapping[str, Any]
    ) -> bool:
        """Changes some details; whether there is such a log."""
        return bool(await self._run(self._patch, tenant, gateway, log_id, changes))

    async def start(self) -> None:
        """Nothing to do: the file is opened with the first request."""

    async def stop(self) -> None:
        """Closes the file."""
        await self._run(self._close)
        self._thread.shutdown(wait=False)

    async def _run(self, work: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path)
            self._connection.execute("pragma synchronous = normal")
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _add(self, log: GatewayLog) -> None:
        row = (log.id, log.tenant, log.gateway, log.created_at, orjson.dumps(log.details).decode())
        self._open().execute("insert into gateway_logs values (?, ?, ?, ?, ?)", row)
        self._added += 1
        if self._added % 100 == 0:
            self._open().execute(
                "delete from gateway_logs where rowid <= (select max(rowid) from gateway_logs) - ?",
                (self._keep,),
            )

    def _get(self, tenant: str, gateway: str, log_id: str) -> GatewayLog | None:
        row = (
            self._open()
            .execute(
                "select id, account, gateway, created_at, details from gateway_logs"
                " where id = ? and account = ? and gateway = ?",
                (log_id, tenant, gateway),
            )
            .fetchone()
        )
        return _log(row) if row else None

    def _page(
        self, tenant: str, gateway: str, page: int, per_page: int
    ) -> tuple[list[GatewayLog], int]:
        where = (tenant, gateway)
        (total,) = (
            self._open()
            .execute("select count(*) from gateway_logs where account = ? and gateway = ?", where)
            .fetchone()
        )
        rows = self._open().execute(
            "select id, account, gateway, created_at, details from gateway_logs"
            " where account = ? and gateway = ? order by rowid desc limit ? offset ?",
            (*where, per_page, (page - 1) * per_page),
        )
        return [_log(row) for row in rows], int(total)

    def _patch(self, tenant: str, gateway: str, log_id: str, changes: Mapping[str, Any]) -> bool:
        connection = self._open()
        with closing(connection.cursor()) as cursor:
            cursor.execute("begin immediate")
            log = self._get(tenant, gateway, log_id)
            if log is not None:
                details = orjson.dumps({**log.details, **changes}).decode()
                cursor.execute(
                    "update gateway_logs set details = ? where id = ?", (details, log_id)
                )
            cursor.execute("commit")
        return log is not None


def _log(row: tuple[str, str, str, str, str]) -> GatewayLog:
    log_id, tenant, gateway, created_at, details = row
    return GatewayLog(
        id=log_id,
        tenant=tenant,
        gateway=gateway,
        created_at=created_at,
        details=orjson.loads(details),
    )
