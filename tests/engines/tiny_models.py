"""Tiny random models in folders, made with transformers; nothing is fetched."""

from pathlib import Path
from typing import Any

WORDS = ["fog", "bank", "sun", "rain", "in", "london", "ada", "un", "##lit", ".", ",", "a", "b"]
LABELS = ["B-PER", "I-PER", "B-LOC", "I-LOC", "O"]
TEMPLATE = "{% for m in messages %}{{ m['role'] }} {{ m['content'] }} {% endfor %}"


def encoder(folder: Path, auto: str, labels: list[str] | None = None) -> Path:
    """A BERT of two layers for the transformers class `auto`; 64 positions."""
    import torch
    import transformers

    torch.manual_seed(7)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    transformers.BertTokenizerFast(
        vocab={word: at for at, word in enumerate(vocabulary)}, model_max_length=64
    ).save_pretrained(folder)
    names = dict(enumerate(labels or ["x", "y"]))
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.1,
        id2label=names,
        label2id={name: at for at, name in names.items()},
    )
    getattr(transformers, auto)(config).eval().save_pretrained(folder)
    return folder


def decoder(folder: Path) -> Path:
    """A Llama of two layers with a window of 64 tokens and a byte-level tokenizer."""
    import tokenizers
    import torch
    import transformers

    torch.manual_seed(7)
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary: dict[str, int] = {"<s>": 0, "</s>": 1}
    vocabulary |= {letter: at for at, letter in enumerate(alphabet, 2)}
    tokenizer: Any = tokenizers.Tokenizer(tokenizers.models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", model_max_length=64
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.5,
        bos_token_id=0,
        eos_token_id=1,
    )
    transformers.LlamaForCausalLM(config).eval().save_pretrained(folder)
    return folder
