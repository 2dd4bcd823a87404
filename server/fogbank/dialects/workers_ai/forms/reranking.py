"""Reranking: a query and passages in, the passages' scores out (contract 4)."""

from typing import Any

from fogbank import errors
from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.errors import AIError
from fogbank.tasks import RerankingRequest, RerankingResult


def parse(card: Card, body: Body, defaults: SamplingDefaults) -> RerankingRequest:
    """A query and its contexts. Raises AIError for no contexts, or one without a text."""
    top_k = body.get("top_k")
    return RerankingRequest(
        body["query"],
        contexts(body),
        None if top_k is None else int(top_k),
        body.get("pooling", card.pooling),
        body.get("truncate_inputs", card.truncates),
    )


def contexts(body: Body) -> tuple[str, ...]:
    """The texts of `contexts`. The schemas do not say that an item needs its `text`; it does."""
    texts = tuple(item.get("text") for item in body["contexts"])
    if not texts:
        raise AIError(errors.INVALID_INPUT, detail="'contexts' is empty")
    if None in texts:
        raise AIError(errors.INVALID_INPUT, detail=f"'contexts/{texts.index(None)}' has no 'text'")
    return texts


def render(card: Card, request: RerankingRequest, outcome: RerankingResult) -> dict[str, Any]:
    """`id` is the index in `contexts`. Best first, with or without `top_k`.

    The order without `top_k` is not documented (contract 4): a client that sorts, or looks an id
    up, reads any order; one that takes the first item means the best.
    """
    order = sorted(range(len(outcome.scores)), key=lambda at: -outcome.scores[at])
    best = order[: request.top_k]
    return {"response": [{"id": at, "score": outcome.scores[at]} for at in best]}
