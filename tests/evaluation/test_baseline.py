from __future__ import annotations

import numpy as np
import pytest

from bertdemo.data.dataset import Dataset, Split
from bertdemo.evaluation import baseline
from bertdemo.evaluation.baseline import baseline_predictions, score_baseline


def every_third(dataset: Dataset) -> Split:
    """Of each six rows four are for training, one for validation, one for test."""
    rows = range(len(dataset))
    part = {remainder: tuple(i for i in rows if i % 6 == remainder) for remainder in (4, 5)}
    return Split(dataset, tuple(i for i in rows if i % 6 < 4), part[4], part[5], seed=0)


def dataset_of(texts: list[str], labels: list[int], pairs: list[str] | None = None) -> Dataset:
    names = tuple(f"label {i}" for i in range(max(labels) + 1))
    return Dataset("made up", tuple(texts), tuple(labels), names, None if pairs is None else tuple(pairs))


def test_it_learns_a_small_data_set(small_dataset: Dataset) -> None:
    baseline = score_baseline(every_third(small_dataset))
    assert baseline.scores.n == len(baseline.predicted) == 10
    assert baseline.scores.accuracy >= 0.8
    assert baseline.seconds > 0


def test_the_same_split_gives_the_same_predictions(small_dataset: Dataset) -> None:
    split = every_third(small_dataset)
    assert baseline_predictions(split).tolist() == baseline_predictions(split).tolist()


def test_test_labels_do_not_reach_it(small_dataset: Dataset) -> None:
    split = every_third(small_dataset)
    hidden = [0 if i in split.test else label for i, label in enumerate(small_dataset.labels)]
    blind = Split(
        Dataset("blind", small_dataset.texts, tuple(hidden), small_dataset.label_names),
        split.train,
        split.validation,
        split.test,
        seed=0,
    )
    assert baseline_predictions(blind).tolist() == baseline_predictions(split).tolist()


def test_it_reads_languages_without_spaces() -> None:
    good, bad = "服务很好我非常喜欢这家店", "服务太差了我再也不会来"
    texts = [f"{(good, bad)[i % 2]}{'一二三四五六七八九十'[i // 2 % 10]}" for i in range(60)]
    scores = score_baseline(every_third(dataset_of(texts, [i % 2 for i in range(60)]))).scores
    assert scores.accuracy == 1


def test_both_texts_of_a_pair_count() -> None:
    labels = [i // 3 % 2 for i in range(60)]
    pairs = [("it is raining", "the sun is out")[label] for label in labels]
    scores = score_baseline(every_third(dataset_of([f"question {i}" for i in range(60)], labels, pairs))).scores
    assert scores.accuracy == 1


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_without_any_term_it_names_the_most_frequent_label(text: str) -> None:
    split = every_third(dataset_of([text] * 60, [int(i % 6 != 0) for i in range(60)]))
    assert baseline_predictions(split).tolist() == [1] * 10


def test_with_one_label_in_training_it_names_that_label(small_dataset: Dataset) -> None:
    rows = tuple(range(30, 60))
    split = Split(small_dataset, rows[:20], rows[20:25], (0, 1, *rows[25:]), seed=0)
    assert set(baseline_predictions(split)) == {1}


def test_one_word_texts_and_unseen_labels_are_no_problem() -> None:
    words = ["yes", "no", "maybe"]
    dataset = dataset_of([words[i % 3] for i in range(30)], [i % 3 for i in range(30)])
    trained = tuple(i for i in range(20) if i % 3 != 2)
    split = Split(dataset, trained, tuple(range(20, 25)), tuple(range(25, 30)), seed=0)
    predicted = baseline_predictions(split)
    known = [i for i, row in enumerate(split.test) if row % 3 != 2]
    assert predicted[known].tolist() == [split.test[i] % 3 for i in known]


def test_many_labels_stay_affordable() -> None:
    texts = [f"topic{i % 60} says something about thing{i % 60}" for i in range(360)]
    labels = [i % 60 for i in range(360)]
    rows = np.random.default_rng(0).permutation(360).tolist()
    split = Split(dataset_of(texts, labels), tuple(rows[:280]), tuple(rows[280:320]), tuple(rows[320:]), seed=0)
    scores = score_baseline(split).scores
    assert scores.accuracy > 0.9


def test_a_huge_training_part_is_sampled(small_dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "_MAX_CHARACTERS", 1000)
    split = every_third(small_dataset)
    train = split.part("train")
    sample = train.select(baseline.affordable(train, seed=0))
    assert 0 < sum(map(len, sample.texts)) < 1500
    assert baseline_predictions(split).tolist() == baseline_predictions(split).tolist()
