"""Real worker processes: killed at any place, a job ends with exactly its rows, in order, once each."""

from __future__ import annotations

import os
import signal

import numpy as np
import pandas as pd
import psutil
import pytest

from bertdemo.jobs.store import Jobs
from bertdemo.jobs.worker import work
from bertdemo.models.checkpoints import load_classifier
from bertdemo.prediction.single import predict_one
from bertdemo.tasks.backend import ImmediateBackend
from bertdemo.tasks.local import LocalBackend, SpareWorker
from bertdemo.tasks.records import State
from tests.jobs.conftest import LABELS, TEXT, table
from tests.jobs.fakes import fake_jobs, logits_of
from tests.patience import until
from tests.runs.fakes import pid_of
from tests.runs.test_processes import gone

ROWS = 1200  # four at a time: there are many places to be killed at

pytestmark = pytest.mark.usefixtures("small_chunks")


@pytest.fixture
def jobs(settings, run_id):
    return fake_jobs(settings)


@pytest.fixture
def later(settings, run_id):
    """The same jobs, seen by somebody else."""
    return fake_jobs(settings)


def ended(jobs, job_id):
    until(lambda: not jobs.get(job_id).status.state.is_live, "the end of the job")
    return jobs.get(job_id).status


def dies(jobs, job_id):
    """Wait until the worker has come to its deed and is gone."""
    until((jobs.folder(job_id).path / "at-deed").exists, "the deed")
    until(lambda: pid_of(jobs.folder(job_id)), "the worker")
    until(lambda: gone(pid_of(jobs.folder(job_id))), "its end")
    (jobs.folder(job_id).path / "at-deed").unlink()


def check_result(jobs, job_id, frame):
    """Exactly the rows of the table, in its order, with the prediction of each."""
    result = pd.read_parquet(jobs.result(job_id, "parquet"))
    assert result["id"].tolist() == frame["id"].tolist()
    texts = [text for text in frame["text"] if text]
    predicted = [LABELS[i] for i in logits_of(texts, None, 2).argmax(axis=1)]
    assert result["predicted_label"].dropna().tolist() == predicted
    assert result["predicted_label"].isna().tolist() == frame["text"].isna().tolist()


def test_a_job_killed_again_and_again_loses_and_repeats_nothing(jobs, later, run_id, monkeypatch):
    """Each worker keeps two chunks and dies at its third call; whoever looks then lets the next one go on."""
    monkeypatch.setenv("FAKE_DEED", "die.3")
    frame = table(29)  # eight chunks, the last of one row
    job_id = jobs.submit(run_id, frame, TEXT, "x.csv")
    for parts in (2, 4, 6):
        dies(jobs, job_id)
        assert jobs.folder(job_id).done() == set(range(parts))
        assert later.get(job_id).status.state is State.STARTING
    assert ended(jobs, job_id).state is State.FINISHED
    check_result(jobs, job_id, frame)
    assert jobs.summary(job_id).seconds == pytest.approx(sum(frame["text"].notna()) / 1000)  # no row twice


def test_a_job_that_always_dies_at_once_is_left_for_a_person(jobs, later, run_id, monkeypatch):
    monkeypatch.setenv("FAKE_DEED", "die.1")
    job_id = jobs.submit(run_id, table(9), TEXT, "x.csv")
    dies(jobs, job_id)
    assert later.get(job_id).status.state is State.STARTING
    dies(jobs, job_id)
    status = later.get(job_id).status
    assert status.state is State.INTERRUPTED
    assert "can be resumed" in status.message
    monkeypatch.delenv("FAKE_DEED")
    later.resume(job_id)
    assert ended(jobs, job_id).state is State.FINISHED
    check_result(jobs, job_id, table(9))


def test_a_job_that_no_process_came_for_is_done_by_whoever_looks(jobs, settings, run_id, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LocalBackend, "start", killed)
        with pytest.raises(KeyboardInterrupt):
            jobs.submit(run_id, table(9), TEXT, "x.csv")
    later = fake_jobs(settings)
    [job_id] = [job.id for job in later.list()]
    assert ended(later, job_id).state is State.FINISHED
    assert jobs.folder(job_id).status().returned == 1
    check_result(later, job_id, table(9))


def test_a_cancelled_job_keeps_its_rows_and_goes_on_when_asked(jobs, run_id, monkeypatch):
    monkeypatch.setenv("FAKE_DEED", "wait.2")
    job_id = jobs.submit(run_id, table(12), TEXT, "x.csv")
    until((jobs.folder(job_id).path / "at-deed").exists, "the second call")
    jobs.cancel(job_id)
    status = ended(jobs, job_id)
    assert status.state is State.CANCELLED
    assert "Cancelled after 8 of 12 rows" in status.message
    assert jobs.summary(job_id).rows == 8
    monkeypatch.delenv("FAKE_DEED")
    jobs.resume(job_id)
    assert ended(jobs, job_id).state is State.FINISHED
    check_result(jobs, job_id, table(12))


