"""What a classifier says of texts, as records that a notebook shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from bertdemo.library import html
from bertdemo.lines import one_line, shorten

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_SHOWN, _SHOWN_CHARACTERS = 20, 80


@dataclass(frozen=True)
class Prediction:
    """The label of one text.

    Attributes:
        text: the text.
        pair: the second text, for a classifier of pairs.
        scores: the calibrated probability of each label, the most probable label first.
        tokens: how many tokens the model read, special tokens included.
        unknown_share: the share of these that the model does not know, special tokens left out.
        truncated: whether the text is longer than the model reads.
    """

    text: str
    pair: str | None
    scores: Mapping[str, float]
    tokens: int
    unknown_share: float
    truncated: bool

    @property
    def label(self) -> str:
        """The most probable label."""
        return next(iter(self.scores))

    @property
    def confidence(self) -> float:
        """The probability of ``label``."""
        return self.scores[self.label]

    def _repr_html_(self) -> str:
        return html.table(["label", "probability"], [(name, f"{share:.4f}") for name, share in self.scores.items()])


@dataclass(frozen=True, eq=False)
class Predictions(Sequence[Prediction]):
    """The labels of texts, in their order; each is a ``Prediction``.

    Attributes:
        texts: the texts.
        pairs: their second texts, for a classifier of pairs.
        label_names: the labels, in the order of the columns of ``probabilities``.
        probabilities: (texts, labels), calibrated; rows sum to 1.
        tokens: how many tokens the model read of each.
        unknown_shares: (texts,), the share of these that the model does not know.
        truncated: of each, whether it is longer than the model reads.
    """

    texts: tuple[str, ...]
    pairs: tuple[str, ...] | None
    label_names: tuple[str, ...]
    probabilities: NDArray[np.float64]
    tokens: tuple[int, ...]
    unknown_shares: NDArray[np.float32]
    truncated: tuple[bool, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The most probable label of each text."""
        return tuple(self.label_names[best] for best in self.probabilities.argmax(axis=1))

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        """Show how often each label was predicted, and no text."""
        counts = Counter(self.labels)
        told = ", ".join(f"{label!r}: {counts[label]:,}" for label in self.label_names)
        return f"Predictions({len(self):,} texts, {{{told}}})"

    def __iter__(self) -> Iterator[Prediction]:
        return (self[place] for place in range(len(self)))

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Prediction, ...]: ...
    def __getitem__(self, place: int | slice) -> Prediction | tuple[Prediction, ...]:
        if isinstance(place, slice):
            return tuple(self[each] for each in range(*place.indices(len(self))))
        scores = zip(self.label_names, self.probabilities[place].tolist(), strict=True)
        return Prediction(
            self.texts[place], self.pairs[place] if self.pairs else None, dict(sorted(scores, key=lambda s: -s[1])),
            self.tokens[place], float(self.unknown_shares[place]), self.truncated[place],
        )  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return a row a text: the text, its label, the confidence, and the probability of each label."""
        import pandas as pd

        columns = {"text": self.texts} | ({} if self.pairs is None else {"pair": self.pairs})
        columns |= {"label": self.labels, "confidence": self.probabilities.max(axis=1).tolist()}
        frame = pd.DataFrame(columns)
        shares = pd.DataFrame(self.probabilities, columns=[f"p({name})" for name in self.label_names])
        return pd.concat([frame, shares], axis=1)

    def _repr_html_(self) -> str:
        rows = [
            (shorten(one_line(each.text), _SHOWN_CHARACTERS), each.label, f"{each.confidence:.4f}")
            for each in self[:_SHOWN]
        ]
        more = html.paragraph(f"and {len(self) - _SHOWN:,} more") if len(self) > _SHOWN else ""
        return html.table(["text", "label", "confidence"], rows) + more
