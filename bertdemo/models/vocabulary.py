"""What a base can read: its word pieces, emoji that it has none for, and how much of a text is unknown to it.

BERT's vocabularies are older than the emoji of today's texts: these are read as their Unicode names. WordPiece
(Wu et al., 2016) reads a word with one unknown character as a single [UNK]: of "love💕" not even the word is left.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertdemo.errors import ModelError
from bertdemo.models.catalog import CATALOGUE, tokenizer_file

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor, nn
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

# Blocks of Unicode: Miscellaneous Symbols and Dingbats; pictographs, emoticons, transport, and their supplements.
_BLOCKS = (range(0x2600, 0x27C0), range(0x1F300, 0x1FB00))
_OF_LABELS = ("id2label", "label2id", "num_labels", "problem_type")  # in a configuration
_SPACE = "▁"  # SentencePiece begins every text with it, also one of which nothing is left
_SYMBOLS = ("So", "Sk")  # categories: pictures, and the tones of skin that follow one


def read_tokenizer(location: str) -> PreTrainedTokenizerBase:
    """Read the tokenizer of a model, which reads special tokens in a text ("[SEP]", "</s>") as plain characters.

    Where it is saved, it says so, and ``transformers.pipeline`` reads them alike. The mask alone is read as what it is
    here: a text some of whose words are masked is a text like any other.
    """
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        location, config=config_without_labels(location), trust_remote_code=False, split_special_tokens=True
    )
    if tokenizer.is_fast:
        mask = tokenizer.mask_token
        backend = tokenizer.backend_tokenizer if mask is None else _with_mask(tokenizer.backend_tokenizer, str(mask))
        _take_apart(backend, [token for token in tokenizer.all_special_tokens if token != mask])
        tokenizer._tokenizer = backend  # noqa: SLF001 - transformers has no public way to give it another
    return tokenizer


def config_without_labels(location: str) -> PretrainedConfig:
    """Read the configuration of a model but for the labels it had, which may be written in unreadable ways."""
    from transformers import AutoConfig, PretrainedConfig

    values, _ = PretrainedConfig.get_config_dict(location)
    config: PretrainedConfig = AutoConfig.for_model(**{k: v for k, v in values.items() if k not in _OF_LABELS})
    return config


def open_tokenizer(file: Path) -> Tokenizer:
    """Return the tokenizer in ``file`` as training uses it, emoji included; it neither cuts nor pads.

    Torch is loaded for all but the bundled base's: transformers builds the rules of some anew, whatever the file says.

    Raises:
        ModelError: the file is no ``tokenizer.json``, or its tokenizer is one of those written in Python.
    """
    from tokenizers import Tokenizer

    try:
        bundled = file == tokenizer_file(CATALOGUE[0])
        found = (
            _with_mask(Tokenizer.from_file(str(file)), "[MASK]") if bundled
            else read_tokenizer(str(file.parent)).backend_tokenizer
        )  # fmt: skip
    except Exception as error:  # the library raises bare Exception for a missing and for a broken file
        raise ModelError(f"{file.name} is no tokenizer: choose another base model.") from error
    tokenizer: Tokenizer = found
    tokenizer.encode_special_tokens = True
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.add_tokens(list(unread_emoji(tokenizer)))
    return tokenizer


def _with_mask(tokenizer: Tokenizer, mask: str) -> Tokenizer:
    """Return the same tokenizer, to which the mask is a token like those that were added, and so read in a text."""
    from tokenizers import Tokenizer

    state = json.loads(tokenizer.to_str())
    for token in state["added_tokens"]:
        token["special"] = token["special"] and token["content"] != mask
    return Tokenizer.from_str(json.dumps(state))


def _take_apart(tokenizer: Tokenizer, special: Sequence[str]) -> None:
    """Have none of these tokens read in a text, in place, whatever the model behind the splitting would make of it.

    A unigram model (T5, XLNet, ALBERT, XLM-R) finds "</s>" among its pieces also where it counts as no special token:
    it is cut behind its first character before the model sees it.
    """
    from tokenizers import Regex, pre_tokenizers

    tokenizer.encode_special_tokens = True
    read = {token: tokenizer.encode(token, add_special_tokens=False).tokens for token in special if len(token) > 1}
    found = [token for token, tokens in read.items() if token in tokens]
    if not found:
        return
    pattern = "|".join(f"{re.escape(token[0])}(?={re.escape(token[1:])})" for token in found)
    cut = pre_tokenizers.Split(Regex(pattern), "isolated")
    before = tokenizer.pre_tokenizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([before, cut]) if before else cut


def add_emoji(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Have the tokenizer read emoji, and the model know them, in place.

    The token embedding of a new emoji is the mean of those of its name's pieces: "unamused face" for 😒. Emoji that the
    base has pieces for stay as they are, as does a base whose tokenizer knows no [UNK].
    """
    import torch

    if not tokenizer.is_fast or not isinstance(embeddings_of(model), torch.nn.Embedding):
        return  # a tokenizer written in Python, or vectors that do not grow (I-BERT's, in whole numbers)
    names = unread_emoji(tokenizer.backend_tokenizer)
    if not names:
        return
    known = _word_vectors(model)
    pieces = [torch.tensor(ids) for ids in names.values()]
    begins = torch.tensor([0, *(len(ids) for ids in pieces[:-1])]).cumsum(0)
    meanings = torch.nn.functional.embedding_bag(torch.cat(pieces).to(known.device), known, begins, mode="mean")
    tokenizer.add_tokens(list(names))
    model.resize_token_embeddings(max(len(tokenizer), len(known)), mean_resizing=False)
    _word_vectors(model)[tokenizer.convert_tokens_to_ids(list(names))] = meanings


