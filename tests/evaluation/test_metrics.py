from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from bertdemo.evaluation.metrics import accuracy, bootstrap_macro_f1, confusion_matrix, macro_f1, score, wilson

NAMES = ("a", "b", "c", "d", "e")
answers = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


def scikit_learn(function, *arguments, **options):
    with warnings.catch_warnings():  # it warns of the zero denominators that are compared here
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


@given(answers)
def test_scores_equal_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    true, called = zip(*pairs, strict=True)
    ours = score(true, called, NAMES, intervals=False)
    macro = scikit_learn(
        sklearn_metrics.precision_recall_fscore_support, true, called, average="macro", zero_division=0
    )
    each = scikit_learn(sklearn_metrics.precision_recall_fscore_support, true, called, labels=range(5), zero_division=0)
    assert ours.n == len(pairs)
    assert ours.accuracy == pytest.approx(sklearn_metrics.accuracy_score(true, called), abs=1e-12)
    assert (ours.macro_precision, ours.macro_recall, ours.macro_f1) == pytest.approx(macro[:3], abs=1e-12)
    rows = np.array([(c.precision, c.recall, c.f1, c.support) for c in ours.classes])
    assert pytest.approx(np.array(each), abs=1e-12) == rows.T
    assert ours.confusion == tuple(map(tuple, sklearn_metrics.confusion_matrix(true, called, labels=range(5)).tolist()))


@given(answers)
def test_the_cheap_scores_of_the_loop_equal_the_full_ones(pairs: list[tuple[int, int]]) -> None:
    true, called = zip(*pairs, strict=True)
    full = score(true, called, NAMES, intervals=False)
    assert accuracy(true, called) == pytest.approx(full.accuracy, abs=1e-12)
    assert macro_f1(true, called) == pytest.approx(full.macro_f1, abs=1e-12)


@given(answers)
def test_intervals_contain_the_score_and_stay_between_0_and_1(pairs: list[tuple[int, int]]) -> None:
    true, called = zip(*pairs, strict=True)
    ours = score(true, called, NAMES)
    for value, interval in (
        (ours.accuracy, ours.accuracy_interval),
        (ours.macro_f1, ours.macro_f1_interval),
    ):
        assert 0 <= interval.low <= value <= interval.high <= 1
        assert interval.low < interval.high
        assert interval.method


def test_a_label_that_occurs_nowhere_is_listed_but_not_averaged() -> None:
    ours = score([0, 1], [0, 1], ("yes", "no", "never"), intervals=False)
    assert ours.macro_f1 == 1
    assert [(c.label, c.f1, c.support) for c in ours.classes] == [("yes", 1, 1), ("no", 1, 1), ("never", 0, 0)]


def test_a_label_that_is_only_predicted_counts_as_zero() -> None:
    assert macro_f1([0, 0], [0, 1]) == pytest.approx((2 / 3 + 0) / 2)


# Published values: Wilson 1927 as tabulated for 8 of 10, and the closed form z²/(n + z²) when all succeed.
@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (20, 20, 0.8389, 1.0), (0, 20, 0.0, 0.1611), (1, 1, 0.2065, 1.0)],
)
def test_wilson_interval(successes: int, n: int, low: float, high: float) -> None:
    interval = wilson(successes, n)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-4)


def test_a_perfect_score_on_few_texts_claims_no_certainty() -> None:
    interval = bootstrap_macro_f1(np.diag([10, 10]))
    assert interval.high == 1
    assert interval.low < 0.95


def test_more_texts_make_a_narrower_interval() -> None:
    confusion = np.array([[40, 5], [6, 20]])
    widths = [bootstrap_macro_f1(confusion * times) for times in (1, 4, 16)]
    small, medium, large = (each.high - each.low for each in widths)
    assert small > 1.5 * medium > 2.25 * large


def test_the_same_answers_give_the_same_interval() -> None:
    confusion = np.array([[40, 5], [6, 20]])
    assert bootstrap_macro_f1(confusion) == bootstrap_macro_f1(confusion)


def test_the_bootstrap_holds_its_level_where_mistakes_are_few_and_where_labels_are_many() -> None:
    generator = np.random.default_rng(1)
    assert coverage(np.array([0.87, 0.13]), right=0.96, n=100, generator=generator) > 0.9
    assert coverage(np.full(40, 1 / 40), right=0.8, n=400, generator=generator) > 0.9


def coverage(shares: np.ndarray, *, right: float, n: int, generator: np.random.Generator) -> float:
    """Share of 100 simulated tests whose interval contains the macro-F1 of the population they are drawn from."""
    population = right * np.diag(shares) + (1 - right) * np.outer(shares, shares)
    true_value = np.mean(2 * np.diagonal(population) / (population.sum(axis=0) + population.sum(axis=1)))
    intervals = [
        bootstrap_macro_f1(generator.multinomial(n, population.ravel()).reshape(population.shape)) for _ in range(100)
    ]
    return float(np.mean([each.low <= true_value <= each.high for each in intervals]))


def test_a_thousand_labels_stay_affordable() -> None:
    labels = np.arange(3000) % 1000
    ours = score(labels, np.where(labels % 4 == 0, 0, labels), [str(i) for i in range(1000)])
    assert ours.macro_f1_interval.low < ours.macro_f1 < ours.macro_f1_interval.high
    assert len(ours.confusion) == 1000


@pytest.mark.parametrize(
    ("labels", "predicted", "message"),
    [
        ([], [], "at least one text"),
        ([0, 1], [0], "one predicted label"),
        ([0, -1], [0, 0], "negative"),
        ([0, 2], [0, 0], "below 2"),
    ],
)
def test_impossible_input_is_refused(labels: list[int], predicted: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score(labels, predicted, ("a", "b"))


def test_the_confusion_matrix_has_true_labels_as_rows() -> None:
    assert confusion_matrix([0, 0, 1], [1, 1, 1], 2).tolist() == [[0, 2], [0, 1]]
