"""What is never loaded: pickles, and code that came with the weights."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fogbank.weights.errors import WeightsError

PICKLED = frozenset((".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".npy", ".npz"))
_CODE = frozenset((".py", ".pyc", ".so", ".sh"))
_LARGEST_CONFIG = 16 << 20


def is_pickled(name: str) -> bool:
    """Whether a file may hold a pickle, judged by its name."""
    return Path(name).suffix.lower() in PICKLED


def is_refused(name: str) -> bool:
    """Whether a file is never fetched nor unpacked: a pickle, or code."""
    return is_pickled(name) or Path(name).suffix.lower() in _CODE


def require_safetensors(names: Iterable[str], where: str) -> None:
    """`WeightsError` unless at least one file is in safetensors format."""
    names = list(names)
    if any(name.endswith(".safetensors") for name in names):
        return
    pickled = sorted(name for name in names if is_pickled(name))
    if pickled:
        raise WeightsError(
            f"The weights are there only as pickles ({', '.join(pickled[:3])}), which can run any"
            " code when loaded.",
            where=where,
            hint="Name a repository or folder that has them as .safetensors.",
        )
    raise WeightsError(
        "No file with weights (.safetensors) was found.",
        where=where,
        hint="Check the name, and in a profile the patterns under `allow` and `ignore`.",
    )


def refuse_remote_code(folder: Path, where: str) -> None:
    """`WeightsError` if any configuration in the folder asks for code of its own (`auto_map`)."""
    for path in sorted(folder.rglob("*.json")):
        if path.stat().st_size > _LARGEST_CONFIG or "config" not in path.name:
            continue
        try:
            content = json.loads(path.read_bytes())
        except ValueError as error:
            raise WeightsError(
                f"{path.name} is not valid JSON ({error}).", where=where, hint="Fetch it again."
            ) from error
        except RecursionError as error:
            raise WeightsError(f"{path.name} is nested too deeply.", where=where) from error
        if _mentions(content, "auto_map"):
            raise WeightsError(
                f"{path.name} asks to run code that comes with the weights (`auto_map`), which"
                " Fogbank never does.",
                where=where,
                hint="Name weights of an architecture that the engine itself knows.",
            )


def _mentions(content: Any, key: str) -> bool:
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if value.get(key):
                return True
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False


def check_folder(folder: Path, where: str) -> None:
    """A folder that an engine may load: safetensors, a config, no code of its own."""
    files = [path.name for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    require_safetensors(files, where)
    if "config.json" not in files:
        raise WeightsError(
            "There is no config.json beside the weights.",
            where=where,
            hint="Give a folder in Hugging Face format.",
        )
    refuse_remote_code(folder, where)
