"""An English-only Whisper in CTranslate2 form, written out as a Hugging Face folder, bit for bit.

CTranslate2 joins the projections of queries, keys and values; here they are taken apart again. What
it leaves out follows from the tensors' shapes, or is the same in every Whisper.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogbank.weights.ctranslate2_file import CTranslate2Model, read_ctranslate2
from fogbank.weights.errors import WeightsError
from fogbank.weights.safetensors_file import write_safetensors

Tensor = NDArray[np.generic]
_ENGLISH_VOCABULARY = 51_864
"""Tokens of Whisper's English-only models; the others know more, and tell languages apart."""


def convert(
    source: Path, folder: Path, *, step: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Writes model, configs and tokenizer into `folder`; `source` holds model.bin and its JSON.

    Raises WeightsError for what is no such model.
    """
    try:
        model = read_ctranslate2(source / "model.bin")
        if model.specification != "WhisperSpec":
            raise ValueError(f"its specification is {model.specification!r}, not 'WhisperSpec'")
        hints = json.loads((source / "config.json").read_bytes())
        tokenizer = json.loads((source / "tokenizer.json").read_bytes())
        special = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
        files = {
            "config.json": _config(model, special),
            "generation_config.json": _generation_config(hints, special),
            "preprocessor_config.json": _preprocessor_config(model),
            "tokenizer.json": tokenizer,
            "tokenizer_config.json": _tokenizer_config(),
        }
        tensors = dict(_tensors(model))
    except (LookupError, TypeError, ValueError, OSError) as error:
        raise WeightsError(
            f"This is not a Whisper model of CTranslate2 ({error}).",
            where=str(source),
            hint="Give the model's Hugging Face folder (safetensors) in the profile instead.",
        ) from error
    for name, content in files.items():
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (folder / name).write_text(text + "\n", encoding="utf-8")
    write_safetensors(
        folder / "model.safetensors",
        {name: tensor.shape for name, tensor in tensors.items()},
        lambda name: tensors[name].astype(np.float32),
        precision="F16",
        step=step,
    )


def _tensors(model: CTranslate2Model) -> Iterator[tuple[str, Tensor]]:
    """Hugging Face name and tensor."""
    found = model.tensors
    for side in ("encoder", "decoder"):
        yield f"model.{side}.embed_positions.weight", found[f"{side}/position_encodings/encodings"]
        yield from _norm(found, f"{side}/layer_norm", f"model.{side}.layer_norm")
        for at in range(_layers(model, side)):
            ours, theirs = f"{side}/layer_{at}", f"model.{side}.layers.{at}"
            yield from _attention(found, f"{ours}/self_attention", f"{theirs}.self_attn")
            if side == "decoder":
                yield from _attention(found, f"{ours}/attention", f"{theirs}.encoder_attn")
            yield from _norm(found, f"{ours}/ffn/layer_norm", f"{theirs}.final_layer_norm")
            for number in (0, 1):
                yield from _linear(found, f"{ours}/ffn/linear_{number}", f"{theirs}.fc{number + 1}")
    for number in (1, 2):
        yield from _linear(found, f"encoder/conv{number}", f"model.encoder.conv{number}")
    yield "model.decoder.embed_tokens.weight", found["decoder/embeddings/weight"]


def _norm(found: dict[str, Tensor], ours: str, theirs: str) -> Iterator[tuple[str, Tensor]]:
    yield f"{theirs}.weight", found[f"{ours}/gamma"]
    yield f"{theirs}.bias", found[f"{ours}/beta"]


def _linear(found: dict[str, Tensor], ours: str, theirs: str) -> Iterator[tuple[str, Tensor]]:
    for name in ("weight", "bias"):
        yield f"{theirs}.{name}", found[f"{ours}/{name}"]


def _attention(found: dict[str, Tensor], ours: str, theirs: str) -> Iterator[tuple[str, Tensor]]:
    """linear_0 is q, k and v; over the encoder q alone, with k and v in linear_1. The last: out."""
    last = 2 if f"{ours}/linear_2/weight" in found else 1
    joined = {
        name: np.concatenate([found[f"{ours}/linear_{at}/{name}"] for at in range(last)])
        for name in ("weight", "bias")
    }
    for name, tensor in joined.items():
        for letter, part in zip("qkv", np.split(tensor, 3), strict=True):
            if (letter, name) != ("k", "bias"):
                yield f"{theirs}.{letter}_proj.{name}", part
            elif np.any(part):
                raise ValueError(f"{ours} has a bias for keys, which Whisper has not")
    yield from _linear(found, f"{ours}/linear_{last}", f"{theirs}.out_proj")
    yield from _norm(found, f"{ours}/layer_norm", f"{theirs}_layer_norm")


def _layers(model: CTranslate2Model, side: str) -> int:
    return sum(
        name.startswith(f"{side}/layer_") and name.endswith("/ffn/linear_0/bias")
        for name in model.tensors
    )


def _config(model: CTranslate2Model, special: dict[str, int]) -> dict[str, Any]:
    found = model.tensors
    vocabulary, width = found["decoder/embeddings/weight"].shape
    if vocabulary != _ENGLISH_VOCABULARY:
        raise ValueError(f"{vocabulary} tokens, an English-only Whisper has {_ENGLISH_VOCABULARY}")
    sides = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in (
            ("layers", _layers(model, side)),
            ("attention_heads", int(found[f"{side}/num_heads"])),
            ("ffn_dim", found[f"{side}/layer_0/ffn/linear_0/bias"].shape[0]),
        )
    }
    end = special["<|endoftext|>"]
    return {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": model.specification.removesuffix("Spec").lower(),
        "is_encoder_decoder": True,
        "activation_function": "gelu",
        "d_model": width,
        **sides,
        "num_hidden_layers": sides["encoder_layers"],
        "max_source_positions": found["encoder/position_encodings/encodings"].shape[0],
        "max_target_positions": found["decoder/position_encodings/encodings"].shape[0],
        "num_mel_bins": found["encoder/conv1/weight"].shape[1],
        "vocab_size": vocabulary,
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": end,
        "decoder_start_token_id": special["<|startoftranscript|>"],
        "scale_embedding": False,
        "dropout": 0.0,
        "torch_dtype": "float16",
    }


def _generation_config(hints: dict[str, Any], special: dict[str, int]) -> dict[str, Any]:
    """Alignment heads and suppressed tokens come from the package's own configuration."""
    end = special["<|endoftext|>"]
    return {
        "alignment_heads": hints["alignment_heads"],
        "begin_suppress_tokens": hints["suppress_ids_begin"],
        "suppress_tokens": hints["suppress_ids"],
        "bos_token_id": end,
        "eos_token_id": end,
        "pad_token_id": end,
        "decoder_start_token_id": special["<|startoftranscript|>"],
        "is_multilingual": False,
        "max_initial_timestamp_index": 50,
        "max_length": 448,
        "no_timestamps_token_id": special["<|notimestamps|>"],
        "prev_sot_token_id": special["<|startofprev|>"],
    }


def _preprocessor_config(model: CTranslate2Model) -> dict[str, Any]:
    """The same in every Whisper but for the number of mel bins."""
    return {
        "feature_extractor_type": "WhisperFeatureExtractor",
        "processor_class": "WhisperProcessor",
        "feature_size": model.tensors["encoder/conv1/weight"].shape[1],
        "sampling_rate": 16_000,
        "hop_length": 160,
        "n_fft": 400,
        "chunk_length": 30,
        "n_samples": 480_000,
        "nb_max_frames": 3000,
        "padding_side": "right",
        "padding_value": 0.0,
        "return_attention_mask": False,
    }


def _tokenizer_config() -> dict[str, Any]:
    return {
        "tokenizer_class": "WhisperTokenizer",
        "processor_class": "WhisperProcessor",
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "bos_token": "<|endoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
        "errors": "replace",
        "model_max_length": 1024,
    }
