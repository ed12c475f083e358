"""Jobs from submission to result, done at once and without a model."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bertdemo.errors import DataError, RunError, StorageError
from bertdemo.jobs.records import JobColumns
from bertdemo.jobs.store import Jobs
from bertdemo.jobs.worker import predict_chunk, work
from bertdemo.runs.folder import RunFolder
from bertdemo.tasks.records import State, Status
from tests.jobs.conftest import LABELS, TEXT, table
from tests.jobs.fakes import fake_predictor, logits_of

pytestmark = pytest.mark.usefixtures("small_chunks")


class IdleBackend:
    """Starts nothing: jobs wait for ever; a test says whether their workers live and can be reached."""

    def __init__(self):
        self.alive = self.reachable = True
        self.started = []
        self.ended = []

    def start(self, folder, lock):
        lock.name_worker("somebody")
        self.alive = True
        self.started.append(folder.id)

    def is_alive(self, folder):
        return self.alive

    def end(self, folder, *, force):
        if self.reachable:
            self.ended.append((folder.id, force))
            self.alive = False
        return self.reachable


@pytest.fixture
def idle(settings, run_id):
    return Jobs(settings, IdleBackend())


def expected(texts):
    logits = logits_of(texts, None, 2).astype(np.float64)
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def test_a_job_predicts_every_row_in_the_order_of_the_table(jobs, run_id):
    frame = table(11)
    job_id = jobs.submit(run_id, frame, TEXT, "my table.csv")
    job = jobs.get(job_id)
    assert (job.status.state, job.done, job.rows) == (State.FINISHED, 11, 11)
    result = pd.read_parquet(jobs.result(job_id, "parquet"))
    added = ["predicted_label", "confidence", "prob_praise", "prob_complaint", "unknown_share"]
    assert list(result.columns) == ["id", "text", *added]
    assert result["id"].tolist() == frame["id"].tolist()
    filled = [text for text in frame["text"] if text]
    probabilities = result.loc[result["predicted_label"].notna(), ["prob_praise", "prob_complaint"]].to_numpy()
    np.testing.assert_allclose(probabilities, expected(filled), atol=1e-6)
    assert result["predicted_label"].dropna().tolist() == [LABELS[i] for i in expected(filled).argmax(axis=1)]
    np.testing.assert_allclose(result["confidence"].dropna(), expected(filled).max(axis=1), atol=1e-6)


def test_a_row_without_a_text_has_no_prediction(jobs, run_id):
    frame = pd.DataFrame({"text": ["word", None, "  ", "word", "\0"]}, dtype=object)
    result = pd.read_parquet(jobs.result(jobs.submit(run_id, frame, TEXT, "x.csv"), "parquet"))
    assert result["predicted_label"].isna().tolist() == [False, True, True, False, True]
    assert result[["confidence", "prob_praise", "prob_complaint"]].isna().all(axis=1).tolist() == [
        False, True, True, False, True,
    ]  # fmt: skip


def test_a_table_of_empty_texts_alone_is_done_too(jobs, run_id):
    job_id = jobs.submit(run_id, pd.DataFrame({"text": [None] * 9}, dtype=object), TEXT, "x.csv")
    assert jobs.summary(job_id).empty == 9
    assert jobs.summary(job_id).mean_confidence is None
    assert jobs.least_confident(job_id) == ()


def test_the_summary_counts_what_the_table_shows(jobs, run_id):
    truth = ["praise", "complaint", "unheard of", None] * 5
    job_id = jobs.submit(run_id, table(20, label=truth), JobColumns("text", label="label"), "x.csv")
    result = pd.read_parquet(jobs.result(job_id, "parquet"))
    summary = jobs.summary(job_id, threshold=0.7)
    assert (summary.rows, summary.empty) == (20, 4)
    assert dict(summary.counts) == {label: int((result["predicted_label"] == label).sum()) for label in LABELS}
    assert summary.below == int((result["confidence"] < 0.7).sum())
    assert summary.mean_confidence == pytest.approx(result["confidence"].mean())
    assert summary.seconds == pytest.approx(16 / 1000)
    assert summary.texts_per_second == pytest.approx(1000)
    known = result[result["predicted_label"].notna() & result["label"].isin(LABELS)]
    assert summary.agreement.n == len(known)
    assert summary.agreement.unknown == 5
    assert summary.agreement.accuracy == pytest.approx((known["label"] == known["predicted_label"]).mean())


def test_labels_that_the_run_does_not_know_are_not_compared(jobs, run_id):
    job_id = jobs.submit(run_id, table(3, label=["x", "y", "z"]), JobColumns("text", label="label"), "x.csv")
    agreement = jobs.summary(job_id).agreement
    assert (agreement.n, agreement.unknown, agreement.accuracy, agreement.macro_f1) == (0, 3, None, None)
    assert agreement.unknown_labels == ("x", "y", "z")


def test_right_labels_are_compared_whatever_their_spelling_and_blanks_are_none(jobs, run_id):
    truth = ["Praise ", "PRAISE\u200b", '["complaint"]', "ｃomplaint", "n/a", "urgent", "urgent", "late", None]
    frame = pd.DataFrame({"text": [f"word {i}" for i in range(9)], "label": truth}, dtype=object)
    job_id = jobs.submit(run_id, frame, JobColumns("text", label="label"), "x.csv")
    agreement = jobs.summary(job_id).agreement
    assert (agreement.n, agreement.unknown, agreement.unknown_labels) == (4, 3, ("urgent", "late"))
    predicted = pd.read_parquet(jobs.result(job_id, "parquet"))["predicted_label"][:4]
    right = [a == b for a, b in zip(predicted, ["praise", "praise", "complaint", "complaint"], strict=True)]
    assert agreement.accuracy == pytest.approx(sum(right) / 4)


def test_the_least_confident_rows_come_first(jobs, run_id):
    job_id = jobs.submit(run_id, table(20), TEXT, "x.csv")
    result = pd.read_parquet(jobs.result(job_id, "parquet")).sort_values("confidence", kind="stable").dropna()
    rows = jobs.least_confident(job_id, 5)
    assert [row.row for row in rows] == [int(number) + 1 for number in result["id"][:5]]
    assert [row.text for row in rows] == result["text"][:5].tolist()
    assert [row.label for row in rows] == result["predicted_label"][:5].tolist()
    assert [row.confidence for row in rows] == pytest.approx(result["confidence"][:5].tolist())


def test_one_job_works_and_the_others_wait_in_order(idle, run_id):
    first, second, third = (idle.submit(run_id, table(3), TEXT, "x.csv") for _ in range(3))
    assert [job.id for job in idle.list()] == sorted([third, second, first], key=lambda i: idle.folder(i).created())[
        ::-1
    ]
    assert {job.id: job.position for job in idle.list()} == {first: None, second: 1, third: 2}
    assert idle.get(first).status.state is State.STARTING


def test_the_newest_job_comes_first(settings, run_id):
    seconds = iter(range(1000, 2000))
    jobs = Jobs(settings, IdleBackend(), clock=lambda: float(next(seconds)))
    ids = [jobs.submit(run_id, table(3), TEXT, "x.csv") for _ in range(3)]
    assert [job.id for job in jobs.list()] == ids[::-1]


@pytest.mark.parametrize(
    ("state", "reachable", "is_ended"),
    [(State.STARTING, True, True), (State.STARTING, False, False), (State.PREDICTING, True, False)],
)
def test_a_cancel_ends_a_worker_of_this_machine_that_still_loads(settings, run_id, state, reachable, is_ended):
    backend = IdleBackend()
    jobs = Jobs(settings, backend)
    folder = jobs.folder(jobs.submit(run_id, table(8), TEXT, "x.csv"))
    folder.write_status(replace(folder.status(), state=state))
    backend.reachable = reachable
    jobs.cancel(folder.id)
    assert backend.ended == ([(folder.id, True)] if is_ended else [])
    assert folder.status().state is (State.CANCELLED if is_ended else state)


def test_a_waiting_job_is_cancelled_at_once_and_can_be_resumed(idle, run_id):
    idle.submit(run_id, table(3), TEXT, "x.csv")
    job_id = idle.submit(run_id, table(3), TEXT, "x.csv")
    idle.cancel(job_id)
    assert idle.get(job_id).status.state is State.CANCELLED
    assert idle.get(job_id).can_resume
    idle.resume(job_id)
    assert idle.get(job_id).status.state is State.QUEUED
    assert idle.folder(job_id).request() is None


def test_what_has_finished_or_still_works_cannot_be_resumed(jobs, idle, run_id):
    with pytest.raises(RunError, match="nothing to resume"):
        jobs.resume(jobs.submit(run_id, table(3), TEXT, "x.csv"))
    with pytest.raises(RunError, match="nothing to resume"):
        idle.resume(idle.submit(run_id, table(3), TEXT, "x.csv"))


def test_a_job_without_its_end_has_no_result_and_cannot_be_deleted(idle, run_id):
    job_id = idle.submit(run_id, table(3), TEXT, "x.csv")
    with pytest.raises(RunError, match="has no result yet"):
        idle.result(job_id, "csv")
    with pytest.raises(RunError, match="cancel it first"):
        idle.delete(job_id)


def test_delete_removes_a_job(jobs, run_id):
    job_id = jobs.submit(run_id, table(3), TEXT, "x.csv")
    jobs.delete(job_id)
    assert jobs.list() == []
    with pytest.raises(RunError, match="There is no job"):
        jobs.get(job_id)


@pytest.mark.parametrize("job_id", ["../runs", "", "A", "x" * 65, "none"])
def test_a_foreign_id_names_no_job(jobs, job_id):
    with pytest.raises(RunError, match="There is no job"):
        jobs.get(job_id)


def kill(jobs, job_id, parts):
    """As a worker leaves a job that dies after some chunks; nobody is alive any more."""
    folder = jobs.folder(job_id)
    for part in range(parts):
        folder.write_part(part, predict_chunk(folder, part, fake_predictor(folder)))
    folder.write_status(Status(State.PREDICTING, "Predicting.", 0.0, 4 * parts, 12))
    jobs._dispatcher._backend.alive = False


@pytest.mark.parametrize("parts", [0, 1])
def test_a_killed_job_goes_on_by_itself(idle, run_id, parts):
    job_id = idle.submit(run_id, table(12), TEXT, "x.csv")
    kill(idle, job_id, parts)
    job = idle.get(job_id)
    assert job.status.state is State.STARTING
    assert job.done == 4 * parts
    assert idle._dispatcher._backend.started.count(job_id) == 2


@pytest.mark.parametrize("parts", [0, 1])
def test_a_job_killed_twice_at_the_same_place_waits_for_a_person(idle, run_id, parts):
    job_id = idle.submit(run_id, table(12), TEXT, "x.csv")
    kill(idle, job_id, parts)
    assert idle.get(job_id).status.state is State.STARTING
    kill(idle, job_id, parts)
    job = idle.get(job_id)
    assert job.status.state is State.INTERRUPTED
    assert f"{4 * parts} of 12 rows" in job.status.message
    assert "can be resumed" in job.status.message
    assert job.can_resume
    idle.resume(job_id)
    assert idle.get(job_id).status.state is State.STARTING


def test_who_resumes_a_job_gives_it_all_its_chances_again(idle, run_id):
    job_id = idle.submit(run_id, table(12), TEXT, "x.csv")
    for state in (State.STARTING, State.INTERRUPTED):
        kill(idle, job_id, parts=0)
        assert idle.get(job_id).status.state is state
    idle.resume(job_id)
    kill(idle, job_id, parts=0)
    assert idle.get(job_id).status.state is State.STARTING


def test_a_killed_job_is_taken_up_once_however_many_look(idle, run_id):
    job_id = idle.submit(run_id, table(12), TEXT, "x.csv")
    kill(idle, job_id, parts=1)
    folder, ended = idle.folder(job_id), idle._dispatcher.refresh_status(idle.folder(job_id))
    assert ended.state is State.INTERRUPTED
    assert idle._dispatcher.requeue(folder, ended)
    assert not idle._dispatcher.requeue(folder, ended)
    assert idle.get(job_id).status.state is State.STARTING
    assert idle._dispatcher._backend.started.count(job_id) == 2


def test_the_same_submission_for_the_same_destination_is_the_same_job(idle, run_id, tmp_path):
    first = idle.submit(run_id, table(12), TEXT, "x.csv", destination="/a")
    assert idle.submit(run_id, table(12), TEXT, "x.csv", destination="/a") == first
    different = [
        idle.submit(run_id, table(12), TEXT, "x.csv", destination="/b"),
        idle.submit(run_id, table(12), TEXT, "x.csv"),
        idle.submit(run_id, table(12), TEXT, "x.csv"),
        idle.submit(run_id, table(11), TEXT, "x.csv", destination="/a"),
        idle.submit(run_id, table(12), TEXT, "x.csv", destination="/a", exact=True),
        idle.submit(run_id, table(12), JobColumns("id"), "x.csv", destination="/a"),
    ]
    assert len({first, *different}) == 7
    idle.cancel(different[0])
    assert idle.submit(run_id, table(12), TEXT, "x.csv", destination="/b") == different[0]
    assert idle.get(different[0]).status.state is State.QUEUED


@pytest.mark.parametrize(
    ("frame", "columns", "message"),
    [
        (table(3), JobColumns("texts"), "no column 'texts'"),
        (table(3), JobColumns("text", label="text"), "chosen twice"),
        (table(3), JobColumns("text", pair="id"), "trained on single texts"),
        (table(0), TEXT, "no rows"),
        (pd.DataFrame({"text": ["a\ud800"]}, dtype=object), TEXT, "half a character"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(jobs, run_id, frame, columns, message):
    with pytest.raises((DataError, RunError), match=message) as refused:
        jobs.submit(run_id, frame, columns, "x.csv")
    assert "\n" not in str(refused.value)
    assert jobs.list() == []
    assert not list(jobs._root.glob(".draft*"))


def test_a_run_without_a_model_is_refused(jobs, run_id, settings):
    RunFolder(settings.home / "runs" / run_id).write_status(Status(State.FAILED, "x", 1.0))
    with pytest.raises(RunError, match="choose another run"):
        jobs.submit(run_id, table(3), TEXT, "x.csv")


def test_a_run_of_pairs_wants_a_second_column_and_both_texts_of_a_row(jobs, run_id, settings):
    card = settings.home / "runs" / run_id / "data.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"has_pairs": True}))
    with pytest.raises(RunError, match="second texts, too"):
        jobs.submit(run_id, table(3), TEXT, "x.csv")
    frame = table(3, more=["a", None, "b"])
    job_id = jobs.submit(run_id, frame, JobColumns("text", pair="more"), "x.csv")
    assert jobs.least_confident(job_id)[0].pair in ("a", "b")
    result = pd.read_parquet(jobs.result(job_id, "parquet"))
    assert result["predicted_label"].isna().tolist() == [False, True, False]
    pairs = logits_of(["text 0", "text 2"], ["a", "b"], 2)
    assert result["predicted_label"].dropna().tolist() == [LABELS[i] for i in pairs.argmax(axis=1)]


@pytest.mark.parametrize("name", ["job.json", "status.json"])
@pytest.mark.parametrize("content", ["{", "[]", '{"rows": "many"}'])
def test_a_damaged_job_is_listed_with_a_sentence_and_can_be_deleted(jobs, run_id, name, content):
    whole, broken = (jobs.submit(run_id, table(3), TEXT, "x.csv") for _ in range(2))
    (jobs.folder(broken).path / name).write_text(content)
    listed = {job.id: job for job in jobs.list()}
    assert listed[whole].status.state is State.FINISHED
    assert listed[broken].status.state is State.FAILED
    assert name in listed[broken].status.message
    assert not listed[broken].can_resume or name == "status.json"
    jobs.delete(broken)
    assert [job.id for job in jobs.list()] == [whole]


def test_a_table_that_is_damaged_fails_the_job_in_one_sentence(idle, run_id, settings):
    job_id = idle.submit(run_id, table(12), TEXT, "x.csv")
    idle.folder(job_id).input_path.write_bytes(b"PAR1 no more")
    assert work(idle.folder(job_id), fake_predictor) is State.FAILED
    assert "input.parquet" in idle.get(job_id).status.message
    assert idle.get(job_id).status.wrong_input


def test_a_part_that_is_damaged_is_predicted_again(idle, run_id):
    job_id = idle.submit(run_id, table(12), TEXT, "x.csv")
    folder = idle.folder(job_id)
    assert work(folder, fake_predictor) is State.FINISHED
    whole = pd.read_parquet(idle.result(job_id, "parquet"))
    (folder.path / "parts" / "000001.parquet").write_bytes(b"")
    folder.result_path("parquet").unlink()
    folder.queue_again(0.0)
    assert work(folder, fake_predictor) is State.FINISHED
    pd.testing.assert_frame_equal(pd.read_parquet(idle.result(job_id, "parquet")), whole)


def test_a_full_disk_leaves_no_half_job_behind(idle, run_id, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bertdemo.jobs.folder._write_table", full)
    with pytest.raises(StorageError, match="disk is full"):
        idle.submit(run_id, table(3), TEXT, "x.csv")
    assert list(idle._root.iterdir()) == []


def test_a_cell_of_a_typed_table_keeps_its_type(jobs, run_id):
    frame = pd.DataFrame({"n": [1, 2], "share": [0.5, None], "text": ["a", "b"], "mixed": [1, "x"]})
    result = pd.read_parquet(jobs.result(jobs.submit(run_id, frame, TEXT, "x.parquet"), "parquet"))
    assert result["n"].tolist() == [1, 2]
    assert result["share"].iloc[0] == 0.5
    assert result["mixed"].tolist() == ["1", "x"]
