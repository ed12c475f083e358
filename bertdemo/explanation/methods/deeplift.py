"""DeepLIFT (Shrikumar et al., 2017), which is named and not offered: people look for it."""

from __future__ import annotations

from bertdemo.errors import ExplanationError
from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.methods.method import Method
from bertdemo.models.classifier import Classifier

_REASON = (
    "its rules are for non-linear modules; attention multiplies activations and takes a softmax outside of any, so "
    "that the scores would not add up."
)


class DeepLift(Method):
    """Differences from the baseline, handed back layer by layer; not for attention."""

    key, name, place = "deeplift", "DeepLIFT", 8
    adds_up = True
    sentence = "Differences from the baseline, handed back layer by layer."

    def why_not(self, classifier: Classifier) -> str:
        return _REASON

    def attribute(self, output: ExplainedOutput, baseline: str, seed: int) -> Attribution:
        """Refuse, see ``Method.attribute``."""
        raise ExplanationError(f"{self.name} is not offered for this model: {_REASON}")
