"""One POST route of a compatible API: who asks, which model, and errors in the dialect's form."""

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.types import Receive, Scope, Send

from fogbank import errors
from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects import intake, structured_output
from fogbank.dialects.asgi import ClientGone, Headers, while_connected
from fogbank.dialects.exchange import exchange
from fogbank.dialects.openai import reply
from fogbank.dialects.openai.error_object import error_object
from fogbank.dialects.openai.fields import OPAQUE, Body, FieldError, checked, parsed, refused
from fogbank.dialects.services import Services
from fogbank.dialects.workers_ai.run import ACCOUNT
from fogbank.errors import AIError, RouteError, account_error, unknown_path
from fogbank.runtime.context import Context
from fogbank.tasks import Evidence


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that has passed the door: its model, its checked body, and what is not said."""

    card: Card
    body: Body
    context: Context
    defaults: SamplingDefaults


class Endpoint(ABC):
    """An ASGI application for one route.

    A subclass names the `schema` of its bodies, the `task` of its models, and reads and answers.
    Its scope needs no `account_id`; where there is one it has to be well formed.
    """

    schema: ClassVar[str]
    task: ClassVar[str]
    extension: ClassVar[str | None] = None
    opaque: ClassVar[frozenset[str]] = OPAQUE
    dialect: ClassVar[str] = "openai"

    def __init__(self, services: Services) -> None:
        self.runtime = services.runtime
        self._inference = services.inference
        self._settings = services.settings
        self._schema = services.schemas[self.schema]

    @abstractmethod
    def work(self, ask: Ask, send: Send) -> Coroutine[Any, Any, None]:
        """Reads the body now (raises AIError), and answers when awaited."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = intake.context(scope, self._settings, dialect=self.dialect)

        async def refuse(error: AIError | RouteError) -> None:
            body = self.error_body(error, context)
            await reply.send_error(send, error, context, body, self._extension())

        named: list[str] = []
        work = self._work(named, context, scope, receive, send)
        await exchange(context, lambda: "".join(named), work, refuse, receive)

    async def _work(
        self, named: list[str], context: Context, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """`named` gets the model's name, for the log, as soon as the body is read."""
        with self.runtime.metrics.refusals():
            _admit(scope)
            data = await intake.body(scope, receive, self._settings)
            given = parsed(data)
            if isinstance(given, dict) and isinstance(name := given.get("model"), str):
                named.append(name)
            work = await intake.off_the_loop(len(data), lambda: self._read(given, context, send))
        if not await while_connected(receive, work):
            raise ClientGone

    def _read(self, given: Any, context: Context, send: Send) -> Coroutine[Any, Any, None]:
        return self.work(self._ask(checked(self._schema, given, self.opaque), context), send)

    def _ask(self, body: Body, context: Context) -> Ask:
        card = self.runtime.catalog.resolve(body["model"])
        if card is None:
            raise FieldError("model", errors.NO_SUCH_MODEL, model=body["model"])
        if card.task != self.task:
            raise refused("model", f"{card.name} is for {card.task}, this route for {self.task}")
        self.runtime.check(card)
        options = body.get("options")
        if isinstance(options, dict):
            context.reject_if_busy = options.get("rejectIfBusy") is True
        return Ask(card, body, context, self.runtime.sampling_defaults(card))

    def error_body(self, error: AIError | RouteError, context: Context) -> dict[str, Any]:
        """Cloudflare's envelope, and OpenAI's `error` beside it."""
        told = error_object(error, context.request_id)
        return {**reply.envelope(error, context.request_id), "error": told}

    def headers(
        self, ask: Ask, neurons: float | None = None, evidence: Evidence | None = None
    ) -> Headers:
        """As on the run route (contract 1.2), and the mark of an extension."""
        headers = self._inference.headers(ask.card, ask.context) + self._extension()
        headers += structured_output.header(evidence)
        if neurons is not None:
            headers.append((b"cf-ai-neurons", f"{neurons:.2f}".encode()))
        return headers

    def _extension(self) -> Headers:
        name = self.extension
        return [(b"x-fogbank-extension", name.encode())] if name else []


def _admit(scope: Scope) -> None:
    account = scope.get("path_params", {}).get("account_id")
    if account is not None and not ACCOUNT.fullmatch(account):
        raise account_error(scope["path"])
    if scope["method"] != "POST":
        raise unknown_path(scope["path"])
