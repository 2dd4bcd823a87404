"""Fine-tunes with the clients that people use: the `cloudflare` package and wrangler."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudflare import BadRequestError, Cloudflare, NotFoundError

from tests import adapters
from tests.clients.programs import NODE, needs_node
from tests.server import ACCOUNT, TEXT, Running, live

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.clients,
    pytest.mark.contract("1.5", "5.3"),
]


@pytest.fixture
async def url(fogbank: Running) -> AsyncIterator[str]:
    async with live(fogbank.server) as address:
        yield f"{address}/client/v4"


def with_cloudflare(url: str) -> Any:
    """Creates, fills, lists and uses a fine-tune; what it answered."""
    with (
        httpx.Client(trust_env=False) as http,
        Cloudflare(api_token="any", base_url=url, http_client=http, max_retries=0) as client,
    ):
        tunes = client.ai.finetunes
        made = tunes.create(account_id=ACCOUNT, model=TEXT, name="mine", public=True)
        assert made.name == "mine"
        assert made.public
        assert made.created_at.tzinfo is not None
        with pytest.raises(BadRequestError, match="3039"):
            client.ai.run(TEXT, account_id=ACCOUNT, prompt="hi", lora="mine")
        for name, data in (
            ("adapter_config.json", adapters.config()),
            ("adapter_model.safetensors", adapters.safetensors(adapters.small())),
        ):
            tunes.assets.create(made.id, account_id=ACCOUNT, file=data, file_name=name)
        with pytest.raises(NotFoundError, match="7002"):
            tunes.assets.create("nobody", account_id=ACCOUNT, file=b"{}", file_name="a")
        assert [one.id for one in tunes.public.list(account_id=ACCOUNT, limit=10)] == [made.id]
        listed: Any = tunes.list(account_id=ACCOUNT)
        assert [one.id for one in listed] == [made.id]
        return client.ai.run(TEXT, account_id=ACCOUNT, prompt="hi", lora="mine")


async def test_cloudflare_for_python(url: str) -> None:
    answer = await asyncio.to_thread(with_cloudflare, url)
    assert answer["response"] == "[mine] hi"


async def wrangler(url: str, home: Path, *arguments: str) -> str:
    """What `wrangler ai finetune` says, without colours."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(str(NODE / "node_modules" / ".bin" / "wrangler"), "ai", "finetune", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=home,
        env={
            **kept,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "CLOUDFLARE_API_BASE_URL": url,
            "CLOUDFLARE_API_TOKEN": "any",
            "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
            "WRANGLER_SEND_METRICS": "false",
            "WRANGLER_HIDE_BANNER": "true",
            "CI": "1",
        },
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    text = re.sub(r"\x1b\[[0-9;]*m", "", out.decode())
    assert process.returncode == 0, text
    return text


@needs_node
async def test_wrangler_creates_and_lists(fogbank: Running, url: str, tmp_path: Path) -> None:
    assert "No finetune assets found" in await wrangler(url, tmp_path, "list")
    folder = adapters.write(tmp_path / "adapter", adapters.small())
    said = await wrangler(url, tmp_path, "create", TEXT, "mine", str(folder))
    assert 'finetune "mine" is ready to use' in said
    (made,) = json.loads(await wrangler(url, tmp_path, "list", "--json"))
    assert (made["name"], made["model"]) == ("mine", TEXT)
    assert made["id"] in await wrangler(url, tmp_path, "list")
    answer = await fogbank.run(TEXT, {"prompt": "hi", "lora": made["id"]})
    assert answer.json()["result"]["response"] == "[mine] hi"


@needs_node
async def test_wrangler_shows_why_a_file_is_refused(url: str, tmp_path: Path) -> None:
    folder = adapters.write(tmp_path / "adapter", adapters.small(), r=64)
    said = await wrangler(url, tmp_path, "create", TEXT, "mine", str(folder))
    assert "'r' must be a whole number from 1 to 32" in said
