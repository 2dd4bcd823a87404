"""A version of a model: what it is made of, and when it answered."""

import re
from dataclasses import dataclass, replace
from typing import Any, Self

import orjson

from fogbank.deployments.esmap.card import ModelCard
from fogbank.storage.sql import Row

NAME = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}([-+][0-9A-Za-z.+-]{1,40})?")
"""As semantic versioning has them, with one to four numbers."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file of a version: `sha256` in hexadecimal digits, `size` in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Version:
    """A row of esmap_model_versions; times are ISO 8601 in UTC.

    `config` is whole, so that a later card does not change what the version is. `packaged` came
    with Fogbank. `replaced` is the version that was active when this one was promoted last.
    """

    model_id: str
    version: str
    changes: str
    config: dict[str, Any]
    created_at: str
    created_by: str | None
    artifacts: tuple[Artifact, ...] = ()
    packaged: bool = False
    deployed_at: str | None = None
    deprecated_at: str | None = None
    replaced: str | None = None
    performance_delta: dict[str, Any] | None = None

    @classmethod
    def of(cls, row: Row) -> Self:
        """From the table."""
        delta = row["performance_delta"]
        known = {
            **row,
            "config": orjson.loads(row["config"]),
            "artifacts": read_artifacts(row["artifacts"]),
            "packaged": bool(row["packaged"]),
            "performance_delta": None if delta is None else orjson.loads(delta),
        }
        return cls(**known)

    @classmethod
    def packaged_by(cls, card: ModelCard, at: str) -> Self:
        """The version that a card itself describes."""
        return cls(
            card.id, card.version, "Packaged with Fogbank.", card.config, at, None, packaged=True
        )

    def artifact(self, name: str) -> Artifact | None:
        """The artifact of that name."""
        return next((each for each in self.artifacts if each.name == name), None)

    def with_artifact(self, artifact: Artifact) -> Self:
        """The same version with one artifact more."""
        return replace(self, artifacts=(*self.artifacts, artifact))

    def shown(self, active: str | None) -> dict[str, Any]:
        """As the API shows it; `active` is the version that answers now."""
        return {
            "model_id": self.model_id,
            "version": self.version,
            "active": self.version == active,
            "packaged": self.packaged,
            "changes": self.changes,
            "config": self.config,
            "artifacts": [shown(each) for each in self.artifacts],
            "performance_delta": self.performance_delta,
            "created_at": self.created_at,
            "created_by": self.created_by,
            "deployed_at": self.deployed_at,
            "deprecated_at": self.deprecated_at,
            "replaced": self.replaced,
        }


def shown(artifact: Artifact) -> dict[str, Any]:
    """`{name, sha256, size}`."""
    return {"name": artifact.name, "sha256": artifact.sha256, "size": artifact.size}


def written_artifacts(artifacts: tuple[Artifact, ...]) -> str:
    """As the table has them."""
    return orjson.dumps([shown(each) for each in artifacts]).decode()


def read_artifacts(text: str) -> tuple[Artifact, ...]:
    """From the table."""
    return tuple(Artifact(**each) for each in orjson.loads(text))


def written_config(config: dict[str, Any]) -> str:
    """As the table has it: the same text for the same config."""
    return orjson.dumps(config, option=orjson.OPT_SORT_KEYS).decode()
