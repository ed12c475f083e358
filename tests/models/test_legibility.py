"""What of a text each kind of tokenizer can read, with vocabularies that are made here."""

import math

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from bertdemo.models.vocabulary import Legibility

WORDS = ("free", "prize", "##s", "a")


def wordpiece(lowercase=True):
    identity = {word: i for i, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS))}
    made = Tokenizer(models.WordPiece(identity, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = (
        normalizers.BertNormalizer(lowercase=lowercase),
        pre_tokenizers.BertPreTokenizer(),
    )
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


def sentencepiece():
    pieces = [
        ("<pad>", 0.0),
        ("</s>", 0.0),
        ("<unk>", 0.0),
        ("▁", -2.0),
        ("▁free", -1.0),
        ("▁prize", -1.0),
        ("a", -3.0),
    ]
    made = Tokenizer(models.Unigram(pieces, unk_id=2))
    made.normalizer, made.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing("$A </s>", "$A </s> $B </s>", [("</s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", unk_token="<unk>", eos_token="</s>")


def byte_level():
    """As GPT-2: one token for the end of a text, for padding and for what is unknown, which nothing is."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({each: i for i, each in enumerate((*alphabet, "<|end|>"))}, []))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=True), decoders.ByteLevel()
    made.post_processor = processors.TemplateProcessing("$A <|end|>", None, [("<|end|>", len(alphabet))])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="<|end|>", bos_token="<|end|>", eos_token="<|end|>", pad_token="<|end|>"
    )


NAN = math.nan
CASES = [
    (wordpiece, {
        "free prize": 0, "free สวัสดี": 1 / 2, "สวัสดี": 1, "𝐅𝐫𝐞𝐞 𝓹𝓻𝓲𝔃𝓮": 1, "a" * 101: 1, "⠓⠑": 1, "!?": 1, "12": 1,
        "prizes a free 漢字": 2 / 6, "\ufffd" * 3: NAN, "\ue000": NAN, "\u0301": NAN, "\ufe0f": NAN, "\x07": NAN,
        "": NAN, "\U000f0000\u200b": NAN,
    }),
    (lambda: wordpiece(lowercase=False), {"\ue000": NAN, "Free": 1, "free": 0}),
    (sentencepiece, {"free prize": 0, "ｆｒｅｅ prize": 0, "": NAN, "  ": NAN}),
    (byte_level, {"free": 0, "สวัสดี": 0, "\ufffd": 0, "\ue000": 0, " ": 0, "": NAN}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "text", "share"), [(make, text, share) for make, cases in CASES for text, share in cases.items()]
)
def test_the_share_that_is_unknown_is_that_of_the_tokens_that_are_not_special(make, text, share):
    tokenizer = make()
    found = Legibility(tokenizer).unknown_share(tokenizer(text)["input_ids"])
    assert found == pytest.approx(share, nan_ok=True)


def test_what_sentencepiece_does_not_know_is_unknown():
    tokenizer = sentencepiece()
    ids = tokenizer("free สวัสดี")["input_ids"]
    assert 0 < Legibility(tokenizer).unknown_share(ids) < 1


@pytest.mark.parametrize(
    ("text", "pair", "share"), [("free", "สวัสดี prize", 1 / 3), ("free", "\ufffd", NAN), ("\ue000", "free", NAN)]
)
def test_of_a_pair_both_texts_have_to_be_read(text, pair, share):
    tokenizer = wordpiece()
    columns = tokenizer([text], [pair])
    found = Legibility(tokenizer).unknown_share(columns["input_ids"][0], columns.sequence_ids(0))
    assert found == pytest.approx(share, nan_ok=True)
