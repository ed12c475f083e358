"""Why a classifier gave its label, as a record that a notebook shows with its words tinted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertdemo.explanation import tinting
from bertdemo.library import html
from bertdemo.lines import signed

if TYPE_CHECKING:
    import pandas as pd

    from bertdemo.explanation.attribution import Attribution
    from bertdemo.explanation.windows import Whole
    from bertdemo.library.prediction import Prediction


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
        return html.paragraph(self._asked()) + html.tinted(parts) + html.paragraph(self._sum())

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
