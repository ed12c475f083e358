"""Real worker processes with fake tools: what happens to a process, not what it learns."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bertdemo.runs.store import Runs
from bertdemo.settings import Settings
from bertdemo.tasks.dispatcher import GRACE_SECONDS
from bertdemo.tasks.local import LocalBackend, SpareWorker, worker_environment
from bertdemo.tasks.lock import WorkerLock, named_worker
from bertdemo.tasks.records import State
from bertdemo.training.recipe import Recipe
from tests.patience import LONGEST, outcome, until
from tests.runs.fakes import STAGES, WORKER, fake_runs, pid_of


def ended(runs: Runs, run_id: str) -> State:
    """Wait for the end of a run, for as long as it comes further."""
    folder = runs.folder(run_id)
    until(
        lambda: not runs.get(run_id).status.state.is_live,
        "the end of the run",
        moved=lambda: (folder.status().state, folder.status().step),
    )
    return runs.get(run_id).status.state


def at_stage(runs: Runs, run_id: str, stage: str) -> int | None:
    """Wait until the worker stands at the stage; return its process."""
    until((runs.folder(run_id).path / f"at-{stage}").exists, f"stage {stage}")
    return pid_of(runs.folder(run_id))


def gone(pid: int) -> bool:
    """No process, not even a zombie."""
    return not psutil.pid_exists(pid)


@pytest.fixture
def runs(settings):
    return fake_runs(settings)


@pytest.fixture
def later(settings):
    """The same runs, seen by somebody when all patience is over."""
    return fake_runs(settings, clock=lambda: time.time() + 2 * GRACE_SECONDS + 1)


@pytest.mark.parametrize("request_", ["stop", "cancel"])
@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "keep"])
def test_a_stop_or_cancel_at_every_stage_leaves_a_final_state_and_no_process(runs, small_split, stage, request_):
    run_id = runs.submit(small_split, Recipe(base=f"fake.wait.{stage}"))
    pid = at_stage(runs, run_id, stage)
    getattr(runs, request_)(run_id)
    state = ended(runs, run_id)
    until(lambda: gone(pid), "the end of the process")
    if request_ == "cancel" or stage in ("load", "plan"):
        assert state is State.CANCELLED
    else:
        assert state is (State.STOPPED if stage == "train" else State.FINISHED)
    assert runs.folder(run_id).has_model() == state.has_model


def test_a_killed_worker_is_noticed_and_the_next_run_starts(runs, later, small_split):
    killed = runs.submit(small_split, Recipe(base="fake.hang.train"))
    waiting = runs.submit(small_split, Recipe(base="fake"))
    pid = at_stage(runs, killed, "train")
    os.kill(pid, signal.SIGKILL)
    until(lambda: gone(pid), "the end of the process")
    assert later.get(killed).status.state is State.INTERRUPTED
    assert "step 1 of 4" in later.get(killed).status.message
    assert ended(runs, waiting) is State.FINISHED


def test_a_worker_that_dies_on_its_own_is_noticed(runs, later, small_split):
    run_id = runs.submit(small_split, Recipe(base="fake.die.predict"))
    pid = at_stage(runs, run_id, "predict")
    until(lambda: gone(pid), "the end of the process")
    status = later.get(run_id).status
    assert status.state is State.INTERRUPTED
    assert "left no tested classifier" in status.message


def test_a_worker_deaf_to_a_cancel_is_ended_by_whoever_looks_later(runs, later, small_split):
    run_id = runs.submit(small_split, Recipe(base="fake.hang.train"))
    pid = at_stage(runs, run_id, "train")
    os.kill(pid, signal.SIGSTOP)  # hears neither the request nor SIGTERM
    runs.cancel(run_id)
    assert ended(later, run_id) is State.CANCELLED
    until(lambda: gone(pid), "the end of the process")


def test_the_last_act_of_a_worker_starts_the_next_run(runs, settings, small_split):
    """Nobody looks at the queue in between: only the folders are read here."""
    first, second, third = (runs.submit(small_split, Recipe(base="fake")) for _ in range(3))
    folder = runs.folder(third)
    until(lambda: folder.status().state is State.FINISHED, "the end of the last run")
    assert [runs.get(run_id).status.state for run_id in (first, second)] == [State.FINISHED] * 2


def test_the_worker_leads_its_own_session_and_outlives_who_started_it(settings, small_split, runs):
    run_id = runs.submit(small_split, Recipe(base="fake.wait.train"))
    waiting = runs.submit(small_split, Recipe(base="fake.wait.train"))
    at_stage(runs, run_id, "train")
    code = f"""
