"""What of a text a model can read: tokens that stand for some of it, and those that stand for the unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SPACE = "▁"  # SentencePiece begins every text with it, also one of which nothing is left


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
