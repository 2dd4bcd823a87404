"""The run route on the wire: routes, bodies, errors (contract 1.1, 1.2, 2; decisions.md)."""

import re
from typing import Any

import orjson
import pytest

from fogbank.engines.base import EngineDead, EngineError, EngineOverloaded, EngineRefused
from tests.server import (
    ABSENT,
    ACCOUNT,
    CHAT,
    DEPRECATED,
    EMBED,
    NO_JSON,
    OLD,
    RUN,
    STAND_IN,
    STANDING_IN,
    TEXT,
    Running,
)

pytestmark = pytest.mark.anyio
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
PROMPT = {"prompt": "one two three"}


def refused(response: Any, status: int, code: int, text: str) -> None:
    """An error of the AI layer, letter by letter; `text` without the request id."""
    request_id = response.headers["cf-ai-req-id"]
    assert re.fullmatch(UUID, request_id)
    assert response.status_code == status
    assert response.json() == {
        "errors": [{"message": f"AiError: {text} ({request_id})", "code": code}],
        "success": False,
        "result": {},
        "messages": [],
    }
    assert response.headers["content-type"] == "application/json"


def turned_away(response: Any, status: int, *errors: tuple[int, str]) -> None:
    """An error of the API's front: result null, no request id."""
    assert response.status_code == status
    assert response.json() == {
        "result": None,
        "success": False,
        "errors": [{"code": code, "message": message} for code, message in errors],
        "messages": [],
    }
    assert "cf-ai-req-id" not in response.headers
    assert response.headers["content-type"] == "application/json"


@pytest.mark.contract("1.1", "1.2", "3.2", "clients 3")
async def test_answer_and_envelope(fogbank: Running) -> None:
    response = await fogbank.run(TEXT, PROMPT)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert re.fullmatch(UUID, response.headers["cf-ai-req-id"])
    assert "x-fogbank-served-by" not in response.headers
    usage = {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}
    assert response.json() == {
        "result": {
            "response": "one two three",
            "tool_calls": [],
            "usage": usage | {"prompt_tokens_details": {"cached_tokens": 0}},
        },
        "success": True,
        "errors": [],
        "messages": [],
    }


@pytest.mark.contract("1.1", "clients 1")
@pytest.mark.parametrize(
    "path",
    [
        TEXT,
        TEXT.replace("/", "%2F"),
        TEXT.replace("/", "%2f"),
        TEXT.replace("@", "%40").replace("/", "%2F"),
        TEXT + "/",
        "@cf/test/alias",
        f"workers-ai/{TEXT}",
        f"{TEXT}?queueRequest=false&anything=1",
    ],
)
async def test_forms_of_the_route(fogbank: Running, path: str) -> None:
    response = await fogbank.client.post(RUN + path, json=PROMPT)
    assert response.json()["result"]["response"] == "one two three"


@pytest.mark.contract("1.1", "clients 2")
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", None])
async def test_json_is_told_by_its_content(fogbank: Running, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    content = b'{"prompt": "hello there"}'
    response = await fogbank.client.post(RUN + TEXT, content=content, headers=headers)
    assert response.json()["result"]["response"] == "hello there"


@pytest.mark.contract("2.4", "decision 4")
@pytest.mark.parametrize("account", ["", "0" * 31, "0" * 33, "g" * 32, "0" * 31 + "\u0660"])
async def test_an_account_that_is_not_well_formed(fogbank: Running, account: str) -> None:
    path = f"/client/v4/accounts/{account}/ai/run/{TEXT}"
    response = await fogbank.client.post(path, json=PROMPT)
    text = f"Could not route to {path}, perhaps your object identifier is invalid?"
    if account:
        turned_away(response, 404, (7003, text))
    else:
        text = text.replace("/client/v4", "")
        turned_away(response, 400, (7003, text), (7000, "No route for that URI"))


@pytest.mark.contract("2.4")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{RUN}{TEXT}"),
        ("PUT", f"{RUN}{TEXT}"),
        ("POST", f"/client/v4/accounts/{ACCOUNT}/ai/nothing"),
        ("GET", "/client/v4/nothing"),
        ("GET", "/"),
        ("GET", "/../../etc/passwd"),
        ("POST", "/%2e%2e/%2e%2e/etc/passwd"),
    ],
)
async def test_an_unknown_path(fogbank: Running, method: str, path: str) -> None:
    response = await fogbank.client.request(method, path)
    (first, second) = response.json()["errors"]
    assert response.status_code == 400
    assert first["code"] == 7003
    assert not re.search("client/v4", first["message"])
    assert second == {"code": 7000, "message": "No route for that URI"}
    turned_away(response, 400, (7003, first["message"]), (7000, "No route for that URI"))


