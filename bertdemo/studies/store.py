"""All studies of one home: what pages and commands call."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bertdemo.errors import ExplanationError, RunError
from bertdemo.evaluation.metrics import Answered
from bertdemo.explanation.attribution import BASELINES
from bertdemo.runs.records import Run
from bertdemo.runs.store import STARTERS, Runs
from bertdemo.runs.versions import model_digest
from bertdemo.settings import Settings
from bertdemo.studies.folder import StudyFolder
from bertdemo.studies.records import MapFindings, Question, Study, StudyCard, WordFindings
from bertdemo.tasks.backend import Backend
from bertdemo.tasks.records import State, Status
from bertdemo.tasks.resumable import ResumableTaskStore
from bertdemo.tasks.store import new_id

_CHUNK = 5  # texts that are explained and kept at a time: a second or two of work
_StudyList = list[Study]


class Studies(ResumableTaskStore[StudyFolder]):
    """The studies in ``settings.home / "studies"``. Any number of these may exist, in any number of processes.

    One study works at a time, the others wait in order. Methods that take an id raise ``RunError`` where there is no
    such study; those that write raise ``StorageError`` where the disk does not let them. Looking at studies keeps the
    queue moving.
    """

    def __init__(
        self,
        settings: Settings,
        backend: Backend[StudyFolder] | None = None,
        clock: Callable[[], float] = time.time,
        starters: Path = STARTERS,
    ) -> None:
        backend = backend or _local_backend(settings)
        super().__init__(StudyFolder, settings.home / "studies", settings.home / "studies.sqlite", backend, clock)
        self._runs = Runs(settings, clock=clock, starters=starters)

    def submit(self, run_id: str, question: Question, most: int | None = None, *, baseline: str = "pad") -> str:
        """Make a study, put it at the end of the queue, and start it if no other is at work. Returns its id.

        The same question about the same model is answered once: a study that is still here is taken up again.

        Args:
            run_id: a tested run; a starter, too.
            question: see ``selection.question_about``; ``Question("map")`` for the map.
            most: texts at most, a random sample of more; None is 500 for words and 1,000 for the map.
            baseline: of the attributions, a key of ``explanation.baselines.BASELINES``.

        Raises:
            RunError: there is no such run, it has no tested model, kept no answers, or gave this answer to no text.
            ExplanationError: ``most`` is out of range, or there is no such baseline.
        """
        if baseline not in BASELINES:
            raise ExplanationError(f"There is no baseline {baseline[:40]!r}: choose one of {', '.join(BASELINES)}.")
        model, run = model_digest(self._runs.model_folder(run_id)), self._runs.get(run_id)
        answers = self._runs.folder(run_id).answers()
        if answers is None:
            raise RunError(f"The run {run_id} kept no answers to its test texts: fine-tune it again to study them.")
        limit = MOST_MAP if question.about == "map" else MOST_WORDS
        places, available = choose(answers.test, question, limit if most is None else most)
        card = self._card(run, question, places, available, baseline, model)
        if again := self._same(card):
            return again
        folder = StudyFolder.create(self._root / new_id(run.name, card.created), card)
        self._enqueue(folder)
        return folder.id

    def get(self, study_id: str) -> Study:
        """Return one study as it stands now.

        Raises:
            RunError: there is none of that id, or its folder is damaged.
        """
        folder, status, position = self._refreshed_one(study_id)
        return Study(folder.id, folder.card, status, position)

    def list(self, run_id: str | None = None) -> _StudyList:
        """Return all studies (of a run), the newest first. A damaged one is listed as failed, with a sentence."""
        studies = [_read(*found) for found in self._refreshed()]
        if run_id is not None:
            studies = [each for each in studies if each.card and each.card.run == run_id]
        return sorted(studies, key=lambda study: (study.card.created if study.card else 0.0, study.id), reverse=True)

    def words(self, study_id: str) -> WordFindings:
        """Return what moved the answers.

        Raises:
            RunError: the study has not finished, is damaged, or is a map.
        """
        return self._finished(study_id).words()

    def map(self, study_id: str) -> MapFindings:
        """Return where the test texts lie; raises as ``words`` does."""
        return self._finished(study_id).map()

    def delete_run(self, run_id: str) -> None:
        """Remove a run for good, and its studies with it: without its texts nobody can read them.

        Jobs of the run stay: a table with its predictions is whole without it.

        Raises:
            RunError: there is no such run, it is live or comes with the app; or a study of it is live.
        """
        studies = self.list(run_id)
        for study in studies:
            if (state := study.status.state).is_live:
                raise RunError(f"A study of the run {run_id} is still {state}: cancel it, or wait until it has ended.")
        self._runs.delete(run_id)
        for study in studies:
            self.delete(study.id)

    def _finished(self, study_id: str) -> StudyFolder:
        folder = self.folder(study_id)
        state = self._dispatcher.refresh_status(folder).state
        if state is not State.FINISHED:
            raise RunError(f"The study {study_id} is {state} and has no findings yet: wait for it, or resume it.")
        return folder

    def _card(
        self, run: Run, question: Question, places: tuple[int, ...], available: int, baseline: str, model: str
    ) -> StudyCard:
        asked = repr((run.id, model, question, places, baseline if question.about == "words" else ""))
        return StudyCard(
            run=run.id, run_name=run.name, label_names=run.data.label_names, question=question, places=places,
            available=available, baseline=baseline, chunk=_CHUNK, created=self._clock(),
            fingerprint=hashlib.sha256(asked.encode()).hexdigest(), model=model,
        )  # fmt: skip

    def _same(self, card: StudyCard) -> str | None:
        """Return a study that was asked the same before, put in line again if it has to be."""
        for study in self.list(card.run):
            if study.card and study.card.fingerprint == card.fingerprint:
                if study.can_resume:
                    self.resume(study.id)
                return study.id
        return None


def _read(folder: StudyFolder, status: Status, position: int | None) -> Study:
    try:
        return Study(folder.id, folder.card, status, position)
    except RunError as error:
        return Study(folder.id, None, Status(State.FAILED, str(error), status.updated))


def _local_backend(settings: Settings) -> Backend[StudyFolder]:
    """Import late: only who starts work needs what starts it."""
    from bertdemo.tasks.local import LocalBackend, worker_command

    return LocalBackend(settings, worker_command("bertdemo.studies.worker"))


MOST_WORDS, MOST_MAP = 500, 1000  # texts of a study
LEAST_MAP = 3  # one text is a point and two are a line, whatever the model makes of them
_SEED = 0  # the same question has the same sample


def question_about(label_names: Sequence[str], predicted: str, truth: str | None = None) -> Question:
    """Return what moved the answers ``predicted``, to all texts or to those of the label ``truth``.

    Raises:
        ExplanationError: there is no such label.
    """
    return Question("words", _index(label_names, predicted), None if truth is None else _index(label_names, truth))


def choose(answered: Answered, question: Question, most: int) -> tuple[tuple[int, ...], int]:
    """Return places in the test part, a random sample of at most ``most`` in their order, and how many there are.

    Raises:
        ExplanationError: ``most`` is out of range.
        RunError: no test text is of this kind, or there are too few for a map.
    """
    what, least, limit = ("map", LEAST_MAP, MOST_MAP) if question.about == "map" else ("study", 1, MOST_WORDS)
    if not least <= most <= limit:
        raise ExplanationError(f"A {what} reads {least} to {limit:,} texts and not {most:,}: choose another number.")
    if question.about == "map" and len(answered) < LEAST_MAP:
        raise RunError(too_few_for_a_map(len(answered)))
    wanted = np.ones(len(answered), dtype=np.bool_)
    if question.predicted is not None:
        wanted &= answered.predicted == question.predicted
    if question.truth is not None:
        wanted &= answered.truth == question.truth
    places = np.flatnonzero(wanted)
    if not len(places):
        raise RunError("There is no test text with this answer: choose another label or cell.")
    if len(places) > most:
        places = np.sort(np.random.default_rng(_SEED).choice(places, most, replace=False))
    return tuple(places.tolist()), int(wanted.sum())


def too_few_for_a_map(texts: int) -> str:
    """Return why there is no map, and what to do, as a sentence."""
    return f"A map needs {LEAST_MAP} test texts at the least, and this run has {texts}: fine-tune with more data."


def _index(label_names: Sequence[str], label: str) -> int:
    if label not in label_names:
        known = ", ".join(label_names[:20])
        raise ExplanationError(f"There is no label {label[:60]!r}: choose one of {known}.")
    return label_names.index(label)
