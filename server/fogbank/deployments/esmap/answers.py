"""The bodies of ESMAP's answers, in the words and shapes of the old service (deployments.md, A)."""

from datetime import datetime
from typing import Any

from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.web import timestamp

NAME = "ESMAP AI Models"
LIFTED = ("climate_relevance", "energy_categories")
"""Keys of an inner result that the old service put beside `result`."""

NO_MODEL = {"success": False, "error": "Model not found"}
NO_ENDPOINT = {"success": False, "error": "Endpoint not found"}
WRONG_METHOD = {"success": False, "error": "Method not allowed"}
TOO_LARGE = {"success": False, "error": "Request body too large"}
BUSY = {"success": False, "error": "Too many requests are waiting for this model. Try again soon."}


def result(
    model_id: str, inner: dict[str, Any], milliseconds: float, version: str, at: datetime
) -> dict[str, Any]:
    """`result` of a success."""
    lifted = {name: inner[name] for name in LIFTED if name in inner}
    return {
        "modelId": model_id,
        "timestamp": timestamp(at),
        "result": inner,
        **lifted,
        "metadata": {"inferenceTime": round(milliseconds, 3), "modelVersion": version},
    }


def fallback(card: ModelCard, told: str, at: datetime) -> dict[str, Any]:
    """`result` where the model failed or was late: it says so, and means nothing."""
    if card.type == "text-classification":
        label = {"label": "NEUTRAL", "score": 0.5, "message": "Fallback classification"}
    else:
        label = {"message": "Model temporarily unavailable", "fallback": True}
    return {
        "modelId": card.id,
        "timestamp": timestamp(at),
        "error": told,
        "fallback": True,
        "result": label,
    }


def unknown_model(model_id: str) -> dict[str, Any]:
    """404 of POST /inference."""
    details = {"type": "MODEL_NOT_FOUND", "message": f"Model {model_id[:200]} not found"}
    error = "The requested model could not be found."
    return {"success": False, "error": error, "details": details}


def invalid(message: str) -> dict[str, Any]:
    """400."""
    details = {"type": "INVALID_INPUT", "message": message}
    error = "Invalid input provided. Please check your request format."
    return {"success": False, "error": error, "details": details}
