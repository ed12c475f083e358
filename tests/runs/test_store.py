from __future__ import annotations

import errno
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertdemo.errors import ModelError, RunError, StorageError
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings
from bertdemo.tasks.queue import Queue
from bertdemo.tasks.records import State, Status
from bertdemo.tasks.store import new_id
from bertdemo.training.recipe import Recipe
from tests.runs.fakes import fake_report

RECIPE = Recipe(base="fake")


def states(runs: Runs) -> dict[str, State]:
    return {run.id: run.status.state for run in runs.list()}


def test_an_empty_home_lists_nothing_and_stays_untouched(runs, settings):
    assert runs.list() == []
    assert not settings.home.exists()


def test_the_first_run_starts_at_once_and_the_next_ones_wait_with_their_position(runs, submit, backend):
    first, second, third = submit(), submit(), submit("my run")
    assert backend.started == [first]
    assert runs.get(first).status.state is State.STARTING
    assert [(run.id, run.position) for run in runs.list()] == [(third, 2), (second, 1), (first, None)]
    assert (runs.get(third).position, runs.get(third).name, runs.get(second).name) == (2, "my run", "visits")


def test_when_a_run_ends_the_next_one_starts(runs, submit, backend, clock):
    first, second = submit(), submit()
    runs.folder(first).write_status(Status(State.FINISHED, "Finished.", clock.now))
    runs.dispatch()
    runs.dispatch()
    assert backend.started == [first, second]


def test_a_run_that_cannot_be_started_fails_with_a_sentence_and_holds_nobody_up(runs, submit, backend):
    first = submit()
    backend.cannot_start = OSError(errno.ENOMEM, "Cannot allocate memory")
    second = submit()
    runs.stop(first)
    runs.folder(first).write_status(Status(State.CANCELLED, "", 0.0))
    assert states(runs)[second] is State.FAILED
    assert backend.started == [first, second]


@pytest.mark.parametrize("ask", ["stop", "cancel"])
def test_a_waiting_run_ends_without_beginning(runs, at_work, submit, backend, ask):
    waiting, last = submit(), submit()
    getattr(runs, ask)(waiting)
    assert runs.get(waiting).status.state is State.CANCELLED
    assert "before it began" in runs.get(waiting).status.message
    assert runs.get(last).position == 1
    assert backend.started == [at_work]


@pytest.mark.parametrize("ask", ["stop", "cancel"])
def test_a_live_run_is_asked_and_goes_on_until_it_hears(runs, at_work, ask):
    getattr(runs, ask)(at_work)
    assert runs.folder(at_work).request() == ask
    assert runs.get(at_work).status.state is State.TRAINING


@pytest.mark.parametrize("ask", ["stop", "cancel"])
@pytest.mark.parametrize("state", [state for state in State if not state.is_live])
def test_a_run_that_has_ended_cannot_be_asked(runs, submit, ask, state):
    run_id = submit()
    runs.folder(run_id).write_status(Status(state, "", 0.0))
    with pytest.raises(RunError, match=f"already {state}"):
        getattr(runs, ask)(run_id)


def test_a_live_run_is_not_deleted(runs, at_work, submit):
    for run_id in (at_work, submit()):
        with pytest.raises(RunError, match="stop or cancel it first"):
            runs.delete(run_id)
    assert len(runs.list()) == 2


def test_delete_removes_an_ended_run_for_good(runs, submit, settings):
    run_id = submit()
    runs.folder(run_id).write_status(Status(State.FAILED, "", 0.0))
    runs.delete(run_id)
    assert list((settings.home / "runs").iterdir()) == []
    with pytest.raises(RunError, match="no run"):
        runs.get(run_id)


def test_a_folder_that_vanished_leaves_the_line(runs, at_work, submit, clock, backend):
    gone, last = submit(), submit()
    shutil.rmtree(runs.folder(gone).path)
    runs.folder(at_work).write_status(Status(State.FINISHED, "", clock.now))
    runs.list()
    assert backend.started == [at_work, last]


def test_a_vanished_run_at_work_frees_the_device(runs, at_work, submit, backend):
    waiting = submit()
    shutil.rmtree(runs.folder(at_work).path)
    runs.list()
    assert backend.started == [at_work, waiting]


