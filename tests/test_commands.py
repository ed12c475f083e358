"""The commands as a person types them, with real workers that train a tiny BERT."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bertdemo.__main__ import main
from bertdemo.commands.console import plain
from bertdemo.data.splitting import split
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings
from bertdemo.tasks import following
from bertdemo.tasks.records import State, Status
from bertdemo.training.recipe import Recipe
from tests.patience import LONGEST, outcome, until
from tests.runs.fakes import fake_runs, pid_of

ROOT = Path(__file__).parents[1]
LONG = ("--epochs", "100", "--batch-size", "1", "--evaluations-per-epoch", "1")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def table(tmp_path_factory, small_dataset) -> Path:
    path = tmp_path_factory.mktemp("data") / "visits.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "channel"])
        names = [small_dataset.label_names[label] for label in small_dataset.labels]
        writer.writerows(zip(small_dataset.texts, names, ["web", "mail", "web"] * 20, strict=True))
    return path


@pytest.fixture(scope="module")
def start(home):
    """Starts ``python -m bertdemo …`` as a process."""

    def start(*arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bertdemo", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            cwd=ROOT, env=os.environ | {"BERTDEMO_HOME": str(home)},
        )  # fmt: skip

    return start


@pytest.fixture(scope="module")
def train(table, tiny_base):
    return ("train", "--data", table, "--base", tiny_base, "--learning-rate", "1e-3")


@pytest.fixture(scope="module")
def finished(start, train) -> dict:
    """One run from the command line to its report; what it printed."""
    process = start(*train, "--epochs", "2", "--name", "first", "--json")
    stdout, stderr = outcome(process)
    assert process.returncode == 0, stderr
    return {"result": json.loads(stdout), "stderr": stderr}


@pytest.fixture
def run(home, capsys, monkeypatch):
    """Runs a command in this process; gives its exit code, stdout and stderr."""
    monkeypatch.setenv("BERTDEMO_HOME", str(home))

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


def test_train_prints_one_object_with_the_scores_and_their_baseline(finished):
    result = finished["result"]
    assert result["status"] == "finished"
    assert result["test"]["n"] == 6
    for part in ("test", "baseline"):
        assert 0 <= result[part]["accuracy"] <= 1
        assert 0 <= result[part]["macro_f1"] <= 1
    assert result["train"]["steps"] == 12  # 48 texts in batches of 8, twice
    assert result["train"]["seconds"] > 0
    assert result["train"]["samples_per_second"] > 0


def test_train_tells_what_happens_on_stderr(finished):
    columns, training, *steps = finished["stderr"].splitlines()
    assert columns == "text: text, label: label; also possible: channel"
    assert training.startswith("training: 12 steps on ")
    assert all(line.startswith("step ") for line in steps)


def test_report_and_runs_agree_with_what_train_printed(finished, run):
    expected = finished["result"]
    code, stdout, stderr = run("report", expected["run"], "--json")
    assert (code, json.loads(stdout), stderr) == (0, expected, "")
    listed = {each["run"]: each for each in json.loads(run("runs", "--json")[1])["runs"]}
    assert listed[expected["run"]]["accuracy"] == expected["test"]["accuracy"]
    assert listed[expected["run"]]["status"] == "finished"


def test_report_tells_how_far_to_trust_the_answers(finished):
    result = finished["result"]
    calibration, thresholds = result["calibration"], result["thresholds"]
    assert calibration["ece_interval"]["low"] <= calibration["ece"] <= calibration["ece_interval"]["high"]
    assert {"brier", "nll", "estimator", "bins", "temperature", "uncalibrated"} <= set(calibration)
    assert [each["threshold"] for each in thresholds] == sorted(each["threshold"] for each in thresholds)
    assert result["mistakes"]["wrong"] == 6 - round(6 * result["test"]["accuracy"])
    assert {each["by"] for each in result["slices"]} == {"length in words", "label", "channel"}
    assert {label["label"] for label in result["ranking"]["labels"]} == {"praise", "complaint"}
    assert result["mcnemar"]["n"] == 6
    assert "same 6 test texts" in result["mcnemar"]["sentence"]


def test_a_run_without_answers_still_has_its_report(finished, run, home):
    run_id = copy_of(finished, home, "from-an-older-version")
    (home / "runs" / run_id / "answers.parquet").unlink()
    told = json.loads(run("report", run_id, "--json")[1])
    assert told["test"] == finished["result"]["test"]
    assert told["calibration"] is told["slices"] is told["mcnemar"] is None
    assert "calibration" not in run("report", run_id)[1]
    code, stdout, stderr = run("compare", run_id, finished["result"]["run"])
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert "kept no answers" in stderr


def test_compare_says_whether_two_runs_differ(finished, run, home, start, train):
    process = start(*train, "--epochs", "1", "--name", "second", "--json")
    second = json.loads(outcome(process)[0])["run"]
    first = finished["result"]["run"]
    told = json.loads(run("compare", first, second, "--json")[1])
    assert told["n"] == 6 == told["both_right"] + told["only_first"] + told["only_second"] + told["both_wrong"]
    assert told["recipe"]["epochs"] == [2, 1]
    assert told["first"]["accuracy"] - told["second"]["accuracy"] == pytest.approx(told["difference"])
    assert "“first”" in told["sentence"]
    assert "“second”" in told["sentence"]
    assert told["sentence"] in run("compare", first, second)[1]
    assert f"{first} and {first}" in run("compare", first, first)[1]


def copy_of(finished, home, run_id: str) -> str:
    shutil.copytree(home / "runs" / finished["result"]["run"], home / "runs" / run_id)
    return run_id


def test_report_and_runs_for_people(finished, run):
    run_id = finished["result"]["run"]
    assert f"{run_id}  finished" in run("runs")[1]
    report = run("report", run_id)[1]
    assert finished["result"]["verdict"] in report
    assert "complaint" in report


def test_the_run_records_libraries_and_machine(finished, home):
    versions = Runs(Settings(home)).folder(finished["result"]["run"]).versions()
    assert {"python", "torch", "transformers", "platform", "cpu", "gpu", "threads"} <= set(versions)


def test_rename_and_delete(finished, run, home):
    run_id = copy_of(finished, home, "copied-by-hand")
    assert json.loads(run("rename", run_id, "two\nlines", "--json")[1]) == {"run": run_id, "name": "two lines"}
    code, stdout, stderr = run("delete", run_id)
    assert (code, stdout) == (2, "")
    assert "--yes" in stderr
    assert json.loads(run("delete", run_id, "--yes", "--json")[1]) == {"run": run_id, "deleted": True}
    assert run("report", run_id)[0] == 2


def test_ctrl_c_stops_a_run_and_shows_what_was_kept(start, train):
    process = start(*train, *LONG, "--json")
    while not process.stderr.readline().startswith("step "):
        pass
    process.send_signal(signal.SIGINT)
    stdout, stderr = outcome(process)
    assert process.returncode == 0, stderr
    result = json.loads(stdout)
    assert result["status"] == "stopped"
    assert result["train"]["steps"] < result["train"]["planned_steps"]
    assert "best model so far is kept" in stderr
    assert "training:" not in stderr  # told before, and not again


def test_a_killed_worker_is_interrupted_within_seconds(train, run, home):
    """``kill -9`` of a detached run while another waits."""
    first, second = (json.loads(run(*train, *LONG, "--detach", "--json")[1])["run"] for _ in range(2))
    runs = Runs(Settings(home))
    assert runs.get(second).position == 1
    assert json.loads(run("cancel", second, "--json")[1]) == {"run": second, "status": "cancelled"}
    until(lambda: runs.get(first).status.state is State.TRAINING, "training")
    code, _, stderr = run("delete", first, "--yes")
    assert code == 2
    assert "stop or cancel" in stderr
    os.kill(pid_of(runs.folder(first)), signal.SIGKILL)
    until(lambda: runs.get(first).status.state is State.INTERRUPTED, "noticing the death", within=15)
    code, stdout, stderr = run("report", first, "--json")
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)
    assert "start the run again" in stderr


def test_cancel_waits_until_the_worker_is_gone(run, tmp_path, small_dataset, monkeypatch):
    runs = fake_runs(Settings(tmp_path))
    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path))
    run_id = runs.submit(split(small_dataset, seed=1), Recipe(base="fake.wait.train"))
    until((runs.folder(run_id).path / "at-train").exists, "training")
    code, stdout, stderr = run("cancel", run_id, "--json")
    assert (code, json.loads(stdout), stderr) == (0, {"run": run_id, "status": "cancelled"}, "")
    assert not runs.folder(run_id).has_model()
    code, _, stderr = run("stop", run_id)
    assert code == 2
    assert "already cancelled" in stderr


def test_a_base_model_that_cannot_be_had_is_wrong_input_in_one_line_and_no_run(start, run, table):
    before = run("runs", "--json")[1]
    process = start("train", "--data", table, "--base", "nobody/no-such-model", "--json")
    stdout, stderr = outcome(process)
    assert (process.returncode, stdout) == (2, "")
    assert len(stderr.splitlines()) == 1
    assert "nobody/no-such-model" in stderr
    assert run("runs", "--json")[1] == before


def test_stop_of_a_waiting_run(run, home, small_dataset, idle_workers):
    runs = Runs(Settings(home))
    first, second = (runs.submit(split(small_dataset, seed=1), Recipe()) for _ in range(2))
    assert "1 in line" in run("runs")[1]
    assert json.loads(run("stop", second, "--json")[1]) == {"run": second, "status": "cancelled"}
    assert "will end" in run("stop", first)[1]
    runs.folder(first).write_status(Status(State.FAILED, "", 0.0))


def bad(name: str, content: str | bytes) -> tuple[str, bytes]:
    return name, content if isinstance(content, bytes) else content.encode()


BAD_FILES = [
    bad("one_column.csv", "text\n" + "".join(f"text {i}\n" for i in range(30))),
    bad("one_class.csv", "text,label\n" + "".join(f"text {i},a\n" for i in range(30))),
    bad("equal.csv", "text,label\n" + "same,a\nsame,b\n" * 15),
    bad("empty.csv", ""),
    bad("no_table.csv", bytes(range(256)) * 20),
    bad("no_table.json", "{"),
]


@pytest.mark.parametrize(("name", "content"), BAD_FILES, ids=[name for name, _ in BAD_FILES])
@pytest.mark.parametrize("command", [("data",), ("train", "--data")])
def test_unusable_data_is_one_line_and_no_run(run, tmp_path, monkeypatch, command, name, content):
    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path / "home"))
    (tmp_path / name).write_bytes(content)
    code, stdout, stderr = run(*command, tmp_path / name, "--json")
    assert (code, stdout) == (2, "")
    assert len(stderr.splitlines()) == 1
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "required"),
        (("sing",), "sing"),
        (("train",), "--data"),
        (("train", "--data", "sms_spam", "--epochs", "many"), "many"),
        (("train", "--data", "sms_spam", "--epochs", "0"), "Epochs is 0"),
        (("train", "--data", "sms_spam", "--epo", "1"), "--epo"),
        (("train", "--data", "sms_spam", "--schedule", "zigzag"), "zigzag"),
        (("train", "--data", "sms_spam", "--base", "no such model!"), "no such model!"),
        (
            ("train", "--data", "sms_spam", "--max-length", "513"),
            "choose a max_length of 512 or less",
        ),
        (("train", "--data", "sms_spam", "--max-train", "1"), "1"),
        (("train", "--data", "no_such_file.csv"), "no_such_file.csv"),
        (("data", "no_such_file.csv"), "no_such_file.csv"),
        (("report", "no-such-run"), "no-such-run"),
        (("report", "../../etc"), "no run"),
        (("compare", "no-such-run", "neither"), "no-such-run"),
        (("compare", "no-such-run"), "OTHER"),
        (("stop", "no-such-run"), "no-such-run"),
        (("cancel", "no-such-run"), "no-such-run"),
        (("delete", "no-such-run", "--yes"), "no-such-run"),
        (("rename", "no-such-run", "x"), "no-such-run"),
    ],
)
def test_wrong_input_is_one_clear_line_and_exit_code_2(run, arguments, words):
    code, stdout, stderr = run(*arguments)
    assert (code, stdout) == (2, "")
    assert len(stderr.splitlines()) == 1
    assert words in stderr


def test_a_setting_of_the_surroundings_that_is_wrong_is_one_line(run, monkeypatch):
    monkeypatch.setenv("BERTDEMO_MAX_ROWS", "many")
    code, stdout, stderr = run("runs")
    assert (code, stdout, len(stderr.splitlines())) == (2, "", 1)


def test_a_home_that_cannot_be_written_fails_with_one_line(run, monkeypatch, tmp_path, table):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path / "file"))
    code, stdout, stderr = run("train", "--data", table)
    assert (code, stdout, len(stderr.splitlines())) == (1, "", 1)
    assert "BERTDEMO_HOME" in stderr


def test_a_bug_is_one_line_too(run, monkeypatch):
    def broken(self):
        raise ValueError("two\nlines")

    monkeypatch.setattr(Runs, "list", broken)
    code, stdout, stderr = run("runs")
    assert (code, stdout, len(stderr.splitlines())) == (1, "", 1)


def test_an_empty_home_says_how_to_make_the_first_run(run, monkeypatch, tmp_path):
    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path / "new"))
    assert "train --data" in run("runs")[1]
    assert all(each["read_only"] for each in json.loads(run("runs", "--json")[1])["runs"])
    assert not (tmp_path / "new").exists()


def test_data_tells_rows_labels_and_split(run, table):
    result = json.loads(run("data", table, "--json")[1])
    assert (result["rows"], result["usable"]) == (60, 60)
    assert sum(result["split"].values()) == 60
    assert {label["label"] for label in result["labels"]} == {"praise", "complaint"}
    assert result["tokens"]["longest"] <= 32
    assert "60 rows, 60 usable" in run("data", table)[1]


def test_a_reader_that_has_enough_is_no_error(start, finished):
    process = start("runs")
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=LONGEST) == 1
    process.stderr.close()


def test_help_imports_nothing_heavy():
    heavy = {"torch", "transformers", "sklearn", "pandas", "datasets", "pyarrow", "numpy"}
    code = f"import sys; from bertdemo.__main__ import parser; parser(); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "set()\n"


def test_what_json_has_no_word_for_becomes_null():
    assert plain({"a": (float("nan"), [float("inf"), 1.0]), "b": "x"}) == {"a": [None, [None, 1.0]], "b": "x"}


def test_a_second_ctrl_c_leaves_the_run_to_itself(run, table, monkeypatch, tmp_path, idle_workers):
    def ctrl_c(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path))
    monkeypatch.setattr(following.time, "sleep", ctrl_c)
    code, stdout, stderr = run("train", "--data", table)
    assert (code, stdout) == (130, "")
    (only,) = (each for each in Runs(Settings(tmp_path)).list() if not each.read_only)
    assert stderr.splitlines()[-1].startswith(f"{only.id} is ending by itself: python -m bertdemo report {only.id} ")
    assert only.status.state is State.STARTING
    assert Runs(Settings(tmp_path)).folder(only.id).request() == "stop"
