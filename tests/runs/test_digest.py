"""Whether a model is still the same."""

from __future__ import annotations

import pytest

from bertdemo.errors import ModelError, RunError
from bertdemo.runs.versions import model_digest


def test_another_model_has_another_digest(tmp_path):
    (tmp_path / "classifier.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"one")
    first = model_digest(tmp_path)
    assert model_digest(tmp_path) == first
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert model_digest(tmp_path) != first


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "vocab.txt"])
def test_an_adapter_on_another_base_has_another_digest(adapter, name):
    first = model_digest(adapter)
    assert model_digest(adapter) == first
    (adapter.parent / "base" / name).write_text('{"model_type": "bert", "changed": true}')
    assert model_digest(adapter) != first


def test_an_adapter_that_is_put_together_otherwise_has_another_digest(adapter):
    first, config = model_digest(adapter), adapter / "adapter_config.json"
    config.write_text(config.read_text().replace("{", '{"lora_alpha": 99, '))
    assert model_digest(adapter) != first


def test_an_adapter_whose_base_is_gone_or_that_is_damaged_is_told(adapter):
    config = adapter / "adapter_config.json"
    config.write_text(config.read_text().replace("/base", "/gone"))
    with pytest.raises(ModelError, match="no base model"):
        model_digest(adapter)
    config.write_text("{")
    with pytest.raises(RunError, match="restore its folder"):
        model_digest(adapter)


def test_a_model_that_is_gone_is_told(tmp_path):
    with pytest.raises(RunError, match="is missing"):
        model_digest(tmp_path / "model")
