"""Studies from question to findings."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from bertdemo.errors import ExplanationError, RunError
from bertdemo.evaluation.metrics import Answered
from bertdemo.explanation.integrated_gradients import integrated_gradients
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict
from bertdemo.runs.folder import RunFolder
from bertdemo.studies import shortcuts, words
from bertdemo.studies.records import Question
from bertdemo.studies.store import Studies, choose, question_about
from bertdemo.studies.worker import integrate, work
from bertdemo.tasks.backend import ImmediateBackend
from bertdemo.tasks.records import State
from tests.jobs.test_store import IdleBackend
from tests.studies.fakes import fake_attribute, score_of

PRAISE, COMPLAINT = Question("words", 0), Question("words", 1)


@pytest.fixture
def idle(settings, run_id):
    return Studies(settings, IdleBackend())


@pytest.fixture
def answered(settings, run_id):
    return RunFolder(settings.home / "runs" / run_id).answers().test


@pytest.fixture
def test_texts(settings, run_id):
    return RunFolder(settings.home / "runs" / run_id).split().part("test").texts


def test_a_study_counts_the_words_of_every_text_that_got_the_answer(studies, run_id, answered, test_texts):
    study = studies.get(studies.submit(run_id, PRAISE))
    assert study.status.state is State.FINISHED
    assert list(study.card.places) == np.flatnonzero(answered.predicted == 0).tolist()
    assert study.card.available == len(study.card.places)
    found = studies.words(study.id)
    assert found.texts == found.certified == len(study.card.places)
    the = next(word for word in found.words if word.text == "the")
    with_it = [place for place in study.card.places if "the" in test_texts[place].replace(",", " ").split()]
    assert the.texts == len(with_it)
    assert set(the.examples) <= set(with_it)
    assert the.mean == pytest.approx(score_of("the") * the.occurrences / the.texts)


def test_a_cell_asks_why_this_and_not_the_right_label():
    question = question_about(("a", "b", "c"), "b", "a")
    assert (question.predicted, question.truth, question.against) == (1, 0, 0)
    assert question_about(("a", "b"), "b", "b").against is None
    assert question_about(("a", "b"), "b").against is None


def test_a_cell_holds_its_texts_alone_and_a_sample_is_always_the_same():
    logits = np.eye(2)[np.arange(400) % 2].astype(np.float32)
    answered = Answered(np.arange(400) // 200, logits)
    places, available = choose(answered, Question("words", 1, 0), 500)
    assert places == tuple(range(1, 200, 2))
    assert available == 100
    sample, available = choose(answered, Question("words", 1), 20)
    assert (len(sample), available) == (20, 200)
    assert sample == choose(answered, Question("words", 1), 20)[0] == tuple(sorted(sample))
    assert choose(answered, Question("map"), 1000)[1] == 400


def test_a_number_of_texts_out_of_range_is_refused(studies, run_id):
    for most in (0, -1, 501, 10**6):
        with pytest.raises(ExplanationError, match="1 to 500 texts"):
            studies.submit(run_id, PRAISE, most)


def test_a_map_of_fewer_than_three_texts_is_refused(studies, run_id):
    for most in (-1, 0, 1, 2, 1001):
        with pytest.raises(ExplanationError, match="A map reads 3 to 1,000 texts"):
            studies.submit(run_id, Question("map"), most)
    for texts in range(3):
        answered = Answered(np.zeros(texts, dtype=np.int64), np.zeros((texts, 2), dtype=np.float32))
        with pytest.raises(RunError, match=f"A map needs 3 test texts at the least, and this run has {texts}"):
            choose(answered, Question("map"), 1000)
    assert studies.list() == []


def test_what_cannot_be_asked_is_one_sentence(studies, run_id, settings):
    with pytest.raises(ExplanationError, match="no label 'nope'"):
        question_about(("praise", "complaint"), "nope")
    with pytest.raises(ExplanationError, match="no baseline"):
        studies.submit(run_id, PRAISE, baseline="grey")
    with pytest.raises(RunError, match="no run"):
        studies.submit("nothing", PRAISE)
    with pytest.raises(RunError, match="no test text with this answer"):
        studies.submit(run_id, Question("words", predicted=0, truth=1))
    (settings.home / "runs" / run_id / "answers.parquet").unlink()
    with pytest.raises(RunError, match="kept no answers"):
        studies.submit(run_id, PRAISE)


def test_the_same_question_is_answered_once(studies, run_id):
    first = studies.submit(run_id, PRAISE)
    assert studies.submit(run_id, PRAISE) == first
    assert studies.submit(run_id, PRAISE, 3) != first
    assert studies.submit(run_id, PRAISE, 3, baseline="zero") not in (first, studies.submit(run_id, PRAISE, 3))
    assert len(studies.list()) == len(studies.list(run_id)) == 3
    assert studies.list("another") == []


def test_a_map_holds_every_test_text_before_and_after(studies, run_id, answered):
    study_id = studies.submit(run_id, Question("map"))
    found = studies.map(study_id)
    assert [point.place for point in found.points] == list(range(len(answered)))
    assert [point.predicted for point in found.points] == answered.predicted.tolist()
    assert [point.truth for point in found.points] == answered.truth.tolist()
    assert all(len(point.before) == len(point.after) == 2 for point in found.points)
    assert found.before.explained != found.after.explained
    assert found.after.chance == found.before.chance == pytest.approx((7 * 6 + 8 * 7) / (15 * 14))
    assert studies.get(study_id).status.step == 2 * len(answered)


def test_a_map_without_its_base_model_shows_what_there_is(studies, run_id, settings):
    path = settings.home / "runs" / run_id / "recipe.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"base": str(settings.home / "gone")}))
    found = studies.map(studies.submit(run_id, Question("map")))
    assert found.before is None
    assert "base model" in found.missing
    assert all(point.before == () and len(point.after) == 2 for point in found.points)


def test_findings_are_there_once_the_study_has_finished(idle, run_id):
    study_id = idle.submit(run_id, PRAISE)
    with pytest.raises(RunError, match="no findings yet"):
        idle.words(study_id)
    study = idle.get(study_id)
    assert (study.status.state, study.position) == (State.STARTING, None)
    second = idle.get(idle.submit(run_id, Question("map")))
    assert (second.status.state, second.position) == (State.QUEUED, 1)
    idle.cancel(second.id)
    assert idle.get(second.id).status.state is State.CANCELLED


def test_a_cancelled_study_keeps_what_it_explained_and_goes_on_when_asked_again(settings, run_id):
    """A person cancels while the sixth text is explained; the first five are kept as they are."""
    seen = []

    def attribute(material, tokenized):
        seen.append(tokenized.text)
        if len(seen) == 6:
            material.folder.write_request("cancel")
        return fake_attribute(material, tokenized)

    studies = Studies(settings, ImmediateBackend(lambda folder: work(folder, attribute)))
    study_id = studies.submit(run_id, COMPLAINT)
    status = studies.get(study_id).status
    assert status.state is State.CANCELLED
    assert "5 of 9 texts" in status.message
    assert len(seen) == 6
    assert studies.submit(run_id, COMPLAINT) == study_id  # asked again, it goes on
    study = studies.get(study_id)
    assert study.status.state is State.FINISHED
    assert len(seen) == 6 + len(study.card.places) - 5
    assert studies.words(study_id).texts == len(study.card.places)


def test_a_cancel_is_heard_inside_of_an_integral(studies, run_id):
    folder = studies.folder(studies.submit(run_id, PRAISE))
    folder.queue_again(0.0)
    folder.part_path(0).unlink()

    def attribute(material, tokenized):
        material.folder.write_request("cancel")
        return integrate(material, tokenized)

    assert work(folder, attribute) is State.CANCELLED
    assert 0 not in folder.done()


def test_a_damaged_part_is_explained_again(studies, run_id):
    study_id = studies.submit(run_id, PRAISE)
    found, folder = studies.words(study_id), studies.folder(study_id)
    folder.part_path(0).write_text('{"texts": [{"place": 1}]}')
    folder.queue_again(0.0)
    assert work(folder, fake_attribute) is State.FINISHED
    assert studies.words(study_id) == found


def test_a_damaged_study_is_told_and_can_be_deleted(studies, run_id):
    study_id = studies.submit(run_id, PRAISE)
    for name, ask in (("findings.json", studies.words), ("study.json", studies.get)):
        path = studies.folder(study_id).path / name
        whole = path.read_text()
        for content in ("", "[]", "{}", '{"texts": 3}', '{"run": 1}'):
            path.write_text(content)
            with pytest.raises(RunError, match="is damaged"):
                ask(study_id)
            [listed] = studies.list()
            assert (listed.card is None) == (name == "study.json")
        path.write_text(whole)
    assert ask(study_id).card is not None
    path.write_text("{}")
    studies.delete(study_id)
    assert studies.list() == []


def test_a_study_of_words_is_no_map(studies, run_id):
    with pytest.raises(RunError, match="is damaged"):
        studies.map(studies.submit(run_id, PRAISE))


def test_a_study_fails_if_the_model_is_another_than_when_it_was_asked(idle, settings, run_id):
    folder = idle.folder(idle.submit(run_id, PRAISE))
    card = settings.home / "runs" / run_id / "model" / "classifier.json"
    card.write_text(card.read_text() + " ")
    assert work(folder, fake_attribute) is State.FAILED
    assert "not the one this study began with" in idle.get(folder.id).status.message


def test_scores_are_those_of_integrated_gradients(settings, run_id, test_texts):
    studies = Studies(settings, ImmediateBackend(work))
    folder = studies.folder(studies.submit(run_id, COMPLAINT, 2))
    classifier = load_classifier(settings.home / "runs" / run_id / "model")
    for each in folder.explained():
        expected = integrated_gradients(classifier, tokenize_with_words(classifier, test_texts[each.place]), 1)
        np.testing.assert_allclose([word.score for word in each.words], expected.word_scores, atol=1e-5)
        assert each.output == pytest.approx(expected.output, abs=1e-5)
        assert each.certified == expected.certified
        assert each.precision == expected.precision
        assert each.baseline_output == pytest.approx(expected.baseline_output, abs=1e-5)
        assert sum(word.score for word in each.words) + each.other == pytest.approx(expected.scores.sum(), abs=1e-4)


def test_suspected_words_are_masked_in_every_test_text_that_has_them(settings, run_id, monkeypatch):
    """A reader who masks the word by hand and asks the classifier finds the same number of right answers."""
    monkeypatch.setattr(words, "FEWEST", 2)
    monkeypatch.setattr(shortcuts, "_LEVEL", 2.0)  # whatever leans towards one label

    def attribute(material, tokenized):
        found = fake_attribute(material, tokenized)
        found.scores[:] = 1 + 0.001 * np.arange(len(tokenized))
        return found

    studies = Studies(settings, ImmediateBackend(lambda folder: work(folder, attribute)))
    found = studies.words(studies.submit(run_id, PRAISE))
    folder = RunFolder(settings.home / "runs" / run_id)
    classifier, test = load_classifier(folder.model_path), folder.split().part("test")
    assert found.suspected >= len(found.shortcuts) > 0
    for each in found.shortcuts:
        word = re.compile(rf"(?<![\w@#]){re.escape(each.word.text)}(?!\w)", re.IGNORECASE)
        rows = [row for row, text in enumerate(test.texts) if word.search(text)]
        assert each.masked.texts == len(rows)
        for right, texts in (
            (each.masked.right_before, [test.texts[row] for row in rows]),
            (each.masked.right_after, [word.sub(" [MASK] ", test.texts[row]) for row in rows]),
        ):
            called = predict(classifier, texts, placement=choose_placement("fp32")).labels
            assert right == sum(called == [test.labels[row] for row in rows])


def test_a_starter_can_be_studied(settings):
    studies = Studies(settings, IdleBackend())
    study = studies.get(studies.submit("starter-sms-spam", PRAISE, 20))
    assert len(study.card.places) == 20
    assert study.card.available > 20


def test_a_run_takes_its_studies_with_it_and_no_others(studies, settings, run_id):
    other = studies.submit("starter-sms-spam", PRAISE, 20)
    studies.submit(run_id, PRAISE)
    studies.submit(run_id, COMPLAINT)
    studies.delete_run(run_id)
    assert [study.id for study in studies.list()] == [other]
    assert [path.name for path in (settings.home / "runs").iterdir()] == []


def test_a_run_stays_while_a_study_of_it_is_live(idle, settings, run_id):
    study_id = idle.submit(run_id, PRAISE)
    with pytest.raises(RunError, match=r"A study of the run learned-run is still starting: cancel it"):
        idle.delete_run(run_id)
    assert idle.get(study_id).card.run == run_id
    folder = idle.folder(study_id)
    folder.write_status(replace(folder.status(), state=State.FAILED))
    idle.delete_run(run_id)
    assert idle.list() == []


def test_a_run_that_may_not_be_deleted_keeps_its_studies(studies):
    studies.submit("starter-sms-spam", PRAISE, 20)
    with pytest.raises(RunError, match="comes with the app"):
        studies.delete_run("starter-sms-spam")
    assert len(studies.list()) == 1
