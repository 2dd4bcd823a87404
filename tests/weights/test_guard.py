import json
from pathlib import Path
from typing import Any

import pytest

from fogbank.weights.errors import WeightsError
from fogbank.weights.guard import check_folder, is_pickled, is_refused


def folder(path: Path, files: dict[str, Any]) -> Path:
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_sound_folder_passes(tmp_path: Path) -> None:
    check_folder(folder(tmp_path, {"config.json": {}, "model.safetensors": ""}), "here")


@pytest.mark.parametrize(
    "config",
    [
        {"auto_map": {"AutoModel": "modeling.Evil"}},
        {"text_config": {"auto_map": {"AutoModel": "modeling.Evil"}}},
        {"list": [{"auto_map": "x"}]},
    ],
)
@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_that_came_with_the_weights_is_refused(
    tmp_path: Path, name: str, config: dict[str, Any]
) -> None:
    files = {"config.json": {}, "model.safetensors": "", name: config}
    with pytest.raises(WeightsError, match="auto_map") as caught:
        check_folder(folder(tmp_path, files), "some/repo")
    assert "some/repo" in str(caught.value)
    assert name in caught.value.message


def test_an_empty_auto_map_asks_for_nothing(tmp_path: Path) -> None:
    files = {"config.json": {"auto_map": {}}, "model.safetensors": ""}
    check_folder(folder(tmp_path, files), "here")


def test_deep_nesting_does_not_overflow(tmp_path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    with pytest.raises(WeightsError, match="nested too deeply"):
        check_folder(folder(tmp_path, {"config.json": deep, "model.safetensors": ""}), "here")


def test_pickles_alone_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="only as pickles") as caught:
        check_folder(folder(tmp_path, {"config.json": {}, "pytorch_model.bin": ""}), "here")
    assert "pytorch_model.bin" in str(caught.value)


def test_a_folder_without_weights_or_config(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="No file with weights"):
        check_folder(tmp_path, "here")
    with pytest.raises(WeightsError, match=r"no config\.json"):
        check_folder(folder(tmp_path, {"model.safetensors": ""}), "here")


def test_broken_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"config\.json is not valid JSON"):
        check_folder(folder(tmp_path, {"config.json": "{", "model.safetensors": ""}), "here")


def test_what_counts_as_a_pickle_or_as_code() -> None:
    assert all(is_pickled(name) for name in ("a.bin", "a.PT", "x/consolidated.00.pth", "a.ckpt"))
    assert not is_pickled("model.safetensors")
    assert is_refused("modeling_evil.py")
    assert not is_refused("tokenizer.model")
