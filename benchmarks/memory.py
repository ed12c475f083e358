"""How memory grows while a table of 100,000 rows is predicted.

``python -m benchmarks.memory`` makes a CSV of airline tweets and lets a job predict it, with a process for each of its
two sides: who submits (reads the file, makes the job, then its summary and result, as a page or the command does) and
who works. Growth is the most that each has held since all was imported and the model loaded, less what it held then.
``--rows`` takes fewer rows.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from benchmarks.sitting import figures, idle_backend

ROWS = 100_000
RUN = "starter-airline-sentiment"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("step", nargs="?", choices=("submit", "work", "finish"), help="do one step here, print JSON")
    parser.add_argument("home", nargs="?", type=Path)
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(globals()[arguments.step](arguments.home)))
        return
    from bertdemo.tasks.local import WORKER_ENVIRONMENT

    with tempfile.TemporaryDirectory() as home:
        write_table(Path(home) / "tweets.csv", arguments.rows)
        steps = {step: figures("memory", step, home, **(WORKER_ENVIRONMENT if step == "work" else {}))
                 for step in ("submit", "work", "finish")}  # fmt: skip
    print(f"{arguments.rows:,} rows")
    for step, found in steps.items():
        print(f"{step:<8}{found['before']:>7.0f} MB, grows by {found['growth']:>5.0f} MB  {found['seconds']:>6.1f} s")


def write_table(path: Path, rows: int) -> None:
    """Tweets over and over, each with a number of its own."""
    import pandas as pd

    from bertdemo.data.catalog import load_built_in

    texts = load_built_in("airline_sentiment").texts
    numbered = [f"{texts[row % len(texts)]} {row}" for row in range(rows)]
    pd.DataFrame({"id": range(rows), "text": numbered}).to_csv(path, index=False)


def submit(home: Path) -> dict[str, float]:
    """Read the file and make the job."""
    import pandas as pd
    import pyarrow.parquet

    from bertdemo.data.reading import read_frame
    from bertdemo.jobs.records import JobColumns

    jobs, settings = idle_jobs(home)
    del pd, pyarrow
    since = Since()
    frame = read_frame(home / "tweets.csv", settings)
    jobs.submit(RUN, frame, JobColumns("text"), "tweets.csv")
    return since.figures()


def work(home: Path) -> dict[str, float]:
    """Do the job, as a worker does."""
    from bertdemo.jobs.worker import make_predictor
    from bertdemo.jobs.worker import work as do

    folder = the_job(home)
    predictor = make_predictor(folder)
    predictor(folder.texts(0)[0][:64], None)
    since = Since()
    state = do(folder, lambda _: predictor)
    return since.figures() | {"finished": state == "finished"}


def finish(home: Path) -> dict[str, float]:
    """Summary, rows to review and the result in two formats."""
    import pyarrow.parquet

    jobs, _ = idle_jobs(home)
    del pyarrow
    since = Since()
    job_id = the_job(home).id
    jobs.summary(job_id)
    jobs.least_confident(job_id)
    jobs.result(job_id, "csv")
    jobs.result(job_id, "parquet")
    return since.figures()


class Since:
    """Memory and time since this was made; MB are MiB."""

    def __init__(self) -> None:
        import psutil

        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
        self.before, self.started = psutil.Process().memory_info().rss / 2**20, time.perf_counter()

    def figures(self) -> dict[str, float]:
        status = Path("/proc/self/status").read_text()
        peak = int(status.split("VmHWM:")[1].split()[0]) / 2**10
        return {"before": self.before, "growth": peak - self.before, "seconds": time.perf_counter() - self.started}


def idle_jobs(home: Path):
    """Jobs that nobody works on, and the settings of their home."""
    from bertdemo.jobs.store import Jobs
    from bertdemo.settings import Settings

    settings = Settings(home)
    return Jobs(settings, idle_backend()), settings


def the_job(home: Path):
    """Return the folder of the one job there is."""
    from bertdemo.jobs.folder import JobFolder

    return JobFolder(next(path for path in (home / "jobs").iterdir() if not path.name.startswith(".")))


if __name__ == "__main__":
    main()
