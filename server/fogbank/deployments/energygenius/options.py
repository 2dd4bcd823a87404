"""The options of model_configs/deployments/energygenius.yaml, which a profile may replace."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fogbank.deployments.options import read_options as options_of

LEAST_PLANS, MOST_PLANS = 5, 10
"""Plans that come back (deployments.md, C)."""

MOST_CANDIDATES = 20
"""Plans that are shown to the model (deployments.md, C)."""


class Options(BaseModel):
    """How EnergyGenius is set. The first three are the old Worker's variables."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ai_model_fast: str = Field(description="Asked first, in every stage.")
    ai_model_accurate: str | None = Field(
        None, description="Asked once where the fast one gave no answer."
    )
    enable_mock_data: bool = Field(True, description="Serve GET /api/mock-data.")
    enable_sse: bool = Field(True, description="Stream progress to clients that ask for it.")
    narratives: bool = Field(
        False, description="Write narratives in every POST /api/recommend, asked or not."
    )
    stage_seconds: float = Field(40, gt=0, description="What a stage may take, with all its tries.")
    tries: int = Field(2, ge=1, le=5, description="How often the fast model is asked.")
    candidates: int = Field(
        MOST_CANDIDATES, ge=LEAST_PLANS, le=MOST_CANDIDATES, description="Plans shown to the model."
    )
    recommendations: int = Field(
        MOST_PLANS, ge=LEAST_PLANS, le=MOST_PLANS, description="Most plans that come back."
    )
    score_margin: int | None = Field(
        15,
        ge=0,
        le=100,
        description="Points between the model's score and the weighted one at most; null: any.",
    )
    reasoning: Literal["free", "facts"] = Field(
        "free", description="The model words its reasons itself, or chooses them among true ones."
    )
    catalogue: Path | None = Field(
        None, description="Your plans, CSV or JSON; relative to the data directory."
    )
    service_area: str | None = Field(
        None, description="Take only plans of this area (TduCompanyName), or a part of its name."
    )
    heartbeat_seconds: float = Field(15, gt=0, description="Between comments in a silent stream.")


def read_options(options: Mapping[str, Any]) -> Options:
    """Raises CatalogError with everything that is wrong."""
    return options_of(Options, options, "energygenius")
