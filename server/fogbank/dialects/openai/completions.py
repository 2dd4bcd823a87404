"""`completions`: a text that is continued. An extension of ours (contract 1.6)."""

from dataclasses import replace
from typing import Any

import orjson

from fogbank.dialects.openai import choices, logprobs
from fogbank.dialects.openai.endpoint import Ask
from fogbank.dialects.openai.fields import Body, refused
from fogbank.dialects.openai.generation import ChoiceEvents, GenerationEndpoint, Wanted
from fogbank.dialects.openai.output_format import form_of
from fogbank.dialects.openai.sampling import sampling
from fogbank.tasks import TextChunk, TextGenerationRequest, TextGenerationResult

MOST_CHOICES = 32
"""Prompts times `n` of one request."""


class Completions(GenerationEndpoint):
    """Prompts in, their continuations out; no chat template is applied."""

    schema = "v1-completions"
    extension = "completions"
    whole_object = "text_completion"
    piece_object = "text_completion"

    def read(self, ask: Ask) -> Wanted:
        body = ask.body
        n = int(body.get("n", 1))
        _refuse_what_is_not_served(body, n)
        count = body.get("logprobs")
        drawn = sampling(
            body, ask.card, ask.defaults, logprobs=None if count is None else int(count)
        )
        prompt = body["prompt"]
        prompts = [prompt] if isinstance(prompt, str) else prompt
        if len(prompts) * n > MOST_CHOICES:
            raise refused("prompt", f"prompts times n must be <= {MOST_CHOICES}")
        form = form_of(ask.card, body)
        request = TextGenerationRequest(raw=True, sampling=drawn, output_format=form.wanted)
        requests = [
            one for text in prompts for one in choices.several(replace(request, prompt=text), n)
        ]
        return Wanted(requests, n, body.get("stream", False), form)

    def choice(
        self, index: int, request: TextGenerationRequest, result: TextGenerationResult
    ) -> dict[str, Any]:
        asked = request.sampling.logprobs is not None
        return {
            "index": index,
            "text": result.text,
            "logprobs": logprobs.for_completion(result.logprobs) if asked else None,
            "finish_reason": result.finish_reason,
        }

    def events(self, head: dict[str, Any], index: int) -> ChoiceEvents:
        return CompletionEvents(head, index)


def _refuse_what_is_not_served(body: Body, n: int) -> None:
    for name in ("suffix", "echo", "logit_bias"):
        if body.get(name):
            raise refused(name, f"'{name}' is not served here")
    if body.get("best_of", n) != n:
        raise refused("best_of", "'best_of' is not served here; 'n' is")


class CompletionEvents:
    """`text_completion` events of one choice, the finish reason in the last."""

    def __init__(self, head: dict[str, Any], index: int) -> None:
        begin = b"data: " + orjson.dumps(head)[:-1] + b',"choices":[{"index":%d' % index
        self._text = begin + b',"text":'
        self._offset = 0

    def __call__(self, chunk: TextChunk) -> bytes:
        if not chunk.text and not chunk.logprobs and chunk.finish_reason is None:
            return b""
        told = b"null"
        if chunk.logprobs:
            told = orjson.dumps(logprobs.for_completion(chunk.logprobs, self._offset))
            self._offset += sum(len(item.token) for item in chunk.logprobs)
        reason = orjson.dumps(chunk.finish_reason)
        text = self._text + orjson.dumps(chunk.text)
        return text + b',"logprobs":' + told + b',"finish_reason":' + reason + b"}]}\n\n"
