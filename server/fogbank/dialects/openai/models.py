"""`models`: what this server serves, listed and one by one. An extension (contract 1.6)."""

from datetime import UTC, datetime
from typing import Any

from starlette.types import Receive, Scope, Send

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects import intake
from fogbank.dialects.asgi import Headers, send_json
from fogbank.dialects.exchange import exchange
from fogbank.dialects.openai import reply
from fogbank.dialects.openai.error_object import error_object
from fogbank.dialects.openai.fields import FieldError
from fogbank.dialects.services import Services
from fogbank.dialects.workers_ai.run import ACCOUNT
from fogbank.errors import AIError, RouteError, account_error, unknown_path

EXTENSION: Headers = [(b"x-fogbank-extension", b"models")]


class Models:
    """An ASGI application for `models` and `models/{model}`."""

    def __init__(self, services: Services) -> None:
        self._runtime = services.runtime
        self._settings = services.settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = intake.context(scope, self._settings, dialect="openai")

        async def work() -> None:
            with self._runtime.metrics.refusals():
                body = self._answer(scope)
            await send_json(send, 200, body, EXTENSION)

        async def refuse(error: AIError | RouteError) -> None:
            told = error_object(error, context.request_id)
            body = {**reply.envelope(error, context.request_id), "error": told}
            await reply.send_error(send, error, context, body, EXTENSION)

        await exchange(context, scope["path"], work(), refuse, receive)

    def _answer(self, scope: Scope) -> dict[str, Any]:
        account = scope["path_params"].get("account_id")
        if account is not None and not ACCOUNT.fullmatch(account):
            raise account_error(scope["path"])
        if scope["method"] not in ("GET", "HEAD"):
            raise unknown_path(scope["path"])
        served = self._runtime.served
        name = scope["path_params"].get("model")
        if name is None:
            return {"object": "list", "data": [self._model(item.card) for item in served.values()]}
        card = self._runtime.catalog.resolve(name)
        if card is None or card.name not in served:
            raise FieldError("model", errors.NO_SUCH_MODEL, model=name)
        return self._model(card)

    def _model(self, card: Card) -> dict[str, Any]:
        """Author and task are what the name and the card say; a stand-in is named."""
        model: dict[str, Any] = {
            "id": card.name,
            "object": "model",
            "created": _seconds(card.created_at),
            "owned_by": card.name.split("/")[1],
            "task": card.task,
        }
        if stand_in := self._runtime.served_by(card):
            model["served_by"] = stand_in
        return model


def _seconds(created_at: str | None) -> int:
    """Epoch seconds of `YYYY-MM-DD HH:MM:SS.mmm` (contract 1.4); 0 where it is not known."""
    if created_at is None:
        return 0
    return int(datetime.fromisoformat(created_at).replace(tzinfo=UTC).timestamp())
