"""State dicts of PyTorch are read as data: no opcode of a pickle is carried out."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from fogbank.weights.efficientnet_lite import convert, read_labels
from fogbank.weights.errors import WeightsError
from fogbank.weights.torch_state import read_state

MAGIC = 0x1950A86A20F9469CFC6C


class Trap:
    """What a hostile file would hold: loading it calls a function."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (open, ("the-trap-has-sprung", "w"))  # type: ignore[return-value]


def hostile(state: object, magic: int = MAGIC) -> bytes:
    parts: tuple[object, ...] = (magic, 1001, {}, state, [])
    return b"".join(pickle.dumps(part, protocol=2) for part in parts)


@pytest.mark.engine
def test_tensors_as_torch_saved_them(tmp_path: Path) -> None:
    import torch

    wide = torch.randn(3, 4, 5)
    state = {
        "plain": torch.randn(7, 2),
        "permuted": wide.permute(2, 0, 1),
        "a view": wide[1],
        "count": torch.tensor(5),
    }
    path = tmp_path / "old.pth"
    torch.save(state, path, _use_new_zipfile_serialization=False)
    found = read_state(path)
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        assert np.array_equal(found[name], tensor.numpy()), name


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "exhausted"),
        (hostile({}, magic=1), "does not begin"),
        (hostile({"a": Trap()}), r"the function|damaged"),
        (hostile(Trap()), r"the function|damaged"),
        (hostile({"a": 1}), "'a' is no tensor"),
        (hostile([]), "no mapping"),
        (hostile({})[:20], "exhausted"),
        (pickle.dumps(MAGIC, protocol=4), "opcode"),
    ],
)
def test_other_files_are_refused(
    tmp_path: Path, data: bytes, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "file.pth"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=part):
        read_state(path)
    assert not (tmp_path / "the-trap-has-sprung").exists()


def test_what_is_no_efficientnet_says_so(tmp_path: Path) -> None:
    (tmp_path / "file.pth").write_bytes(hostile({}))
    (tmp_path / "labels.txt").write_text("# about\nfog\nsun\n")
    assert read_labels(tmp_path / "labels.txt") == ["fog", "sun"]
    with pytest.raises(WeightsError, match=r"file\.pth is not the state dict"):
        convert(tmp_path / "file.pth", tmp_path / "labels.txt", tmp_path)
