"""An answer that is a page, or the part of one that a script puts in place."""

import asyncio
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response

from fogbank.deployments.pages.static import static_url

FRAGMENT = "x-fragment"
"""A script that wants only what changed sends this header."""
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: browsers then send `Origin: null` with a form, which the guard refuses.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "vary": "Accept",
}


async def page(
    templates: Environment,
    request: Request,
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
) -> Response:
    """The answer with the template as HTML."""
    html = await rendered(templates, request, template, context)
    return Response(html, status, HEADERS, media_type="text/html")


async def rendered(
    templates: Environment, request: Request, template: str, context: Mapping[str, Any]
) -> str:
    """The template, made in a thread, as a large table takes some milliseconds.

    `root` (of the mount) and `static` (finds a file) are known in it.
    """
    root = root_of(request)
    known = {"root": root, "static": lambda name: static_url(root, name), **context}
    return await asyncio.to_thread(templates.get_template(template).render, known)


def root_of(request: Request) -> str:
    """Where the deployment is mounted: `/esmap`, or nothing at a host or port of its own."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def admitted(request: Request) -> bool:
    """Whether who asks may see more than forms: they brought a key, or none is asked for."""
    return bool(request.scope.get("state", {}).get("admitted", False))
