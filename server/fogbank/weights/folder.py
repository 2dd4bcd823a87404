"""Weights that the operator brings: a Hugging Face folder, or a GGUF file made into one."""

import shutil
from pathlib import Path

from fogbank.catalog.weights import FolderWeights
from fogbank.weights.errors import WeightsError
from fogbank.weights.guard import check_folder
from fogbank.weights.progress import Progress
from fogbank.weights.store import WeightsStore

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
)


def check_source(store: WeightsStore, weights: FolderWeights) -> None:
    """`WeightsError` unless the folder or file is there and may be loaded."""
    path = store.folder(weights)
    if store.is_gguf(weights):
        if not path.is_file():
            raise _missing(path, "file")
        return
    if not path.is_dir():
        raise _missing(path, "folder")
    check_folder(path, str(path))


def _missing(path: Path, kind: str) -> WeightsError:
    return WeightsError(
        f"There is no such {kind}.",
        where=str(path),
        hint="Correct `folder` in the profile: absolute, or relative to the data directory.",
    )


def assemble_gguf(
    store: WeightsStore, weights: FolderWeights, out: Path, progress: Progress
) -> None:
    """Writes the GGUF file as a Hugging Face folder into `out`."""
    # Here, not above: the command line starts without numpy.
    from fogbank.weights.gguf_llama import convert

    tokenizer = store.data_dir / weights.tokenizer if weights.tokenizer else None
    if tokenizer and not (tokenizer / "tokenizer_config.json").is_file():
        raise WeightsError(
            "The tokenizer folder has no tokenizer_config.json.",
            where=str(tokenizer),
            hint="Correct `tokenizer` in the profile.",
        )

    def step(done: int, total: int) -> None:
        progress("convert tensors", done, total)

    convert(store.folder(weights), out, tokenizer=tokenizer is None, step=step)
    for name in _TOKENIZER_FILES if tokenizer else ():
        if tokenizer and (tokenizer / name).is_file():
            shutil.copyfile(tokenizer / name, out / name)
