"""The table of errors against contract 2.1, 2.2 and 2.4."""

from typing import Any

import pytest

from fogbank import errors
from fogbank.errors import AIError, ErrorKind, RouteError

STATUS = {
    2001: {400},
    2019: {400},
    2021: {402},
    3003: {400},
    3006: {413},
    3023: {403},
    3036: {429},
    3039: {400},
    3041: {403},
    3042: {404},
    3007: {408},
    3008: {408},
    3030: {400},
    3040: {429},
    4006: {429},
    5004: {400},
    5005: {405},
    5016: {403},
    5019: {405},
    5035: {403},
    7002: {404},
    8007: {400},
    5006: {400},
    5007: {400},
    5018: {403},
    5021: {413},
    5025: {403},
    5028: {410},
    7009: {500, 502},
    8001: {400},
}
VALUES: dict[str, Any] = {
    "model": "@cf/a/b",
    "what": "body",
    "type": "number",
    "detail": "Error: x",
    "date": "2026-05-30",
    "tokens": 5,
    "limit": 4,
}
KINDS = {name: kind for name, kind in vars(errors).items() if isinstance(kind, ErrorKind)}
KINDS |= {f"{kind.code} documented": kind for kind in errors.DOCUMENTED.values()}


@pytest.mark.contract("2.1", "2.2")
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_row(kind: ErrorKind) -> None:
    assert kind.status in STATUS[kind.code]
    error = AIError(kind, **VALUES)
    assert "{" not in error.description
    assert str(error) == f"{kind.code}: {error.description}"
    if kind.title:
        assert error.message("id") == f"AiError: {error.title}: {error.description} (id)"
        assert "{" not in error.title
    else:
        assert error.message("id") == error.description


@pytest.mark.contract("2.2")
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (errors.CAPACITY, "AiError: AiError: Capacity temporarily exceeded, please try again. (u)"),
        (errors.TIMEOUT, "AiError: AiError: Request timeout (u)"),
        (errors.ABORTED, "AiError: AiError: Request was aborted (u)"),
        (errors.TOO_LARGE, "AiError: AiError: Request is too large (u)"),
        (errors.BAD_INPUT, "AiError: Bad input: Error: x (u)"),
        (errors.NO_SUCH_MODEL, "AiError: Ai: No such model @cf/a/b or task (u)"),
        (errors.NO_JSON_MODE, "AiError: Ai: This model doesn't support JSON Schema. (u)"),
        (errors.UPSTREAM, "Upstream service unavailable"),
        (
            errors.ALLOCATION,
            "AiError: AiError: you have used up your daily free allocation of 10,000 neurons,"
            " please upgrade to Cloudflare's Workers Paid plan if you would like to continue"
            " usage. (u)",
        ),
        (
            errors.PAID_PLAN,
            "AiError: Model @cf/a/b is not available on the Workers Free plan: Error: x Upgrade"
            " to access this model: https://dash.cloudflare.com/?to=/:account/workers/plans (u)",
        ),
        (errors.UNSAFE_INPUT, "AiError: AiError: Input prompt contains NSFW content. (u)"),
        (
            errors.DEPRECATED,
            "AiError: Model has been deprecated: This model was deprecated on 2026-05-30."
            " Please use an alternative model. (u)",
        ),
        (
            errors.CONTEXT_WINDOW,
            "AiError: Ai: The estimated number of input and maximum output tokens (5) exceeded"
            " this model context window limit (4). (u)",
        ),
    ],
)
def test_texts_on_record(kind: ErrorKind, text: str) -> None:
    assert AIError(kind, **VALUES).message("u") == text


@pytest.mark.contract("2.1")
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (errors.ALLOCATION, "3036: You have used up your daily free allocation of 10,000 neurons."),
        (errors.CAPACITY, "3040: No more data centers to forward the request to"),
        (errors.NOT_ALLOWED, "5018: The account is not allowed to access this model."),
        (errors.TIMEOUT, "3007: Request timeout"),
    ],
)
def test_as_documented(kind: ErrorKind, told: str) -> None:
    error = errors.as_documented(AIError(kind, retry_after=3, **VALUES))
    assert isinstance(error, AIError)
    assert str(error).startswith(told)
    assert error.retry_after == 3


@pytest.mark.contract("2.1", "2.4")
def test_an_unknown_model_as_documented() -> None:
    error = errors.as_documented(errors.unknown_model("@cf/a/b"))
    assert str(error) == "5007: No such model @cf/a/b or task"
    unchanged = errors.unknown_path("/x")
    assert errors.as_documented(unchanged) is unchanged


def test_a_text_of_a_client_is_no_format() -> None:
    error = AIError(errors.BAD_INPUT, detail="{0.__class__} {x}")
    assert error.description == "{0.__class__} {x}"


def test_the_front_door() -> None:
    assert errors.authentication_error().errors == ((10000, "Authentication error"),)
    assert (errors.authentication_error().status, errors.authentication_error(403).status) == (
        401,
        403,
    )
    path = "/client/v4/accounts/x/ai/run/y"
    hint = ", perhaps your object identifier is invalid?"
    assert errors.account_error(path).errors == ((7003, f"Could not route to {path}{hint}"),)
    assert errors.account_error(path).status == 404
    unknown = errors.unknown_path(path)
    assert unknown.status == 400
    assert unknown.errors == (
        (7003, f"Could not route to /accounts/x/ai/run/y{hint}"),
        (7000, "No route for that URI"),
    )
    assert errors.unknown_model().errors == ((7000, "No route for that URI"),)
    assert str(RouteError(400, (1, "a"), (2, "b"))) == "1: a; 2: b"
