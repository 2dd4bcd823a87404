"""Requests as workerd's `env.AI` makes them, in each of the three forms on the wire."""

from typing import Any

import httpx2

from tests.server import ACCOUNT, TEXT, Running

RUN = "/run?version=3"
GATEWAY_RUN = "/ai-gateway/run?version=3"
ORIGIN = "https://workers-binding.ai"
PROXY = f"/client/v4/accounts/{ACCOUNT}/ai/run/proxy"
ZEROS = "0" * 32
"""The account of a request that names none."""
LOGS = "/ai-gateway/gateways/mine/logs/"


def consn(model: str | None) -> dict[str, str]:
    """The headers of a run."""
    name = {} if model is None else {"cf-consn-model-id": model}
    return {"content-type": "application/json", "cf-consn-sdk-version": "2.0.0", **name}


async def call(
    fogbank: Running,
    model: str | None,
    inputs: Any,
    options: Any = None,
    *,
    path: str = RUN,
    **headers: str,
) -> httpx2.Response:
    """`env.AI.run(model, inputs, options)`; `headers` are its `extraHeaders`."""
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"inputs": inputs, "options": options or {}}
    return await fogbank.client.post(path, json=body, headers=consn(model) | extra)


def miniflare(url: str, headers: dict[str, str]) -> dict[str, str]:
    """The headers that Miniflare sends for a request of these."""
    wrapped = {f"MF-Header-{name}": value for name, value in headers.items()}
    return {"MF-Binding": "AI", "MF-URL": ORIGIN + url, **wrapped}


def proxied(url: str, headers: dict[str, str]) -> dict[str, str]:
    """The headers that wrangler 3 sends to PROXY for a request of these."""
    return {"X-Forwarded": ORIGIN + url, "User-Agent": "wrangler/3.114.17", **headers}


async def through(
    fogbank: Running, inputs: Any, model: str = "", headers: Any = None, **gateway: Any
) -> httpx2.Response:
    """`env.AI.run(model, inputs, {gateway})`, through the gateway `mine`; by default TEXT."""
    options = {"gateway": {"id": "mine", **gateway}}
    return await call(fogbank, model or TEXT, inputs, options, path=GATEWAY_RUN, **(headers or {}))
