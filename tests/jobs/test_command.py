"""``predict`` as a person types it: one text with a tiny model, files with a worker that knows none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from bertdemo.__main__ import main
from bertdemo.jobs.records import JobColumns
from bertdemo.jobs.store import Jobs
from bertdemo.jobs.worker import work
from bertdemo.runs.folder import RunFolder
from bertdemo.tasks.backend import ImmediateBackend
from bertdemo.tasks.records import State, Status
from tests.jobs.conftest import LABELS, table
from tests.jobs.fakes import fake_jobs, fake_predictor, logits_of
from tests.patience import outcome, until
from tests.runs.fakes import pid_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def command(settings, run_id, capsys, monkeypatch):
    """Runs a command in this process, its jobs done at once and without a model; exit code, stdout and stderr."""
    monkeypatch.setenv("BERTDEMO_HOME", str(settings.home))
    at_once = ImmediateBackend(lambda folder: work(folder, fake_predictor))
    monkeypatch.setattr("bertdemo.jobs.store._local_backend", lambda _: at_once)

    def command(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main(["predict", *map(str, arguments)])
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def file(tmp_path):
    frame = table(12, label=["praise", "complaint", "praise"] * 4)
    frame.to_csv(tmp_path / "in.csv", index=False)
    return tmp_path / "in.csv"


def test_one_text(command, run_id):
    code, stdout, stderr = command("--run", run_id, "--text", "a lovely room", "--json")
    values = json.loads(stdout)
    assert (code, stderr) == (0, "")
    assert values["label"] == max(values["scores"], key=values["scores"].get)
    assert sum(values["scores"].values()) == pytest.approx(1)
    assert (values["truncated"], values["precision"]) == (False, "fp32")
    assert values["tokens"] >= 5
    assert values["milliseconds"] > 0


def test_one_text_that_is_too_long_is_said_to_be(command, run_id):
    values = json.loads(command("--run", run_id, "--text", "lovely " * 100, "--json")[1])
    assert (values["truncated"], values["tokens"]) == (True, 16)
    assert "the rest was not read" in command("--run", run_id, "--text", "lovely " * 100)[1]


def test_what_the_model_does_not_know_is_told(command, run_id):
    values = json.loads(command("--run", run_id, "--text", "lovely สวัสดี", "--json")[1])
    assert (values["unknown_share"], len(values["remarks"])) == (0.5, 1)
    assert values["remarks"][0] in command("--run", run_id, "--text", "lovely สวัสดี")[1]


def test_a_file(command, run_id, file, settings):
    output = file.with_name("out.parquet")
    code, stdout, stderr = command("--run", run_id, "--input", file, "--output", output, "--json")
    values = json.loads(stdout)
    assert (code, stderr) == (0, "")
    assert (values["rows"], values["empty"], values["output"]) == (12, 2, str(output))
    assert values["texts_per_second"] == pytest.approx(1000)  # a predictor that knows no model says so
    assert "accuracy" not in values
    result = pd.read_parquet(output)
    assert result["id"].tolist() == [str(i) for i in range(12)]
    texts = result["text"].dropna().tolist()
    assert result["predicted_label"].dropna().tolist() == [LABELS[i] for i in logits_of(texts, None, 2).argmax(axis=1)]
    assert Jobs(settings).list() == []  # the result stands where it was asked for


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "CSV"])
def test_the_ending_tells_the_format(command, run_id, file, ending):
    output = file.with_name(f"out.{ending}")
    assert command("--run", run_id, "--input", file, "--output", output)[0] == 0
    start = {"csv": b'"id","text"', "jsonl": b'{"id": "0"', "parquet": b"PAR1"}[ending.lower()]
    assert output.read_bytes().startswith(start)


def test_right_labels_give_scores(command, run_id, file):
    output = file.with_name("out.csv")
    arguments = ("--run", run_id, "--input", file, "--output", output, "--label-column", "label")
    values = json.loads(command(*arguments, "--json")[1])
    result = pd.read_csv(output).dropna()
    assert values["accuracy"] == pytest.approx((result["label"] == result["predicted_label"]).mean())
    assert 0 <= values["macro_f1"] <= 1
    assert "on 10 rows with a label" in command(*arguments)[1]


def test_the_sheet_is_told_where_an_earlier_one_was_passed_over(command, run_id, tmp_path):
    with pd.ExcelWriter(tmp_path / "in.xlsx") as book:
        pd.DataFrame({"Notes": ["of March"]}).to_excel(book, sheet_name="About", index=False)
        table(12).to_excel(book, sheet_name="Data", index=False)
    place = ("--input", tmp_path / "in.xlsx", "--output", tmp_path / "out.csv")
    code, stdout, stderr = command("--run", run_id, *place, "--json")
    assert (code, stderr) == (0, "in.xlsx, sheet Data: 12 rows.\n")
    assert json.loads(stdout)["rows"] == 12


def test_a_file_in_another_encoding_is_read_as_told_and_answered_row_by_row(command, run_id, tmp_path):
    texts = ["Proszę o odpowiedź", "", '"zły", powiedział', "wiersz\nłamany", "koniec"]
    pd.DataFrame({"id": range(5), "text": texts}).to_csv(tmp_path / "in.csv", index=False, encoding="cp852")
    place = ("--run", run_id, "--input", tmp_path / "in.csv", "--output", tmp_path / "out.csv")
    assert json.loads(command(*place, "--encoding", "cp852", "--json")[1])["rows"] == 5
    assert pd.read_csv(tmp_path / "out.csv", keep_default_na=False)["text"].tolist() == texts
    code, stdout, stderr = command(*place, "--encoding", "klingon")
    assert (code, stdout) == (2, "")
    assert "There is no encoding 'klingon'" in stderr


def test_the_only_column_is_the_texts(command, run_id, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"note": "17"}\n{"note": "18"}\n')
    code, stdout, _ = command("--run", run_id, "--input", tmp_path / "in.jsonl", "--output", tmp_path / "out.csv")
    assert (code, stdout.splitlines()[0]) == (0, f"2 rows in {tmp_path / 'out.csv'}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--text", ""), "text is empty"),
        (("--text", "\ufffd\ufffd"), "can read nothing of the text"),
        (("--text", "x" * 1_000_001), "limit is 1,000,000"),
        (("--text", "x", "--pair", "y"), "leave out --pair"),
        (("--text", "x", "--output", "y.csv"), "--output goes with --input"),
        (("--text", "x", "--label-column", "y"), "--label-column goes with --input"),
        (("--text", "x", "--input", "y.csv"), "not allowed with"),
        ((), "required"),
        (("--input", "IN"), "--output FILE"),
        (("--input", "IN", "--output", "x.docx"), "must end in"),
        (("--input", "IN", "--output", "/no/such/folder/x.csv"), "no such folder"),
        (("--input", "IN", "--output", "IN"), "replace the input"),
        (("--input", "IN", "--output", "OUT", "--text-column", "none"), "no column 'none'"),
        (("--input", "IN", "--output", "OUT", "--label-column", "none"), "no column 'none'"),
        (("--input", "IN", "--output", "OUT", "--pair-column", "id"), "single texts"),
        (("--input", "IN", "--output", "OUT", "--pair", "id"), "--pair-column"),
        (("--input", "none.csv", "--output", "OUT"), "cannot be read"),
        (("--run", "none", "--text", "x"), "no run 'none'"),
        (("--run", "none", "--input", "IN", "--output", "OUT"), "no run 'none'"),
    ],
)
def test_wrong_input_is_one_line_and_leaves_nothing(command, run_id, file, settings, arguments, message):
    places = {"IN": file, "OUT": file.with_name("out.csv")}
    code, stdout, stderr = command("--run", run_id, *(places.get(word, word) for word in arguments))
    assert (code, stdout) == (2, "")
    assert message in stderr
    assert stderr.count("\n") == 1
    assert not places["OUT"].exists()
    assert Jobs(settings).list() == []


def test_a_result_that_cannot_be_put_where_it_was_asked_for_is_kept(command, run_id, file, settings, monkeypatch):
    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    out = file.with_name("out.csv")
    monkeypatch.setattr("shutil.copyfile", fail)
    code, _, stderr = command("--run", run_id, "--input", file, "--output", out)
    assert (code, stderr.count("\n")) == (1, 1)
    assert f"{out} cannot be written: make it writable, or choose another place." in stderr
    assert len(Jobs(settings).list()) == 1


@pytest.mark.parametrize("state", [State.TRAINING, State.FAILED, State.CANCELLED])
def test_a_run_without_a_model_is_told_at_once(command, run_id, settings, file, state):
    RunFolder(settings.home / "runs" / run_id).write_status(Status(state, "x", time.time()))
    for arguments in (("--text", "x"), ("--input", file, "--output", file.with_name("out.csv"))):
        code, _, stderr = command("--run", run_id, *arguments)
        assert code == 2
        assert stderr.count("\n") == 1


def test_a_job_that_fails_on_the_way_is_exit_code_1_and_the_same_command_goes_on(command, run_id, file, monkeypatch):
    monkeypatch.setattr("bertdemo.jobs.store.chunk_rows", lambda table, columns: 4)
    monkeypatch.setenv("FAKE_DEED", "break.2")
    arguments = ("--run", run_id, "--input", file, "--output", file.with_name("out.csv"), "--json")
    code, stdout, stderr = command(*arguments)
    assert (code, stdout) == (1, "")
    assert "disk is full" in stderr
    assert "The same command goes on from there." in stderr
    monkeypatch.delenv("FAKE_DEED")
    code, stdout, _ = command(*arguments)
    assert code == 0
    assert json.loads(stdout)["seconds"] == pytest.approx(10 / 1000)  # of each row once


def a_process(settings, run_id, *arguments):
    """The command as a process of its own, its jobs done by workers that know no model, four rows at a time."""
    code = (
        "import sys; from tests.jobs.fakes import fake_jobs;"
        "import bertdemo.jobs.store as store; store._local_backend = lambda s: fake_jobs(s)._dispatcher._backend;"
        "store.chunk_rows = lambda table, columns: 4;"
        "from bertdemo.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, "predict", "--run", run_id, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env=os.environ | {"BERTDEMO_HOME": str(settings.home)},
    )  # fmt: skip


def the_job(jobs):
    return until(
        lambda: next((f for f in jobs._dispatcher.folders() if (f.path / "at-deed").exists()), None), "the job"
    )


@pytest.mark.parametrize("call", [1, 3])
def test_a_worker_killed_before_the_first_part_or_between_parts_is_followed_by_one_that_goes_on(
    settings, run_id, file, monkeypatch, call
):
    output = file.with_name("out.csv")
    monkeypatch.setenv("FAKE_DEED", f"die-once.{call}")
    command = a_process(settings, run_id, "--input", file, "--output", output, "--json")
    stdout, stderr = outcome(command)
    assert (command.returncode, stderr) == (0, "")
    assert json.loads(stdout)["seconds"] == pytest.approx(10 / 1000)  # of each row once
    assert pd.read_csv(output, dtype=str)["id"].tolist() == [str(i) for i in range(12)]


def test_a_worker_that_is_always_killed_is_one_line_that_says_how_to_go_on(settings, run_id, file, monkeypatch):
    output = file.with_name("out.csv")
    monkeypatch.setenv("FAKE_DEED", "die.1")
    first = a_process(settings, run_id, "--input", file, "--output", output, "--json")
    stdout, stderr = outcome(first)
    assert (first.returncode, stdout, stderr.count("\n")) == (1, "", 1)
    assert "ended after 0 of 12 rows" in stderr
    assert stderr.endswith("it can be resumed there. The same command goes on from there.\n")
    assert not output.exists()
    monkeypatch.delenv("FAKE_DEED")
    second = a_process(settings, run_id, "--input", file, "--output", output, "--json")
    stdout, stderr = outcome(second)
    assert second.returncode == 0, stderr
    assert json.loads(stdout)["rows"] == 12


@pytest.mark.parametrize("killed", ["the command", "both"])
def test_the_same_command_after_a_kill_ends_with_every_row_once(settings, run_id, file, monkeypatch, killed):
    output = file.with_name("out.csv")
    monkeypatch.setenv("FAKE_DEED", "wait.2")
    first = a_process(settings, run_id, "--input", file, "--output", output)
    jobs = fake_jobs(settings)
    folder = the_job(jobs)
    first.kill()
    first.communicate()
    worker = until(lambda: pid_of(folder), "the worker")
    monkeypatch.delenv("FAKE_DEED")
    if killed == "both":
        os.kill(worker, signal.SIGKILL)
    else:
        (folder.path / "request.json").write_text('{"request": "stop", "time": 1.0}')  # ends the wait, not the job
    second = a_process(settings, run_id, "--input", file, "--output", output, "--json")
    stdout, stderr = outcome(second)
    assert second.returncode == 0, stderr
    assert json.loads(stdout)["seconds"] == pytest.approx(10 / 1000)
    assert pd.read_csv(output, dtype=str)["id"].tolist() == [str(i) for i in range(12)]
    assert jobs.list() == []


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(settings, run_id, file, monkeypatch):
    output = file.with_name("out.csv")
    monkeypatch.setenv("FAKE_DEED", "wait.2")
    first = a_process(settings, run_id, "--input", file, "--output", output)
    jobs = fake_jobs(settings)
    folder = the_job(jobs)
    first.send_signal(signal.SIGINT)
    _, stderr = outcome(first)
    assert first.returncode == 130, stderr
    assert "the same command goes on" in stderr
    assert folder.status().state is State.CANCELLED
    assert folder.rows_done() == 8
    monkeypatch.delenv("FAKE_DEED")
    second = a_process(settings, run_id, "--input", file, "--output", output, "--json")
    stdout, stderr = outcome(second)
    assert second.returncode == 0, stderr
    assert json.loads(stdout)["seconds"] == pytest.approx(10 / 1000)


def test_a_job_of_a_page_is_no_commands_business(settings, run_id, file, command):
    jobs = Jobs(settings)
    job_id = jobs.submit(run_id, pd.read_csv(file, dtype=object), JobColumns("text"), "in.csv")
    assert command("--run", run_id, "--input", file, "--output", file.with_name("out.csv"))[0] == 0
    assert [job.id for job in jobs.list()] == [job_id]
