"""What is refused, in the contract's codes (deployments.md, C)."""

from typing import Literal

Code = Literal[
    "INVALID_JSON",
    "MISSING_FIELDS",
    "INVALID_USAGE_DATA",
    "INVALID_PLAN_SCORING",
    "INVALID_CATALOGUE",
    "INVALID_COMPARISON",
    "ENDPOINT_DISABLED",
    "NOT_FOUND",
    "PAYLOAD_TOO_LARGE",
    "PIPELINE_ERROR",
    "NARRATIVE_ERROR",
]
STATUS: dict[Code, int] = {
    "ENDPOINT_DISABLED": 404,
    "NOT_FOUND": 404,
    "PAYLOAD_TOO_LARGE": 413,
    "PIPELINE_ERROR": 500,
    "NARRATIVE_ERROR": 500,
}
"""All others: 400. INVALID_CATALOGUE and INVALID_COMPARISON are of endpoints that are ours."""


class Invalid(Exception):
    """An answer `{error:{code,message}}`."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code: Code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUS.get(self.code, 400)

    def as_json(self) -> dict[str, dict[str, str]]:
        """The body."""
        return {"error": {"code": self.code, "message": self.message}}
