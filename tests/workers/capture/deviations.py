"""Where a Worker is expected to see other than was recorded, and why. Nothing else may differ.

The record was made with a stub that answered for Cloudflare; where Cloudflare's own documents say
otherwise, Fogbank follows them.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

ABSENT = object()
"""In `Deviation.changed`: this key is not there."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """What is seen instead of the record of a call.

    `changed` has a path into the Worker's account (`value.response`) and what stands there; `like`
    names another recorded call, as which this one is seen.
    """

    reason: str
    changed: dict[str, Any] = field(default_factory=dict)
    like: str = ""

    def expected(self, recorded: Mapping[str, Any], name: str) -> dict[str, Any]:
        """The record of the call `name` with the deviation in it; `recorded` has all by name."""
        expected: dict[str, Any] = copy.deepcopy(recorded[self.like or name])
        expected["after"] = copy.deepcopy(recorded[name]["after"])
        for path, value in self.changed.items():
            *way, last = path.split(".")
            place = expected
            for key in way:
                place = place[key]
            if value is ABSENT:
                del place[last]
            else:
                place[last] = value
        return expected


_USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
_NO_USAGE = Deviation("contract 4: this answer has no usage", {"value.usage": ABSENT})
_STUBS_OWN = Deviation(
    "the stub's own count of what it received", {"value.lab_received_bytes": ABSENT}
)
_NO_RAG = Deviation("AutoRAG is not served: its documented 404", like="autorag_404")
_QUEUED = {"status": "queued", "request_id": "an id", "model": "a name"}
_TRANSCRIPTION: dict[str, Any] = {
    "transcription_info": {
        "language": "en",
        "language_probability": 1,
        "duration": 1,
        "duration_after_vad": 1,
    },
    "text": "word",
    "word_count": 1,
    "segments": [],
    "vtt": "WEBVTT",
}
_RUN = json.dumps(
    {
        "result": {"response": "hi", "tool_calls": [], "usage": _USAGE},
        "success": True,
        "errors": [],
        "messages": [],
    }
)
_LOG: dict[str, Any] = {
    "value.model_type": "Text Generation",
    "value.step": 0,
    "value.tokens_in": 1,
    "value.tokens_out": 1,
    "value.neurons": None,
    "value.cost": None,
    "value.custom_cost": False,
    "value.metadata": None,
    "value.event_id": None,
    "value.request_content_type": "application/json",
    "value.request_head": "{}",
    "value.response_head": "{}",
    "value.feedback": None,
    "value.score": None,
}

DEVIATIONS = {
    "json_object": Deviation(
        "decisions.md 1: in this mode `response` is the JSON text", {"value.response": "{}"}
    ),
    "tools": Deviation("contract 3.2: beside calls it is null or empty", {"value.response": ""}),
    "embeddings": _NO_USAGE,
    "embeddings_str": _NO_USAGE,
    "whisper_array": _STUBS_OWN,
    "whisper_stream": Deviation("contract 4: the form of this model", {"value": _TRANSCRIPTION}),
    "u8_input": _STUBS_OWN,
    "queueRequest": Deviation("contract 5.1: a batch is queued", {"value": _QUEUED}),
    "translate": _NO_USAGE,
    "summarize": _NO_USAGE,
    "gw_run": Deviation(
        "contract 1.7: `collectLog: false` leaves no log, `skipCache` no status of a cache",
        {"headers": [["content-type", "application/json"], ["cf-aig-step", "0"]], "body": _RUN},
    ),
    "gw_log": Deviation("the stub's log was a part of one", _LOG),
    "autorag_search": _NO_RAG,
    "autorag_ai": _NO_RAG,
    "autorag_stream": _NO_RAG,
}
"""By call, under every tool."""

OLD_RUNTIME = {
    "signal_aborted": Deviation(
        "binding.md 2.F: a runtime of 2025 takes no signal",
        {"after.lastRequestId": "an id"},
        like="signal",
    )
}
"""Under workerd of 2025: wrangler 3 to 4.47."""

_FLUX = "5007: No such model @cf/deepgram/flux or task"
_LEFT = {"after.lastRequestInternalStatusCode": 5007}
_NO_FUNCTION = "ai.toMarkdown(...).supported is not a function"
_OLD_SIGNAL = OLD_RUNTIME["signal_aborted"]
WRANGLER_3 = {
    "websocket": Deviation(
        "binding.md 2.F: an ordinary run, here of a model that Fogbank does not know",
        {
            "message": _FLUX,
            "String": f"AiError: {_FLUX}",
            "stackFirst": f"AiError: {_FLUX}",
            "after.lastRequestId": "an id",
            **_LEFT,
        },
        like="unknown_model",
    ),
    "signal": Deviation("the code that `websocket` left", _LEFT),
    "signal_aborted": replace(_OLD_SIGNAL, changed=_OLD_SIGNAL.changed | _LEFT),
    "md_supported": Deviation(
        "binding.md 2.F: there is no such method yet",
        {
            "message": _NO_FUNCTION,
            "String": f"TypeError: {_NO_FUNCTION}",
            "stackFirst": f"TypeError: {_NO_FUNCTION}",
        },
        like="no_inputs",
    ),
}
"""Under wrangler 3.114."""

UNTRIED_3 = {"midstream": "binding.md 2.F: an answer that breaks off can hang"}
UNTRIED_44 = UNTRIED_3 | {
    "websocket": "its Miniflare answers 500 without asking anybody, and the next call can hang"
}
"""Calls that wrangler 3.114 and 4.44 lose by themselves."""

BEYOND = {
    "prompt_tokens_details": "contract 3.2: newer records of `usage` have it",
    "httpCode": "contract 2.2: the form of errors over the binding",
    "requestId": "contract 2.2: the form of errors over the binding",
    "created_at": "contract 1.4: models have it",
}
"""Keys of Fogbank's answers that the stub did not know."""

REPLAYED = {
    "formdata": "an image model, and Fogbank serves none",
    "image_out": "an image model, and Fogbank serves none",
    "v4err": "the REST form of an error, which Fogbank never sends to a binding",
    "texterr": "an error in plain text, which Fogbank never sends",
    "emptyerr": "an empty error, which Fogbank never sends",
    "charset": "a content type with a charset, which Fogbank never sends",
    "models_err": "a search that fails, which Fogbank's never does",
}
"""Calls that the recorded answer is replayed for: no request makes Fogbank answer so."""
