"""Asks models of an account at Cloudflare, where a deployment would ask the runtime.

Nothing is asked that could pass the spending cap, and nothing that an answer or an error says about
the account gets any further.
"""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import httpx2
import orjson

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.catalog.catalog import Catalog
from fogbank.cli.cloudflare_account import Account
from fogbank.cost.prices import PriceTable
from fogbank.cost.spending_cap import CapReached, Reservation, SpendingCap
from fogbank.errors import AIError, ErrorKind
from fogbank.runtime.context import Context
from fogbank.runtime.runtime import Answer
from fogbank.structured.verification import Verifier
from fogbank.tasks import (
    JsonFormat,
    TaskRequest,
    TextGenerationRequest,
    TextGenerationResult,
    Usage,
)

BEYOND = 512
"""Prompt tokens that the cloud may add: its chat template, and how it asks for JSON."""
ROUNDED = 0.005
"""`cf-ai-neurons` has two decimals (contract 1.5)."""
DAY_IS_SPENT = (3036, 4006)
NO_MODEL = 5007
MAY_HAVE_COMPUTED = (3007, 3008, 3030, 8007)
"""Refusals that come after, or amidst, computing."""
TOLD = 300
"""Characters of an error that are passed on."""


@dataclass(slots=True)
class Cloudflare:
    """`ended` says why nothing more is asked, once that is so."""

    catalog: Catalog
    account: Account
    prices: PriceTable
    cap: SpendingCap
    http: httpx2.AsyncClient
    calls: int = 0
    ended: str = ""

    async def run(self, card: Card, request: TaskRequest, context: Context) -> Answer:
        """One answer in JSON mode. Raises AIError, as a Runtime does.

        JSON that does not fit the schema is an error here: the cloud tries, and no more.
        """
        assert isinstance(request, TextGenerationRequest)
        assert isinstance(request.output_format, JsonFormat)
        if self.ended:
            raise _said(self.ended)
        content = orjson.dumps(_body(request))
        try:
            with self.cap.reserve(self._worst(card, request, content)) as reservation:
                response = await self._asked(card, content, context.deadline, reservation)
                found, usage, neurons = self._settled(card, response, reservation)
        except CapReached as error:
            self.ended = str(error)
            raise _said(self.ended) from None
        try:
            text = found if isinstance(found, str) else orjson.dumps(found).decode()
        except TypeError:
            raise AIError(errors.JSON_MODE_FAILED, detail="it is nested too deeply") from None
        if problem := Verifier(request.output_format.schema).problem(text):
            raise AIError(errors.JSON_MODE_FAILED, detail=problem)
        return Answer(TextGenerationResult(text, usage, "stop"), None, neurons)

    def _worst(self, card: Card, request: TextGenerationRequest, content: bytes) -> float:
        """The most neurons that it can cost: no tokenizer makes more tokens than bytes."""
        most = request.sampling.max_tokens
        tokens = Usage(prompt_tokens=len(content) + BEYOND, completion_tokens=most)
        neurons = self.prices.neurons(card, tokens)
        assert neurons is not None, f"{card.name} has no price"
        return neurons

    async def _asked(
        self, card: Card, content: bytes, seconds: float, reservation: Reservation
    ) -> httpx2.Response:
        """What came back with status 200."""
        self.calls += 1
        try:
            response = await self.http.post(
                self.account.run_url + card.name,
                content=content,
                headers={**self.account.headers, "content-type": "application/json"},
                timeout=httpx2.Timeout(seconds, connect=10),
            )
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            reservation.settle(0)
            self.ended = f"{self.account.host} is not reached ({type(error).__name__})"
            raise _said(self.ended) from None
        except httpx2.TimeoutException:
            raise AIError(errors.TIMEOUT) from None
        except httpx2.HTTPError:
            raise AIError(errors.UPSTREAM) from None
        if response.status_code != 200:
            raise self._refusal(response, reservation)
        return response

    def _refusal(self, response: httpx2.Response, reservation: Reservation) -> AIError:
        status, code, told = response.status_code, 0, response.reason_phrase
        try:
            error = orjson.loads(response.content)["errors"][0]
            code, told = int(error["code"]), str(error["message"])
        except (ValueError, LookupError, TypeError):
            pass
        told = self.account.hidden(told)[:TOLD]
        if 300 <= status < 500 and status != 408 and code not in MAY_HAVE_COMPUTED:
            reservation.settle(0)
        if status in (401, 403, 404, 405, 410) or code in (*DAY_IS_SPENT, NO_MODEL):
            self.ended = f"{self.account.host} answered {status}: {told}"
            return _said(self.ended)
        if status == 429:
            return AIError(errors.CAPACITY)
        if status == 408:
            return AIError(errors.TIMEOUT)
        if status >= 500:
            return AIError(errors.UPSTREAM)
        if "JSON Mode" in told:
            return AIError(errors.JSON_MODE_FAILED, detail=told)
        return _said(f"{status}: {told}")

    def _settled(
        self, card: Card, response: httpx2.Response, reservation: Reservation
    ) -> tuple[Any, Usage, float | None]:
        """The answer, its tokens and its neurons; the largest figure that it tells is paid."""
        try:
            result = orjson.loads(response.content)["result"]
            told = result.get("usage") or {}
            usage = Usage(
                prompt_tokens=_count(told.get("prompt_tokens")),
                completion_tokens=_count(told.get("completion_tokens")),
            )
            header = _neurons(response.headers.get("cf-ai-neurons"))
            exact = _neurons(told.get("neurons"))
        except (ValueError, LookupError, TypeError, AttributeError):
            raise AIError(errors.UPSTREAM) from None
        priced = self.prices.neurons(card, usage) if usage != Usage() else None
        rounded = None if header is None else header + ROUNDED
        if known := [each for each in (exact, rounded, priced) if each is not None]:
            reservation.settle(max(known))
        neurons = next((each for each in (exact, header, priced) if each is not None), None)
        return _answer(result), usage, neurons


def _body(request: TextGenerationRequest) -> dict[str, Any]:
    assert isinstance(request.output_format, JsonFormat)
    return {
        "messages": request.messages,
        "max_tokens": request.sampling.max_tokens,
        "temperature": request.sampling.temperature,
        "response_format": {"type": "json_schema", "json_schema": request.output_format.schema},
    }


def _answer(result: dict[str, Any]) -> Any:
    """Text or a JSON value; newer models answer as OpenAI's do (contract 3.2, 3.3)."""
    if "response" in result:
        return result["response"]
    try:
        return result["choices"][0]["message"]["content"]
    except (LookupError, TypeError):
        return None


def _count(value: Any) -> int:
    """Tokens; 0 for what is no such number."""
    return value if type(value) is int and value > 0 else 0


def _neurons(value: Any) -> float | None:
    """None for what is no such number."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if isfinite(found) and found >= 0 else None


def _said(told: str) -> AIError:
    """An error that another try would only repeat."""
    return AIError(ErrorKind(0, 400, "Cloudflare", "{told}"), told=told)
