"""What a classifier says of a text and why: records that a notebook shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

from bertdemo.errors import ExplanationError
from bertdemo.explanation import tinting
from bertdemo.library import notebooks
from bertdemo.lines import one_line, shorten, signed

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from bertdemo.explanation.attribution import Attribution
    from bertdemo.explanation.windows import Whole

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
        return notebooks.table(
            ["label", "probability"], [(name, f"{share:.4f}") for name, share in self.scores.items()]
        )


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
        more = notebooks.paragraph(f"and {len(self) - _SHOWN:,} more") if len(self) > _SHOWN else ""
        return notebooks.table(["text", "label", "confidence"], rows) + more


@dataclass(frozen=True, eq=False)
class Explanation:
    """A score for each word of a text: how far it increases or decreases the score of a label.

    A text that is longer than the model reads is explained in overlapping windows; scores are means over these.

    Attributes:
        prediction: what is explained.
        values: all of it as plain values, the same as ``python -m bertdemo explain --json`` prints.
    """

    prediction: Prediction
    values: Mapping[str, Any] = field(repr=False)
    _found: Attribution | Whole = field(repr=False)

    @property
    def target(self) -> str:
        """The label whose score is explained."""
        return str(self.values["target"])

    @property
    def against(self) -> str | None:
        """The label that it is compared with; None where the logit of the target alone is explained."""
        against: str | None = self.values["against"]
        return against

    @property
    def method(self) -> str:
        """How the scores were computed."""
        return str(self.values["method"])

    @property
    def certified(self) -> bool:
        """Whether the scores add up to what they explain, within 1 %: true of the sum, and no proof of the scores."""
        return bool(self.values["certified"])

    def to_frame(self) -> pd.DataFrame:
        """Return a row a word in the order of the text.

        Returns:
            Columns ``word``, ``start`` and ``end`` (characters), ``part`` (0: the text, 1: its pair) and ``score`` (in
            logits where the method's scores add up).
        """
        import pandas as pd

        columns = {"text": "word", "start": "start", "end": "end", "part": "part", "score": "score"}
        words = [{column: word[name] for name, column in columns.items()} for word in self.values["words"]]
        return pd.DataFrame(words, columns=list(columns.values()))

    def to_html(self) -> str:
        """Return the text with its words tinted (blue increases the score, orange decreases it), and what was asked.

        Every text in it is escaped.
        """
        from bertdemo.explanation.windows import Whole

        whole = self._found.windows.whole if isinstance(self._found, Whole) else self._found.tokenized
        parts = tinting.words(whole, self._found.word_scores, signed=self.values["signed"])
        return notebooks.paragraph(self._asked()) + notebooks.tinted(parts) + notebooks.paragraph(self._sum())

    def _repr_html_(self) -> str:
        return self.to_html()

    def _asked(self) -> str:
        instead = "" if self.against is None else f" and not “{self.against}”"
        label, confidence = self.prediction.label, self.prediction.confidence
        return f"Predicted “{label}” ({confidence:.4f}). Why “{self.target}”{instead}? ({self.method})"

    def _sum(self) -> str:
        if not self.values["signed"]:
            return "Darker words matter more; this method does not say in which direction."
        told = "Blue words (+) increase the score, orange ones (−) decrease it."
        if not self.values["adds_up"]:
            return told
        if self.values["tiny_difference"]:
            return f"{told} Text and baseline are nearly the same to the model, so the scores say little."
        checked = "at most 1 %, so the sum is checked" if self.certified else "more than 1 %, so read them with care"
        remainder = signed(self.values["remainder"], 3)
        return f"{told} What they leave unexplained: {remainder} of {signed(self.values['difference'], 3)} ({checked})."


@dataclass(frozen=True, eq=False)
class Attention:
    """The attention weights of all heads to a text: where the model looks, which is not why it predicts a label.

    Attributes:
        tokens: the tokens that the model reads, special ones included.
        weights: (layers, heads, tokens, tokens): row i says how token i divides its attention; rows sum to 1.
    """

    tokens: tuple[str, ...]
    weights: NDArray[np.float32] = field(repr=False)

    def to_frame(self, layer: int | None = None, head: int | None = None) -> pd.DataFrame:
        """Return who attends (rows) to whom (columns).

        Args:
            layer: counted from 1; None for the mean over all layers.
            head: counted from 1; None for the mean over all heads.

        Raises:
            ExplanationError: there is no such layer or head.
        """
        import pandas as pd

        return pd.DataFrame(self._mean(layer, head), index=self.tokens, columns=self.tokens)

    def to_html(self, layer: int | None = None, head: int | None = None) -> str:
        """Return the same as a table, darker where more of a row's attention goes; every token is escaped."""
        from html import escape

        mean = self._mean(layer, head)
        darkest = float(mean.max(initial=0.0)) or 1.0
        names = [escape(one_line(token)) for token in self.tokens]
        top = "".join(f'<th scope="col" style="writing-mode:vertical-rl">{name}</th>' for name in names)
        rows = "".join(
            f'<tr><th scope="row">{name}</th>'
            + "".join(f'<td style="background:{notebooks.shade(w / darkest)}" title="{w:.3f}"></td>' for w in row)
            + "</tr>"
            for name, row in zip(names, mean.tolist(), strict=True)
        )
        of = f"{'all layers' if layer is None else f'layer {layer}'}, {'all heads' if head is None else f'head {head}'}"
        said = notebooks.paragraph(
            f"Each row says where its token attends ({of}); this is not why a label is predicted."
        )
        return f"{said}<table><thead><tr><td></td>{top}</tr></thead><tbody>{rows}</tbody></table>"

    def _repr_html_(self) -> str:
        return self.to_html()

    def _mean(self, layer: int | None, head: int | None) -> NDArray[np.float64]:
        layers, heads = self.weights.shape[:2]
        for name, number, most in (("layer", layer, layers), ("head", head, heads)):
            if number is not None and not 1 <= number <= most:
                raise ExplanationError(f"There is no {name} {number}: choose one from 1 to {most}.")
        chosen = self.weights if layer is None else self.weights[layer - 1 : layer]
        chosen = chosen if head is None else chosen[:, head - 1 : head]
        mean: NDArray[np.float64] = chosen.astype(float).mean(axis=(0, 1))
        return mean