@pytest.mark.contract("2.4")
@pytest.mark.parametrize(
    "model", ["@cf/test/none", "@cf/..%2F..%2Fx", "x", "%00", "@cf/" + "a" * 3000]
)
async def test_an_unknown_model(fogbank: Running, model: str) -> None:
    response = await fogbank.run(model, PROMPT)
    turned_away(response, 400, (7000, "No route for that URI"))


@pytest.mark.contract("2.1")
async def test_an_empty_body(fogbank: Running) -> None:
    response = await fogbank.client.post(RUN + TEXT)
    refused(response, 400, 3003, "AiError: Request is missing headers or body: body")


@pytest.mark.contract("2.3")
@pytest.mark.parametrize(
    "content", [b"{", b"\xff\xfe", b"null", b"[]", b"1", b'"\\ud800"', b"[" * 5000, b"NaN", b"\x00"]
)
async def test_a_body_that_is_no_object(fogbank: Running, content: bytes) -> None:
    response = await fogbank.client.post(RUN + TEXT, content=content)
    (error,) = response.json()["errors"]
    assert re.match("AiError: Bad input: Error: Type mismatch of '/', 'object'", error["message"])
    assert (response.status_code, error["code"]) == (400, 5006)


@pytest.mark.contract("2.3")
async def test_no_branch_is_met(fogbank: Running) -> None:
    response = await fogbank.run(TEXT, {})
    text = (
        "Bad input: Error: oneOf at '/' not met, 0 matches: required properties at '/' are"
        " 'prompt', required properties at '/' are 'messages'"
    )
    refused(response, 400, 5006, text)


@pytest.mark.contract("2.3", "3.1")
@pytest.mark.parametrize(
    ("extra", "part"),
    [
        ({"max_tokens": None}, "Type mismatch of '/max_tokens', 'integer' not in 'null'"),
        ({"stream": "yes"}, "Type mismatch of '/stream', 'boolean' not in 'string'"),
        ({"top_k": 51}, "'/top_k' must be <= 50"),
        ({"top_k": 0}, "'/top_k' must be >= 1"),
        ({"seed": 0}, "'/seed' must be >= 1"),
        ({"seed": 10_000_000_000}, "'/seed' must be <= 9999999999"),
        ({"temperature": 5.5}, "'/temperature' must be <= 5"),
        ({"temperature": -1}, "'/temperature' must be >= 0"),
        ({"top_p": 2.5}, "'/top_p' must be <= 2"),
        ({"repetition_penalty": 2.5}, "'/repetition_penalty' must be <= 2"),
        ({"frequency_penalty": -1}, "'/frequency_penalty' must be >= 0"),
        ({"presence_penalty": 3}, "'/presence_penalty' must be <= 2"),
        ({"prompt": ""}, "Length of '/prompt' must be >= 1"),
    ],
)
async def test_types_and_ranges(fogbank: Running, extra: dict[str, Any], part: str) -> None:
    response = await fogbank.run(TEXT, PROMPT | extra)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["code"]) == (400, 5006)
    assert part in error["message"]
    assert fogbank.engine.started == 0


@pytest.mark.contract("2.3")
async def test_a_property_of_a_branch_that_was_not_met_is_not_read(fogbank: Running) -> None:
    response = await fogbank.run(TEXT, PROMPT | {"messages": 5, "guided_json": 5, "stop": [None]})
    assert response.json()["result"]["response"] == "one two three"


@pytest.mark.contract("1.1")
async def test_options_are_no_input(fogbank: Running) -> None:
    response = await fogbank.run(TEXT, PROMPT | {"options": {"rejectIfBusy": True}})
    assert response.status_code == 200


@pytest.mark.contract("2.1", "2.2", "decision 10")
@pytest.mark.parametrize(
    ("body", "status", "code", "text"),
    [
        ({"max_tokens": 0}, 400, 8001, "AiError: Invalid input: 'max_tokens' must be at least 1"),
        ({"image": [1, 2]}, 400, 8001, "AiError: Invalid input: images are not read here"),
        (
            {"max_tokens": 3998},
            413,
            5021,
            "Ai: The estimated number of input and maximum output tokens (4001) exceeded this"
            " model context window limit (4000).",
        ),
    ],
)
async def test_refusals(
    fogbank: Running, body: dict[str, Any], status: int, code: int, text: str
) -> None:
    refused(await fogbank.run(TEXT, PROMPT | body), status, code, text)
    assert fogbank.engine.started == 0


@pytest.mark.contract("2.1", "5.3")
async def test_a_model_without_lora(fogbank: Running) -> None:
    response = await fogbank.run(CHAT, PROMPT | {"lora": "x"})
    refused(response, 405, 5005, f"Ai: The model {CHAT} does not support LoRa inference")


@pytest.mark.contract("2.2", "decision 10")
async def test_the_window_is_filled_to_the_last_token(fogbank: Running) -> None:
    assert (await fogbank.run(TEXT, PROMPT | {"max_tokens": 3997})).status_code == 200


