"""The profiles that Fogbank ships."""

from collections import defaultdict

import pytest

from fogbank.catalog.catalog import Catalog, ServedModel, resolve_profile
from fogbank.catalog.hardware import Hardware, choose_profile
from fogbank.catalog.loader import load_catalog
from fogbank.catalog.weights import HubWeights, PackageWeights
from fogbank.settings import package_data
from fogbank.storage.adapter_config import MAX_RANK
from tests.model_configs.test_cards import DEPRECATED

NAMES = ["cpu", "embedded", "embedded-lora", "gpu-1x80gb", "gpu-2x80gb"]
TEXT_STAND_IN = "SmolLM2-135M-Instruct"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(package_data())


@pytest.fixture(scope="module")
def embedded(catalog: Catalog) -> dict[str, ServedModel]:
    return resolve_profile(catalog.profiles["embedded"], catalog)


def test_the_profiles(catalog: Catalog) -> None:
    assert list(catalog.profiles) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_names_its_schema_for_editors(name: str) -> None:
    text = (package_data() / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../profile.schema.json\n")


@pytest.mark.contract("decision 2")
@pytest.mark.parametrize("name", NAMES)
def test_every_deprecated_text_model_is_served(name: str, catalog: Catalog) -> None:
    served = resolve_profile(catalog.profiles[name], catalog)
    text = [model for model in DEPRECATED if catalog.cards[model].task == "Text Generation"]
    assert set(text) <= set(served)


@pytest.mark.contract("decision 9")
@pytest.mark.parametrize("name", NAMES)
def test_every_engine_is_used_and_guard_has_no_stand_in(name: str, catalog: Catalog) -> None:
    profile = catalog.profiles[name]
    served = resolve_profile(profile, catalog)
    assert {item.engine for item in served.values()} == set(profile.engines)
    assert not any(item.card.safety for item in served.values())


def test_embedded_needs_no_hub(catalog: Catalog) -> None:
    profile = catalog.profiles["embedded"]
    assert not profile.hub
    weights = [spec.weights for spec in profile.engines.values()]
    assert all(isinstance(item, PackageWeights) for item in weights)


@pytest.mark.contract("decision 9")
def test_embedded_says_what_stands_in(embedded: dict[str, ServedModel]) -> None:
    text = [item for item in embedded.values() if item.card.task == "Text Generation"]
    assert len(text) > 40
    assert {(item.engine, item.stands_in) for item in text} == {("smollm2", TEXT_STAND_IN)}
    assert embedded["@cf/baai/bge-small-en-v1.5"].stands_in == "all-MiniLM-L6-v2"
    assert embedded["@cf/huggingface/distilbert-sst-2-int8"].stands_in
    assert embedded["@cf/baai/bge-reranker-base"].stands_in == "all-MiniLM-L6-v2 similarity"
    assert "extractive" in (embedded["@cf/facebook/bart-large-cnn"].stands_in or "")
    assert "@cf/meta/m2m100-1.2b" not in embedded
    assert embedded["@fogbank/ner-minilm"].stands_in is None
    assert embedded["@cf/openai/whisper-tiny-en"].stands_in is None
    for model in ("@cf/openai/whisper", "@cf/openai/whisper-large-v3-turbo"):
        assert embedded[model].stands_in == "Whisper tiny.en, English only"
    assert embedded["@cf/microsoft/resnet-50"].stands_in == "EfficientNet-Lite0"


def test_embedded_lora_is_the_same_text_model_with_adapters(catalog: Catalog) -> None:
    plain, lora = (catalog.profiles[name] for name in ("embedded", "embedded-lora"))
    (spec,) = lora.engines.values()
    added = {name: value for name, value in spec.options.items() if "lora" in name}
    assert added["max_lora_rank"] == MAX_RANK
    without = {name: value for name, value in spec.options.items() if name not in added}
    assert spec.model_copy(update={"options": without}) == plain.engines["smollm2"]
    assert lora.families == plain.families
    assert not lora.automatic


@pytest.mark.parametrize("name", NAMES)
def test_engines_with_adapters_take_every_rank_that_may_be_uploaded(
    name: str, catalog: Catalog
) -> None:
    for spec in catalog.profiles[name].engines.values():
        if spec.options.get("enable_lora"):
            assert spec.options["max_lora_rank"] >= MAX_RANK
            assert spec.options["max_cpu_loras"] >= spec.options["max_loras"]


def test_embedded_serves_no_vectors_of_another_width(embedded: dict[str, ServedModel]) -> None:
    vectors = [item.card for item in embedded.values() if item.card.task == "Text Embeddings"]
    assert [card.output_dimensions for card in vectors] == [384]


@pytest.mark.parametrize(
    ("model", "profiles"),
    [
        ("@cf/meta/llama-3.1-8b-instruct", ("gpu-1x80gb",)),
        ("@cf/meta/llama-3.1-8b-instruct-fp8", ("gpu-1x80gb", "gpu-2x80gb")),
        ("@cf/meta/llama-3.3-70b-instruct-fp8-fast", ("gpu-2x80gb",)),
        ("@cf/meta/llama-3.2-1b-instruct", ("cpu", "gpu-1x80gb")),
        ("@cf/baai/bge-large-en-v1.5", ("gpu-1x80gb", "gpu-2x80gb")),
        ("@cf/baai/bge-m3", ("gpu-1x80gb", "gpu-2x80gb")),
        ("@cf/baai/bge-reranker-base", ("gpu-1x80gb", "gpu-2x80gb")),
        ("@fogbank/extractive-qa", ("gpu-1x80gb", "gpu-2x80gb")),
        ("@fogbank/climate-detector", ("gpu-1x80gb", "gpu-2x80gb")),
        ("@cf/facebook/bart-large-cnn", ("gpu-1x80gb", "gpu-2x80gb")),
        ("@cf/meta/m2m100-1.2b", ("gpu-1x80gb", "gpu-2x80gb")),
        ("@cf/openai/whisper-large-v3-turbo", ("gpu-1x80gb", "gpu-2x80gb")),
        ("@cf/openai/whisper-tiny-en", ("embedded", "gpu-1x80gb", "gpu-2x80gb")),
        ("@cf/microsoft/resnet-50", ("gpu-1x80gb", "gpu-2x80gb")),
        ("@cf/meta/llama-guard-3-8b", ()),
    ],
)
def test_where_the_real_weights_are(
    model: str, profiles: tuple[str, ...], catalog: Catalog
) -> None:
    assert catalog.profiles_with(model) == profiles


@pytest.mark.parametrize("name", ["gpu-1x80gb", "gpu-2x80gb"])
def test_engines_of_a_gpu_leave_it_some_memory(name: str, catalog: Catalog) -> None:
    shares: dict[int, float] = defaultdict(float)
    for spec in catalog.profiles[name].engines.values():
        if spec.engine == "vllm":
            for gpu in range(spec.options.get("tensor_parallel_size", 1)):
                shares[gpu] += spec.options["gpu_memory_utilization"]
    assert len(shares) == catalog.profiles[name].min_gpus
    assert max(shares.values()) <= 0.9


@pytest.mark.parametrize("name", ["gpu-1x80gb", "gpu-2x80gb"])
def test_small_models_load_before_large_ones(name: str, catalog: Catalog) -> None:
    shares = [
        spec.options["gpu_memory_utilization"] * spec.options.get("tensor_parallel_size", 1)
        for spec in catalog.profiles[name].engines.values()
        if spec.engine == "vllm"
    ]
    assert shares == sorted(shares)


@pytest.mark.parametrize("name", NAMES)
def test_a_vllm_engine_admits_no_more_than_it_batches(name: str, catalog: Catalog) -> None:
    for spec in catalog.profiles[name].engines.values():
        if spec.engine == "vllm":
            assert spec.max_concurrent == spec.options["max_num_seqs"]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("embedded")])
def test_hub_ids_name_an_owner(name: str, catalog: Catalog) -> None:
    for spec in catalog.profiles[name].engines.values():
        assert isinstance(spec.weights, HubWeights)
        assert spec.weights.hub.count("/") == 1


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        ((), "embedded"),
        ((24.0,), "embedded"),
        ((79.6,), "gpu-1x80gb"),
        ((79.6, 79.6), "gpu-2x80gb"),
    ],
)
def test_the_profile_that_a_machine_gets(
    gpus: tuple[float, ...], expected: str, catalog: Catalog
) -> None:
    assert choose_profile(catalog.profiles.values(), Hardware(gpus)).name == expected
