"""From a folder to a model in memory: safetensors only, no code from the folder, nothing fetched.

Everything here blocks for seconds; it runs in an engine's own thread.
"""

from pathlib import Path
from typing import Any

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.imports import LOADING, bound_primitive_cache


def check_folder(folder: Path) -> None:
    """Raises FileNotFoundError for what is not a folder of safetensors weights."""
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(
            f"{folder} has no config.json: it is not a model folder; run 'fogbank pull'"
        )
    if not any(folder.glob("*.safetensors")):
        raise FileNotFoundError(
            f"{folder} has no *.safetensors; weights of other kinds (pickles) are never loaded"
        )


def load_tokenizer(folder: Path, *, fast: bool = True) -> Any:
    """The folder's tokenizer; `fast` insists on its Rust form: offsets and threads need that."""
    with LOADING:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(
            str(folder), trust_remote_code=False, local_files_only=True
        )
    if fast and getattr(tokenizer, "backend_tokenizer", None) is None:
        raise FileNotFoundError(f"{folder} has no tokenizer.json, nor what one is made from")
    return tokenizer


def load_model(auto: str, folder: Path, options: TransformersOptions, *, spare: str = "") -> Any:
    """The model in evaluation mode, made by transformers' class `auto`.

    Raises OSError when the folder lacks a weight, unless its name begins with `spare`: transformers
    would fill it with random numbers.
    """
    bound_primitive_cache()
    with LOADING:
        import torch
        import transformers

        if options.threads is not None:
            torch.set_num_threads(options.threads)
        transformers.utils.logging.disable_progress_bar()
        model, report = getattr(transformers, auto).from_pretrained(
            str(folder),
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            dtype=getattr(torch, options.dtype),
            output_loading_info=True,
        )
    missing = sorted(key for key in report["missing_keys"] if not (spare and key.startswith(spare)))
    if missing:
        raise OSError(f"the weights in {folder} lack {', '.join(missing[:5])}: not for this task")
    return model.to(options.device).eval()


def token_limit(config: Any, tokenizer: Any, options: TransformersOptions) -> int:
    """Tokens that a text may have: the least of what tokenizer, model and options allow."""
    positions = getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length
    if config.model_type in ("roberta", "xlm-roberta", "camembert"):
        positions -= config.pad_token_id + 1  # their positions count from behind the padding's
    return int(min(positions, tokenizer.model_max_length, options.max_length or positions))
