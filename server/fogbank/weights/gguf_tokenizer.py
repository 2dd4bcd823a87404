"""The tokenizer that a GGUF file carries, as `tokenizer.json` and `tokenizer_config.json`.

Byte-level BPE only (`tokenizer.ggml.model` = gpt2), with the pre-tokenizers listed in `_SPLITS`.
"""

from typing import Any

from fogbank.weights.errors import WeightsError
from fogbank.weights.gguf_file import Gguf

_CONTROL, _USER_DEFINED = 3, 4
_BYTE_LEVEL = {
    "type": "ByteLevel",
    "add_prefix_space": False,
    "trim_offsets": True,
    "use_regex": True,
}
_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SPLITS: dict[str, list[dict[str, Any]]] = {
    "gpt-2": [_BYTE_LEVEL],
    "default": [_BYTE_LEVEL],
    "smollm": [{"type": "Digits", "individual_digits": True}, _BYTE_LEVEL],
    "llama-bpe": [
        {
            "type": "Split",
            "pattern": {"Regex": _LLAMA3},
            "behavior": "Isolated",
            "invert": False,
        },
        {**_BYTE_LEVEL, "use_regex": False},
    ],
}


def tokenizer_files(gguf: Gguf) -> dict[str, dict[str, Any]]:
    """File name -> JSON content."""
    model = gguf.metadata.get("tokenizer.ggml.model")
    split = gguf.metadata.get("tokenizer.ggml.pre", "default")
    if model != "gpt2" or split not in _SPLITS:
        raise WeightsError(
            f"{gguf.path.name} has tokenizer {model}/{split}, which Fogbank cannot rebuild.",
            where=str(gguf.path),
            hint="Give the model's own Hugging Face folder in the profile instead.",
        )
    return {
        "tokenizer.json": _tokenizer(gguf, _SPLITS[split]),
        "tokenizer_config.json": _config(gguf),
    }


def _tokenizer(gguf: Gguf, split: list[dict[str, Any]]) -> dict[str, Any]:
    tokens: list[str] = gguf.metadata["tokenizer.ggml.tokens"]
    kinds: list[int] = gguf.metadata["tokenizer.ggml.token_type"]
    added = [
        {
            "id": index,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": kind == _CONTROL,
        }
        for index, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if kind in (_CONTROL, _USER_DEFINED)
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": split},
        "post_processor": _post_processor(gguf),
        "decoder": _BYTE_LEVEL,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": split is _SPLITS["llama-bpe"],
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": [pair.split(" ") for pair in gguf.metadata["tokenizer.ggml.merges"]],
        },
    }


def _post_processor(gguf: Gguf) -> dict[str, Any] | None:
    if not gguf.metadata.get("tokenizer.ggml.add_bos_token", False):
        return None
    index = gguf.metadata["tokenizer.ggml.bos_token_id"]
    bos = gguf.metadata["tokenizer.ggml.tokens"][index]
    first = {"SpecialToken": {"id": bos, "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [first, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [
            first,
            {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": bos, "type_id": 1}},
            {"Sequence": {"id": "B", "type_id": 1}},
        ],
        "special_tokens": {bos: {"id": bos, "ids": [index], "tokens": [bos]}},
    }


def _config(gguf: Gguf) -> dict[str, Any]:
    metadata = gguf.metadata
    architecture = metadata["general.architecture"]
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": metadata[f"{architecture}.context_length"],
    }
    for role, key in (
        ("bos_token", "bos_token_id"),
        ("eos_token", "eos_token_id"),
        ("unk_token", "unknown_token_id"),
        ("pad_token", "padding_token_id"),
    ):
        index = metadata.get(f"tokenizer.ggml.{key}")
        if index is not None:
            config[role] = metadata["tokenizer.ggml.tokens"][index]
    if template := metadata.get("tokenizer.chat_template"):
        config["chat_template"] = template
    return config
