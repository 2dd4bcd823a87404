"""models/search, models/schema, tasks/search and authors/search, on the cards of tests/server."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from fogbank.dialects.workers_ai.api import MAX_PER_PAGE, read_page
from fogbank.errors import AIError
from tests.server import (
    ABSENT,
    ACCOUNT,
    DEPRECATED,
    EMBED,
    NER,
    OLD,
    RERANK,
    STAND_IN,
    STANDING_IN,
    TEXT,
    Running,
    running,
    settings,
)

pytestmark = pytest.mark.anyio
AI = f"/client/v4/accounts/{ACCOUNT}/ai"
ENVELOPE = {"result", "success", "errors", "messages"}


async def search(fogbank: Running, **query: Any) -> dict[str, Any]:
    response = await fogbank.client.get(f"{AI}/models/search", params=query)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    body: dict[str, Any] = response.json()
    assert body.keys() == ENVELOPE | {"result_info"}
    return body


async def names(fogbank: Running, **query: Any) -> list[str]:
    return [row["name"] for row in (await search(fogbank, **query))["result"]]


async def refused(fogbank: Running, path: str, **query: Any) -> tuple[int, str]:
    response = await fogbank.client.get(path, params=query)
    assert response.status_code == 400
    assert response.json().keys() == ENVELOPE
    (error,) = response.json()["errors"]
    return error["code"], error["message"]


@pytest.mark.contract("1.4")
async def test_a_row_has_the_fields_of_the_contract(fogbank: Running) -> None:
    (row,) = (await search(fogbank, search=TEXT))["result"]
    properties = row.pop("properties")
    assert {"property_id": "context_window", "value": "4000"} in properties
    assert row == {
        "id": row["id"],
        "source": 1,
        "name": TEXT,
        "description": "",
        "task": {
            "id": "c329a1f9-323d-4e91-b2aa-582dd4188d34",
            "name": "Text Generation",
            "description": row["task"]["description"],
        },
        "created_at": "1970-01-01 00:00:00.000",
        "tags": [],
    }
    assert len(row["id"]) == 36


@pytest.mark.contract("1.4", "clients 7")
async def test_pages_end_with_an_empty_one(fogbank: Running) -> None:
    everything = await names(fogbank, include_deprecated="true")
    seen: list[str] = []
    for page in range(1, 10):
        body = await search(fogbank, page=page, per_page=3, include_deprecated="true")
        info = {"count": len(body["result"]), "page": page, "per_page": 3}
        assert body["result_info"] == {**info, "total_count": len(everything)}
        if not body["result"]:
            break
        seen += [row["name"] for row in body["result"]]
    assert seen == everything
    assert (await search(fogbank))["result_info"]["per_page"] == 50


@pytest.mark.contract("1.4")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"search": "EMBED"}, [EMBED]),
        ({"search": "nothing of the kind"}, []),
        ({"author": "test", "task": "token classification"}, [NER]),
        ({"author": "meta"}, []),
        ({"task": "Text Embeddings"}, [EMBED]),
        ({"task": "Text-to-Image"}, []),
        ({"source": "2"}, []),
        ({"source": "1", "search": "large"}, [STAND_IN]),
    ],
)
async def test_filters(fogbank: Running, query: dict[str, str], expected: list[str]) -> None:
    assert await names(fogbank, **query) == expected


@pytest.mark.contract("1.4", "8")
async def test_a_deprecated_model_is_listed_while_it_answers(fogbank: Running) -> None:
    assert (await names(fogbank, search="deprecated")) == []
    assert (await names(fogbank, search="deprecated", include_deprecated="true")) == [DEPRECATED]
    assert (await names(fogbank, search="old")) == [OLD]
    assert (await names(fogbank, search="old", include_deprecated="false")) == []
    (row,) = (await search(fogbank, search="old"))["result"]
    assert {"property_id": "planned_deprecation_date", "value": "2026-05-30"} in row["properties"]


@pytest.mark.contract("1.4")
async def test_where_every_deprecated_model_is_refused_none_is_listed(tmp_path: Path) -> None:
    async with running(settings(tmp_path, refuse_deprecated=True)) as fogbank:
        assert OLD not in await names(fogbank)
        assert OLD in await names(fogbank, include_deprecated="true")


@pytest.mark.contract("1.4", "decision 8", "decision 9")
async def test_a_model_without_weights_is_listed_and_a_stand_in_declared(fogbank: Running) -> None:
    listed = {row["name"]: row["properties"] for row in (await search(fogbank))["result"]}
    assert ABSENT in listed
    declared = {"property_id": "fogbank_served_by", "value": STANDING_IN}
    assert {name for name, found in listed.items() if declared in found} == {STAND_IN, RERANK}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"page": "0"}, "'/page' must be >= 1"),
        ({"page": "-1"}, "Type mismatch of '/page', 'integer' not in 'string'"),
        ({"page": "one"}, "Type mismatch of '/page', 'integer' not in 'string'"),
        ({"page": "9" * 5000}, "'/page' must be <= 1000000000"),
        ({"per_page": "1001"}, "'/per_page' must be <= 1000"),
        ({"hide_experimental": "perhaps"}, "'boolean' not in 'string'"),
        ({"source": "x"}, "Type mismatch of '/source'"),
        ({"format": "openrouter"}, "its shape is not documented"),
    ],
)
async def test_a_bad_query(fogbank: Running, query: dict[str, str], text: str) -> None:
    code, message = await refused(fogbank, f"{AI}/models/search", **query)
    assert code == 5006
    assert text in message


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_page_is_read_wrongly(page: str, per_page: str) -> None:
    with suppress(AIError):
        found = read_page(QueryParams({"page": page, "per_page": per_page}))
        assert found.page >= 1
        assert 1 <= found.per_page <= MAX_PER_PAGE


@pytest.mark.contract("1.5")
async def test_the_schemas_of_a_model(fogbank: Running) -> None:
    response = await fogbank.client.get(f"{AI}/models/schema", params={"model": TEXT})
    assert response.status_code == 200
    assert response.json().keys() == ENVELOPE
    result = response.json()["result"]
    assert result.keys() == {"input", "output"}
    prompt, messages = result["input"]["oneOf"][:2]
    assert prompt["required"] == ["prompt"]
    assert messages["required"] == ["messages"]
    assert "x-" not in str(result["input"])
    assert result["output"]["oneOf"][0]["required"] == ["response"]


@pytest.mark.contract("1.5", "3.3")
async def test_the_output_of_a_newer_model_is_a_chat_completion(fogbank: Running) -> None:
    found = (await fogbank.get(f"{AI}/models/schema?model=@cf/test/chat"))["result"]["output"]
    assert "choices" in found["oneOf"][0]["properties"]


@pytest.mark.contract("1.5", "2.1")
async def test_no_schema(fogbank: Running) -> None:
    path = f"{AI}/models/schema"
    code, message = await refused(fogbank, path, model="@cf/no/model")
    assert (code, message.startswith("AiError: Ai: No such model @cf/no/model")) == (5007, True)
    assert (await refused(fogbank, path))[0] == 3003


@pytest.mark.contract("1.5")
async def test_tasks_and_authors(fogbank: Running) -> None:
    tasks = await fogbank.get(f"{AI}/tasks/search")
    assert tasks.keys() == ENVELOPE
    named = [task["name"] for task in tasks["result"]]
    assert named == sorted(set(named))
    assert {"Text Classification", "Text Embeddings", "Text Generation"} <= set(named)
    assert all(task.keys() == {"id", "name", "description"} for task in tasks["result"])
    authors = await fogbank.get(f"{AI}/authors/search")
    assert [author["name"] for author in authors["result"]] == ["test"]


@pytest.mark.parametrize("path", ["models/search", "tasks/search", "authors/search"])
@pytest.mark.contract("1.5", "2.4")
async def test_a_slash_at_the_end_and_what_is_refused(fogbank: Running, path: str) -> None:
    with_slash = await fogbank.client.get(f"{AI}/{path}/")
    assert with_slash.json() == await fogbank.get(f"{AI}/{path}")
    bad = await fogbank.client.get(f"/client/v4/accounts/short/ai/{path}")
    assert (bad.status_code, bad.json()["errors"][0]["code"]) == (404, 7003)
    posted: httpx2.Response = await fogbank.client.post(f"{AI}/{path}")
    assert (posted.status_code, posted.json()["errors"][0]["code"]) == (400, 7003)


@pytest.mark.contract("1.5")
async def test_an_output_schema_of_the_operator(tmp_path: Path) -> None:
    folder = tmp_path / "schemas" / "output"
    folder.mkdir(parents=True)
    (folder / "text-embeddings.yaml").write_text("type: object\ntitle: Mine\n")
    async with running(settings(tmp_path)) as fogbank:
        found = await fogbank.get(f"{AI}/models/schema?model={EMBED}")
    assert found["result"]["output"] == {"type": "object", "title": "Mine"}
