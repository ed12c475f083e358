"""The process that does one study: ``python -m bertdemo.studies.worker FOLDER LOCK``.

Words: explain the texts that are not yet explained, keep each few, then count, and mask what looks like a shortcut.
Map: the vectors of the texts before and after fine-tuning. Every way out ends in a final state with one sentence.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bertdemo.errors import ModelError
from bertdemo.studies.folder import StudyFolder
from bertdemo.studies.material import Material, gather
from bertdemo.studies.records import Explained, MapFindings, Point, ScoredWord, WordFindings
from bertdemo.studies.shortcuts import MOST, masked_effects, suspects
from bertdemo.studies.vectors import first_token_vectors, judge
from bertdemo.studies.words import count_compared, findings, tally
from bertdemo.tasks.records import State
from bertdemo.tasks.worker import StatusWriter, raise_if_asked, run_task, run_worker

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bertdemo.explanation.attribution import Attribution
    from bertdemo.explanation.tokenized_text import TokenizedText
    from bertdemo.models.classifier import Classifier

# A text of the material → what moved its answer.
Attribute = Callable[[Material, "TokenizedText"], "Attribution"]


def main(arguments: Sequence[str]) -> int:
    """Do the study, then start the next one that waits. Returns 0 if the study finished."""
    from bertdemo.studies.store import Studies

    return 0 if run_worker(arguments, Studies, work) is State.FINISHED else 1


def integrate(material: Material, tokenized: TokenizedText) -> Attribution:
    """Return integrated gradients for the studied answer; a cancel is heard between two steps of the integral."""
    from bertdemo.explanation.integrated_gradients import integrated_gradients

    card = material.folder.card
    target = card.question.predicted
    if target is None:
        raise ValueError("a map explains no answers")
    return integrated_gradients(
        material.classifier, tokenized, target, card.question.against, baseline=card.baseline,
        should_stop=lambda: material.folder.request() == "cancel",
    )  # fmt: skip


def work(folder: StudyFolder, attribute: Attribute = integrate) -> State:
    """Do what is left of the study in this process and return the state it ended in."""
    return run_task(folder, lambda writer: _do(folder, writer, attribute))


def _do(folder: StudyFolder, writer: StatusWriter, attribute: Attribute) -> tuple[State, str]:
    writer.update(State.STARTING, f"Loading the classifier {folder.card.run_name}.")
    folder.drop_damaged_parts()
    raise_if_asked(folder, "cancel")
    material = gather(folder)
    raise_if_asked(folder, "cancel")
    if folder.card.question.about == "map":
        found: WordFindings | MapFindings = _locate(material, writer)
    else:
        _explain(material, writer, attribute)
        raise_if_asked(folder, "cancel")
        total = len(folder.card.places)
        writer.update(State.EXPLAINING, "Masking the words that look like shortcuts.", step=total, remaining=None)
        found = _conclude(material)
    raise_if_asked(folder, "cancel")
    folder.write_findings(found)
    return State.FINISHED, "Finished."


def _explain(material: Material, writer: StatusWriter, attribute: Attribute) -> None:
    """Explain what is not yet explained, a few texts at a time."""
    folder = material.folder
    before = done = folder.texts_done()
    began, total = time.perf_counter(), len(folder.card.places)
    for chunk in sorted(set(range(folder.chunks())) - folder.done()):
        explained = [_explained(material, place, attribute) for place in folder.places_of(chunk)]
        folder.write_part(chunk, explained)
        done += len(explained)
        speed = (done - before) / (time.perf_counter() - began)
        message = f"Explaining: text {done:,} of {total:,}."
        writer.update(State.EXPLAINING, message, step=done, steps=total, speed=speed, remaining=(total - done) / speed)


def _explained(material: Material, place: int, attribute: Attribute) -> Explained:
    raise_if_asked(material.folder, "cancel")
    tokenized = material.tokenized(place)
    found = attribute(material, tokenized)
    words = tuple(
        ScoredWord(word.text, word.start, word.end, word.part, float(score))
        for word, score in zip(tokenized.words, found.word_scores, strict=True)
    )
    return Explained(
        place,
        found.output,
        found.baseline_output or 0.0,
        found.other,
        found.certified,
        tokenized.truncated,
        words,
        found.precision,
    )


def _conclude(material: Material) -> WordFindings:
    """Count the words of all attributions, and mask those that look like shortcuts."""
    folder = material.folder
    explained = list(folder.explained())
    label = folder.card.question.predicted or 0
    tallies = tally(explained)
    found = findings(tallies)
    suspected = suspects(found, material.split.part("train"), label)
    chosen = dict(list(suspected.items())[:MOST]) if material.classifier.tokenizer.mask_token_id is not None else {}
    shortcuts = tuple(masked_effects(chosen, found, material.test, label, material.tokenized, material.predict))
    return WordFindings(
        texts=len(explained), certified=sum(each.certified for each in explained),
        cut=sum(each.cut for each in explained), compared=count_compared(tallies),
        rare=len(tallies) - len(found), words=tuple(found.values()), suspected=len(suspected), shortcuts=shortcuts,
        in_bf16=sum(each.precision == "bf16" for each in explained),
    )  # fmt: skip


def _locate(material: Material, writer: StatusWriter) -> MapFindings:
    """Return the vectors of the texts by the fine-tuned model and by its base, each flattened by itself."""
    from bertdemo.models.devices import choose_placement

    places = list(material.folder.card.places)
    test, placement = material.test.select(places), choose_placement()
    truth = np.asarray(test.labels, dtype=np.int64)
    steps = 2 * len(places)

    def vectors(classifier: Classifier, so_far: int, name: str) -> NDArray[np.float32]:
        """Compute those of all texts, with a word on how far it is after each batch."""

        def report(done: int) -> None:
            raise_if_asked(material.folder, "cancel")
            writer.update(State.EXPLAINING, f"Reading the texts with {name}.", step=so_far + done, steps=steps)

        return first_token_vectors(classifier, test.texts, test.pairs, placement, report)

    after, after_view = judge(vectors(material.classifier, 0, "the fine-tuned model"), truth)
    before, before_view, missing = np.zeros((len(places), 0)), None, ""
    try:
        base = _base_of(material)
    except ModelError as error:
        missing = str(error)
    else:
        before, before_view = judge(vectors(base, len(places), "its base model"), truth)
    predicted = material.answered.predicted
    points = (
        Point(place, int(truth[row]), int(predicted[place]), tuple(before[row].tolist()), tuple(after[row].tolist()))
        for row, place in enumerate(places)
    )
    return MapFindings(tuple(points), before_view, after_view, missing, placement.precision)


def _base_of(material: Material) -> Classifier:
    """Return the base model as it was before fine-tuning; its head is random and is not asked.

    Raises:
        ModelError: the base is no longer to be had.
    """
    from bertdemo.models.checkpoints import load_base
    from bertdemo.models.speedups import compute_only_first_token

    tuned = material.classifier
    base = load_base(material.base, tuned.label_names, dropout=0.0, max_length=tuned.max_length)
    compute_only_first_token(base.model)
    return replace(base, model=base.model.eval())


def import_everything() -> None:
    """Import what a study of a BERT needs, the parts that transformers would load only at first use included."""
    import scipy.special
    from transformers import AutoTokenizer, BertForSequenceClassification

    from bertdemo.prediction.model_cache import ModelCache

    del scipy, AutoTokenizer, BertForSequenceClassification, ModelCache


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
