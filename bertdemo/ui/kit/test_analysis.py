"""What a run answered, with all that is computed from it: each once, when somebody first asks, and for all sessions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.runs.records import Run
from bertdemo.ui.kit import resources

if TYPE_CHECKING:
    from bertdemo.data.dataset import Dataset, Split
    from bertdemo.evaluation.answers import Answers, Floats
    from bertdemo.evaluation.calibration import Calibration
    from bertdemo.evaluation.comparison import Comparison
    from bertdemo.evaluation.mislabelled import Suspects
    from bertdemo.evaluation.mistakes import Example
    from bertdemo.evaluation.ranking import Ranking
    from bertdemo.evaluation.slices import Slices
    from bertdemo.evaluation.thresholds import Coverage
    from bertdemo.runs.folder import RunFolder

_MOST_ERRORS = 100_000


@dataclass(frozen=True, eq=False)
class Evidence:
    """The answers of a run, and the texts they are about, which are read when somebody wants to see them.

    ``temperature`` divides the logits, as in prediction.
    """

    folder: RunFolder
    answers: Answers
    temperature: float

    @cached_property
    def split(self) -> Split:
        return self.folder.split()

    @cached_property
    def label_names(self) -> tuple[str, ...]:
        return self.folder.data_card().label_names

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

        return calibration(self.answers.test.probabilities(), self.answers.test.truth)

    @cached_property
    def coverage(self) -> Coverage:
        from bertdemo.evaluation.thresholds import coverage

        return coverage(self.probabilities, self.answers.test.truth)

    @cached_property
    def ranking(self) -> Ranking | None:
        from bertdemo.evaluation.ranking import rank

        return rank(self.probabilities, self.answers.test.truth, self.label_names)

    @cached_property
    def slices(self) -> tuple[Slices, ...]:
        from bertdemo.evaluation.slices import slice_all

        return slice_all(self.answers.test.predicted, self.test)

    @cached_property
    def slices_by_label(self) -> Slices:
        """What can be told where the texts are lost."""
        from bertdemo.evaluation.slices import slice_by_label

        return slice_by_label(self.answers.test.predicted, self.answers.test.truth, self.label_names)

    @cached_property
    def errors(self) -> tuple[Example, ...]:
        """The mistakes on the test texts, the most confident first."""
        from bertdemo.evaluation.mistakes import confident_errors

        return confident_errors(self.probabilities, self.test, _MOST_ERRORS)

    @cached_property
    def suspects(self) -> Suspects:
        """Training rows that look mislabelled; takes seconds."""
        from bertdemo.evaluation.mislabelled import mislabelled
        from bertdemo.models.libraries import load_libraries

        load_libraries()  # scikit-learn asks a torch that is being imported for what it has not yet
        return mislabelled(self.split)

    @cached_property
    def against_baseline(self) -> Comparison:
        from bertdemo.evaluation.comparison import compare

        return compare(self.answers.test.truth, self.answers.test.predicted, self.answers.baseline)

    def behind(self, truth: str, predicted: str) -> tuple[Example, ...]:
        """The test texts of one label that were given another (or the same), the most confident first."""
        from bertdemo.evaluation.mistakes import behind_cell

        names = self.label_names
        return behind_cell(self.probabilities, self.test, names.index(truth), names.index(predicted))


def evidence(run: Run) -> Evidence | None:
    """What the run answered; None where an older version made it, which did not keep that.

    Raises:
        RunError: the folder of the run is damaged.
    """
    folder = resources.runs().folder(run.id)
    path = folder.path / "answers.parquet"
    if not path.exists():
        return None
    return _read(str(folder.path), path.stat().st_mtime_ns, folder)


@st.cache_resource(show_spinner=False, max_entries=8)
def _read(path: str, edition: int, _folder: RunFolder) -> Evidence | None:  # noqa: ARG001 (the key of the cache)
    answers = _folder.answers()
    return Evidence(_folder, answers, _folder.temperature()) if answers else None