def embeddings_of(model: PreTrainedModel) -> nn.Module | None:
    """Return the embeddings of tokens; None of architectures that compute them from characters (CANINE)."""
    try:
        return model.get_input_embeddings()
    except NotImplementedError:
        return None


def unread_emoji(tokenizer: Tokenizer) -> dict[str, list[int]]:
    """Return emoji that ``tokenizer`` reads as [UNK], and the ids of the pieces of their names (which it can read)."""
    unknown = getattr(tokenizer.model, "unk_token", None)
    if unknown is None:
        return {}
    tokenizer.no_padding()  # transformers says anew in each call whether to pad
    readings = tokenizer.encode_batch(list(_emoji()), add_special_tokens=False)
    unread = [emoji for emoji, reading in zip(_emoji(), readings, strict=True) if unknown in reading.tokens]
    names = tokenizer.encode_batch([unicodedata.name(emoji).lower() for emoji in unread], add_special_tokens=False)
    return {emoji: name.ids for emoji, name in zip(unread, names, strict=True) if unknown not in name.tokens}


def _word_vectors(model: PreTrainedModel) -> Tensor:
    """Return (tokens, width): the embeddings of word pieces themselves, to be read and written without gradients."""
    weight: Tensor = model.get_input_embeddings().get_parameter("weight")
    return weight.detach()


@cache
def _emoji() -> tuple[str, ...]:
    """Return every emoji with a name in this Python's tables of Unicode, one character each."""
    characters = (chr(point) for block in _BLOCKS for point in block)
    return tuple(c for c in characters if unicodedata.category(c) in _SYMBOLS and unicodedata.name(c, None) is not None)


class Legibility:
    """Which ids of a tokenizer stand for nothing of a text, and which for what it does not know.

    Byte-level tokenizers know everything: theirs is no unknown token, or one that stands for the end of a text, too.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        marks = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id,
                 tokenizer.pad_token_id)  # fmt: skip
        unknown: Any = tokenizer.unk_token_id
        self._unknown = None if unknown in marks else unknown
        gap: Any = tokenizer.mask_token_id  # a masked word is a word
        self._silent = {*tokenizer.all_special_ids, tokenizer.convert_tokens_to_ids(_SPACE)} - {unknown, gap}
        if self._unknown is None:
            self._silent.add(unknown)

    def unknown_share(self, ids: Sequence[int], parts: Sequence[int | None] | None = None) -> float:
        """Return the share of unknown tokens among those that stand for something of a text: 0 to 1.

        NaN where there is no such token: the model reads nothing of the text. ``parts`` says of each token whether it
        is of the first (0) or the second (1) text of a pair, which is NaN if either of them is.
        """
        read = [place for place, token in enumerate(ids) if token not in self._silent]
        if not read or (parts is not None and not {0, 1} <= {parts[place] for place in read}):
            return float("nan")
        return sum(ids[place] == self._unknown for place in read) / len(read)
