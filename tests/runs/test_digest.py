"""Whether a model is still the same."""

from __future__ import annotations

import pytest

from bertdemo.errors import RunError
from bertdemo.runs.digest import model_digest


def test_another_model_has_another_digest(tmp_path):
    (tmp_path / "classifier.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"one")
    first = model_digest(tmp_path)
    assert model_digest(tmp_path) == first
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert model_digest(tmp_path) != first


def test_a_model_that_is_gone_is_told(tmp_path):
    with pytest.raises(RunError, match="is missing"):
        model_digest(tmp_path / "model")
