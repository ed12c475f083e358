"""Rows of a table that the model can read in part or not at all, predicted by a real (tiny) one."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from bertdemo.jobs.store import Jobs
from bertdemo.jobs.worker import work
from bertdemo.models.checkpoints import load_classifier
from bertdemo.prediction.predict import predict
from bertdemo.tasks.backend import ImmediateBackend
from tests.jobs.conftest import TEXT

TEXTS = {"the coffee": 0.0, "\ufffd\ufffd": None, "สวัสดี": 1.0, "\u0301": None, "the สวัสดี": 0.5, "สวัสดี สวัสดี the": 2 / 3}


@pytest.fixture
def jobs(settings, run_id: str, finished_run: Path) -> Jobs:
    """Jobs that the model of the run does at once, in this process."""
    classifier = load_classifier(finished_run / "model")
    return Jobs(settings, ImmediateBackend(lambda folder: work(folder, lambda _: partial(predict, classifier))))


def test_a_row_says_how_much_of_it_is_unknown_and_has_no_prediction_where_nothing_is_read(jobs, run_id):
    job_id = jobs.submit(run_id, pd.DataFrame({"text": list(TEXTS)}), TEXT, "x.csv")
    result = pd.read_parquet(jobs.result(job_id, "parquet"))
    unread = [share is None for share in TEXTS.values()]
    for column in ("predicted_label", "confidence", "prob_praise", "prob_complaint", "unknown_share"):
        assert result[column].isna().tolist() == unread
    assert result["unknown_share"].dropna().tolist() == pytest.approx([s for s in TEXTS.values() if s is not None])
    summary = jobs.summary(job_id)
    assert (summary.rows, summary.empty, summary.mostly_unknown) == (6, 2, 2)


def test_what_an_older_version_predicted_has_no_share_and_is_still_read(jobs, run_id):
    job_id = jobs.submit(run_id, pd.DataFrame({"text": list(TEXTS)}), TEXT, "x.csv")
    folder = jobs.folder(job_id)
    path = folder.part_path(0)
    pq.write_table(pq.read_table(path).drop_columns("unknown"), path)
    assert jobs.summary(job_id).mostly_unknown == 0
    assert pd.read_parquet(jobs.result(job_id, "parquet"))["unknown_share"].isna().all()


def test_the_share_of_a_part_is_kept(jobs, run_id):
    job_id = jobs.submit(run_id, pd.DataFrame({"text": list(TEXTS)}), TEXT, "x.csv")
    part = jobs.folder(job_id).part(0)
    jobs.folder(job_id).write_part(0, replace(part, unknown=part.unknown * 0))
    assert jobs.summary(job_id).mostly_unknown == 0
