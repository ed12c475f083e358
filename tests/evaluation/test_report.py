from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.evaluation.metrics import score
from bertdemo.evaluation.report import (
    ClassScores,
    Interval,
    Report,
    Scores,
    TrainingSummary,
    verdict,
)
from bertdemo.tasks.codec import from_json

numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 10**9)
texts = st.text(max_size=20)
intervals = st.builds(Interval, numbers, numbers, texts)
classes = st.builds(ClassScores, texts, numbers, numbers, numbers, counts)
scores = st.builds(
    Scores,
    n=counts,
    accuracy=numbers,
    accuracy_interval=intervals,
    macro_precision=numbers,
    macro_recall=numbers,
    macro_f1=numbers,
    macro_f1_interval=intervals,
    classes=st.lists(classes, max_size=3).map(tuple),
    confusion=st.lists(st.lists(counts, max_size=3).map(tuple), max_size=3).map(tuple),
)
summaries = st.builds(
    TrainingSummary, numbers, numbers, counts, counts, counts, numbers, numbers, texts, texts, numbers
)


@given(st.builds(Report, scores, scores, scores, numbers, summaries))
def test_a_report_survives_json_unchanged(report: Report) -> None:
    assert from_json(Report, json.loads(json.dumps(asdict(report), allow_nan=False))) == report


def report_of(test: Scores, baseline: Scores) -> Report:
    training = TrainingSummary(1.0, 0.1, 10, 10, 10, 96.0, 2000.0, "cpu", "fp32", 500.0)
    return Report(test=test, validation=test, baseline=baseline, baseline_seconds=1.0, training=training)


def answers(right: int, n: int) -> Scores:
    """Two labels in turn, of which the first ``right`` answers are right."""
    labels = [i % 2 for i in range(n)]
    return score(labels, [label if i < right else 1 - label for i, label in enumerate(labels)], ("a", "b"))


def test_a_clear_lead_is_called_more_than_luck() -> None:
    said = verdict(report_of(answers(950, 1000), answers(800, 1000)))
    assert said == (
        "The classifier is right on 95.0 % of 1,000 test texts, 15.0 points above "
        "TF-IDF + logistic regression (80.0 %). The 95 % intervals do not overlap, "
        "so luck in the choice of test texts hardly explains the difference."
    )


def test_a_small_lead_may_be_luck() -> None:
    said = verdict(report_of(answers(99, 100), answers(98, 100)))
    assert "1.0 points above" in said
    assert "intervals overlap: see McNemar's test, which compares the two text by text." in said


def test_a_defeat_is_said_as_plainly() -> None:
    assert "10.0 points below" in verdict(report_of(answers(80, 100), answers(90, 100)))


def test_the_points_are_those_between_the_figures_as_they_are_shown() -> None:
    said = verdict(report_of(answers(451, 453), answers(449, 453)))  # 99.558 and 99.117
    assert "99.6 % of 453" in said
    assert "0.5 points above TF-IDF + logistic regression (99.1 %)" in said


def test_a_draw_claims_nothing() -> None:
    said = verdict(report_of(answers(90, 100), answers(90, 100)))
    assert said == ("The classifier is right on 90.0 % of 100 test texts, the same as TF-IDF + logistic regression.")


def test_a_lead_in_accuracy_alone_says_what_it_costs() -> None:
    labels = [0] * 90 + [1] * 10
    majority = score(labels, [0] * 100, ("a", "b"))
    careful = score(labels, [1] * 10 + [0] * 80 + [1] * 9 + [0], ("a", "b"))
    assert "By macro-F1 it is worse than TF-IDF + logistic regression: 0.474 against 0." in verdict(
        report_of(majority, careful)
    )


def test_a_classifier_that_gives_one_label_only_is_told_as_such() -> None:
    constant = score([0, 0, 0, 1] * 100, [0] * 400, ("a", "b"))
    said = verdict(report_of(constant, constant))
    assert said.endswith(" It gives all test texts the same label: it has not learned to tell labels apart.")


def test_a_classifier_that_is_right_no_more_often_than_the_commonest_label_is_told_as_such() -> None:
    tried = score([0, 0, 0, 1], [0, 0, 1, 1], ("a", "b"))
    assert "Giving all test texts the commonest label is right on 75.0 %" in verdict(report_of(tried, tried))
    assert "the commonest label" not in verdict(report_of(answers(501, 1000), tried))


def test_where_all_test_texts_have_one_label_giving_it_to_all_is_no_failure_to_tell_them_apart() -> None:
    alike = score([0, 0], [0, 0], ("a", "b"))
    assert "not learned" not in verdict(report_of(alike, alike))
    assert "is right on 100.0 %" in verdict(report_of(alike, alike))


@pytest.mark.parametrize(("ours", "theirs"), [(1000, 500), (600, 1000), (987, 986), (700, 700)])
def test_the_verdict_is_of_whole_sentences(ours: int, theirs: int) -> None:
    for sentence in verdict(report_of(answers(ours, 1000), answers(theirs, 1000))).split(". "):
        assert sentence[0].isupper()
        assert not sentence.endswith((",", ";"))


@pytest.mark.parametrize(("right", "n", "told"), [(6, 6, True), (30, 40, True), (40, 40, False), (300, 400, False)])
def test_a_report_says_when_the_test_texts_are_too_few_to_say_much(right: int, n: int, told: bool) -> None:
    scores = answers(right, n)
    said = verdict(report_of(scores, scores))
    assert ("So few test texts leave the accuracy anywhere from" in said) == told
    assert (f"{100 * scores.accuracy_interval.low:.1f} to" in said) == told
