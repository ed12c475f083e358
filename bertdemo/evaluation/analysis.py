"""What the answers of a run on its test part tell: a result for each section of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bertdemo.errors import RunError

if TYPE_CHECKING:
    from bertdemo.data.dataset import Dataset, Split
    from bertdemo.evaluation.calibration import Calibration, Coverage
    from bertdemo.evaluation.comparison import Comparison
    from bertdemo.evaluation.metrics import Answers, Floats
    from bertdemo.evaluation.mistakes import Example, Suspects
    from bertdemo.evaluation.ranking import Ranking
    from bertdemo.evaluation.slices import Slices

_MOST_ERRORS = 100_000


@dataclass(frozen=True, eq=False)
class Analysis:
    """The results of a test part. Each is computed when it is first asked for, and no model is needed.

    Args:
        answers: of the run.
        label_names: in the order of the logits.
        temperature: divides the logits, as in prediction.
        read_split: reads the split of the run, for what needs its texts.
    """

    answers: Answers
    label_names: tuple[str, ...]
    temperature: float
    read_split: Callable[[], Split]

    @cached_property
    def split(self) -> Split:
        """The split of the run.

        Raises:
            RunError: it cannot be read, or the answers are not those to its test part.
        """
        split = self.read_split()
        if tuple(self.answers.test.truth.tolist()) != split.part("test").labels:
            raise RunError("The answers that this run kept are to other texts than its test part has: train it again.")
        return split

    @cached_property
    def test(self) -> Dataset:
        return self.split.part("test")

    @cached_property
    def probabilities(self) -> Floats:
        """Of the test texts, shape (texts, labels)."""
        return self.answers.test.probabilities(self.temperature)

    @cached_property
    def calibration(self) -> Calibration:
        """Of the answers as they are given."""
        from bertdemo.evaluation.calibration import calibration

        return calibration(self.probabilities, self.answers.test.truth)

    @cached_property
    def uncalibrated(self) -> Calibration:
        """Of the answers without temperature scaling."""
        from bertdemo.evaluation.calibration import calibration

        if self.temperature == 1:
            return self.calibration
        return calibration(self.answers.test.probabilities(), self.answers.test.truth)

    @cached_property
    def coverage(self) -> Coverage:
        from bertdemo.evaluation.calibration import coverage

        return coverage(self.probabilities, self.answers.test.truth)

    @cached_property
    def ranking(self) -> Ranking | None:
        """None where all test texts have the same label."""
        from bertdemo.evaluation.ranking import rank

        return rank(self.probabilities, self.answers.test.truth, self.label_names)

    @cached_property
    def slices(self) -> tuple[tuple[Slices, ...], RunError | None]:
        """All divisions of the test texts, or that by label alone and why: the texts may be lost."""
        from bertdemo.evaluation.slices import slice_all, slice_by_label

        try:
            return slice_all(self.answers.test.predicted, self.test), None
        except RunError as error:
            return (slice_by_label(self.answers.test.predicted, self.answers.test.truth, self.label_names),), error

    @cached_property
    def errors(self) -> tuple[Example, ...]:
        """The mistakes on the test texts, the most confident first."""
        from bertdemo.evaluation.mistakes import confident_errors

        return confident_errors(self.probabilities, self.test, _MOST_ERRORS)

    @cached_property
    def suspects(self) -> Suspects:
        """Training rows that look mislabelled; takes seconds."""
        from bertdemo.evaluation.mistakes import mislabelled
        from bertdemo.models import load_libraries

        load_libraries()  # scikit-learn asks a torch that is being imported for what it has not yet
        return mislabelled(self.split)

    @cached_property
    def against_baseline(self) -> Comparison:
        """The classifier (first) and TF-IDF with logistic regression (second), text by text."""
        from bertdemo.evaluation.comparison import compare

        return compare(self.answers.test.truth, self.answers.test.predicted, self.answers.baseline)

    def behind(self, truth: str, predicted: str) -> tuple[Example, ...]:
        """Return the test texts of one label that were given another (or the same), the most confident first."""
        from bertdemo.evaluation.mistakes import behind_cell

        names = self.label_names
        return behind_cell(self.probabilities, self.test, names.index(truth), names.index(predicted))
