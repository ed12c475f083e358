"""The fake that ships: a random two-layer BERT with a vocabulary of its own, for tests and for trying the machinery.

It learns a toy task in seconds on any CPU and needs neither network nor the bundled weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def make_tiny_bert(folder: Path, texts: Iterable[str], *, vocabulary_size: int = 400, seed: int = 0) -> Path:
    """Write a BERT of 2 layers, 2 heads and width 32 with a WordPiece vocabulary learned from ``texts``.

    Args:
        folder: made if missing; holds ``config.json``, ``model.safetensors`` and ``tokenizer.json`` afterwards.
        texts: what the vocabulary is learned from; at least one text.
        vocabulary_size: upper bound, special tokens included.
        seed: of the random weights; the caller's own random state is left as it was.

    Returns:
        ``folder``, usable wherever a local base model is.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    wordpiece = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    wordpiece.normalizer = normalizers.BertNormalizer(lowercase=True)
    wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    wordpiece.decoder = decoders.WordPiece()
    wordpiece.train_from_iterator(
        texts, trainers.WordPieceTrainer(vocab_size=vocabulary_size, special_tokens=list(SPECIAL_TOKENS))
    )
    identity = {token: i for i, token in enumerate(SPECIAL_TOKENS)}  # the trainer numbers them first, in this order
    wordpiece.post_processor = processors.BertProcessing(("[SEP]", identity["[SEP]"]), ("[CLS]", identity["[CLS]"]))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=wordpiece, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=128,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = BertConfig(
            vocab_size=wordpiece.get_vocab_size(), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=64, max_position_embeddings=128,
        )  # fmt: skip
        BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
