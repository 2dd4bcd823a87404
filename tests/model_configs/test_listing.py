"""The packaged cards as models/search lists them, beside what Cloudflare publishes of them.

Cloudflare's model files are third-party data and no part of this repository: they are looked for in
`$FOGBANK_SHARED/contract/models`, or in `shared` beside the checkout, and skipped without.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from fogbank.catalog.card import Card
from fogbank.catalog.catalog import Catalog
from fogbank.catalog.loader import load_catalog
from fogbank.catalog.task_info import load_tasks
from fogbank.cost.price_files import load_prices
from fogbank.dialects.workers_ai.listing import NO_DATE, row
from fogbank.dialects.workers_ai.output_schemas import load_output_schemas
from fogbank.settings import package_data

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("FOGBANK_SHARED") or ROOT.parent / "shared")
FILES = sorted((SHARED / "contract" / "models").glob("*.json"))
TASKS = load_tasks(package_data())
CREATED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")

ALSO_STATED = {
    "@cf/baai/bge-m3": {"async_queue": "true"},
    "@cf/meta/m2m100-1.2b": {"async_queue": "true"},
    "@cf/openai/gpt-oss-120b": {"context_window": "128000"},
    "@cf/openai/gpt-oss-20b": {"context_window": "128000"},
    "@cf/moonshotai/kimi-k2.6": {"require_workers_paid": "true"},
    "@cf/moonshotai/kimi-k2.7-code": {"require_workers_paid": "true"},
    "@cf/zai-org/glm-5.2": {"require_workers_paid": "true"},
    "@cf/google/gemma-2b-it-lora": {"lora": "true"},
    "@cf/google/gemma-7b-it-lora": {"lora": "true"},
    "@cf/meta-llama/llama-2-7b-chat-hf-lora": {"lora": "true"},
    "@cf/mistral/mistral-7b-instruct-v0.2-lora": {"lora": "true"},
}
"""What the contract's text says of models (5.1, 5.3, 8) beyond the published files."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(package_data())


def listed(card: Card) -> dict[str, Any]:
    return row(card, TASKS, load_prices(package_data()).newest.rows(card), None)


def properties(listing: dict[str, Any]) -> dict[str, Any]:
    return {item["property_id"]: item["value"] for item in listing["properties"]}


@pytest.mark.contract("1.4")
def test_every_card_is_listed_in_the_form_of_the_contract(catalog: Catalog) -> None:
    ids = set()
    for card in catalog.cards.values():
        found = listed(card)
        assert CREATED.fullmatch(found["created_at"])
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", found["id"])
        ids.add(found["id"])
        for name, value in properties(found).items():
            if name == "price":
                assert all(line.keys() == {"unit", "price", "currency"} for line in value)
            else:
                assert isinstance(value, str)
                assert value
    assert len(ids) == len(catalog.cards)


def test_every_card_has_an_output_schema(catalog: Catalog) -> None:
    outputs = load_output_schemas(package_data(), None)
    for card in catalog.cards.values():
        assert (card.output_schema or TASKS[card.task].output) in outputs
    used = {card.output_schema for card in catalog.cards.values()}
    used |= {task.output for task in TASKS.values()} | {"chat-completion"}
    assert used - {None} == outputs.keys()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.contract("1.4")
def test_a_listing_says_what_cloudflare_s_says(file: Path, catalog: Catalog) -> None:
    published = json.loads(file.read_text(encoding="utf-8"))
    card = catalog.cards[published["name"]]
    found = listed(card)
    assert found["id"] == published["id"]
    assert found["source"] == published["source"]
    assert found["created_at"] == published.get("created_at", NO_DATE)
    for key in ("id", "name"):
        assert found["task"][key] == published["task"][key]
    ours, theirs = properties(found), properties(published)
    prices, published_prices = ours.pop("price", None), theirs.pop("price", None)
    ours.pop("planned_deprecation_date", None)
    theirs |= ALSO_STATED.get(card.name, {})
    assert ours == {name: value for name, value in theirs.items() if value != "false"}
    if prices and published_prices and any(line["price"] for line in published_prices):
        _alike(prices, published_prices)


def _alike(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    """The same units, and prices that agree but for how they were rounded."""
    expected = {line["unit"]: line["price"] for line in theirs}
    assert {line["unit"]: line["price"] for line in ours} == pytest.approx(expected, rel=0.025)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.contract("1.5")
def test_output_schemas_know_the_fields_of_cloudflare_s(file: Path, catalog: Catalog) -> None:
    published = json.loads(file.read_text(encoding="utf-8"))
    card = catalog.cards[published["name"]]
    ours = load_output_schemas(package_data(), None)[card.output_schema or TASKS[card.task].output]
    theirs = published["schema"]["output"]
    assert _fields(theirs) <= _fields(ours)
    assert _values(theirs, "contentType") <= _values(ours, "contentType")


def _fields(schema: Any) -> set[str]:
    """Every name of a property at any depth."""
    if isinstance(schema, list):
        return {name for item in schema for name in _fields(item)}
    if not isinstance(schema, dict):
        return set()
    own: dict[str, Any] = schema.get("properties", {})
    return set(own) | {name for item in schema.values() for name in _fields(item)}


def _values(schema: Any, key: str) -> set[str]:
    if isinstance(schema, list):
        return {value for item in schema for value in _values(item, key)}
    if not isinstance(schema, dict):
        return set()
    own = {schema[key]} if isinstance(schema.get(key), str) else set()
    return own | {value for item in schema.values() for value in _values(item, key)}


@pytest.mark.skipif(not FILES, reason="needs Cloudflare's model files: see the module")
def test_what_is_only_general_knowledge_is_not_listed(catalog: Catalog) -> None:
    published = {json.loads(file.read_text(encoding="utf-8"))["name"] for file in FILES}
    for card in catalog.cards.values():
        if card.name in published or not card.name.startswith(("@cf/", "@hf/")):
            continue
        found = properties(listed(card))
        known = {"price", "planned_deprecation_date"} | ALSO_STATED.get(card.name, {}).keys()
        assert found.keys() <= known, card.name
