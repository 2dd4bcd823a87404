"""How the next token is drawn, and how long the answer may be."""

from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.openai.fields import Body, refused
from fogbank.tasks import Sampling


def sampling(
    body: Body,
    card: Card,
    defaults: SamplingDefaults,
    *,
    limit: tuple[str, ...] = ("max_tokens",),
    stop: str = "stop",
    logprobs: int | None = None,
) -> Sampling:
    """The checked body's numbers; where it is silent, the card's (256 tokens, contract 3.1).

    `limit` names the fields that bound the answer, the first that is there counts. Raises
    FieldError where that is more than the model could ever write (contract 2.4).
    """
    field = next((name for name in limit if name in body), None)
    max_tokens = defaults.max_tokens if field is None else int(body[field])
    if field and card.context_window and max_tokens > card.context_window:
        text = f"{field} is too large: {max_tokens}. This model supports at most"
        raise refused(field, f"{text} {card.context_window}")
    top_k = int(body.get("top_k", defaults.top_k or 0))
    seed = body.get("seed")
    stops = body.get(stop, ())
    return Sampling(
        max_tokens=max_tokens,
        temperature=body.get("temperature", defaults.temperature),
        top_p=body.get("top_p", defaults.top_p),
        top_k=top_k if top_k > 0 else None,
        min_p=body.get("min_p"),
        seed=None if seed is None else int(seed),
        repetition_penalty=body.get("repetition_penalty", defaults.repetition_penalty),
        frequency_penalty=body.get("frequency_penalty"),
        presence_penalty=body.get("presence_penalty"),
        stop=(stops,) if isinstance(stops, str) else tuple(stops),
        logprobs=logprobs,
    )
