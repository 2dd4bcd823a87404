"""The cards that Fogbank ships."""

from datetime import date
from pathlib import Path

import pytest

from fogbank.catalog.card import Card
from fogbank.catalog.catalog import Catalog
from fogbank.catalog.loader import load_catalog
from fogbank.settings import package_data

DEPRECATED = [
    "@cf/meta/llama-3.1-8b-instruct",
    "@cf/meta/llama-3.1-8b-instruct-awq",
    "@cf/meta/llama-3.1-70b-instruct",
    "@cf/meta/llama-3-8b-instruct",
    "@cf/meta/llama-3-8b-instruct-awq",
    "@hf/meta-llama/meta-llama-3-8b-instruct",
    "@cf/meta/llama-2-7b-chat-int8",
    "@cf/meta/llama-2-7b-chat-fp16",
    "@cf/mistral/mistral-7b-instruct-v0.1",
    "@hf/mistral/mistral-7b-instruct-v0.2",
    "@hf/google/gemma-7b-it",
    "@cf/google/gemma-3-12b-it",
    "@hf/nousresearch/hermes-2-pro-mistral-7b",
    "@cf/microsoft/phi-2",
    "@cf/defog/sqlcoder-7b-2",
    "@cf/facebook/bart-large-cnn",
    "@cf/unum/uform-gen2-qwen-500m",
]
CURRENT = [
    "@cf/meta/llama-3.1-8b-instruct-fp8",
    "@cf/meta/llama-3.1-8b-instruct-fast",
    "@cf/meta/llama-3.1-8b-instruct-fp8-fast",
    "@cf/meta/llama-3.1-70b-instruct-fp8-fast",
    "@cf/meta/llama-3.2-1b-instruct",
    "@cf/meta/llama-3.2-3b-instruct",
    "@cf/meta/llama-3.2-11b-vision-instruct",
    "@cf/meta/llama-3.3-70b-instruct-fp8-fast",
    "@cf/meta/llama-4-scout-17b-16e-instruct",
    "@cf/meta/llama-guard-3-8b",
    "@cf/baai/bge-small-en-v1.5",
    "@cf/baai/bge-base-en-v1.5",
    "@cf/baai/bge-large-en-v1.5",
    "@cf/baai/bge-m3",
    "@cf/baai/bge-reranker-base",
    "@cf/pfnet/plamo-embedding-1b",
    "@cf/qwen/qwen3-embedding-0.6b",
    "@cf/huggingface/distilbert-sst-2-int8",
    "@cf/meta/m2m100-1.2b",
    "@fogbank/ner-minilm",
    "@fogbank/extractive-qa",
    "@fogbank/climate-detector",
]
FILES = sorted((package_data() / "models").glob("*.yaml"))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(package_data())


def test_every_file_is_a_card(catalog: Catalog) -> None:
    assert len(catalog.cards) == len(FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_card_names_its_schema_for_editors_and_its_model_in_its_file_name(
    file: Path, catalog: Catalog
) -> None:
    first, second = file.read_text(encoding="utf-8").splitlines()[:2]
    assert first == "# yaml-language-server: $schema=../card.schema.json"
    name = second.removeprefix('name: "').removesuffix('"')
    assert name.endswith(f"/{file.stem}")
    assert catalog.cards[name].description.endswith(".")


@pytest.mark.contract("8", "decision 2")
@pytest.mark.parametrize("name", DEPRECATED)
def test_a_deprecated_model_is_known_and_answers(name: str, catalog: Catalog) -> None:
    card = catalog.cards[name]
    assert card.deprecated_on == date(2026, 5, 30)
    assert not card.refuse_deprecated


@pytest.mark.parametrize("name", CURRENT)
def test_a_current_model_is_known(name: str, catalog: Catalog) -> None:
    assert catalog.cards[name].deprecated_on is None


@pytest.mark.contract("8")
def test_no_other_model_is_deprecated(catalog: Catalog) -> None:
    found = [name for name, card in catalog.cards.items() if card.deprecated_on]
    assert sorted(found) == sorted(DEPRECATED)


@pytest.mark.contract("8")
def test_kimi_k25_became_another_name_of_k26(catalog: Catalog) -> None:
    card = catalog.resolve("@cf/moonshotai/kimi-k2.5")
    assert card is not None
    assert card.name == "@cf/moonshotai/kimi-k2.6"


@pytest.mark.contract("8")
@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("@cf/meta/llama-3.1-8b-instruct-fp8", 32000),
        ("@cf/meta/llama-3.3-70b-instruct-fp8-fast", 24000),
        ("@cf/meta/llama-4-scout-17b-16e-instruct", 131000),
        ("@cf/openai/gpt-oss-120b", 128000),
        ("@cf/openai/gpt-oss-20b", 128000),
        ("@cf/baai/bge-m3", 60000),
        ("@cf/cloudflare/clef", 65536),
    ],
)
def test_context_windows_of_the_contract(name: str, tokens: int, catalog: Catalog) -> None:
    assert catalog.cards[name].context_window == tokens


@pytest.mark.contract("8")
@pytest.mark.parametrize(("size", "dimensions"), [("small", 384), ("base", 768), ("large", 1024)])
def test_bge(size: str, dimensions: int, catalog: Catalog) -> None:
    card = catalog.cards[f"@cf/baai/bge-{size}-en-v1.5"]
    assert (card.output_dimensions, card.max_input_tokens) == (dimensions, 512)


@pytest.mark.contract("decision 9")
def test_llama_guard_is_the_safety_model(catalog: Catalog) -> None:
    safety = [card for card in catalog.cards.values() if card.safety]
    assert [card.name for card in safety] == ["@cf/meta/llama-guard-3-8b"]
    assert safety[0].family not in ("llama-instruct", "instruct")


@pytest.mark.contract("3.1")
def test_documented_defaults(catalog: Catalog) -> None:
    def temperature(card: Card) -> float:
        return card.defaults.temperature

    assert temperature(catalog.cards["@cf/meta/llama-3.1-8b-instruct"]) == 0.6
    assert temperature(catalog.cards["@cf/meta/llama-4-scout-17b-16e-instruct"]) == 0.15
    assert all(card.defaults.max_tokens == 256 for card in catalog.cards.values())


def test_ids_are_not_shared(catalog: Catalog) -> None:
    ids = [card.id for card in catalog.cards.values() if card.id]
    assert len(ids) == len(set(ids))
