"""The table of architectures: whole, and true of a handful of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

from benchmarks.architectures import COLUMNS, read_table, try_architecture

TABLE = Path(__file__).parents[1] / "docs" / "architectures.md"


def test_it_has_a_row_for_each_architecture_that_transformers_classifies_texts_with():
    rows = read_table(TABLE)
    assert list(rows) == list(MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES)
    assert {len(row) for row in rows.values()} == {len(COLUMNS)}


@pytest.mark.filterwarnings("ignore")  # of transformers, about configurations this small
@pytest.mark.parametrize("architecture", ["albert", "bart", "gemma"])
def test_it_is_true(architecture: str, tmp_path: Path):
    known = dict(zip(COLUMNS, read_table(TABLE)[architecture], strict=True))
    columns = tuple(column for column in COLUMNS if column != "ONNX")  # which has tests of its own, and takes longer
    found = dict(try_architecture(architecture, columns, tmp_path))
    assert found == {column: known[column] for column in columns}
