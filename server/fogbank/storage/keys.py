"""API keys: 256 random bits each, stored as SHA-256, revocable by name.

The server reads them from a snapshot in memory that renews itself when another process (the
command line) has written: SQLite's `data_version` tells that in microseconds, so a revoked key
stops working with the next request.
"""

import hashlib
import hmac
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fogbank.clock import Clock
from fogbank.storage.database import connect

PREFIX = "fog_"


class KeyNameTaken(Exception):
    """A key of this name exists already; a revoked name is not used again."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; the secret itself is not kept. `prefix` is its first characters."""

    name: str
    prefix: str
    created_at: datetime
    revoked_at: datetime | None


class KeyStore:
    """The keys in one SQLite file."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._connection = connect(path)
        self._clock = clock or Clock()
        self._version: int | None = None
        self._active: tuple[tuple[bytes, str], ...] = ()
        self._exist = False

    def create(self, name: str) -> str:
        """Makes a key and returns its secret, which cannot be shown again. Raises KeyNameTaken."""
        secret = PREFIX + secrets.token_urlsafe(32)
        row = (name, _digest(secret), secret[:8], self._clock.now().isoformat())
        try:
            self._connection.execute(
                "insert into api_keys (name, sha256, prefix, created_at) values (?, ?, ?, ?)", row
            )
        except sqlite3.IntegrityError:
            raise KeyNameTaken(name) from None
        self._version = None
        return secret

    def revoke(self, name: str) -> bool:
        """Whether an active key of this name was there to be revoked."""
        cursor = self._connection.execute(
            "update api_keys set revoked_at = ? where name = ? and revoked_at is null",
            (self._clock.now().isoformat(), name),
        )
        self._version = None
        return cursor.rowcount > 0

    def all(self) -> list[ApiKey]:
        """Every key ever made, oldest first."""
        rows = self._connection.execute(
            "select name, prefix, created_at, revoked_at from api_keys order by created_at, name"
        )
        return [
            ApiKey(name, prefix, _time(created), _time(revoked) if revoked else None)
            for name, prefix, created, revoked in rows
        ]

    def exist(self) -> bool:
        """Whether a key was ever made: from then on keys are asked for, even if all are revoked."""
        self._refresh()
        return self._exist

    def check(self, secret: str) -> str | None:
        """The name of the active key with this secret; every key is compared, in constant time."""
        self._refresh()
        digest = _digest(secret)
        found = None
        for stored, name in self._active:
            if hmac.compare_digest(stored, digest):
                found = name
        return found

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _refresh(self) -> None:
        version = int(self._connection.execute("pragma data_version").fetchone()[0])
        if version == self._version:
            return
        rows = self._connection.execute("select sha256, name, revoked_at from api_keys").fetchall()
        self._active = tuple((digest, name) for digest, name, revoked in rows if not revoked)
        self._exist = bool(rows)
        self._version = version


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