def test_a_deleted_queue_is_filled_again_in_order_and_starts_nothing_twice(runs, at_work, submit, settings, backend):
    waiting = [submit() for _ in range(3)]
    (settings.home / "queue.sqlite").unlink()
    assert [runs.get(run_id).position for run_id in waiting] == [1, 2, 3]
    assert backend.started == [at_work]


def test_a_queue_filled_again_keeps_the_order_of_submission_whatever_the_data_are_called(
    runs, at_work, small_split, settings, clock
):
    waiting = []
    for name in ("zebra", "yak", "ant"):
        clock.now += 1
        waiting.append(runs.submit(replace(small_split, dataset=replace(small_split.dataset, name=name)), RECIPE))
    (settings.home / "queue.sqlite").unlink()
    assert [runs.get(run_id).position for run_id in waiting] == [1, 2, 3]


def test_a_damaged_queue_does_not_hide_the_runs(runs, at_work, submit, settings):
    waiting = submit()
    (settings.home / "queue.sqlite").write_bytes(b"no database" * 100)
    assert states(runs) == {at_work: State.TRAINING, waiting: State.QUEUED}
    with pytest.raises(StorageError, match="delete it"):
        runs.dispatch()


def test_a_copied_folder_is_a_run_in_another_home(runs, submit, tmp_path, backend, clock):
    done, waiting = submit("done"), submit("waiting")
    folder = runs.folder(done)
    folder.write_report(fake_report())
    folder.write_status(Status(State.FINISHED, "Finished.", clock.now))
    there = Runs(Settings(tmp_path / "other"), backend, clock)
    shutil.copytree(folder.path.parent, tmp_path / "other" / "runs")
    assert there.get(done) == replace(runs.get(done), position=None)
    assert there.report(done) == fake_report()
    assert waiting in {run.id for run in there.list()}
    there.dispatch()
    assert there.get(waiting).status.state is State.STARTING


@pytest.mark.parametrize("name", ["status.json", "recipe.json", "data.json", "report.json"])
def test_a_damaged_run_is_listed_with_a_sentence_and_hides_no_other(runs, submit, clock, name):
    broken, whole = submit(), submit()
    runs.folder(broken).write_status(Status(State.FINISHED, "Finished.", clock.now))
    (runs.folder(broken).path / name).write_text("{")
    listed = {run.id: run for run in runs.list()}
    assert listed[broken].status.state is State.FAILED
    assert name in listed[broken].status.message
    assert listed[whole].status.state.is_live
    with pytest.raises(RunError, match="damaged"):
        runs.get(broken)
    runs.delete(broken)
    assert [run.id for run in runs.list()] == [whole]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("recipe.json", {"epochs": "2"}),
        ("recipe.json", {"epochs": None}),
        ("recipe.json", {"epochs": 2.5}),
        ("recipe.json", {"epochs": 0}),
        ("recipe.json", {"class_weights": "no"}),
        ("data.json", {"created": "yesterday"}),
        ("data.json", {"created": float("nan")}),
        ("data.json", {"created": 1e300}),
        ("data.json", {"label_names": "ab"}),
        ("data.json", {"n_train": "12"}),
        ("status.json", {"updated": "now"}),
        ("status.json", {"updated": None}),
        ("status.json", {"message": 3}),
        ("status.json", {"steps": "12"}),
        ("status.json", {"step": -1}),
        ("report.json", {"test": {"accuracy": "good", "macro_f1": 1.0}}),
    ],
)
def test_a_value_of_another_kind_is_a_damaged_run_and_hides_no_other(runs, submit, clock, name, change):
    broken, whole = submit(), submit()
    folder = runs.folder(broken)
    folder.write_report(fake_report())
    folder.write_status(Status(State.FINISHED, "Finished.", clock.now))
    path = folder.path / name
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    listed = {run.id: run for run in runs.list()}
    assert listed[broken].status.state is State.FAILED
    assert broken in listed[broken].status.message
    assert listed[whole].status.state.is_live
    with pytest.raises(RunError):
        runs.get(broken)


def test_strange_things_in_the_runs_folder_are_no_runs(runs, submit, settings):
    run_id = submit()
    root = settings.home / "runs"
    (root / "a file").touch()
    (root / "Upper Case").mkdir()
    (root / ".draft-x").mkdir()
    assert [run.id for run in runs.list()] == [run_id]


