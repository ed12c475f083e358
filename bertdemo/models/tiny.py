"""The fake that ships: a random two-layer BERT with a vocabulary of its own, for tests and for trying the machinery.

It learns a toy task in seconds on any CPU and needs neither network nor the bundled weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
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
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    normalizer, splitter = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    words = Counter(word for text in texts for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)))
    identity = {token: i for i, token in enumerate(_vocabulary(words, vocabulary_size))}
    wordpiece = Tokenizer(models.WordPiece(identity, unk_token="[UNK]"))
    wordpiece.normalizer, wordpiece.pre_tokenizer = normalizer, splitter
    wordpiece.decoder = decoders.WordPiece()
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


def _vocabulary(words: Counter[str], size: int) -> list[str]:
    """Return special tokens, characters, and the most frequent pairs of pieces, joined in turn (Sennrich, 2016).

    The trainer of the library ``tokenizers`` settles ties by chance, so that no two models would read a text alike;
    here the spelling settles them.
    """
    pieces = {word: [word[0], *(f"##{character}" for character in word[1:])] for word in words}
    found = dict.fromkeys([*SPECIAL_TOKENS, *sorted(set("".join(words)) | {p for own in pieces.values() for p in own})])
    while len(found) < size:
        pairs = Counter[tuple[str, str]]()
        for word, own in pieces.items():
            for pair in pairwise(own):
                pairs[pair] += words[word]
        if not pairs:
            break
        joined = min(pairs, key=lambda pair: (-pairs[pair], pair))
        found[joined[0] + joined[1].removeprefix("##")] = None
        for own in pieces.values():
            _join(own, joined)
    return list(found)


def _join(pieces: list[str], pair: tuple[str, str]) -> None:
    """Make one piece of each such pair, in place."""
    for place in range(len(pieces) - 1):
        if tuple(pieces[place : place + 2]) == pair:
            pieces[place : place + 2] = [pair[0] + pair[1].removeprefix("##")]
