from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bertdemo.data.catalog import load_built_in
from bertdemo.data.checkup import check_up, clean
from bertdemo.data.dataset import NO_LABEL, Dataset, Split, keys
from bertdemo.data.splitting import split
from bertdemo.errors import DataError
from tests.data.strategies import clean_datasets, datasets

PARTS = ("train", "validation", "test")


def attempt(dataset: Dataset, **options: int) -> Split:
    """A split, or the next example where the data are too few for one."""
    try:
        return split(dataset, **options)
    except DataError:
        assume(False)
        raise


@given(datasets(min_rows=15), st.integers(0, 5))
def test_the_same_text_never_stands_in_two_parts_even_of_uncleaned_data(dataset: Dataset, seed: int) -> None:
    result = attempt(dataset, seed=seed)
    train, validation, test = (set(keys(result.part(part))) for part in PARTS)
    assert not train & validation
    assert not train & test
    assert not validation & test


@given(datasets(min_rows=15), st.integers(0, 5))
def test_every_labelled_row_is_in_one_part(dataset: Dataset, seed: int) -> None:
    result = attempt(dataset, seed=seed)
    labelled = [row for row, label in enumerate(dataset.labels) if label != NO_LABEL]
    assert sorted(result.train + result.validation + result.test) == labelled


@given(clean_datasets(), st.integers(0, 5))
def test_a_label_with_three_texts_is_in_all_parts(dataset: Dataset, seed: int) -> None:
    result = split(dataset, seed=seed)
    for part in PARTS:
        assert set(result.part(part).labels) == set(range(len(dataset.label_names)))


@given(datasets(labelled=True, min_rows=15), st.integers(1, 30))
def test_a_smaller_train_part_keeps_its_size_its_labels_and_the_other_parts(dataset: Dataset, limit: int) -> None:
    whole = attempt(dataset, seed=1)
    labels = Counter(whole.part("train").labels)
    if limit < len(labels):
        with pytest.raises(DataError, match="allow at least"):
            split(dataset, seed=1, max_train=limit)
        return
    part = split(dataset, seed=1, max_train=limit)
    assert len(part.train) == min(limit, len(whole.train))
    assert set(part.train) <= set(whole.train)
    assert set(part.part("train").labels) == set(labels)
    assert (part.validation, part.test) == (whole.validation, whole.test)


@given(datasets(labelled=True, min_rows=15), st.randoms(use_true_random=False))
def test_the_order_of_the_file_does_not_matter(dataset: Dataset, random: object) -> None:
    cleaned = dataset.select(check_up(dataset).kept)
    shuffled = list(range(len(cleaned)))
    random.shuffle(shuffled)
    one, other = attempt(cleaned, seed=3), attempt(cleaned.select(shuffled), seed=3)
    for part in PARTS:
        assert set(keys(one.part(part))) == set(keys(other.part(part)))


def test_the_same_seed_gives_the_same_split_and_another_seed_another(small_dataset: Dataset) -> None:
    assert split(small_dataset, seed=5) == split(small_dataset, seed=5)
    assert split(small_dataset, seed=5).test != split(small_dataset, seed=6).test


def test_a_split_is_the_same_on_every_machine(small_dataset: Dataset) -> None:
    assert split(small_dataset, seed=0).test == (11, 19, 28, 35, 46, 51)


def test_shares_hold_within_every_label() -> None:
    dataset = load_built_in("airline_sentiment")
    cleaned = clean(dataset, check_up(dataset))
    result = split(cleaned, seed=0)
    counts = {part: Counter(result.part(part).labels) for part in PARTS}
    for label, n in Counter(cleaned.labels).items():
        assert counts["test"][label] == pytest.approx(0.1 * n, abs=0.51)
        assert counts["validation"][label] == pytest.approx(0.1 * n, abs=0.51)


def test_a_sample_of_the_train_part_keeps_the_shares_of_the_labels() -> None:
    dataset = load_built_in("sms_spam")
    cleaned = clean(dataset, check_up(dataset))
    whole, part = (Counter(split(cleaned, seed=0, max_train=n).part("train").labels) for n in (None, 1000))
    for label, n in whole.items():
        assert part[label] == pytest.approx(1000 * n / whole.total(), abs=1.01)


def parts_of(result: Split, texts: tuple[str, ...]) -> dict[str, set[str]]:
    """In which parts each text stands."""
    parts = defaultdict(set)
    for part in PARTS:
        for row in getattr(result, part):
            parts[texts[row]].add(part)
    return parts