def test_the_headline_of_a_tested_run_is_in_the_list(runs, submit, clock):
    run_id = submit()
    folder = runs.folder(run_id)
    folder.write_report(fake_report())
    folder.write_status(Status(State.FINISHED, "Finished.", clock.now))
    report = fake_report()
    run = runs.list()[0]
    assert (run.accuracy, run.macro_f1, run.seconds) == (
        report.test.accuracy, report.test.macro_f1, report.training.seconds,
    )  # fmt: skip


def test_a_full_disk_does_not_hide_the_runs_nor_a_death(runs, at_work, backend, clock, monkeypatch):
    def full(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    backend.alive.clear()
    assert states(runs) == {at_work: State.INTERRUPTED}


def test_a_submission_that_cannot_be_queued_leaves_no_folder(runs, small_split, settings, monkeypatch):
    def locked(self):
        raise StorageError("The queue cannot be used: try again.")

    monkeypatch.setattr(Queue, "change", locked)
    with pytest.raises(StorageError):
        runs.submit(small_split, RECIPE)
    assert list((settings.home / "runs").iterdir()) == []


def test_the_next_submission_sweeps_what_a_killed_one_left_and_no_younger_draft(submit, settings, clock):
    run_id, root = submit(), settings.home / "runs"
    for name, age in ((".draft-killed", 3700), (".draft-young", 3500)):
        (root / name).mkdir()
        (root / name / "data.parquet").touch()
        os.utime(root / name, (clock.now - age, clock.now - age))
    other = submit()
    assert {path.name for path in root.iterdir()} == {run_id, other, ".draft-young"}


def test_a_base_model_that_cannot_be_is_refused_before_anything_is_made(runs, small_split, settings):
    with pytest.raises(ModelError):
        runs.submit(small_split, Recipe(base="no such model!"))
    assert not settings.home.exists()


def test_a_base_that_the_hub_is_known_not_to_have_is_refused_before_anything_is_made(settings, backend, small_split):
    with pytest.raises(ModelError, match="nobody/no-such-model"):  # offline, as all tests
        Runs(settings, backend).submit(small_split, Recipe(base="nobody/no-such-model"))
    assert not settings.home.exists()


def test_a_relative_model_folder_is_found_by_a_worker_elsewhere(runs, small_split, tiny_base, monkeypatch):
    monkeypatch.chdir(tiny_base.parent)
    run_id = runs.submit(small_split, Recipe(base=tiny_base.name))
    assert runs.get(run_id).recipe.base == str(tiny_base)


def test_rename_changes_the_name_and_not_the_id(runs, submit):
    run_id = submit()
    runs.rename(run_id, "  another\nname ")
    assert runs.get(run_id).name == "another name"
    with pytest.raises(RunError, match="1 to 120"):
        runs.rename(run_id, " \n")


@given(name=st.text(), now=st.floats(0, 4e9))
def test_every_id_is_safe_and_new(name, now):
    first, second = new_id(name, now), new_id(name, now)
    assert re.fullmatch(r"[a-z0-9_-]{1,64}", first)
    assert first != second


@given(run_id=st.text() | st.sampled_from(["..", ".", "", "/etc", "a/../..", "a\0b", "x" * 65, "ä", "a\n"]))
def test_no_id_from_outside_leaves_the_home(tmp_path_factory, run_id):
    home = tmp_path_factory.getbasetemp() / "closed"
    (home / "runs").mkdir(parents=True, exist_ok=True)
    with pytest.raises(RunError, match="no run"):
        Runs(Settings(home)).folder(run_id)


def test_a_link_out_of_the_home_is_no_run(runs, submit, settings, tmp_path):
    submit()
    (tmp_path / "outside").mkdir()
    (settings.home / "runs" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(RunError, match="no run"):
        runs.folder("link")


@pytest.mark.parametrize("state", list(State))
def test_only_a_tested_run_has_a_model_to_predict_with(runs, submit, clock, state):
    run_id = submit()
    runs.folder(run_id).write_status(Status(state, "", clock.now))
    if state.has_model:
        assert runs.model_folder(run_id) == runs.folder(run_id).model_path
    else:
        with pytest.raises(RunError, match=f"{run_id} is (still )?{state}"):
            runs.model_folder(run_id)
