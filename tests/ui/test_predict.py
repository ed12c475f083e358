"""What the page says of an answer: numbers as words, groups of test texts, tables of several classifiers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.data.dataset import Dataset
from bertdemo.errors import DataError
from bertdemo.evaluation.calibration import coverage
from bertdemo.jobs.records import Agreement, Job, JobCard, JobColumns, JobSummary
from bertdemo.prediction.single import Answer
from bertdemo.tasks.records import State, Status
from bertdemo.ui.kit import prediction, texts
from bertdemo.ui.predict import file_job, many_texts, trust


def answer(*scores: tuple[str, float], **more) -> Answer:
    about = {"tokens": 7, "truncated": False, "kept_text": "", "kept_pair": None, "pieces": (), "milliseconds": 8.4}
    return Answer(label=scores[0][0], scores=scores, precision="fp32", **about | more)


@pytest.mark.parametrize(
    ("probability", "words"),
    [(1.0, "over 99.9\u00a0%"), (0.9994, "99.9\u00a0%"), (0.5, "50.0\u00a0%"), (0.0001, "under 0.1\u00a0%")],
)
def test_a_certainty_never_claims_to_be_complete(probability, words):
    assert prediction.certainty(probability) == words


def test_an_unsure_answer_still_says_what_it_would_guess():
    said = answer(("good", 0.7), ("bad", 0.3))
    assert prediction.headline(said, 0.0) == "good, 70.0\u00a0% certain"
    assert prediction.headline(said, 0.8) == "Not sure (perhaps good, 70.0\u00a0%)"
    assert set(prediction.probability_rows(said, sure=False)["role"]) == {"grey"}
    assert list(prediction.probability_rows(said)["role"]) == ["blue", "grey"]


def test_many_labels_show_the_most_probable_ones():
    said = answer(*((f"label {n}", (77 - n) / 3003) for n in range(77)))
    rows = prediction.probability_rows(said)
    assert len(rows) == prediction.MOST_BARS
    assert rows["label"][0] == "label 0"


@given(st.lists(st.tuples(st.floats(0.5, 1.0), st.booleans()), min_size=1, max_size=60), st.floats(0.5, 1.0))
def test_texts_about_as_sure_are_those_of_the_same_band(texts, confidence):
    shares = np.array([[sure, 1 - sure] for sure, _ in texts])
    truth = [0 if right else 1 for _, right in texts]
    group = trust.alike(coverage(shares, truth), confidence)
    answers = [(max(row), int(np.argmax(row)) == label) for row, label in zip(shares, truth, strict=True)]
    inside = [right for sure, right in answers if group.low <= sure and (sure < group.high or group.high == 1.0)]
    assert group.low <= confidence
    assert (group.n, group.right) == (len(inside), sum(inside))


def test_a_few_test_texts_say_nothing():
    assert trust.worth(trust.Alike(0.8, 0.9, 29, 20)) == ""
    assert "80 to 90\u00a0%" in trust.worth(trust.Alike(0.8, 0.9, 30, 20))
    assert "below 50\u00a0%" in trust.worth(trust.Alike(0.0, 0.5, 30, 10))


def test_the_price_of_a_threshold_is_coverage_for_accuracy():
    shares = np.array([[0.9, 0.1], [0.6, 0.4], [0.4, 0.6], [0.95, 0.05]])
    seen = coverage(shares, [0, 1, 1, 0])
    said = trust.cost(seen.at(0.8))
    assert "**50.0\u00a0%** of 4 test texts" in said
    assert "**100.0\u00a0%** of these" in said
    assert "2 texts would be left to a person" in said
    assert "it would never answer" in trust.cost(seen.at(0.99))


def test_examples_take_the_labels_in_turn_and_can_be_read_at_a_glance():
    given = [f"a text of a readable length, number {n}" for n in range(90)] + ["x" * 5_000] * 10
    test = Dataset("d", tuple(given), tuple(n % 3 for n in range(100)), ("a", "b", "c"))
    examples = texts.choose_examples(test)
    assert {each.label for each in examples[:3]} == {"a", "b", "c"}
    assert max(len(each.asked.text) for each in examples) < 200
    assert texts.choose_examples(test) == examples


def test_long_texts_are_examples_where_there_are_no_others():
    test = Dataset("d", ("x" * 5_000, "y" * 5_000), (0, 1), ("a", "b"))
    assert len(texts.choose_examples(test)) == 2


def test_lines_become_rows_and_a_tab_parts_the_two_texts_of_a_pair():
    assert list(many_texts.table_of("one\n\n two \n", pairs=False)["text"]) == ["one", "two"]
    rows = many_texts.table_of("a\tb\nc", pairs=True)
    assert rows.to_numpy().tolist() == [["a", "b"], ["c", ""]]
    with pytest.raises(DataError, match="paste some lines"):
        many_texts.table_of(" \n", pairs=False)


def test_a_summary_says_what_is_missing_only_where_something_is():
    summary = JobSummary(3, 0, (("a", 3),), 0.9, 0.5, 0, 0, 1.0, 3.0, "bf16")
    assert file_job.said(summary) == "**3 rows** predicted, on average 90.0\u00a0% certain; none below 50\u00a0%."
    agreed = Agreement(2, 1, 0.5, 0.4, ("urgent",))
    full = JobSummary(3, 1, (("a", 2),), 0.9, 0.5, 1, 1, 1.0, 3.0, "bf16", agreed)
    for part in (
        "1 row without a text",
        "1 text longer",
        "**50.0\u00a0%** are right",
        "Not counted: 1 row with a label that it does not know (“urgent”)",
    ):
        assert part in file_job.said(full)


def test_progress_tells_rows_speed_and_time_left():
    card = JobCard("r", "run", ("a",), JobColumns("text"), "f.csv", 5_000, 100, False, 0.0, "", "")
    status = Status(State.PREDICTING, "Loading.", 0.0, step=1_200, steps=5_000, remaining=40.0, speed=95.0)
    assert file_job.progress(Job("j", card, status)) == "1,200 of 5,000 rows, 95 a second, about 40 seconds left"
    waiting = Status(State.QUEUED, "Waiting.", 0.0)
    assert file_job.progress(Job("j", card, waiting, position=2)) == "Waiting for the table before it"
