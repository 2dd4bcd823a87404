"""`GET /fogbank/cost`: the report of what it costs, as JSON or, for a browser, as a page."""

from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from fogbank.catalog.mistakes import CatalogError
from fogbank.dialects.asgi import header, send_bytes, send_json
from fogbank.runtime.cost_reports import Asked, CostReports, WrongQuestion
from fogbank.storage.ledger_store import LedgerUnavailable

PARAMETERS = tuple(Asked.__dataclass_fields__)
VARY = [(b"vary", b"Accept"), (b"cache-control", b"no-store")]
PAGE_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
        b" form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    *VARY,
]


class CostReport:
    """The route. A question that has no answer is 400, a ledger that cannot be read 503."""

    def __init__(self, reports: CostReports) -> None:
        self._reports = reports

    async def get(self, scope: Scope, receive: Receive, send: Send) -> None:
        """JSON, or a page where `Accept` names text/html."""
        try:
            asked = _asked(scope)
            if "text/html" in (header(scope, b"accept") or ""):
                html = (await self._reports.page(asked)).encode()
                await send_bytes(send, 200, b"text/html; charset=utf-8", html, PAGE_HEADERS)
            else:
                await send_json(send, 200, await self._reports.told(asked), VARY)
        except WrongQuestion as error:
            await send_json(send, 400, {"error": str(error)}, VARY)
        except CatalogError as error:
            await send_json(send, 500, {"error": str(error)}, VARY)
        except LedgerUnavailable as error:
            await send_json(send, 503, {"error": str(error)}, VARY)


def _asked(scope: Scope) -> Asked:
    """What the address asks. Raises WrongQuestion for what it cannot ask."""
    given = parse_qs(str(scope["query_string"], "latin-1"), keep_blank_values=True)
    for name, values in given.items():
        if name not in PARAMETERS:
            raise WrongQuestion(f"no parameter {name!r}; there are: {', '.join(PARAMETERS)}")
        if len(values) > 1:
            raise WrongQuestion(f"{name} is given {len(values)} times")
    return Asked(**{name: values[0] for name, values in given.items()})
