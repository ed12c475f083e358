"""A run whose model lost weights answers nothing, in any command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bertdemo.models.checkpoints import load_base
from bertdemo.models.classifier import Classifier
from tests.models.bases import change_weights


@pytest.fixture(scope="module")
def classifier(tiny_base: Path) -> Classifier:
    return load_base(str(tiny_base), ("bad", "good"), dropout=0.0, max_length=16)


@pytest.fixture(scope="module")
def damaged(home: Path) -> Path:
    model = home / "runs" / "single" / "model"
    change_weights(model, lambda w: {k: v for k, v in w.items() if "layer.0.output.dense" not in k})
    return model


@pytest.mark.usefixtures("damaged")
@pytest.mark.parametrize("command", ["predict", "explain", "attention"])
def test_it_is_said_how_many_weights_are_missing(run) -> None:
    code, stdout, stderr = run()
    assert (code, stdout) == (2, "")
    assert re.fullmatch(
        r"bertdemo: The model of the run single is damaged \(2 of \d+ weights are missing\): .*\n", stderr
    )
