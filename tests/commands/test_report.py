"""``report`` of a run whose folder has lost something: all the rest is told, and in one sentence what is missing."""

from __future__ import annotations

import json
import time

import pytest

from bertdemo.__main__ import main
from bertdemo.data.dataset import Split
from bertdemo.runs.folder import RunFolder
from bertdemo.tasks.records import State, Status
from bertdemo.training.recipe import Recipe
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