def test_a_job_cancelled_while_it_loads_has_ended_at_once_and_the_next_one_starts(jobs, run_id, monkeypatch):
    monkeypatch.setenv("FAKE_DEED", "hang.1")
    job_id = jobs.submit(run_id, table(12), TEXT, "x.csv")
    until((jobs.folder(job_id).path / "at-deed").exists, "a worker that hears nothing")
    monkeypatch.delenv("FAKE_DEED")
    following = jobs.submit(run_id, table(8), TEXT, "x.csv")
    pid = pid_of(jobs.folder(job_id))
    jobs.cancel(job_id)
    status = jobs.folder(job_id).status()
    assert (status.state, gone(pid)) == (State.CANCELLED, True)
    assert "Cancelled after 0 of 12 rows" in status.message
    assert jobs.folder(following).status().state is not State.QUEUED
    jobs.resume(job_id)
    for each, frame in ((following, table(8)), (job_id, table(12))):
        assert ended(jobs, each).state is State.FINISHED
        check_result(jobs, each, frame)


def test_a_full_disk_is_told_in_a_sentence_and_the_job_goes_on_with_room(jobs, run_id, monkeypatch):
    monkeypatch.setenv("FAKE_DEED", "break.2")
    job_id = jobs.submit(run_id, table(12), TEXT, "x.csv")
    status = ended(jobs, job_id)
    assert (status.state, status.wrong_input) == (State.FAILED, False)
    assert "disk is full" in status.message
    monkeypatch.delenv("FAKE_DEED")
    jobs.resume(job_id)
    assert ended(jobs, job_id).state is State.FINISHED
    check_result(jobs, job_id, table(12))


def test_jobs_work_one_after_the_other_and_nobody_has_to_look(jobs, run_id):
    ids = [jobs.submit(run_id, table(8), TEXT, "x.csv") for _ in range(3)]
    until(lambda: jobs.folder(ids[-1]).status().state is State.FINISHED, "the end of the last")
    for job_id in ids:
        check_result(jobs, job_id, table(8))


def test_the_worker_leads_its_own_session(jobs, run_id, monkeypatch):
    monkeypatch.setenv("FAKE_DEED", "wait.1")
    job_id = jobs.submit(run_id, table(8), TEXT, "x.csv")
    until((jobs.folder(job_id).path / "at-deed").exists, "the first call")
    pid = pid_of(jobs.folder(job_id))
    assert os.getsid(pid) == pid
    jobs.cancel(job_id)
    assert ended(jobs, job_id).state is State.CANCELLED


def test_a_real_worker_killed_in_the_middle_is_noticed_within_15_seconds_and_goes_on(settings, run_id, small_dataset):
    jobs = Jobs(settings)
    texts = [small_dataset.texts[i % 60] for i in range(ROWS)]
    frame = pd.DataFrame({"id": [str(i) for i in range(ROWS)], "text": texts}, dtype=object)
    job_id = jobs.submit(run_id, frame, TEXT, "x.csv", exact=True)
    until(lambda: len(jobs.folder(job_id).done()) > 3, "some rows")
    pid = pid_of(jobs.folder(job_id))
    psutil.Process(pid).send_signal(signal.SIGKILL)
    until(lambda: gone(pid), "the end of the process")
    assert jobs.folder(job_id).rows_done() < ROWS
    until(lambda: jobs.get(job_id) and pid_of(jobs.folder(job_id)) != pid, "its successor", within=15)
    assert ended(jobs, job_id).state is State.FINISHED, jobs.log(job_id)
    result = pd.read_parquet(jobs.result(job_id, "parquet"))
    assert result["id"].tolist() == frame["id"].tolist()
    classifier = load_classifier(settings.home / "runs" / run_id / "model")
    alone = {text: dict(predict_one(classifier, text).scores) for text in small_dataset.texts}
    for label in LABELS:
        single = np.array([alone[text][label] for text in frame["text"]])
        np.testing.assert_allclose(result[f"prob_{label}"].to_numpy(), single, atol=1e-5)


def test_the_job_fails_if_the_model_is_another_than_when_it_began(settings, run_id):
    def work_on_another(folder):
        (settings.home / "runs" / run_id / "model" / "classifier.json").write_text("{}")
        work(folder)

    jobs = Jobs(settings, ImmediateBackend(work_on_another))
    status = jobs.get(jobs.submit(run_id, table(8), TEXT, "x.csv")).status
    assert status.state is State.FAILED
    assert "not the one this job began with" in status.message


def test_a_prepared_worker_takes_the_next_job(settings, run_id, small_dataset):
    jobs, waiting = Jobs(settings), SpareWorker(settings, ["bertdemo.runs.worker", "bertdemo.jobs.worker"])
    before = set(psutil.Process().children())
    waiting.prepare()
    (spare,) = set(psutil.Process().children()) - before
    job_id = jobs.submit(run_id, pd.DataFrame({"text": small_dataset.texts}, dtype=object), TEXT, "x.csv")
    assert pid_of(jobs.folder(job_id)) == spare.pid
    assert ended(jobs, job_id).state is State.FINISHED, jobs.log(job_id)
    assert "every row is predicted" in jobs.log(job_id)