@given(datasets(min_rows=15), st.integers(0, 5))
def test_a_first_text_never_stands_in_two_parts(dataset: Dataset, seed: int) -> None:
    result = attempt(dataset, seed=seed)
    found = parts_of(result, tuple(key[0] for key in keys(dataset)))
    assert all(len(parts) == 1 for parts in found.values())


def pairs_of(n: int, second_text: str) -> Dataset:
    """Premises with a hypothesis under each of three labels."""
    first = tuple(f"premise {i // 3}" for i in range(n))
    second = tuple(second_text.format(i) for i in range(n))
    return Dataset("nli", first, tuple(i % 3 for i in range(n)), ("a", "b", "c"), second)


def test_pairs_that_share_either_text_stay_together() -> None:
    distinct = pairs_of(300, "hypothesis {}")
    dataset = Dataset(
        "nli",
        distinct.texts + tuple(f"another premise {i}" for i in range(300)),
        distinct.labels * 2,
        distinct.label_names,
        (distinct.pairs or ()) * 2,
    )
    result = split(dataset, seed=0)
    for texts in (dataset.texts, dataset.pairs or ()):
        assert all(len(parts) == 1 for parts in parts_of(result, texts).values())
    assert len(result.train) == pytest.approx(480, abs=20)
    assert len(result.test) == pytest.approx(60, abs=10)


def test_one_answer_to_all_questions_does_not_keep_them_together() -> None:
    dataset = pairs_of(300, "yes")
    result = split(dataset, seed=0)
    assert all(len(parts) == 1 for parts in parts_of(result, dataset.texts).values())
    assert len(result.test) == pytest.approx(30, abs=3)
    assert set(result.part("test").labels) == {0, 1, 2}


def test_a_sample_of_pairs_does_not_depend_on_their_order() -> None:
    dataset = pairs_of(300, "hypothesis {}")
    backwards = dataset.select(range(len(dataset))[::-1])
    one, other = (split(each, seed=0, max_train=50) for each in (dataset, backwards))
    for part in PARTS:
        assert set(keys(one.part(part))) == set(keys(other.part(part)))


def test_a_premise_larger_than_a_part_is_only_trained_on() -> None:
    small = pairs_of(90, "hypothesis {}")
    texts = ("the long one",) * 60 + small.texts
    pairs = tuple(f"other {i}" for i in range(60)) + (small.pairs or ())
    result = split(Dataset("nli", texts, (0, 1, 2) * 50, ("a", "b", "c"), pairs), seed=0)
    assert parts_of(result, texts)["the long one"] == {"train"}


def test_a_single_first_text_is_refused() -> None:
    pairs = tuple(f"hypothesis {i}" for i in range(20))
    with pytest.raises(DataError, match="too few different first texts"):
        split(Dataset("nli", ("one premise",) * 20, (0, 1) * 10, ("no", "yes"), pairs), seed=0)


def test_rows_of_one_text_go_together() -> None:
    texts = tuple(f"text {i % 10}" for i in range(40))
    result = split(Dataset("repeated", texts, (0,) * 40, ("only",)), seed=0)
    parts = defaultdict(set)
    for part in PARTS:
        for text in result.part(part).texts:
            parts[text].add(part)
    assert all(len(found) == 1 for found in parts.values())


def test_other_fractions_are_kept(small_dataset: Dataset) -> None:
    result = split(small_dataset, seed=0, fractions=(0.5, 0.2, 0.3))
    assert (len(result.train), len(result.validation), len(result.test)) == (30, 12, 18)


@pytest.mark.parametrize("fractions", [(0.8, 0.1, 0.2), (1.0, 0.0, 0.0), (1.2, -0.1, -0.1)])
def test_fractions_that_are_none_are_a_mistake_of_the_caller(
    small_dataset: Dataset, fractions: tuple[float, float, float]
) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        split(small_dataset, seed=0, fractions=fractions)


def test_too_few_texts_for_three_parts_are_refused() -> None:
    with pytest.raises(DataError, match="too few texts"):
        split(Dataset("two", ("a", "b"), (0, 0), ("x",)), seed=0)


def test_a_train_part_smaller_than_the_labels_is_refused(small_dataset: Dataset) -> None:
    with pytest.raises(DataError, match="1 training texts cannot hold all 2 labels: allow at least 2"):
        split(small_dataset, seed=0, max_train=1)
