"""Which deployment a request is for, and who may ask."""

from collections.abc import Callable
from typing import Any

import httpx2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fogbank.clock import Clock
from fogbank.deployments.description import Description
from fogbank.deployments.mounts import Mount, Mounts
from fogbank.deployments.web import Cors
from fogbank.errors import RouteError, authentication_error
from fogbank.storage.keys import KeyStore
from tests.deployments.esmap.esmap_server import esmap

pytestmark = pytest.mark.anyio
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, POST, OPTIONS"}


class Told:
    """An application that tells what it was asked, and its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = {
            "name": self.name,
            "root": scope.get("root_path"),
            "path": scope["path"],
            "admitted": scope.get("state", {}).get("admitted"),
        }
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": orjson.dumps(told)})


def refuse(scope: Scope) -> None:
    raise authentication_error()


def admit(scope: Scope) -> None:
    return None


def mounts(
    *descriptions: dict[str, Any],
    door: Callable[[Scope], None] = admit,
    wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> Mounts:
    made = []
    for number, keys in enumerate(descriptions):
        name = str(keys.get("name", f"d{number}"))
        description = Description(**{"name": name, "title": name, "entry": "a:b", **keys})
        made.append(Mount(description, wrap(Told(name))))
    return Mounts(made, door, Told("server"))


async def ask(
    app: ASGIApp,
    path: str = "/",
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    port: int = 8686,
) -> tuple[int, dict[str, Any], dict[str, str]]:
    sent: list[Message] = []
    fields = {"host": "localhost:8686", **(headers or {})}
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        "server": ("127.0.0.1", port),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, body = sent[0], sent[1]["body"]
    found = {str(k, "latin-1"): str(v, "latin-1") for k, v in start["headers"]}
    return start["status"], orjson.loads(body) if body else {}, found


async def name(app: ASGIApp, path: str = "/", **options: Any) -> str:
    found: str = (await ask(app, path, **options))[1]["name"]
    return found


async def test_by_the_start_of_the_path() -> None:
    app = mounts({"mount": "/esmap"}, {"mount": "/esmap-api"}, {"mount": "/esmap/inner"})
    assert await name(app, "/esmap") == "d0"
    assert await name(app, "/esmap/") == "d0"
    assert await name(app, "/esmap/models") == "d0"
    assert await name(app, "/esmap-api/models") == "d1"
    assert await name(app, "/esmap/inner/x") == "d2"
    assert await name(app, "/esmap/innermost") == "d0"
    for other in ("/", "/esmapx", "/Esmap", "/x/esmap", "//esmap", "/esma"):
        assert await name(app, other) == "server"


async def test_the_deployment_sees_its_own_root() -> None:
    app = mounts({"mount": "/esmap"}, {"port": 9000})
    for path, seen in (("/esmap", "/esmap/"), ("/esmap/", "/esmap/"), ("/esmap/a/b", "/esmap/a/b")):
        _, told, _ = await ask(app, path)
        assert (told["root"], told["path"]) == ("/esmap", seen)
    _, told, _ = await ask(app, "/models", port=9000)
    assert (told["root"], told["path"]) == ("", "/models")


parts = st.lists(
    st.text("ab-._~", min_size=1, max_size=3).filter(lambda part: part not in (".", "..")),
    min_size=1,
    max_size=3,
)


@given(st.lists(parts, min_size=1, max_size=4, unique_by=tuple), parts, st.booleans())
async def test_the_longest_mount_whose_parts_the_path_begins_with(
    prefixes: list[list[str]], path: list[str], slash: bool
) -> None:
    app = mounts(*({"mount": "/" + "/".join(each)} for each in prefixes))
    fitting = [n for n, each in enumerate(prefixes) if path[: len(each)] == each]
    expected = max(fitting, key=lambda n: len(prefixes[n]), default=None)
    whole = "/" + "/".join(path) + ("/" if slash else "")
    _, told, _ = await ask(app, whole)
    assert told["name"] == ("server" if expected is None else f"d{expected}")
    if expected is not None:
        prefix = "/" + "/".join(prefixes[expected])
        assert told["root"] == prefix
        assert told["path"] == (f"{prefix}/" if whole == prefix else whole)


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("energy.example", "d0"),
        ("energy.example:8686", "d0"),
        ("ENERGY.Example:8686", "d0"),
        ("::1", "server"),
        ("[fd00::1]", "d1"),
        ("[fd00::1]:8686", "d1"),
        ("[FD00::1]:8686", "d1"),
        ("api.energy.example", "server"),
        ("energy.example.", "server"),
        ("localhost", "server"),
        ("", "server"),
        ("[", "server"),
        ("[x]:y", "server"),
    ],
)
async def test_by_host_name(host: str, found: str) -> None:
    app = mounts({"hosts": ["Energy.example"]}, {"hosts": ["[fd00::1]"]})
    assert await name(app, "/models", headers={"host": host}) == found


async def test_a_port_wins_over_a_host_and_a_host_over_a_path() -> None:
    app = mounts({"port": 9000}, {"hosts": ["a.example"]}, {"mount": "/x"})
    there = {"headers": {"host": "a.example"}}
    assert await name(app, "/x", port=9000, **there) == "d0"
    assert await name(app, "/x", **there) == "d1"
    assert await name(app, "/x") == "d2"
    assert await name(app, "/x", port=9001) == "d2"


async def test_what_is_no_request_passes() -> None:
    seen: list[str] = []

    async def server(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    app = Mounts([Mount(_described(mount="/x"), Told("x"))], admit, server)
    await app({"type": "lifespan"}, _never, _never)
    assert seen == ["lifespan"]


async def _never(*_: Any) -> Any:
    raise AssertionError("nothing is received or sent")


def _described(**given: Any) -> Description:
    return Description(name="x", title="X", entry="a:b", **given)


PAGE = {"accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize(
    ("path", "method", "headers", "private_status", "public_status"),
    [
        ("/x/models", "GET", {}, 401, 200),
        ("/x/inference", "POST", {}, 401, 200),
        ("/x/inference", "OPTIONS", {}, 200, 200),
        ("/x/admin", "GET", {}, 401, 401),
        ("/x/admin/cache", "DELETE", {}, 401, 401),
        ("/x/admin/cache", "OPTIONS", {}, 200, 200),
        ("/x/administrator", "GET", {}, 401, 200),
        ("/x", "GET", PAGE, 200, 200),
        ("/x/", "GET", PAGE, 200, 200),
        ("/x/", "GET", {}, 401, 200),
        ("/x/", "POST", PAGE, 401, 200),
        ("/x/models", "GET", PAGE, 401, 200),
        ("/x/admin", "GET", PAGE, 401, 401),
        ("/x/static/style.css", "GET", {}, 200, 200),
        ("/x/static/style.css", "POST", {}, 401, 200),
    ],
)
async def test_who_may_ask(
    public: bool,
    path: str,
    method: str,
    headers: dict[str, str],
    private_status: int,
    public_status: int,
) -> None:
    app = mounts({"mount": "/x", "public": public, "protected": ["/admin"]}, door=refuse)
    status, told, _ = await ask(app, path, method=method, headers=headers)
    assert status == (public_status if public else private_status)
    if status == 401:
        assert told == {"success": False, "error": "Authentication error", "code": 10000}
    open_door = mounts({"mount": "/x", "public": public, "protected": ["/admin"]})
    assert (await ask(open_door, path, method=method, headers=headers))[0] == 200


async def test_a_page_knows_whether_it_may_show_more() -> None:
    described = {"mount": "/x"}
    _, told, _ = await ask(mounts(described), "/x/", headers=PAGE)
    assert told["admitted"] is True
    _, told, _ = await ask(mounts(described, door=refuse), "/x/", headers=PAGE)
    assert told["admitted"] is None


async def test_the_server_itself_has_its_own_door() -> None:
    app = mounts({"mount": "/x"}, door=refuse)
    assert await name(app, "/client/v4") == "server"


async def test_a_refusal_may_be_read_by_every_page() -> None:
    def door(scope: Scope) -> None:
        raise RouteError(403, (10000, "not this origin"))

    app = mounts({"mount": "/x"}, door=door, wrap=lambda app: Cors(app, CORS, b"application/json"))
    status, told, headers = await ask(app, "/x/models")
    assert (status, told["error"]) == (403, "not this origin")
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
    assert headers["content-type"] == "application/json"


async def test_a_whole_server_and_its_keys(tmp_path: Any) -> None:
    """The door is the server's: a key of `fogbank keys create` opens it."""
    described = {"public": False, "protected": ()}
    async with esmap(tmp_path, described=described, keys="always") as it:
        keys = KeyStore(it.fogbank.settings.data_dir / "fogbank.db", Clock())
        key = {"authorization": f"Bearer {keys.create('me')}"}
        keys.close()
        assert (await it.get("/models")).status_code == 401
        assert (await it.get("/models", headers=key)).status_code == 200
        away = {"origin": "https://elsewhere.example"}
        answer: httpx2.Response = await it.get("/models", headers={**key, **away})
        assert answer.headers["access-control-allow-origin"] == "*"
