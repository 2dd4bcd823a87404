"""How each task reads on the run route: one module per task, its input and its `result`.

A form reads a body that the card's input schema has checked, and makes `result` of what came out
(contract sections 3 and 4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fogbank import errors, tasks
from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms import (
    image_classification,
    question_answering,
    reranking,
    speech_recognition,
    summarization,
    text_classification,
    text_embeddings,
    text_generation,
    token_classification,
    translation,
)
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.errors import AIError
from fogbank.tasks import TaskRequest, TaskResult


@dataclass(frozen=True, slots=True)
class Form:
    """`parse` raises AIError for what a schema cannot say; `render` gives the value of `result`."""

    parse: Callable[[Card, Body, SamplingDefaults], TaskRequest]
    render: Callable[[Card, Any, Any], Any]


FORMS: dict[str, Form] = {
    tasks.TEXT_GENERATION: Form(text_generation.parse, text_generation.render),
    tasks.TEXT_EMBEDDINGS: Form(text_embeddings.parse, text_embeddings.render),
    tasks.TEXT_CLASSIFICATION: Form(text_classification.parse, text_classification.render),
    tasks.TOKEN_CLASSIFICATION: Form(token_classification.parse, token_classification.render),
    tasks.QUESTION_ANSWERING: Form(question_answering.parse, question_answering.render),
    tasks.RERANKING: Form(reranking.parse, reranking.render),
    tasks.SUMMARIZATION: Form(summarization.parse, summarization.render),
    tasks.TRANSLATION: Form(translation.parse, translation.render),
    tasks.SPEECH_RECOGNITION: Form(speech_recognition.parse, speech_recognition.render),
    tasks.IMAGE_CLASSIFICATION: Form(image_classification.parse, image_classification.render),
}


def parse(card: Card, body: Body, defaults: SamplingDefaults) -> TaskRequest:
    """The request in terms of its task; `defaults` stand where the body is silent about sampling.

    Raises AIError for what the input schema cannot say.
    """
    form = FORMS.get(card.task)
    if form is None:
        raise AIError(errors.INVALID_INPUT, detail=f"{card.task} is not served by this version")
    return form.parse(card, body, defaults)


def render(
    card: Card, request: TaskRequest, outcome: TaskResult, *, neurons: float | None = None
) -> Any:
    """The value of `result`: an object, or a bare array for the classifiers.

    `neurons` goes into `usage`, where there is one.
    """
    result = FORMS[card.task].render(card, request, outcome)
    if neurons is not None and isinstance(result, dict) and isinstance(result.get("usage"), dict):
        result["usage"]["neurons"] = round(neurons, 4)
    return result
