"""Contract 6.1: models, toMarkdown and AutoRAG, whose errors are read as `errors[0].message`."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.server import RUN, TEXT, Running, running, settings

pytestmark = [pytest.mark.anyio, pytest.mark.contract("6.1")]
TRANSFORM = "/to-everything/markdown/transformer"
ACCOUNT_URL = RUN.removesuffix("/run/")


def file(name: str = "a.html", kind: str = "text/html", data: str = "<p>hi</p>") -> dict[str, str]:
    return {"name": name, "mimeType": kind, "data": base64.b64encode(data.encode()).decode()}


async def transform(fogbank: Running, files: Any, options: Any = None, **headers: str) -> Any:
    body = {"files": files} | ({} if options is None else {"options": options})
    return await fogbank.client.post(TRANSFORM, json=body, headers=headers)


@pytest.mark.parametrize(
    "query",
    ["", "?search=chat", "?task=Text+Generation&per_page=2&page=2", "?hide_experimental=true"],
)
async def test_models(fogbank: Running, query: str) -> None:
    """The catalogue of REST."""
    found = await fogbank.client.get(f"/ai-api/models/search{query}")
    assert found.headers["content-type"] == "application/json"
    assert found.json() == await fogbank.get(f"{ACCOUNT_URL}/models/search{query}")
    assert found.json().keys() == {"success", "errors", "messages", "result", "result_info"}


async def test_a_search_that_is_wrong(fogbank: Running) -> None:
    answer = await fogbank.client.get("/ai-api/models/search?per_page=many")
    assert answer.status_code == 400
    assert "Type mismatch of '/per_page'" in answer.json()["errors"][0]["message"]


async def test_a_document(fogbank: Running) -> None:
    answer = await transform(fogbank, [file()])
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cf-ai-req-id"]
    assert answer.json()["success"] is True
    (entry,) = answer.json()["result"]
    assert entry.keys() == {"id", "name", "mimeType", "format", "tokens", "data"}
    assert (entry["name"], entry["mimeType"], entry["format"]) == (
        "a.html",
        "text/html",
        "markdown",
    )
    assert entry["data"].strip() == "hi"


async def test_documents_and_options(fogbank: Running) -> None:
    """As recorded: a file that cannot be converted is an entry; the other options do nothing."""
    page = file(data="<p>yes</p><div>no</div>")
    bad = file("bad.bin", "application/octet-stream", "x")
    selector = {"html": {"cssSelector": "p"}}
    options = {
        "gateway": {"id": "g"},
        "extraHeaders": {"x-lab": "1"},
        "conversionOptions": selector,
    }
    one, other = (await transform(fogbank, [page, bad], options, x_lab="1")).json()["result"]
    assert one["data"].strip() == "yes"
    assert (other["format"], bool(other["error"])) == ("error", True)
    for nothing in ({}, {"conversionOptions": None}, None, "text"):
        (whole,) = (await transform(fogbank, [page], nothing)).json()["result"]
        assert "no" in whole["data"]


async def test_a_type_that_is_not_known(fogbank: Running) -> None:
    """A Blob without a type has an empty one."""
    (entry,) = (await transform(fogbank, [file(kind="")])).json()["result"]
    assert entry["data"].strip() == "hi"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"files": []}, 7001, "No files"),
        ({}, 5006, "required properties at '/' are 'files'"),
        ({"files": {}}, 5006, "Type mismatch of '/files', 'array' not in 'object'"),
        ({"files": [{}]}, 5006, "required properties at '/files/0' are 'name,mimeType,data'"),
        ({"files": [file()] * 21}, 5006, "Length of '/files' must be <= 20"),
        ({"files": [{**file(), "data": "?"}]}, 8001, "'files/0/data' is not base64"),
        (
            {"files": [file()], "options": {"conversionOptions": {"html": 5}}},
            5006,
            "Type mismatch of '/html', 'object' not in 'integer'",
        ),
        (b"{", 8001, "the body is not JSON"),
        (b"", 3003, "body"),
    ],
)
async def test_what_is_refused(fogbank: Running, body: Any, code: int, message: str) -> None:
    if isinstance(body, bytes):
        answer = await fogbank.client.post(TRANSFORM, content=body)
    else:
        answer = await fogbank.client.post(TRANSFORM, json=body)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (400, code)
    assert message in error["message"]
    assert answer.json()["success"] is False


async def test_too_large(tmp_path: Path) -> None:
    async with running(settings(tmp_path, max_body_mib=0.001)) as it:
        answer = await transform(it, [file(data="a" * 5000)])
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, 3006)


async def test_supported(fogbank: Running) -> None:
    found = await fogbank.get("/to-everything/markdown/supported")
    assert {"extension": ".html", "mimeType": "text/html"} in found["result"]
    assert found == await fogbank.get(f"{ACCOUNT_URL}/tomarkdown/supported")


async def test_autorag(fogbank: Running) -> None:
    listed = await fogbank.client.get("/autorag/rags")
    assert (listed.status_code, listed.json()["result"]) == (200, [])
    for path in ("/autorag/rags/mine/search", "/autorag/rags/mine/ai-search"):
        for stream in (False, True):
            answer = await fogbank.client.post(path, json={"query": "q", "stream": stream})
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "application/json"
            expected = {"code": 7002, "message": "autorag_not_found"}
            assert answer.json()["errors"] == [expected]


async def test_models_that_answer_are_those_that_are_listed(fogbank: Running) -> None:
    rows = (await fogbank.get("/ai-api/models/search"))["result"]
    assert TEXT in [row["name"] for row in rows]
