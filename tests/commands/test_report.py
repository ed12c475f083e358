"""The command report, and what commands say of a damaged run."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from bertdemo.__main__ import main
from bertdemo.data.dataset import Split
from bertdemo.models.checkpoints import load_base
from bertdemo.models.classifier import Classifier
from bertdemo.runs.folder import RunFolder
from bertdemo.tasks.records import State, Status
from bertdemo.training.recipe import Recipe
from tests.models.bases import change_weights
from tests.runs.ended import write_test

JUDGED = ("calibration", "thresholds", "ranking", "slices", "mistakes", "mcnemar")


@pytest.fixture
def folder(settings, small_dataset) -> RunFolder:
    """A finished run."""
    rows = tuple(range(len(small_dataset)))
    split = Split(small_dataset, train=rows[::2], validation=rows[1::4], test=rows[3::4], seed=7)
    folder = RunFolder.create(settings.home / "runs" / "one", split, Recipe(), "Visits", time.time())
    write_test(folder, split)
    folder.write_status(Status(State.FINISHED, "Finished.", time.time()))
    return folder


@pytest.fixture
def report(folder, settings, monkeypatch, capsys):
    """What ``report`` prints; it is no failure and has nothing to say on stderr."""
    monkeypatch.setenv("BERTDEMO_HOME", str(settings.home))

    def report(*options: str) -> str:
        assert main(["report", folder.id, *options]) == 0
        stdout, stderr = capsys.readouterr()
        assert stderr == ""
        return stdout

    return report


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_a_report_without_its_texts_tells_all_the_rest_and_in_one_sentence_what_is_missing(folder, report, damage):
    whole, texts = json.loads(report("--json")), folder.path / "data.parquet"
    texts.unlink() if damage == "gone" else texts.write_bytes(b"PAR1 no more")
    rest = json.loads(report("--json"))
    missing = "Without slices by length and by columns of the data: The run one is damaged (data.parquet cannot be read"
    assert rest["missing"].startswith(missing)
    assert rest["slices"] == [each for each in whole["slices"] if each["by"] == "label"]
    assert rest | {"missing": None, "slices": whole["slices"]} == whole
    assert report().splitlines()[-1] == rest["missing"]


@pytest.mark.parametrize("name", ["answers.parquet", "model/classifier.json"])
def test_a_report_whose_answers_are_damaged_still_tells_the_scores(folder, report, name):
    whole = json.loads(report("--json"))
    (folder.path / name).write_bytes(b"no more")
    rest = json.loads(report("--json"))
    assert f"{name} cannot be read" in rest["missing"]
    assert rest == whole | dict.fromkeys(JUDGED) | {"missing": rest["missing"]}
    assert rest["missing"] in report()


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
