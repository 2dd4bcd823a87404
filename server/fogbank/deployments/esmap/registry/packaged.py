"""The versions that came with Fogbank, recorded at each start."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog

from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.history import stored
from fogbank.deployments.esmap.registry import audit, current, versions
from fogbank.deployments.esmap.registry.version import Version, written_config
from fogbank.storage.sql import Sql

log = structlog.get_logger("fogbank.esmap")


def record(sql: Sql, cards: Iterable[ModelCard], now: datetime) -> None:
    """Records each card's version, and activates it where nobody ever chose another one."""
    with sql.transaction():
        for card in cards:
            version = _registered(sql, card, now)
            _activated(sql, card, version, now)


def _registered(sql: Sql, card: ModelCard, now: datetime) -> Version:
    version = Version.packaged_by(card, stored(now))
    found = versions.find(sql, card.id, card.version)
    if found is None:
        versions.insert(sql, version)
        details: dict[str, Any] = {"packaged": True}
    elif not found.packaged:
        log.warning(
            "the packaged version has the name of one that was registered here, which stays",
            model=card.id,
            version=card.version,
        )
        return found
    elif written_config(found.config) == written_config(card.config):
        return found
    else:
        versions.set_config(sql, version)
        details = {"packaged": True, "changed": "config"}
    entry = audit.Entry(audit.FOGBANK, "register", card.id, card.version, details=details)
    audit.write(sql, entry, now)
    return version


def _activated(sql: Sql, card: ModelCard, version: Version, now: datetime) -> None:
    now_active = current.find(sql, card.id)
    if now_active is None:
        current.begin(sql, card, now)
        return
    current.describe(sql, card)
    if now_active.version == card.version:
        return
    if now_active.chosen_by is not None:
        log.info(
            "the packaged version is registered; the active one was chosen and stays",
            model=card.id,
            packaged=card.version,
            active=now_active.version,
            chosen_by=now_active.chosen_by,
        )
        return
    entry = audit.Entry(
        audit.FOGBANK, "promote", card.id, card.version, now_active.version, {"packaged": True}
    )
    current.change(sql, current.Change(now_active, version, entry), now)
