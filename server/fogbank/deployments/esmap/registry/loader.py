"""Builds a version: its config, its artifacts as local files, its model."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.model import File, Loaded, build_model
from fogbank.deployments.esmap.registry.version import Version, shown
from fogbank.storage.artifacts import ArtifactError, ArtifactStore


class NotLoadable(Exception):
    """A version cannot work here. The message says why."""


class Loader:
    """`packaged_file` finds what came with Fogbank."""

    def __init__(
        self, cards: Mapping[str, ModelCard], artifacts: ArtifactStore, packaged_file: File
    ) -> None:
        self._cards = cards
        self._artifacts = artifacts
        self._packaged_file = packaged_file

    async def files(self, version: Version) -> dict[str, Path]:
        """The artifacts by name, each verified just now. Raises NotLoadable."""
        try:
            return {
                each.name: await self._artifacts.fetch(each.sha256, each.name)
                for each in version.artifacts
            }
        except ArtifactError as error:
            raise NotLoadable(str(error)) from error

    async def load(self, version: Version) -> Loaded:
        """The version, ready to work. Raises NotLoadable."""
        card = self._cards.get(version.model_id)
        if card is None:
            raise NotLoadable(f"this server has no model {version.model_id}")
        files = await self.files(version)

        def file(name: str) -> Path:
            return files.get(name) or self._packaged_file(name)

        config = config_of(card, version)
        try:
            model = await asyncio.to_thread(build_model, card, config, file)
        except Exception as error:  # implementations, and what operators give them, fail in any way
            raise NotLoadable(f"{type(error).__name__}: {error}") from error
        return Loaded(card, version.version, model, fingerprint(card, version))


def config_of(card: ModelCard, version: Version) -> dict[str, Any]:
    """The version's config; keys that it does not know, of a later implementation, from the card.

    A packaged version is what its card says.
    """
    if version.packaged and version.version == card.version:
        return card.config
    return {**card.config, **version.config}


def fingerprint(card: ModelCard, version: Version) -> str:
    """Tells this version from every other one, by all that it is made of."""
    parts: list[Any] = [version.version, config_of(card, version)]
    if version.artifacts:
        parts.append([shown(each) for each in version.artifacts])
    return orjson.dumps(parts).decode()
