"""The files that pages load: style sheet, script, icon. Read once, told apart by their digest."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fogbank.deployments.web import Json

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Content and digest by name."""
    found = {}
    for path in FOLDER.iterdir():
        if path.suffix in TYPES:
            content = path.read_bytes()
            found[path.name] = (content, hashlib.sha256(content).hexdigest()[:16])
    return found


def static_url(root: str, name: str) -> str:
    """Where a page finds a file; another content is another address. Raises KeyError."""
    return f"{root}/static/{name}?v={_files()[name][1]}"


async def _serve(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _files():
        return Json({"success": False, "error": "Endpoint not found"}, 404)
    content, digest = _files()[name]
    headers = {
        "etag": f'"{digest}"',
        "cache-control": FOREVER if request.query_params.get("v") == digest else "no-cache",
        "x-content-type-options": "nosniff",
    }
    if f'"{digest}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=TYPES[Path(name).suffix], headers=headers)


STATIC_ROUTE = Route("/static/{name}", _serve, methods=["GET"])
