"""Integrated gradients (Sundararajan et al., 2017)."""

from __future__ import annotations

from bertdemo.explanation.attribution import Attribution
from bertdemo.explanation.function import ExplainedOutput
from bertdemo.explanation.integrated_gradients import integrated_gradients
from bertdemo.explanation.methods.method import Method


class IntegratedGradients(Method):
    """Gradients along the straight line from baseline to text, with as many steps as it takes to add up."""

    key, name, place = "integrated_gradients", "Integrated gradients", 1
    adds_up = True
    sentence = (
        "Gradients along the way from the baseline to the text, added up: together they account for the whole "
        "difference between the two, and the remainder is shown."
    )

    def attribute(self, output: ExplainedOutput, baseline: str, seed: int) -> Attribution:
        """Score the tokens, see ``integrated_gradients.integrated_gradients``."""
        return integrated_gradients(
            output.classifier, output.tokenized, output.target, output.against,
            baseline=baseline, should_stop=output.should_stop,
        )  # fmt: skip
