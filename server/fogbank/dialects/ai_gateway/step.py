"""One step of a gateway request: a model of this server, or a provider that is refused."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.catalog.catalog import Catalog
from fogbank.dialects.ai_gateway.options import Options, of_step
from fogbank.errors import AIError

WORKERS_AI = "workers-ai"
OPENAI_FORM = re.compile(r"v1/(chat/completions|completions|embeddings|responses|(v1/)?messages)")
NAMED = "run"
"""The endpoint whose body names the model (contract 1.1)."""
MAX_STEPS = 32


def tenant(account: str, key: str | None) -> str:
    """Who shares a cache and logs with nobody else: an account, and the API key it was used with.

    An account id is no secret and belongs to no key, so it alone keeps nobody out.
    """
    return f"{account.lower()}/{key or ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`path` is the route of this server that answers; `headers` are the step's own.

    `data` is an outline of the parsed body, of a body that names its model of the input in it; None
    for raw bytes.
    """

    provider: str
    endpoint: str
    path: str
    body: bytes
    data: Any
    card: Card | None
    options: Options
    headers: Mapping[str, str]

    @property
    def deterministic(self) -> bool:
        """Whether the same input gives the same answer: nothing is drawn by lot."""
        if self.card is None or not isinstance(self.data, dict):
            return False
        return self.card.task != "Text Generation" or self.data.get("temperature") == 0

    def cache_key(self, tenant: str, gateway: str, version: str) -> str:
        """Tenant, gateway, model and its version, and the input or the client's own name for it."""
        named = self.options.cache_key
        what = orjson.dumps([self.path, named]) if named else self.path.encode() + b"\n" + self.body
        model = self.card.name if self.card else None
        return hashlib.sha256(orjson.dumps([tenant, gateway, model, version]) + what).hexdigest()


def make_step(
    catalog: Catalog,
    account: str,
    endpoint: str,
    body: bytes,
    options: Options,
    *,
    provider: str = WORKERS_AI,
    headers: Mapping[str, str] | None = None,
) -> Step:
    """A step from a path after the provider's name, such as `run/@cf/...` or `v1/embeddings`."""
    endpoint = endpoint.strip("/")
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = None
    if OPENAI_FORM.fullmatch(endpoint):
        name = data.get("model") if isinstance(data, dict) else None
        path = f"/client/v4/accounts/{account}/ai/{endpoint}"
    elif endpoint == NAMED:
        named = data if isinstance(data, dict) else {}
        name, data = named.get("model"), named.get("input")
        path = f"/client/v4/accounts/{account}/ai/run"
    else:
        endpoint = endpoint.removeprefix("run/")
        name, path = endpoint, f"/client/v4/accounts/{account}/ai/run/{endpoint}"
    return Step(
        provider=provider,
        endpoint=endpoint,
        path=path,
        body=body,
        data=outline(data),
        card=catalog.resolve(name) if isinstance(name, str) else None,
        options=options,
        headers=headers or {},
    )


def outline(data: Any) -> Any:
    """A parsed body with its lists and objects emptied: a gateway only looks at what is short.

    The numbers of a file take eight times its room, for as long as the answer takes.
    """
    if not isinstance(data, dict):
        return None
    return {
        name: type(value)() if isinstance(value, list | dict) else value
        for name, value in data.items()
    }


def universal_steps(catalog: Catalog, account: str, items: Any, options: Options) -> list[Step]:
    """The steps of a universal request. Raises AIError (8001) that names the item at fault."""
    if isinstance(items, dict):
        items = [items]
    if not isinstance(items, list) or not items:
        raise AIError(errors.INVALID_INPUT, detail="the body must be an array of steps")
    if len(items) > MAX_STEPS:
        detail = f"there are {len(items)} steps; a request may have {MAX_STEPS}"
        raise AIError(errors.INVALID_INPUT, detail=detail)
    return [_item(catalog, account, item, options, at) for at, item in enumerate(items)]


def _item(catalog: Catalog, account: str, item: Any, options: Options, at: int) -> Step:
    wanted = {"provider": str, "endpoint": str}
    if not isinstance(item, dict):
        raise AIError(errors.INVALID_INPUT, detail=f"'/{at}' must be an object")
    for name, kind in wanted.items():
        if not isinstance(item.get(name), kind) or not item[name].strip("/ "):
            raise AIError(errors.INVALID_INPUT, detail=f"'/{at}/{name}' must be a text")
    for name in ("headers", "config"):
        if not isinstance(item.get(name, {}), dict):
            raise AIError(errors.INVALID_INPUT, detail=f"'/{at}/{name}' must be an object")
    endpoint = item["endpoint"]
    if item["provider"] == "compat":
        endpoint = f"v1/{endpoint.strip('/')}"
    own = {
        str(name).lower(): value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in item.get("headers", {}).items()
    }
    return make_step(
        catalog,
        account,
        endpoint,
        orjson.dumps(item.get("query", {})),
        of_step(options, item.get("config", {})),
        provider=item["provider"],
        headers=own,
    )
