"""The official `cloudflare` packages ask what there is, who they are, and for files as Markdown."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import httpx
import pytest
from anyio import to_thread
from cloudflare import BadRequestError, Cloudflare

from fogbank.dialects.workers_ai.account import ACCOUNT_ID
from tests.clients.programs import needs_node, node
from tests.server import ACCOUNT, EMBED, TEXT, Running, live

pytestmark = [pytest.mark.anyio, pytest.mark.clients]
Ask = Callable[[Cloudflare], Any]


@pytest.fixture
async def ask(fogbank: Running) -> AsyncIterator[Callable[[Ask], Any]]:
    """`await ask(lambda client: ...)` in a thread, for this client blocks."""

    def asked(url: str, question: Ask) -> Any:
        with (
            httpx.Client(trust_env=False) as http,
            Cloudflare(api_token="any", base_url=url, http_client=http, max_retries=0) as client,
        ):
            return question(client)

    async with live(fogbank.server) as address:
        url = f"{address}/client/v4"
        yield lambda question: to_thread.run_sync(partial(asked, url, question))


@pytest.mark.contract("1.4")
async def test_models_list_ends(ask: Callable[[Ask], Any]) -> None:
    """It asks for page after page until one is empty."""
    rows: list[Any] = await ask(lambda client: list(client.ai.models.list(account_id=ACCOUNT)))
    names = [row["name"] if isinstance(row, dict) else row.name for row in rows]
    assert names == sorted(set(names))
    assert {TEXT, EMBED} <= set(names)
    two: list[Any] = await ask(
        lambda client: list(client.ai.models.list(account_id=ACCOUNT, per_page=2))
    )
    assert len(two) == len(rows)


@pytest.mark.contract("1.5")
async def test_the_schema_of_a_model(ask: Callable[[Ask], Any]) -> None:
    found = await ask(lambda client: client.ai.models.schema.get(account_id=ACCOUNT, model=TEXT))
    schemas = found.to_dict()
    assert schemas["input"]["oneOf"][0]["required"] == ["prompt"]
    assert schemas["output"]["oneOf"][0]["required"] == ["response"]
    with pytest.raises(BadRequestError) as refused:
        await ask(lambda client: client.ai.models.schema.get(account_id=ACCOUNT, model="@cf/a/b"))
    assert refused.value.errors[0].code == 5007


@pytest.mark.contract("1.5")
async def test_tasks_authors_and_what_is_converted(ask: Callable[[Ask], Any]) -> None:
    tasks: list[Any] = await ask(lambda client: list(client.ai.tasks.list(account_id=ACCOUNT)))
    assert "Text Generation" in str(tasks)
    authors: list[Any] = await ask(lambda client: list(client.ai.authors.list(account_id=ACCOUNT)))
    assert "test" in str(authors)
    found: list[Any] = await ask(
        lambda client: list(client.ai.to_markdown.supported(account_id=ACCOUNT))
    )
    assert ".pdf" in {row.extension for row in found}


@pytest.mark.contract("1.8")
async def test_who_am_i(ask: Callable[[Ask], Any]) -> None:
    assert (await ask(lambda client: client.user.tokens.verify())).status == "active"
    assert (await ask(lambda client: client.user.get())).id
    (account,) = await ask(lambda client: list(client.accounts.list()))
    assert account.id == ACCOUNT_ID
    assert (await ask(lambda client: client.accounts.get(account_id=ACCOUNT))).name == "fogbank"
    (membership,) = await ask(lambda client: list(client.memberships.list()))
    assert membership.status == "accepted"


@needs_node
@pytest.mark.contract("1.4", "1.5", "1.8")
async def test_the_package_for_node(fogbank: Running) -> None:
    async with live(fogbank.server) as address:
        found = await node("cloudflare_sdk.mjs", address)
    assert TEXT in found["names"]
    assert len(found["names"]) == len(set(found["names"])) > 3
    assert [item["data"] for item in found["converted"]] == ["# Carp"]
    assert ".docx" in found["supported"]
    assert found["status"] == "active"
