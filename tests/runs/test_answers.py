from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bertdemo.errors import RunError
from bertdemo.evaluation.metrics import Answered, Answers
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.parquet import read_answers, write_answers
from bertdemo.runs.records import DataCard


def random_answers(n_validation: int, n_test: int, n_labels: int, seed: int = 0) -> Answers:
    generator = np.random.default_rng(seed)

    def answered(n: int) -> Answered:
        logits = generator.normal(0, 5, (n, n_labels)).astype(np.float32)
        return Answered(generator.integers(0, n_labels, n), logits)

    return Answers(answered(n_validation), answered(n_test), generator.integers(0, n_labels, n_test))


def answers_for(folder: RunFolder) -> Answers:
    card = folder.data_card()
    return random_answers(card.n_validation, card.n_test, len(card.label_names))


def same(one: Answers, other: Answers) -> bool:
    arrays = ([a.validation.truth, a.validation.logits, a.test.truth, a.test.logits, a.baseline] for a in (one, other))
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(*arrays, strict=True))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.integers(1, 30), st.integers(1, 30), st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_answers_come_back_exactly(tmp_path, n_validation: int, n_test: int, n_labels: int, seed: int) -> None:
    answers = random_answers(n_validation, n_test, n_labels, seed)
    card = DataCard("d", "", tuple(map(str, range(n_labels))), 1, n_validation, n_test)
    write_answers(answers, tmp_path / "a.parquet")
    assert same(read_answers(tmp_path / "a.parquet", card), answers)


def test_a_run_without_answers_has_none_and_no_text_is_in_the_file(make_folder) -> None:
    folder = make_folder()
    assert folder.answers() is None
    folder.write_answers(answers_for(folder))
    assert same(folder.answers(), answers_for(folder))
    assert pq.ParquetFile(folder.path / "answers.parquet").schema_arrow.names == ["part", "truth", "baseline", "logits"]
    assert [path.name for path in folder.path.glob(".*")] == []


def test_a_cancelled_run_keeps_no_answers(make_folder) -> None:
    folder = make_folder()
    folder.write_answers(answers_for(folder))
    folder.on_cancelled()
    assert folder.answers() is None


def table(**changes: object) -> pa.Table:
    """The answers to 10 and 10 texts as a table, with some columns replaced."""
    part = ["validation"] * 10 + ["test"] * 10
    logits = pa.array([[0.5, 1.5]] * 20, pa.list_(pa.float32(), 2))
    return pa.table({"part": part, "truth": [0] * 20, "baseline": [None] * 10 + [1] * 10, "logits": logits} | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"part": ["test"] * 20},
        {"part": list(range(20))},
        {"truth": [2] * 20},
        {"truth": [-1] * 20},
        {"truth": ["a"] * 20},
        {"truth": [None] * 20},
        {"baseline": [None] * 20},
        {"baseline": [0.5] * 20},
        {"logits": list(range(20))},
        {"logits": pa.array([[1.0] * 3] * 20, pa.list_(pa.float32(), 3))},
        {"logits": pa.array([[float("nan"), 1.0]] * 20, pa.list_(pa.float32(), 2))},
        {"logits": pa.array([None] * 20, pa.list_(pa.float32(), 2))},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_answers_that_somebody_edited_are_told_as_damage(make_folder, changes) -> None:
    folder = make_folder()
    assert (folder.data_card().n_validation, folder.data_card().n_test) == (10, 10) or pytest.fail("other sizes")
    pq.write_table(table(), folder.path / "answers.parquet")
    assert folder.answers() is not None
    pq.write_table(table(**changes), folder.path / "answers.parquet")
    with pytest.raises(RunError, match=r"answers\.parquet"):
        folder.answers()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"{}"])
def test_a_broken_file_is_told_as_damage(make_folder, content: bytes) -> None:
    folder = make_folder()
    (folder.path / "answers.parquet").write_bytes(content)
    with pytest.raises(RunError, match=r"answers\.parquet"):
        folder.answers()


@pytest.mark.parametrize(
    ("card", "expected"), [('{"temperature": 1.5}', 1.5), ('{"temperature": 2}', 2.0), ("{}", 1.0)]
)
def test_the_temperature_is_that_of_the_model(make_folder, card: str, expected: float) -> None:
    folder = make_folder()
    folder.model_path.mkdir()
    (folder.model_path / "classifier.json").write_text(card)
    assert folder.temperature() == expected


@pytest.mark.parametrize("card", ['{"temperature": 0}', '{"temperature": "hot"}', '{"temperature": NaN}', "[", None])
def test_a_temperature_that_is_none_is_told_as_damage(make_folder, card: str | None) -> None:
    folder = make_folder()
    folder.model_path.mkdir()
    if card is not None:
        (folder.model_path / "classifier.json").write_text(card)
    with pytest.raises(RunError, match=r"classifier\.json"):
        folder.temperature()
