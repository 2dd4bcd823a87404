"""tomarkdown: forms as curl and the SDKs send them, and what is wrong with a form."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from fogbank.dialects.workers_ai.conversion import MAX_FILES
from fogbank.runtime.admission import Admission, Refused
from tests.server import ACCOUNT, Running

pytestmark = pytest.mark.anyio
PATH = f"/client/v4/accounts/{ACCOUNT}/ai/tomarkdown"
PAGE = ("page.html", b"<h1>Carp</h1><a href='/b'>b</a>", "text/html")
Form = list[tuple[str, Any]]


async def post(
    fogbank: Running, files: Form, options: Any = None, path: str = PATH
) -> httpx2.Response:
    data = {} if options is None else {"conversionOptions": options}
    return await fogbank.client.post(path, files=files, data=data)


async def convert(fogbank: Running, files: Form, options: Any = None) -> list[dict[str, Any]]:
    response = await post(fogbank, files, json.dumps(options) if options else None)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    assert len(response.headers["cf-ai-req-id"]) == 36
    body = response.json()
    assert body.keys() == {"result", "success", "errors", "messages"}
    result: list[dict[str, Any]] = body["result"]
    return result


@pytest.mark.contract("1.5", "clients 10")
@pytest.mark.parametrize("field", ["files", "files[]"])
async def test_files_in_either_field_repeated(fogbank: Running, field: str) -> None:
    table = ("t.csv", b"a,b\n1,2\n", "text/csv")
    first, second = await convert(fogbank, [(field, PAGE), (field, table)])
    assert first == {
        "id": first["id"],
        "name": "page.html",
        "mimeType": "text/html",
        "format": "markdown",
        "tokens": 4,
        "data": "# Carp\n\n[b](/b)",
    }
    assert second["data"].startswith("| a | b |")
    assert first["id"] != second["id"]


@pytest.mark.contract("1.5")
async def test_a_file_that_cannot_be_converted_is_an_error_of_its_own(fogbank: Running) -> None:
    picture = ("cat.jpeg", b"\xff\xd8\xff", "image/jpeg")
    bad, good = await convert(fogbank, [("files", picture), ("files", PAGE)])
    assert bad.keys() == {"id", "name", "mimeType", "format", "error"}
    assert (bad["format"], bad["mimeType"]) == ("error", "image/jpeg")
    assert "vision model" in bad["error"]
    assert good["format"] == "markdown"


async def test_answers_that_are_too_long_together(
    fogbank: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fogbank.dialects.workers_ai.conversion.MAX_ANSWERED", 20)
    small = ("small.csv", b"a", "text/csv")
    found = await convert(fogbank, [("files", PAGE), ("files", PAGE), ("files", small)])
    assert [entry["format"] for entry in found] == ["markdown", "error", "error"]
    assert "too long together" in found[1]["error"]


@pytest.mark.contract("1.5")
async def test_conversion_options(fogbank: Running) -> None:
    options = {
        "html": {"hostname": "fish.example", "cssSelector": "a", "unknown": 1},
        "image": {"descriptionLanguage": "fr"},
        "output": {"format": "markdown"},
        "later": True,
    }
    (found,) = await convert(fogbank, [("files", PAGE)], options)
    assert found["data"] == "[b](https://fish.example/b)"
    (found,) = await convert(fogbank, [("files", PAGE)], {"output": {"format": "text"}})
    assert (found["format"], found["data"]) == ("text", "Carp\n\nb")


@pytest.mark.contract("1.5", "2.3")
@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("{", "conversionOptions is not JSON"),
        ("[]", "Type mismatch of '/', 'object' not in 'array'"),
        ('{"html": {"hostname": 5}}', "Type mismatch of '/html/hostname', 'string' not in"),
        ('{"pdf": {"metadata": "no"}}', "'boolean' not in 'string'"),
        ('{"output": {"format": "word"}}', "/output/format"),
    ],
)
async def test_options_of_a_wrong_type(fogbank: Running, options: str, text: str) -> None:
    response = await post(fogbank, [("files", PAGE)], options)
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["code"] == 5006
    assert text in error["message"]


@pytest.mark.contract("2.1")
async def test_no_file(fogbank: Running) -> None:
    for response in (
        await post(fogbank, [("other", PAGE)]),
        await fogbank.client.post(PATH, json={"files": []}),
        await fogbank.client.post(PATH),
    ):
        assert (response.status_code, response.json()["errors"][0]["code"]) == (400, 3003)


@pytest.mark.contract("1.5")
async def test_forms_that_are_none(fogbank: Running) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        response = await fogbank.client.post(PATH, content=b"--y", headers={"content-type": kind})
        assert response.status_code == 400
        assert response.json()["errors"][0]["code"] in (3003, 5006)
    many = await post(fogbank, [("files", PAGE)] * (MAX_FILES + 1))
    assert "Too many files" in many.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("charset", "name"),
    [("undefined", b"a.html"), ("utf-7", b"+2AA-.html"), ("unicode_escape", b"\\ud800.html")],
)
async def test_a_charset_that_makes_no_text_is_no_500(
    fogbank: Running, charset: str, name: bytes
) -> None:
    form = b'--x\r\ncontent-disposition: form-data; name="files"; filename="' + name
    form += b'"\r\ncontent-type: text/html\r\n\r\n<p>x</p>\r\n--x--\r\n'
    headers = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    response = await fogbank.client.post(PATH, content=form, headers=headers)
    assert response.status_code in (200, 400), response.text


@pytest.mark.contract("1.5", "2.4")
async def test_the_account_and_the_slash(fogbank: Running) -> None:
    assert (await post(fogbank, [("files", PAGE)], path=PATH + "/")).status_code == 200
    short = await post(fogbank, [("files", PAGE)], path=PATH.replace(ACCOUNT, "short"))
    assert (short.status_code, short.json()["errors"][0]["code"]) == (404, 7003)


@pytest.mark.contract("2.1")
async def test_a_deadline(fogbank: Running) -> None:
    headers = {"x-fogbank-deadline": "0.001"}
    response = await fogbank.client.post(PATH, files=[("files", PAGE)], headers=headers)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (408, 3007)


@pytest.mark.contract("2.1")
async def test_more_than_can_wait(fogbank: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def none_free(admission: Admission) -> AsyncIterator[None]:
        if admission.waiting == 0:
            raise Refused
        yield

    monkeypatch.setattr(Admission, "permit", none_free)
    response = await post(fogbank, [("files", PAGE)])
    assert (response.status_code, response.json()["errors"][0]["code"]) == (429, 3040)
    assert response.headers["retry-after"] == "1"


@pytest.mark.contract("1.5")
async def test_what_is_supported(fogbank: Running) -> None:
    rows = (await fogbank.get(PATH + "/supported"))["result"]
    assert {"extension": ".pdf", "mimeType": "application/pdf"} in rows
    assert {row["extension"] for row in rows} >= {".html", ".docx", ".xlsx", ".ods", ".odt", ".csv"}
    assert ".png" not in {row["extension"] for row in rows}
