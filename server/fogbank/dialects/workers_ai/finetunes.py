"""Fine-tunes over REST: list, create, upload their two files, and use them (contract 1.5, 5.3).

The service documents few errors here; what is ours: an unknown fine-tune is 404/7002, a body or a
file that cannot be used 400/8001 with words. `DELETE .../finetunes/{id or name}` is an extension.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects import intake
from fogbank.dialects.asgi import send_json
from fogbank.dialects.exchange import exchange
from fogbank.dialects.services import Services, route
from fogbank.dialects.workers_ai.api import ACCOUNTS, Body, api_routes, bad_query, check_account
from fogbank.dialects.workers_ai.asset_upload import receive_asset
from fogbank.dialects.workers_ai.run import envelope, send_error
from fogbank.errors import AIError, RouteError, unknown_path
from fogbank.storage.adapter_config import AdapterError
from fogbank.storage.adapter_weights import MAX_BYTES
from fogbank.storage.finetunes import ASSETS, ORDERS, Finetune, FinetuneError

PATH = ACCOUNTS + "/ai/finetunes"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MAX_DESCRIPTION = 2000
DEFAULT_ROWS, MAX_ROWS, MAX_OFFSET = 50, 1000, 10**9
UPLOADS = 4
"""Files that are received at once; more wait."""

Work = Callable[[Scope, Receive], Awaitable[Body]]


def finetune_routes(services: Services) -> Iterable[Route]:
    """The routes of fine-tunes, each with and without a slash at the end."""
    api = Finetunes(services)
    services.components.append(services.finetunes)
    yield from api_routes(services, PATH + "/public", api.public)
    yield from api_routes(services, PATH, api.all)
    for path, work, method in (
        (PATH, api.create, "POST"),
        (PATH + "/{finetune}/finetune-assets", api.upload, "POST"),
        (PATH + "/{finetune}", api.delete, "DELETE"),
    ):
        endpoint = _Endpoint(services, work)
        yield route(path, endpoint, method)
        yield route(path + "/", endpoint, method)


class _Endpoint:
    """A request with a body, answered with one JSON object."""

    def __init__(self, services: Services, work: Work) -> None:
        self._services = services
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = intake.context(scope, self._services.settings)

        async def work() -> None:
            with self._services.runtime.metrics.refusals():
                check_account(scope)
                try:
                    body = await self._work(scope, receive)
                except (AdapterError, FinetuneError) as error:
                    raise AIError(errors.INVALID_INPUT, detail=str(error)) from None
            await send_json(send, 200, body)

        async def refuse(error: AIError | RouteError) -> None:
            await send_error(error, context, send)

        await exchange(context, scope["path"], work(), refuse)


class Finetunes:
    """What each route does."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._store = services.finetunes
        self._uploads = asyncio.Semaphore(UPLOADS)

    def all(self, scope: Scope, query: QueryParams) -> Body:
        """A flat array: what wrangler and the SDKs read."""
        return envelope([shown(one) for one in self._store.all(_account(scope))])

    def public(self, scope: Scope, query: QueryParams) -> Body:
        """Of every account; `limit`, `offset`, and `orderBy` a column."""
        order = query.get("orderBy") or "created_at"
        if order not in ORDERS:
            raise bad_query(f"enum {order[:40]} not in {','.join(sorted(ORDERS))} at '/orderBy'")
        limit = _count(query, "limit", DEFAULT_ROWS, MAX_ROWS)
        offset = _count(query, "offset", 0, MAX_OFFSET)
        return envelope([shown(one) for one in self._store.public(limit, offset, order)])

    async def create(self, scope: Scope, receive: Receive) -> Body:
        """A fine-tune without files yet."""
        data = _parsed(await intake.body(scope, receive, self._services.settings))
        name, model = _text(data, "name"), _text(data, "model")
        if not NAME.fullmatch(name) or _UUID.fullmatch(name.lower()) or name == "public":
            raise _invalid(
                "'name' must have 1 to 100 letters, digits, spaces, dots, dashes or underscores,"
                " begin with a letter or digit, and be neither a UUID nor 'public'"
            )
        card = self._base(model)
        made = await asyncio.to_thread(
            self._store.create,
            _account(scope),
            name,
            card.name,
            description=_optional(data, "description", str, ""),
            public=_optional(data, "public", bool, False),
        )
        return envelope(shown(made))

    async def upload(self, scope: Scope, receive: Receive) -> Body:
        """One of the two files."""
        finetune = self._own(scope)
        settings = self._services.settings
        async with self._turn():
            place = await asyncio.to_thread(self._store.incoming)
            try:
                asset = await receive_asset(
                    scope, receive, place, limit=MAX_BYTES, seconds=settings.max_deadline
                )
                if asset not in ASSETS:
                    raise _invalid(f"'file_name' must be {' or '.join(ASSETS)}")
                await asyncio.to_thread(self._store.receive, finetune, asset, place)
            finally:
                with suppress(FileNotFoundError):
                    place.unlink()
        return envelope({"id": finetune.id, "file_name": asset})

    async def delete(self, scope: Scope, receive: Receive) -> Body:
        """Ours: the service documents no way to delete."""
        if scope["path_params"]["finetune"] == "public":
            raise unknown_path(scope["path"])
        finetune = self._own(scope)
        await asyncio.to_thread(self._store.delete, finetune)
        return envelope({"id": finetune.id})

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of UPLOADS. Raises AIError where none becomes free: a slow client holds one long."""
        try:
            async with asyncio.timeout(self._services.settings.deadline):
                await self._uploads.acquire()
        except TimeoutError:
            raise AIError(errors.CAPACITY) from None
        try:
            yield
        finally:
            self._uploads.release()

    def _base(self, model: str) -> Card:
        card = self._services.runtime.catalog.resolve(model)
        if card is None:
            raise AIError(errors.NO_SUCH_MODEL, model=model[:100])
        if not card.lora:
            raise AIError(errors.NO_LORA, model=card.name)
        return card

    def _own(self, scope: Scope) -> Finetune:
        asked = scope["path_params"]["finetune"]
        found = self._store.own(_account(scope), asked)
        if found is None:
            raise RouteError(
                404, (7002, f"This account has no fine-tune {asked[:100]!r}; create it first")
            )
        return found


def shown(finetune: Finetune) -> Body:
    """One fine-tune as the SDKs read it."""
    return {
        "id": finetune.id,
        "model": finetune.model,
        "name": finetune.name,
        "description": finetune.description,
        "created_at": finetune.created_at,
        "modified_at": finetune.modified_at,
        "public": finetune.public,
    }


def _account(scope: Scope) -> str:
    return str(scope["path_params"]["account_id"]).lower()


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _invalid("the body is not JSON") from None
    if not isinstance(data, dict):
        raise _invalid("the body must be a JSON object with model and name")
    return data


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise bad_query("required properties at '/' are 'model,name'")
    return value


def _optional(data: dict[str, Any], key: str, kind: type, default: Any) -> Any:
    value = data.get(key)
    if value is None:
        return default
    if not isinstance(value, kind):
        expected = "boolean" if kind is bool else "string"
        raise bad_query(f"Type mismatch of '/{key}', '{expected}' not in '{type(value).__name__}'")
    if isinstance(value, str) and len(value) > MAX_DESCRIPTION:
        raise bad_query(f"Length of '/{key}' must be <= {MAX_DESCRIPTION}")
    return value


def _count(query: QueryParams, name: str, default: int, most: int) -> int:
    """0 or more; the SDKs send numbers such as 10 or 10.0."""
    text = query.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,10}(\.0+)?", text) or (count := int(float(text))) > most:
        raise bad_query(f"'/{name}' must be a whole number from 0 to {most}")
    return count


def _invalid(detail: str) -> AIError:
    return AIError(errors.INVALID_INPUT, detail=detail)
