"""What the routes under /admin take as JSON."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from fogbank.deployments.esmap.card import Golden
from fogbank.deployments.esmap.registry.version import Artifact


class Body(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Announced(Body):
    """An artifact that will be uploaded."""

    name: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0, le=2**53)


class Register(Body):
    """POST /admin/models/{id}/versions."""

    version: str
    changes: str = Field(min_length=1, max_length=10_000, description="What is new, for people.")
    config: dict[str, Any] = Field(
        default_factory=dict, description="Keys of the card's config that this version replaces."
    )
    artifacts: list[Announced] = Field(default_factory=list, max_length=100)

    @property
    def announced(self) -> tuple[Artifact, ...]:
        """The artifacts, as versions have them."""
        return tuple(Artifact(each.name, each.sha256, each.size) for each in self.artifacts)


class Promote(Body):
    """POST /admin/models/{id}/versions/{version}/promote."""

    force: bool = False


class Rollback(Body):
    """POST /admin/models/{id}/rollback; without a version to the one before."""

    version: str | None = None
    validate_first: bool = Field(False, alias="validate")


class Compare(Body):
    """POST /admin/models/{id}/compare; `labelled` are inputs, or the name of an artifact."""

    a: str
    b: str
    labelled: list[Golden] | str | None = None


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time lies outside the years 1 to 9999 in UTC") from None


class Plan(Body):
    """POST /admin/schedules; `due` has a time zone."""

    model_id: str
    version: str
    due: Annotated[AwareDatetime, AfterValidator(_utc)]
