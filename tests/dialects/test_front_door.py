"""Refusals are logged, without what the client sent in confidence."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.server import RUN, TEXT, Running, running, settings

pytestmark = pytest.mark.anyio


def refusals(logs: list[Any]) -> list[Any]:
    return [line for line in logs if line["event"] == "refused"]


async def test_a_wrong_key(tmp_path: Path) -> None:
    async with running(settings(tmp_path, keys="always")) as it:
        with capture_logs() as logs:
            headers = {"authorization": "Bearer fog_secret", "x-auth-key": "fog_secret"}
            await it.run(TEXT + "?key=fog_secret", {"prompt": "private"}, headers=headers)
    (line,) = refusals(logs)
    assert (line["log_level"], line["status"], line["code"]) == ("warning", 401, 10000)
    assert (line["method"], line["path"]) == ("POST", RUN + TEXT)
    assert "fog_secret" not in str(logs)
    assert "private" not in str(logs)


async def test_a_foreign_origin(fogbank: Running) -> None:
    with capture_logs() as logs:
        await fogbank.run(TEXT, {"prompt": "x"}, headers={"origin": "https://e.example/" * 99})
    (line,) = refusals(logs)
    assert (line["log_level"], line["status"]) == ("warning", 403)
    assert "https://e.example" in line["reason"]
    assert len(line["reason"]) == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_such_route(fogbank: Running, method: str) -> None:
    path = "/no%0Aroute/%1B[31m" + "\u00e9x" * 1000 if method == "GET" else "/health/live"
    with capture_logs() as logs:
        await fogbank.client.request(method, path)
    (line,) = refusals(logs)
    assert (line["log_level"], line["status"], line["code"]) == ("info", 400, 7000)
    assert line["path"].isprintable()
    assert len(line["path"]) <= 200
