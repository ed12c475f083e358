"""Records of a study as the screens and commands see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bertdemo.tasks.records import Status
from bertdemo.tasks.resumable import can_resume

About = Literal["words", "map"]
Kind = Literal["word", "number", "handle", "tag", "address", "mark"]


@dataclass(frozen=True)
class Question:
    """Which test texts are studied: those called ``predicted``, or only those of the label ``truth`` among them.

    Labels are indices into the label names. The map is about test texts of all labels: both are None there.
    """

    about: About
    predicted: int | None = None
    truth: int | None = None

    @property
    def against(self) -> int | None:
        """Where the answer was wrong, the right label: the question is why it was this and not that."""
        return self.truth if self.truth != self.predicted else None


@dataclass(frozen=True)
class StudyCard:
    """What a study was asked to find out; written once.

    ``places`` count within the test part; they are ``available`` texts or a random sample of these. ``chunk`` texts are
    explained and kept at a time. ``fingerprint`` is a SHA-256 (hex) of all that decides the result, ``model`` one of
    the run's weights.
    """

    run: str
    run_name: str
    label_names: tuple[str, ...]
    question: Question
    places: tuple[int, ...]
    available: int
    baseline: str
    chunk: int
    created: float
    fingerprint: str
    model: str


@dataclass(frozen=True)
class Study:
    """One row of the list of studies. ``card`` is None where the study is damaged; ``status.message`` says so."""

    id: str
    card: StudyCard | None
    status: Status
    position: int | None = None  # place in the queue, 1 = next

    @property
    def can_resume(self) -> bool:
        """Whether it ended before its last text and would go on where it stands."""
        return self.card is not None and can_resume(self.status.state)


@dataclass(frozen=True)
class ScoredWord:
    """A word of a text (``part`` 0) or of its pair (1), where it stands in it, and its attribution in logits."""

    text: str
    start: int
    end: int
    part: int
    score: float


@dataclass(frozen=True)
class Explained:
    """The attribution of one test text; ``other`` is what the special tokens took, all numbers are logits.

    ``cut`` says that the text was longer than the model reads. ``words`` are then those of its beginning alone: a study
    explains the answers that the run gave to its test texts, and these rest on nothing else. ``explanation.windows``
    explains the whole of a text, in parts with an answer each. ``precision`` is the number format of the scores.
    """

    place: int
    output: float
    baseline_output: float
    other: float
    certified: bool
    cut: bool
    words: tuple[ScoredWord, ...]
    precision: str = "fp32"


@dataclass(frozen=True)
class WordFinding:
    """A word, in whatever case it was written, or all words of one kind together (``group``).

    ``texts`` studied texts contain it, ``occurrences`` times in all. A text's score is the sum over its occurrences;
    ``mean`` and ``spread`` (standard deviation) are over these texts, in logits. ``low`` and ``high`` are the ends of
    Student's interval of the mean, 95 % for all compared words at once (Bonferroni); None where ``few`` texts contain
    it. ``pushing`` is the share of the texts in which it speaks for the answer. ``examples`` are places in the test
    part: the texts with the largest, the middle and the smallest score.
    """

    text: str
    kind: Kind
    group: bool
    texts: int
    occurrences: int
    mean: float
    spread: float
    low: float | None
    high: float | None
    pushing: float
    few: bool
    examples: tuple[int, ...]


@dataclass(frozen=True)
class Masked:
    """How often the answer was right on ``texts`` test texts with a word in them, before and after it was masked.

    ``called_before`` and ``called_after`` of them were called by the label that is studied, ``of_label`` are of it.
    ``change`` is accuracy after less before, with its 95 % interval (Agresti-Min); ``p_value`` that of the exact
    McNemar test, times the number of words that were masked (Bonferroni), at most 1.
    """

    texts: int
    of_label: int
    right_before: int
    right_after: int
    called_before: int
    called_after: int
    change: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Shortcut:
    """A word that may be a shortcut: it moves the answers, and stands nearly only in texts of this label.

    ``in_label`` of ``label_texts`` training texts of the label contain it, ``in_others`` of ``other_texts`` others.
    ``p_value``: how often chance alone would leave it so unevenly spread (Fisher's exact test, one-sided, Bonferroni).
    ``formal`` words say nothing by their meaning: numbers, handles, tags, addresses and marks.
    """

    word: WordFinding
    formal: bool
    in_label: int
    label_texts: int
    in_others: int
    other_texts: int
    p_value: float
    masked: Masked


@dataclass(frozen=True)
class WordFindings:
    """What moved the answers to ``texts`` test texts; of ``cut`` ones among them the model read the beginning alone.

    ``words`` stand in at least two of them; those that are not ``few`` were ``compared`` and come first, by the end of
    their interval that is nearest to zero. ``rare`` further words stand in one text alone. ``suspected`` words look
    like shortcuts; ``shortcuts`` are those of them that were masked. The scores of ``in_bf16`` texts were computed so,
    those of the others in fp32.
    """

    texts: int
    certified: int
    cut: int
    compared: int
    rare: int
    words: tuple[WordFinding, ...]
    suspected: int
    shortcuts: tuple[Shortcut, ...]
    in_bf16: int = 0


@dataclass(frozen=True)
class Point:
    """A test text on the map: its place in the test part, its labels, and where it lies (first, second component)."""

    place: int
    truth: int
    predicted: int
    before: tuple[float, ...]
    after: tuple[float, ...]


@dataclass(frozen=True)
class View:
    """How far a picture of the vectors can be trusted.

    ``explained`` are the shares of the variance on the two axes. ``neighbours`` is the share of texts whose nearest
    neighbour, in all dimensions, has their label; by ``chance`` it would be that.
    """

    explained: tuple[float, ...]
    neighbours: float
    chance: float


@dataclass(frozen=True)
class MapFindings:
    """Test texts as the model sees them before and after fine-tuning; ``before`` is None where the base is gone.

    ``missing`` says in a sentence why it is.
    """

    points: tuple[Point, ...]
    before: View | None
    after: View
    missing: str
    precision: str
