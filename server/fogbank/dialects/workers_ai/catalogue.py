"""What can be asked here: models/search, models/schema, tasks/search, authors/search.

Contract 1.4 and 1.5. Models whose weights this profile lacks are listed too; a stand-in is named in
the property `fogbank_served_by`.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from starlette.datastructures import QueryParams
from starlette.routing import Route
from starlette.types import Scope

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.catalog.task_info import load_tasks
from fogbank.dialects.services import Services
from fogbank.dialects.workers_ai import listing
from fogbank.dialects.workers_ai.api import (
    ACCOUNTS,
    Body,
    api_routes,
    bad_query,
    boolean,
    integer,
    read_page,
)
from fogbank.dialects.workers_ai.output_schemas import load_output_schemas, plain
from fogbank.dialects.workers_ai.run import envelope
from fogbank.errors import AIError
from fogbank.settings import package_data

MODELS = (ACCOUNTS + "/ai/models/search", "/ai-api/models/search")
"""Where models are searched: over REST, and by the binding (contract 6.1)."""
AUTHORS = uuid.uuid5(uuid.NAMESPACE_URL, "https://fogbank.invalid/authors/")
CHAT_COMPLETION = "chat-completion"


def catalogue_routes(services: Services) -> Iterable[Route]:
    """The catalogue's routes below one account, and the binding's search."""
    catalogue = Catalogue(services)
    for path in MODELS:
        yield from api_routes(services, path, catalogue.models)
    yield from api_routes(services, ACCOUNTS + "/ai/models/schema", catalogue.schema)
    yield from api_routes(services, ACCOUNTS + "/ai/tasks/search", catalogue.tasks)
    yield from api_routes(services, ACCOUNTS + "/ai/authors/search", catalogue.authors)


class Catalogue:
    """The answers, one method a route."""

    def __init__(self, services: Services) -> None:
        self._runtime = services.runtime
        self._catalog = services.runtime.catalog
        self._prices = services.prices
        self._inputs = services.schemas
        self._refuse_deprecated = services.settings.refuse_deprecated
        self._tasks = load_tasks(package_data())
        self._outputs = load_output_schemas(package_data(), services.settings.data_dir)

    def models(self, scope: Scope, query: QueryParams) -> Body:
        """The cards that the filters leave, by name, one page of them."""
        if form := query.get("format"):
            raise bad_query(
                f"format={form[:40]!r} is not served: its shape is not documented."
                " Leave 'format' out for the native one"
            )
        page = read_page(query)
        return page.of([self._row(card) for card in self._filtered(query)])

    def schema(self, scope: Scope, query: QueryParams) -> Body:
        """`{input, output}` of the model in `?model=`."""
        name = query.get("model", "")
        if not name:
            raise AIError(errors.MISSING_BODY, what="query parameter 'model'")
        card = self._catalog.resolve(name)
        if card is None:
            raise AIError(errors.NO_SUCH_MODEL, model=name[:200])
        return envelope(
            {"input": plain(self._inputs[card.input].document), "output": self._output(card)}
        )

    def tasks(self, scope: Scope, query: QueryParams) -> Body:
        """Every task that a model is filed under, by name; no paging."""
        names = sorted({listing.listed_task(card) for card in self._catalog.cards.values()})
        return envelope([listing.task_row(name, self._tasks) for name in names])

    def authors(self, scope: Scope, query: QueryParams) -> Body:
        """Every author of a model, by name; no paging. Its fields are not documented."""
        names = sorted({listing.author(card) for card in self._catalog.cards.values()})
        return envelope([{"id": str(uuid.uuid5(AUTHORS, name)), "name": name} for name in names])

    def _row(self, card: Card) -> dict[str, Any]:
        served_by = self._runtime.served_by(card)
        return listing.row(card, self._tasks, self._prices(card), served_by)

    def _output(self, card: Card) -> Any:
        name = card.output_schema or self._tasks[card.task].output
        if card.output_schema is None and card.output == CHAT_COMPLETION:
            name = CHAT_COMPLETION
        return self._outputs[name]

    def _filtered(self, query: QueryParams) -> list[Card]:
        search, author, task = (query.get(key, "").lower() for key in ("search", "author", "task"))
        hide_beta = boolean(query, "hide_experimental")
        deprecated = boolean(query, "include_deprecated")
        if integer(query, "source", listing.SOURCE, maximum=10**9) != listing.SOURCE:
            return []
        return [
            card
            for card in self._catalog.cards.values()
            if (not search or search in card.name.lower() or search in card.description.lower())
            and (not author or author == listing.author(card).lower())
            and (not task or task == listing.listed_task(card).lower())
            and not (hide_beta and card.beta and "beta" not in card.unlisted)
            and self._wanted(card, deprecated)
        ]

    def _wanted(self, card: Card, deprecated: bool | None) -> bool:
        """A deprecated model that still answers (decisions.md 2) is listed unless asked not to."""
        if card.deprecated_on is None or deprecated:
            return True
        refused = self._refuse_deprecated or card.refuse_deprecated
        return deprecated is None and not refused
