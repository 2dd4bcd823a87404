"""Fine-tunes: LoRA adapters that clients upload, one row each and a folder with two files.

`<data_dir>/finetunes/<id>/` holds `adapter_config.json` and `adapter_model.safetensors`. A file
arrives there whole and checked, or not at all, and never changes once both are there: an engine may
have them loaded under the fine-tune's number, which no other fine-tune ever gets.
"""

import os
import shutil
import sqlite3
import tempfile
import threading
import time
import uuid
from asyncio import to_thread
from dataclasses import dataclass
from pathlib import Path

import orjson

from fogbank.clock import Clock
from fogbank.storage.adapter_config import CONFIG, AdapterError, read_config
from fogbank.storage.adapter_weights import (
    WEIGHTS,
    check_together,
    check_values,
    read_weights,
)
from fogbank.storage.database import connect

ASSETS = (CONFIG, WEIGHTS)
LIMIT = 30
"""Fine-tunes of an account (contract 5.3)."""

INCOMING = "incoming-"
FORGOTTEN = 86_400
"""Seconds after which an upload that never ended is swept away."""

ORDERS = frozenset({"created_at", "modified_at", "name", "model", "id"})
"""Columns by which public ones may be ordered."""


class FinetuneError(Exception):
    """What was asked of a fine-tune cannot be done; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Finetune:
    """One fine-tune. Times are ISO 8601 in UTC; `config` and `weights` tell which files are here.

    `number` is 1 or more and unique for ever.
    """

    number: int
    id: str
    account: str
    name: str
    model: str
    description: str | None
    public: bool
    created_at: str
    modified_at: str
    config: bool
    weights: bool

    @property
    def complete(self) -> bool:
        """Whether both files are here."""
        return self.config and self.weights


class FinetuneStore:
    """The fine-tunes of a data directory. Methods that read or move files block: use a thread."""

    def __init__(self, data_dir: Path, clock: Clock | None = None, *, limit: int = LIMIT) -> None:
        self.folder = data_dir / "finetunes"
        self._connection = connect(data_dir / "fogbank.db")
        self._clock = clock or Clock()
        self._limit = limit
        self._lock = threading.Lock()
        self._lent: set[int] = set()
        self._left: set[Path] = set()

    async def start(self) -> None:
        """Sweeps away what an earlier server left behind."""
        await to_thread(self._sweep)

    async def stop(self) -> None:
        """Removes what was deleted while an engine could still read it, and closes the database."""
        for folder in self._left:
            await to_thread(shutil.rmtree, folder, ignore_errors=True)
        self._connection.close()

    def create(
        self,
        account: str,
        name: str,
        model: str,
        *,
        description: str | None = None,
        public: bool = False,
    ) -> Finetune:
        """A fine-tune without files. Raises FinetuneError for a taken name or one too many."""
        made, now = str(uuid.uuid4()), self._now()
        row = (made, account, name, model, description, public, now, now, account, self._limit)
        try:
            inserted = self._connection.execute(
                "insert into finetunes"
                " (id, account, name, model, description, public, created_at, modified_at)"
                " select ?, ?, ?, ?, ?, ?, ?, ?"
                " where (select count(*) from finetunes where account = ?) < ?",
                row,
            ).rowcount
        except sqlite3.IntegrityError:
            raise FinetuneError(
                f"this account has a fine-tune named {name!r} already; choose another name"
            ) from None
        if not inserted:
            raise FinetuneError(
                f"this account has {self._limit} fine-tunes, which is the limit; delete one first"
            )
        found = self.usable(account, made)
        assert found is not None
        return found

    def all(self, account: str) -> list[Finetune]:
        """Those of an account, oldest first."""
        rows = self._connection.execute(
            "select * from finetunes where account = ? order by number", (account,)
        )
        return [_finetune(row) for row in rows]

    def public(self, limit: int, offset: int, order_by: str) -> list[Finetune]:
        """Those that every account may use. `order_by` is one of ORDERS."""
        rows = self._connection.execute(
            "select * from finetunes where public = 1"
            " order by case ? when 'name' then name when 'model' then model when 'id' then id"
            " when 'modified_at' then modified_at else created_at end, number limit ? offset ?",
            (order_by, limit, offset),
        )
        return [_finetune(row) for row in rows]

    def usable(self, account: str, asked: str) -> Finetune | None:
        """The one that `asked`, an id or a name, means to an account: its own before a public."""
        row = self._connection.execute(
            "select * from finetunes where (account = ? or public = 1) and (id = ? or name = ?)"
            " order by account != ?, id != ?, number limit 1",
            (account, asked, asked, account, asked),
        ).fetchone()
        return _finetune(row) if row else None

    def own(self, account: str, asked: str) -> Finetune | None:
        """As `usable`, without other accounts' public ones."""
        found = self.usable(account, asked)
        return found if found and found.account == account else None

    def lend(self, finetune: Finetune) -> Path:
        """The folder for an engine, which may read it until this store stops."""
        self._lent.add(finetune.number)
        return self.folder / finetune.id

    def incoming(self) -> Path:
        """A new empty file for an upload, on the disk where it will stay."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=INCOMING, dir=self.folder)
        os.close(handle)
        return Path(name)

    def receive(self, finetune: Finetune, asset: str, uploaded: Path) -> None:
        """Checks an uploaded file and puts it in its place. Raises AdapterError, FinetuneError."""
        with self._lock:
            now = self.own(finetune.account, finetune.id)
            if now is None:
                raise FinetuneError(f"the fine-tune {finetune.name!r} was deleted meanwhile")
            if now.complete:
                raise FinetuneError(
                    f"the fine-tune {now.name!r} has both files already and may be in use;"
                    " create another one for other weights"
                )
            folder = self.folder / now.id
            if asset == CONFIG:
                config = read_config(uploaded)
                if now.weights:
                    check_together(config, read_weights(folder / WEIGHTS))
                uploaded.write_bytes(orjson.dumps(config.document))
            elif asset == WEIGHTS:
                pairs = read_weights(uploaded)
                check_values(uploaded)
                if now.config:
                    check_together(read_config(folder / CONFIG), pairs)
            else:
                raise AdapterError(f"'file_name' must be {CONFIG} or {WEIGHTS}")
            folder.mkdir(mode=0o700, exist_ok=True)
            _put(uploaded, folder / asset)
            self._connection.execute(
                "update finetunes set config = max(config, ?), weights = max(weights, ?),"
                " modified_at = ? where number = ?",
                (asset == CONFIG, asset == WEIGHTS, self._now(), now.number),
            )

    def delete(self, finetune: Finetune) -> None:
        """Forgets it at once; files that an engine may read stay until this store stops."""
        with self._lock:
            self._connection.execute("delete from finetunes where number = ?", (finetune.number,))
            folder = self.folder / finetune.id
            if finetune.number in self._lent:
                self._left.add(folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)

    def _sweep(self) -> None:
        found = list(self.folder.iterdir()) if self.folder.is_dir() else []
        rows = self._connection.execute("select id from finetunes").fetchall()
        known = {row[0] for row in rows}
        for path in found:
            if path.name.startswith(INCOMING):
                if time.time() - path.stat().st_mtime > FORGOTTEN:
                    path.unlink(missing_ok=True)
            elif path.name not in known:
                shutil.rmtree(path, ignore_errors=True)

    def _now(self) -> str:
        now = self._clock.now().isoformat(timespec="milliseconds")
        return now.replace("+00:00", "Z")


def _put(uploaded: Path, place: Path) -> None:
    """On the disk before it has its name, so that no crash leaves half a file under it."""
    with uploaded.open("rb") as stream:
        os.fsync(stream.fileno())
    uploaded.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _finetune(row: tuple[int, str, str, str, str, str | None, int, str, str, int, int]) -> Finetune:
    number, made, account, name, model, description, public, created, modified, *files = row
    return Finetune(
        number,
        made,
        account,
        name,
        model,
        description,
        bool(public),
        created,
        modified,
        bool(files[0]),
        bool(files[1]),
    )
