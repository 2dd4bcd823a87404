"""What an operator may set in `options` of model_configs/deployments/esmap-api.yaml."""

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """Which of ESMAP's models does what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    classification: str = Field(description="Model that classifies a text.")
    entities: str = Field(description="Model that finds entities.")
    summary: str = Field(description="Model that summarizes.")
    forecast: str = Field(description="Model that forecasts generation.")
    summary_from: int = Field(500, ge=0, description="Longer texts, in characters, are summarized.")
