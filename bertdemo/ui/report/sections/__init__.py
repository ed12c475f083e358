"""The questions of a report: a ``Section`` in a file of this folder is found and drawn once somebody opens it.

A file has one section, or several that share much.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bertdemo.runs.records import Run

if TYPE_CHECKING:
    from bertdemo.evaluation.analysis import Analysis


@dataclass(frozen=True, eq=False)
class Reported:
    """A run that has ended, beside all ``runs``; without ``analysis`` an older version made it, or it has no test."""

    run: Run
    runs: list[Run]
    analysis: Analysis | None


class Section(ABC):
    """A question of the report. A class of this kind in a file of this folder is found and drawn.

    ``key`` names it in the address (``?key=true`` opens it), ``icon`` is one of Material's, ``place`` orders them.
    """

    title: ClassVar[str]
    key: ClassVar[str]
    icon: ClassVar[str]
    place: ClassVar[int] = 100

    def applies(self, subject: Reported) -> bool:
        """Return whether it is asked of a run."""
        return subject.analysis is not None

    @abstractmethod
    def draw(self, subject: Reported) -> None:
        """Draw the answer.

        Raises:
            BertDemoError: it cannot be given; the page shows the sentence.
        """


class AnalysisSection(Section):
    """A section that draws the analysis of the test part."""

    def draw(self, subject: Reported) -> None:
        """Draw the analysis of a run that has one."""
        if subject.analysis is not None:
            self.draw_analysis(subject.run, subject.analysis)

    @abstractmethod
    def draw_analysis(self, run: Run, analysis: Analysis) -> None:
        """Draw the answer, see ``Section.draw``."""
