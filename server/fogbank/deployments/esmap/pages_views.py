"""Which view shows a result, by what the model is and what came back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.pages_dispatch import dispatch
from fogbank.deployments.esmap.pages_numbers import emissions, forecast
from fogbank.deployments.esmap.pages_text import answer, entities, impacts, sentiment, summary

Make = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]
VIEWS: dict[str, tuple[str, Make]] = {
    "text-classification": ("sentiment.html", sentiment),
    "token-classification": ("entities.html", entities),
    "question-answering": ("answer.html", answer),
    "text-generation": ("impacts.html", impacts),
    "summarization": ("summary.html", summary),
    "regression": ("forecast.html", forecast),
    "optimization": ("dispatch.html", dispatch),
}
EMISSIONS: tuple[str, Make] = ("emissions.html", emissions)


@dataclass(frozen=True, slots=True)
class View:
    """A template of a result and what it needs; `whole` is the answer as it came."""

    template: str
    data: Mapping[str, Any]
    whole: Mapping[str, Any]
    served_by: str = ""


def view(
    card: ModelCard, input: Mapping[str, Any], whole: Mapping[str, Any], served_by: str = ""
) -> View:
    """The view of an answer of POST /inference with status 200; `served_by` names stand-ins."""
    result = whole.get("result") or {}
    inner = result.get("result") or {}
    if inner.get("fallback") or "error" in result:
        reason = str(result.get("error") or inner.get("message") or "The model is not available")
        return View("fallback.html", {"reason": reason, "inner": inner}, whole)
    template, make = EMISSIONS if "emissions" in inner else VIEWS[card.type]
    try:
        made = make(input, inner)
    except (KeyError, TypeError, ValueError, AttributeError):
        # A model that an operator wrote may answer in a shape of its own.
        return View("plain.html", {"inner": inner}, whole, served_by)
    return View(template, {**made, "inner": inner}, whole, served_by)