import sys
from pathlib import Path
from bertdemo.settings import Settings
from tests.runs.fakes import fake_runs
runs = fake_runs(Settings(Path({str(settings.home)!r})))
runs.stop({run_id!r})
while runs.get({waiting!r}).status.state != "training":
    pass
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, timeout=LONGEST)
    pid = pid_of(runs.folder(waiting))
    assert os.getsid(pid) == pid
    assert runs.get(waiting).status.state is State.TRAINING
    runs.cancel(waiting)
    assert ended(runs, waiting) is State.CANCELLED


_SUBMITTER = """
import sys
from pathlib import Path
from bertdemo.data.dataset import Dataset, Split
from bertdemo.settings import Settings
from bertdemo.training.recipe import Recipe
from tests.runs.fakes import fake_runs
runs = fake_runs(Settings(Path(sys.argv[1])))
split = Split(Dataset("d", tuple("abcd"), (0, 1, 0, 1), ("x", "y")), (0, 1), (2,), (3,), 0)
sys.stdin.readline()
runs.submit(split, Recipe(base="fake"))
runs.list()
"""


def test_four_processes_submit_at_once_and_one_run_works_at_a_time(settings, runs):
    root = Path(__file__).parents[2]
    submitters = [
        subprocess.Popen(
            [sys.executable, "-c", _SUBMITTER, str(settings.home)],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root,
        )
        for _ in range(4)
    ]  # fmt: skip
    for submitter in submitters:
        submitter.stdin.write("go\n")
        submitter.stdin.flush()
    assert [outcome(submitter)[1] for submitter in submitters] == [""] * 4
    at_work = []

    def all_ended() -> bool:
        states = [run.status.state for run in runs.list()]
        at_work.append(sum(state.is_live and state is not State.QUEUED for state in states))
        return len(states) == 4 and not any(state.is_live for state in states)

    until(all_ended, "the end of all runs")
    assert max(at_work) <= 1
    assert {run.status.state for run in runs.list()} == {State.FINISHED}


@pytest.fixture
def spare(settings):
    """A spare worker that can become one with fake tools."""
    return SpareWorker(settings, [WORKER])


def test_a_spare_worker_takes_the_next_run_and_later_ones_start_afresh(runs, spare, small_split):
    before = set(psutil.Process().children())
    spare.prepare()
    spare.prepare()
    (process,) = set(psutil.Process().children()) - before
    assert spare.is_waiting()
    first, second = (runs.submit(small_split, Recipe(base="fake.wait.train")) for _ in range(2))
    assert at_stage(runs, first, "train") == process.pid
    assert not spare.is_waiting()
    runs.stop(first)
    assert at_stage(runs, second, "train") != process.pid
    runs.stop(second)
    assert [ended(runs, run_id) for run_id in (first, second)] == [State.STOPPED] * 2


def test_a_spare_worker_becomes_none_that_it_was_not_made_for(runs, settings, small_split):
    other = SpareWorker(settings, ["bertdemo.tasks.records"])
    other.prepare()
    run_id = runs.submit(small_split, Recipe(base="fake"))
    assert other.is_waiting()
    assert ended(runs, run_id) is State.FINISHED


@pytest.mark.parametrize("is_prepared", [True, False])
def test_the_process_of_a_run_is_known_as_soon_as_it_is_started(runs, spare, small_split, is_prepared):
    if is_prepared:
        spare.prepare()
    run_id = runs.submit(small_split, Recipe(base="fake.wait.load"))
    early = pid_of(runs.folder(run_id))
    assert early
    assert at_stage(runs, run_id, "load") == early
    runs.cancel(run_id)
    assert ended(runs, run_id) is State.CANCELLED


