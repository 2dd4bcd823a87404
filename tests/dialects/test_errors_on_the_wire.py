"""Every code of the contract's tables as a client gets it: status, code, text (contract 2).

The fault switch makes each happen; what really makes them happen has tests of its own.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import ACCOUNT, RUN, TEXT, Running, running, settings

pytestmark = [pytest.mark.anyio, pytest.mark.contract("clients 12")]
PROMPT = {"prompt": "one"}
MODEL = "@cf/example/model"
FREE = (
    "daily free allocation of 10,000 neurons{} Cloudflare's Workers Paid plan if you would like to"
    " continue usage."
)
DOCUMENTED = {
    "5007": (400, f"No such model {MODEL} or task"),
    "5004": (400, "Invalid data type for base64 input: number"),
    "3039": (400, "Finetune is missing required files (model.safetensors and config.json)"),
    "3003": (400, "Request is missing headers or body: body"),
    "5018": (403, "The account is not allowed to access this model"),
    "3041": (403, "The account is not allowed to access this model"),
    "5016": (403, "User has not agreed to Llama3.2 model terms"),
    "3023": (403, "Service unavailable for account"),
    "5035": (403, "the Workers Free plan"),
    "3042": (404, "The model name is invalid"),
    "5019": (405, "Request is trying to use a deprecated SDK version"),
    "5005": (405, f"The model {MODEL} does not support LoRa inference"),
    "3007": (408, "Request timeout"),
    "3008": (408, "Request was aborted"),
    "3006": (413, "Request is too large"),
    "3036": (429, "You have used up your " + FREE.format(". Please upgrade to")),
    "3040": (429, "No more data centers to forward the request to"),
}
SEEN = {
    "5006": (400, "AiError: Bad input: "),
    "5021": (
        413,
        "AiError: Ai: The estimated number of input and maximum output tokens (42481) exceeded"
        " this model context window limit (32000). (",
    ),
    "5028": (
        410,
        "AiError: Model has been deprecated: This model was deprecated on 2026-05-30. Please use"
        " an alternative model. (",
    ),
    "4006": (
        429,
        "AiError: AiError: you have used up your " + FREE.format(", please upgrade to") + " (",
    ),
    "5018": (403, f"AiError: Ai: This account is not allowed to access {MODEL}."),
    "5025": (403, "AiError: Ai: This model doesn't support JSON Schema. ("),
    "5035": (403, f"AiError: Model {MODEL} is not available on the Workers Free plan: "),
    "8001": (400, "AiError: AiError: Invalid input"),
    "8007": (400, "AiError: AiError: Input prompt contains NSFW content. ("),
    "3030": (400, "AiError: AiError: JSON Mode couldn't be met"),
    "3040": (429, "AiError: AiError: Capacity temporarily exceeded, please try again. ("),
}
AT_THE_FRONT: dict[str, tuple[int, dict[int, str]]] = {
    "10000": (401, {10000: "Authentication error"}),
    "10000-403": (403, {10000: "Authentication error"}),
    "7003": (404, {7003: "Could not route to /client/v4/accounts/"}),
    "unknown-path": (400, {7003: "Could not route to /accounts/", 7000: "No route for that URI"}),
    "7000": (400, {7000: "No route for that URI"}),
}
OF_GATEWAYS = {
    "2001": (400, "Please configure AI Gateway in the Cloudflare dashboard"),
    "2019": (400, "Chat completion bad format"),
    "2021": (402, "The gateway is out of credits"),
}
UPSTREAM = {"7009": 502, "internal": 500}


@pytest.fixture
async def faulty(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings(tmp_path, faults=True)) as it:
        yield it


async def told(it: Running, value: str, **options: Any) -> Any:
    """The answer, whose envelope is whole."""
    answer = await it.run(TEXT, PROMPT, headers={"x-fogbank-fault": value}, **options)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"result", "success", "errors", "messages"}
    assert (answer.json()["success"], answer.json()["messages"]) == (False, [])
    return answer


@pytest.mark.contract("2.1", "clients 3")
@pytest.mark.parametrize("code", DOCUMENTED, ids=DOCUMENTED)
async def test_as_documented(tmp_path: Path, code: str) -> None:
    status, text = DOCUMENTED[code]
    async with running(settings(tmp_path, faults=True, error_forms="documented")) as it:
        answer = await told(it, code)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (status, int(code))
    assert text in error["message"]
    assert answer.json()["result"] == {}


@pytest.mark.contract("2.2", "clients 3")
@pytest.mark.parametrize("code", SEEN, ids=SEEN)
async def test_as_seen(faulty: Running, code: str) -> None:
    status, text = SEEN[code]
    answer = await told(faulty, code)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (status, int(code))
    assert error["message"].startswith(text)
    assert error["message"].endswith(f" ({answer.headers['cf-ai-req-id']})")
    assert answer.json()["result"] == {}


@pytest.mark.contract("2.4", "clients 3")
@pytest.mark.parametrize("row", AT_THE_FRONT, ids=AT_THE_FRONT)
async def test_of_the_front_door(faulty: Running, row: str) -> None:
    status, errors = AT_THE_FRONT[row]
    answer = await told(faulty, row)
    assert answer.status_code == status
    assert [error["code"] for error in answer.json()["errors"]] == list(errors)
    for error in answer.json()["errors"]:
        assert error["message"].startswith(errors[error["code"]])
    assert answer.json()["result"] is None
    assert "cf-ai-req-id" not in answer.headers


@pytest.mark.contract("2.4")
@pytest.mark.parametrize("row", UPSTREAM, ids=UPSTREAM)
async def test_upstream_trouble(faulty: Running, row: str) -> None:
    answer = await told(faulty, row)
    assert answer.status_code == UPSTREAM[row]
    assert answer.json()["errors"] == [{"code": 7009, "message": "Upstream service unavailable"}]
    assert answer.json()["result"] is None


@pytest.mark.contract("2.4")
@pytest.mark.parametrize("code", OF_GATEWAYS, ids=OF_GATEWAYS)
async def test_of_gateways_under_error_alone(faulty: Running, code: str) -> None:
    status, text = OF_GATEWAYS[code]
    for path in (RUN + TEXT, f"/v1/{ACCOUNT}/mine/workers-ai/{TEXT}"):
        answer = await faulty.client.post(path, json=PROMPT, headers={"x-fogbank-fault": code})
        assert answer.status_code == status
        assert answer.json() == {
            "success": False,
            "result": [],
            "messages": [],
            "error": [{"code": int(code), "message": text}],
        }
