"""Tiny random encoder-decoders in folders, made with transformers; nothing is fetched."""

import json
from pathlib import Path

TEXT = "the quick brown fox jumps over the lazy dog while ada sees fog in london. " * 20


def summarizer(folder: Path) -> Path:
    """A BART of one layer, 64 positions, that says when it is done as its weights wish."""
    import tokenizers
    import torch
    import transformers

    torch.manual_seed(7)
    words = ["<s>", "<pad>", "</s>", "<unk>", *sorted(set(TEXT.replace(".", " .").split()))]
    inner = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: at for at, word in enumerate(words)}, "<unk>")
    )
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    inner.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=64,
    ).save_pretrained(folder)
    config = transformers.BartConfig(
        vocab_size=len(words),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        init_std=0.5,
    )
    model = transformers.BartForConditionalGeneration(config).eval()
    model.generation_config.update(
        num_beams=2, min_length=9, max_length=20, early_stopping=True, forced_bos_token_id=0
    )
    model.save_pretrained(folder)
    return folder


def translator(folder: Path) -> Path:
    """An M2M100 of one layer with its sentencepiece tokenizer and its hundred languages."""
    import sentencepiece
    import torch
    import transformers

    torch.manual_seed(7)
    folder.mkdir()
    corpus = folder.parent / "corpus.txt"
    corpus.write_text("\n".join(TEXT.split(". ")))
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(folder / "sentencepiece.bpe"),
        vocab_size=60,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    pieces = sentencepiece.SentencePieceProcessor(str(folder / "sentencepiece.bpe.model"))
    (folder / "sentencepiece.bpe.vocab").unlink()
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>"]
    vocabulary += [pieces.id_to_piece(at) for at in range(3, len(pieces))]
    (folder / "vocab.json").write_text(
        json.dumps({piece: at for at, piece in enumerate(vocabulary)})
    )
    tokenizer = transformers.M2M100Tokenizer(
        str(folder / "vocab.json"),
        str(folder / "sentencepiece.bpe.model"),
        model_max_length=64,
    )
    tokenizer.save_pretrained(folder)
    config = transformers.M2M100Config(
        vocab_size=max(tokenizer.lang_code_to_id.values()) + 9,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        init_std=0.5,
    )
    model = transformers.M2M100ForConditionalGeneration(config).eval()
    with torch.no_grad():  # else it would write nothing but languages
        model.model.shared.weight[len(vocabulary) :] *= 0.3
    model.generation_config.update(num_beams=2, max_length=20, early_stopping=True)
    model.save_pretrained(folder)
    return folder