def test_a_spare_worker_that_died_is_replaced_by_a_fresh_one(runs, spare, small_split):
    before = set(psutil.Process().children())
    spare.prepare()
    (process,) = set(psutil.Process().children()) - before
    process.kill()
    until(lambda: not process.is_running(), "the end of the process")
    assert ended(runs, runs.submit(small_split, Recipe(base="fake"))) is State.FINISHED


def test_a_real_spare_worker_does_the_whole_run(settings, small_split, tiny_base):
    runs, spare = Runs(settings), SpareWorker(settings, ["bertdemo.runs.worker", "bertdemo.studies.worker"])
    spare.prepare()
    run_id = runs.submit(small_split, Recipe(base=str(tiny_base)))
    assert not spare.is_waiting()
    assert ended(runs, run_id) is State.FINISHED, runs.log(run_id)
    assert "training: " in runs.log(run_id)


def test_a_spare_worker_ends_with_its_server():
    command = [sys.executable, "-m", "bertdemo.tasks.worker"]
    waiting = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=Path(__file__).parents[2])
    waiting.stdin.close()
    assert waiting.wait(timeout=LONGEST) == 0


def test_a_spare_worker_ends_when_nobody_holds_it_any_more(settings):
    before = set(psutil.Process().children())
    spare = SpareWorker(settings, [WORKER])
    spare.prepare()
    (process,) = set(psutil.Process().children()) - before
    assert process.is_running()
    del spare
    gc.collect()
    until(lambda: gone(process.pid), "the end of the spare worker")


def test_a_program_that_is_not_there_is_a_failed_run(settings, small_split):
    runs = Runs(settings, LocalBackend(settings, ["/no/such/python"]))
    run_id = runs.submit(small_split, Recipe())
    status = runs.get(run_id).status
    assert status.state is State.FAILED
    assert "No such file" in status.message


def test_a_number_that_was_given_again_is_not_our_worker(runs, small_split):
    folder = runs.folder(runs.submit(small_split, Recipe(base="fake.hang.train")))
    at_stage(runs, folder.id, "train")
    pid, ticks, machine = named_worker(folder.lock_path).split(".")
    for other in (f"{pid}.{int(ticks) + 1}.{machine}", f"{pid}.{ticks}.{machine[::-1]}"):
        folder.lock_path.write_text(other)
        assert not LocalBackend(Settings(folder.home), ()).end(folder, force=True)
    assert psutil.pid_exists(int(pid))
    psutil.Process(int(pid)).kill()


@pytest.mark.parametrize("force", [True, False])
def test_the_children_of_a_worker_end_with_it_on_every_system(settings, make_folder, monkeypatch, force):
    monkeypatch.delattr(os, "killpg")
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    folder = make_folder()
    backend = LocalBackend(settings, [sys.executable, "-c", code])
    with WorkerLock.take(folder.lock_path) as lock:
        backend.start(folder, lock)
    seen = psutil.Process(pid_of(folder))
    (child,) = until(seen.children, "the child")
    assert backend.end(folder, force=force)
    until(lambda: gone(seen.pid), "the end of the process")
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "the end of the child")


def test_what_a_worker_starts_does_not_keep_its_lock(settings, make_folder):
    """A process that a worker leaves behind is no worker."""
    code = (
        "import subprocess, sys; from bertdemo.tasks.worker import _own; _own(int(sys.argv[2]));"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], close_fds=False);"
        "print(child.pid, flush=True)"
    )
    folder = make_folder()
    backend = LocalBackend(settings, [sys.executable, "-c", code])
    with WorkerLock.take(folder.lock_path) as lock:
        backend.start(folder, lock)
    until(lambda: not backend.is_alive(folder), "the end of the worker")
    left = psutil.Process(int(folder.log()))
    assert left.is_running()
    left.kill()


def test_the_environment_does_not_grow_from_worker_to_worker(tmp_path):
    settings = Settings(tmp_path)
    once = worker_environment({"PATH": "/bin", "PYTHONPATH": "/mine"}, settings)
    assert once["PYTHONPATH"].split(os.pathsep)[1:] == ["/mine"]
    assert worker_environment(once, settings) == once