@pytest.mark.contract("2.2")
async def test_no_messages(fogbank: Running) -> None:
    response = await fogbank.run(TEXT, {"messages": []})
    refused(response, 400, 8001, "AiError: Invalid input: 'messages' is empty")


@pytest.mark.contract("2.2", "decision 8")
async def test_a_model_whose_weights_are_elsewhere(fogbank: Running) -> None:
    text = f"Ai: This account is not allowed to access {ABSENT}."
    text += " Profiles that have its weights: big."
    refused(await fogbank.run(ABSENT, PROMPT), 403, 5018, text)


@pytest.mark.contract("2.2", "8", "decision 2")
async def test_a_deprecated_model(fogbank: Running) -> None:
    text = "Model has been deprecated: This model was deprecated on 2026-05-30."
    text += " Please use an alternative model."
    refused(await fogbank.run(DEPRECATED, PROMPT), 410, 5028, text)
    assert (await fogbank.run(OLD, PROMPT)).status_code == 200


@pytest.mark.contract("2.2", "3.4", "decision 1")
async def test_json_mode_switched_off(fogbank: Running) -> None:
    body = PROMPT | {"response_format": {"type": "json_object"}}
    refused(
        await fogbank.run(NO_JSON, body), 403, 5025, "Ai: This model doesn't support JSON Schema."
    )


@pytest.mark.contract("decision 9")
async def test_a_stand_in_says_so(fogbank: Running) -> None:
    for body in (PROMPT, PROMPT | {"stream": True}):
        response = await fogbank.run(STAND_IN, body)
        assert response.headers["x-fogbank-served-by"] == STANDING_IN


@pytest.mark.contract("2.2", "decision 9")
async def test_a_stand_in_reads_no_images(fogbank: Running) -> None:
    response = await fogbank.run(STAND_IN, PROMPT | {"image": "data:image/png;base64,AA=="})
    refused(response, 400, 8001, "AiError: Invalid input: images are not read here")


@pytest.mark.contract("2.2", "decision 12")
@pytest.mark.parametrize("stream", [False, True])
async def test_what_engines_raise(fogbank: Running, stream: bool) -> None:
    body = PROMPT | {"stream": stream}
    fogbank.engine.fail_next(EngineRefused("roles must alternate"))
    refused(
        await fogbank.run(TEXT, body), 400, 8001, "AiError: Invalid input: roles must alternate"
    )
    fogbank.engine.fail_next(EngineOverloaded("full"))
    response = await fogbank.run(TEXT, body)
    refused(response, 429, 3040, "AiError: Capacity temporarily exceeded, please try again.")
    assert response.headers["retry-after"] == "1"


@pytest.mark.contract("2.4")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("failure", "status"),
    [(EngineDead("/opt/secret"), 502), (EngineError("x"), 502), (RuntimeError("bug"), 500)],
)
async def test_upstream_trouble(
    fogbank: Running, failure: Exception, status: int, stream: bool
) -> None:
    fogbank.engine.fail_next(failure)
    response = await fogbank.run(TEXT, PROMPT | {"stream": stream})
    assert response.status_code == status
    assert response.json() == {
        "result": None,
        "success": False,
        "errors": [{"code": 7009, "message": "Upstream service unavailable"}],
        "messages": [],
    }
    assert (await fogbank.run(TEXT, PROMPT)).status_code == 200


@pytest.mark.contract("2.1")
async def test_a_body_over_the_limit(fogbank: Running) -> None:
    content = orjson.dumps({"prompt": "x" * fogbank.settings.max_body_bytes})
    response = await fogbank.client.post(RUN + TEXT, content=content)
    refused(response, 413, 3006, "AiError: Request is too large")


@pytest.mark.contract("1.1")
@pytest.mark.parametrize("length", ["9" * 30, "\u00b2", "-1", ""])
async def test_a_length_that_is_none(fogbank: Running, length: str) -> None:
    headers = [(b"content-length", length.encode("latin-1"))]
    content = b'{"prompt": "a"}'
    response = await fogbank.client.post(RUN + TEXT, content=content, headers=headers)
    assert response.status_code == 200


@pytest.mark.contract("5.1")
async def test_a_batch_is_refused_in_words(fogbank: Running) -> None:
    response = await fogbank.run(EMBED, {"requests": [{"text": "a"}]})
    (error,) = response.json()["errors"]
    assert (response.status_code, error["code"]) == (400, 8001)
    assert "'requests'" in error["message"]


@pytest.mark.contract("3.3")
async def test_chat_completion_shape(fogbank: Running) -> None:
    result = (await fogbank.run(CHAT, PROMPT)).json()["result"]
    made = result["created"]
    assert re.fullmatch(rf"id-{made}\d\d\d", result.pop("id"))
    assert result == {
        "object": "chat.completion",
        "created": made,
        "model": CHAT,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "one two three"},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 3,
            "total_tokens": 6,
            "prompt_tokens_details": {"cached_tokens": 0},
        },
    }
