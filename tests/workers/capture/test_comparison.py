"""The comparison finds what it is there to find, and nothing else."""

import copy
from typing import Any

import pytest

from tests.workers.capture.comparison import differences
from tests.workers.capture.deviations import ABSENT, Deviation

AFTER = {
    "lastRequestId": "one",
    "aiGatewayLogId": None,
    "lastRequestHttpStatusCode": 200,
    "lastRequestInternalStatusCode": None,
}
ANSWER = {
    "type": "object",
    "ctor": "Object",
    "value": {"response": "one", "tool_calls": [], "data": [[1, 2]], "last": None, "done": True},
    "after": AFTER,
}
ERROR = {
    "threw": True,
    "name": "AiError",
    "message": "5007: none",
    "String": "AiError: 5007: none",
    "ctor": "InferenceUpstreamError",
    "isError": True,
    "keys": ["name"],
    "stackFirst": "AiError: 5007: none",
    "after": AFTER,
}
STREAM = {
    "type": "ReadableStream",
    "chunks": ['data: {"response":"one"}\n\n', "data: [DO", "NE]\n\n"],
    "after": AFTER,
}
RESPONSE = {
    "type": "Response",
    "status": 200,
    "headers": [["cf-ai-req-id", "one"], ["content-type", "application/json"], ["date", "now"]],
    "body": '{"response":"one"}',
    "after": AFTER,
}
EVERY = pytest.mark.parametrize("told", [ANSWER, ERROR, STREAM, RESPONSE])


def changed(told: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    return Deviation("", {path: value}).expected({"it": told}, "it")


@EVERY
def test_the_same_is_no_difference(told: dict[str, Any]) -> None:
    assert differences(told, copy.deepcopy(told)) == []


@pytest.mark.parametrize(
    ("told", "path", "value"),
    [
        (ANSWER, "value.response", "two"),
        (ANSWER, "value.data", [[3], [4.5, 6, 7]]),
        (ANSWER, "after.lastRequestId", "two"),
        (STREAM, "chunks", ['data: {"response":"two"}\n\ndata: [DONE]\n\n']),
        (RESPONSE, "headers", [["cf-ai-req-id", "two"], ["content-type", "application/json"]]),
        (RESPONSE, "body", '{"response":"two"}'),
    ],
)
def test_contents_are_no_difference(told: dict[str, Any], path: str, value: Any) -> None:
    assert differences(told, changed(told, path, value)) == []


@pytest.mark.parametrize(
    ("told", "path", "value"),
    [
        (ANSWER, "type", "Array"),
        (ANSWER, "ctor", "Array"),
        (ANSWER, "value.response", None),
        (ANSWER, "value.response", ABSENT),
        (ANSWER, "value.more", 1),
        (ANSWER, "value.tool_calls", [{}]),
        (ANSWER, "value.data", []),
        (ANSWER, "value.data", [["1"]]),
        (ANSWER, "value.done", 1),
        (ANSWER, "after.lastRequestId", ""),
        (ANSWER, "after.aiGatewayLogId", "one"),
        (ANSWER, "after.lastRequestHttpStatusCode", 201),
        (ANSWER, "after.lastRequestInternalStatusCode", 5007),
        (ERROR, "name", "InferenceUpstreamError"),
        (ERROR, "message", "5007: another"),
        (ERROR, "ctor", "Error"),
        (ERROR, "keys", ["name", "remote"]),
        (ERROR, "code", 20),
        (ERROR, "threw", ABSENT),
        (STREAM, "chunks", ['data: {"response":"one"}\n\n']),
        (STREAM, "chunks", ['data: {"text":"one"}\n\ndata: [DONE]\n\n']),
        (RESPONSE, "status", 400),
        (RESPONSE, "headers", [["content-type", "application/json"]]),
        (RESPONSE, "headers", [["cf-ai-req-id", "one"], ["content-type", "text/plain"]]),
        (RESPONSE, "body", '{"result":"one"}'),
    ],
)
def test_all_else_differs(told: dict[str, Any], path: str, value: Any) -> None:
    assert differences(told, changed(told, path, value))


@EVERY
def test_another_kind_of_outcome(told: dict[str, Any]) -> None:
    for other in (ANSWER, ERROR, STREAM, RESPONSE):
        assert len(differences(told, other)) == (other is not told)


def test_a_deviation_is_another_recorded_call() -> None:
    after = {**AFTER, "lastRequestId": ""}
    recorded = {"it": {**ANSWER, "after": after}, "other": ERROR}
    expected = Deviation("", like="other").expected(recorded, "it")
    assert expected == {**ERROR, "after": after}
