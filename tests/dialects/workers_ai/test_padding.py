"""Padding `p` of native stream events (contract 1.3), a setting."""

from pathlib import Path

import orjson
import pytest

from tests.server import TEXT, Running, events, running, settings

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.3")]
SOURCE = "abdefghijklmnoprstuvxyz1234567890" * 2
BODY = {"prompt": 'a "b" c ' * 30, "stream": True}


async def test_every_text_is_padded(tmp_path: Path) -> None:
    async with running(settings(tmp_path, stream_padding=True)) as it:
        *said, last, done = events((await it.run(TEXT, BODY)).text)
        paddings = [orjson.loads(item)["p"] for item in said]
        assert len(paddings) == 90
        assert all(SOURCE.startswith(padding) for padding in paddings)
        assert min(map(len, paddings)) >= 4
        assert max(map(len, paddings)) <= 60
        assert len(set(paddings)) > 10
        assert "p" not in orjson.loads(last)
        assert done == "[DONE]"
        text = "".join(orjson.loads(item)["response"] for item in said)
        assert text == BODY["prompt"].strip()  # type: ignore[attr-defined]


async def test_off_by_default(fogbank: Running) -> None:
    assert '"p"' not in (await fogbank.run(TEXT, BODY)).text
