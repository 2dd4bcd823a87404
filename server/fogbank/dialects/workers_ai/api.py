"""Routes of the API's front: a GET in, one JSON body with the four envelope keys out.

What they share: the account id is checked (decisions.md 4), a slash at the end is taken, pages are
read and cut alike (contract 1.4).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fogbank import errors
from fogbank.dialects import intake
from fogbank.dialects.asgi import send_json
from fogbank.dialects.exchange import exchange
from fogbank.dialects.services import Services, route
from fogbank.dialects.workers_ai.run import ACCOUNT, envelope, send_error
from fogbank.errors import AIError, RouteError, account_error

CLIENT = "/client/v4"
ACCOUNTS = CLIENT + "/accounts/{account_id}"
PER_PAGE, MAX_PER_PAGE = 50, 1000

Body = dict[str, Any]
Answer = Callable[[Scope, QueryParams], Body]


def api_routes(services: Services, path: str, answer: Answer) -> Iterator[Route]:
    """The route of a GET, with and without a slash at the end."""
    endpoint = ApiEndpoint(services, answer)
    yield route(path, endpoint, "GET")
    yield route(path + "/", endpoint, "GET")


class ApiEndpoint:
    """Answers without reading a body, where `answer` gives one; a refusal has REST's form."""

    def __init__(self, services: Services, answer: Answer) -> None:
        self._services = services
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = intake.context(scope, self._services.settings)

        async def work() -> None:
            with self._services.runtime.metrics.refusals():
                check_account(scope)
                body = self._answer(scope, QueryParams(scope["query_string"]))
            await send_json(send, 200, body)

        async def refuse(error: AIError | RouteError) -> None:
            await send_error(error, context, send)

        await exchange(context, scope["path"], work(), refuse, receive)


def check_account(scope: Scope) -> None:
    """Raises RouteError for an account id in the path that is none."""
    account = scope["path_params"].get("account_id")
    if account is not None and not ACCOUNT.fullmatch(account):
        raise account_error(scope["path"])


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows a client wants. `page` counts from 1."""

    page: int
    per_page: int

    def of(self, rows: Sequence[Any]) -> Body:
        """The answer with these rows' page; an empty one past the end, so that clients stop."""
        first = (self.page - 1) * self.per_page
        cut = rows[first : first + self.per_page]
        info = {
            "count": len(cut),
            "page": self.page,
            "per_page": self.per_page,
            "total_count": len(rows),
        }
        return {**envelope(cut), "result_info": info}


def read_page(query: QueryParams) -> Page:
    """`page` and `per_page`. Raises AIError (5006) for what is no count, or is out of range."""
    return Page(
        integer(query, "page", 1, maximum=10**9),
        integer(query, "per_page", PER_PAGE, maximum=MAX_PER_PAGE),
    )


def integer(query: QueryParams, name: str, default: int, *, maximum: int) -> int:
    """A count from 1 in the query. Raises AIError (5006)."""
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()):
        raise bad_query(f"Type mismatch of '/{name}', 'integer' not in 'string'")
    if len(text) > len(str(maximum)) or int(text) > maximum:
        raise bad_query(f"'/{name}' must be <= {maximum}")
    if int(text) < 1:
        raise bad_query(f"'/{name}' must be >= 1")
    return int(text)


def boolean(query: QueryParams, name: str) -> bool | None:
    """`true` or `false` (or 1, 0) in the query, None where it is absent. Raises AIError (5006)."""
    text = query.get(name, "").lower()
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    if text:
        raise bad_query(f"Type mismatch of '/{name}', 'boolean' not in 'string'")
    return None


def bad_query(detail: str) -> AIError:
    """5006 in the grammar of contract 2.3."""
    return AIError(errors.BAD_INPUT, detail=f"Error: {detail}")
