"""The list of runs keeps what it has read, and is right all the same."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace

import pytest

from bertdemo.runs import cards
from bertdemo.runs.folder import RunFolder
from bertdemo.runs.store import Runs
from bertdemo.tasks.records import State, Status
from tests.runs.fakes import any_base, fake_report


@pytest.fixture
def ended(runs, submit, clock):
    """Two runs that ended a while ago, the older one first."""
    clock.now = time.time()
    ids = [submit(name) for name in ("old", "new")]
    for each in ids:
        runs.folder(each).write_report(fake_report())
        runs.folder(each).write_status(Status(State.FINISHED, "Finished.", clock.now))
    clock.now += 60
    return [runs.folder(each) for each in ids]


@pytest.fixture
def opened(monkeypatch):
    """The runs whose recipe was read."""
    ids, read = [], RunFolder.recipe
    monkeypatch.setattr(RunFolder, "recipe", lambda folder: (ids.append(folder.id), read(folder))[1])
    return ids


def test_a_run_that_has_ended_is_read_once(runs, ended, opened):
    first = runs.list()
    assert runs.list() == first
    assert sorted(opened) == sorted(folder.id for folder in ended)


def test_a_run_under_way_is_read_at_every_look_and_no_other(runs, ended, at_work, clock, opened):
    clock.now += 60
    runs.list()
    opened.clear()
    runs.folder(at_work).write_status(Status(State.TRAINING, "Training.", clock.now, 7, 10, 5.0))
    assert {run.id: run.status.step for run in runs.list()}[at_work] == 7
    assert opened == [at_work]


def test_what_has_changed_a_moment_ago_is_read_again(runs, ended, clock, opened):
    clock.now = time.time()
    runs.list()
    runs.list()
    assert len(opened) == 4


def damage(old, _new):
    (old.path / "status.json").write_text("{")


def rename(old, _new):
    old.write_name("another")


def rename_by_hand(old, _new):
    (old.path / "name.txt").write_text("by hand\n")


def score_by_hand(_old, new):
    report = new.path / "report.json"
    report.write_text(report.read_text().replace('"accuracy": 0.75', '"accuracy": 0.5'))


def lose_a_file(_old, new):
    (new.path / "data.json").unlink()


def delete_by_hand(old, _new):
    shutil.rmtree(old.path)


def copy_in(old, _new):
    shutil.copytree(old.path, old.path.with_name("copied"))


def move(old, _new):
    old.path.rename(old.path.with_name("moved"))


def swap(old, new):
    aside = old.path.with_name(".aside")
    old.path.rename(aside)
    new.path.rename(old.path)
    aside.rename(new.path)


def begin_again(old, _new):
    old.write_status(replace(old.status(), state=State.CANCELLED, message="Cancelled."))


@pytest.mark.parametrize(
    "change",
    [damage, rename, rename_by_hand, score_by_hand, lose_a_file, delete_by_hand, copy_in, move, swap, begin_again],
)
def test_a_change_by_somebody_else_is_seen_at_the_next_look(runs, ended, settings, backend, clock, change):
    before = runs.list()
    change(*ended)
    others = Runs(settings, backend, clock, starters=settings.home / "no starters", require=any_base)
    assert runs.list() == others.list() != before
    assert runs.list() == others.list()


def test_of_many_runs_what_a_hand_wrote_into_is_seen_after_some_looks(runs, ended, monkeypatch):
    monkeypatch.setattr(cards, "AT_A_LOOK", 1)
    runs.list()
    for folder in ended:
        rename_by_hand(folder, folder)
    looks = [{run.name for run in runs.list()} for _ in range(3)]
    assert looks[-1] == {"by hand"}


def test_what_is_on_its_way_is_looked_at_until_it_is_there(runs, ended, clock, opened):
    draft = ended[0].path / ".draft-name"
    draft.touch()
    runs.list()
    opened.clear()
    runs.list()
    assert opened == [ended[0].id]
