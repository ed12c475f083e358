"""What a server does between its start and the first answer, and what it says meanwhile."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from bertdemo.errors import RunError
from bertdemo.models.checkpoints import load_base
from bertdemo.tasks.records import State
from bertdemo.ui.kit import resources, texts
from bertdemo.ui.kit.resources import STEPS, Progress, WarmUp
from tests.patience import LONGEST

ROOT = Path(__file__).parents[3]
IMPORT_ALL = """
import importlib, pkgutil, sys, types
begun = ("pandas", "pyarrow", "polars", "scipy", "sklearn", "torch")
sys.modules.update({name: types.ModuleType(name) for name in begun})
import bertdemo.charts, bertdemo.ui
for package in (bertdemo.charts, bertdemo.ui):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
"""


def test_what_pages_import_bears_libraries_that_another_thread_has_just_begun_to_import():
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


HUNG = """
import signal, time
from bertdemo.ui.kit.resources import end_in_time
signal.signal(signal.SIGTERM, lambda *_: print("told", flush=True))
end_in_time(0.2)
print("ready", flush=True)
while True:
    time.sleep(1)
"""


def test_a_server_that_hangs_when_it_is_told_to_stop_ends_and_says_where():
    process = subprocess.Popen([sys.executable, "-c", HUNG], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    told, log = process.communicate(timeout=LONGEST)
    assert (told, process.returncode) == (b"told\n", 1)
    assert b'File "<string>", line 8 in <module>' in log


class Prepared:
    """Runs of which the newest has a model."""

    def list(self):
        return [
            SimpleNamespace(id="one", status=SimpleNamespace(state=State.FINISHED), data=SimpleNamespace(has_pairs=0))
        ]


class Spare:
    """A spare worker that is only asked for."""

    def __init__(self, waiting: bool = False) -> None:
        self.waiting, self.prepared = waiting, 0

    def is_waiting(self) -> bool:
        return self.waiting

    def prepare(self) -> None:
        self.prepared += 1


@pytest.mark.parametrize("busy", ["runs", "jobs", "studies", "nothing"])
def test_a_spare_worker_is_made_unless_one_waits_or_a_task_of_any_kind_is_at_work(monkeypatch, busy):
    for kind in ("runs", "jobs", "studies"):
        monkeypatch.setattr(resources, kind, lambda kind=kind: SimpleNamespace(is_busy=lambda: kind == busy))
    for spare in (Spare(), Spare(waiting=True)):
        monkeypatch.setattr(resources, "spare_worker", lambda spare=spare: spare)
        resources.expect_a_task()
        assert spare.prepared == (busy == "nothing" and not spare.waiting)


def test_once_there_has_been_a_spare_worker_every_page_sees_to_the_next_one(monkeypatch):
    start, asked = SimpleNamespace(begin=lambda: None, over=threading.Event()), []
    monkeypatch.setattr(resources, "_warm_up", lambda: start)
    monkeypatch.setattr(resources, "expect_a_task", lambda: asked.append(1))
    resources.warm_up()
    assert not asked
    start.over.set()
    resources.warm_up()
    assert asked


def test_the_first_visitor_is_answered_before_a_spare_worker_takes_processor_time(tmp_path):
    asked = threading.Event()
    shelf = SimpleNamespace(load_first=lambda _run: None, classifier=no_model)
    work = WarmUp(Prepared(), shelf, tmp_path, asked.set)
    work.begin(after=0, undisturbed=LONGEST)
    assert work.done.wait(LONGEST)
    assert not asked.is_set()


def finished(home, shelf) -> WarmUp:
    work = WarmUp(Prepared(), shelf, home, lambda: None)
    work.begin(after=0)
    work.begin(after=0)  # by the next visitor
    assert work.done.wait(60)
    return work


def test_a_start_is_remembered_for_the_next_one(tmp_path, tiny_base):
    home = tmp_path / "home"
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=16)
    shelf = SimpleNamespace(load_first=lambda _run: None, classifier=lambda _run: classifier)
    first = finished(home, shelf)
    assert (first.progress.step, first.progress.last) == (STEPS[-1], None)
    [kept] = home.iterdir()
    last = WarmUp(Prepared(), None, home, lambda: None).progress.last
    assert last == json.loads(kept.read_text())["seconds"] >= 0


@pytest.mark.parametrize("content", ["", "[]", '{"computer": "another", "seconds": 3}', '{"computer": "NAME"}'])
def test_no_figure_of_another_computer_and_none_that_is_damaged_is_told(tmp_path, content):
    (tmp_path / "last_start.json").write_text(content.replace("NAME", platform.node()))
    assert WarmUp(Prepared(), None, tmp_path, lambda: None).progress.last is None


def no_model(_run):
    raise RunError("The model of the run one is missing or damaged.")


def test_a_classifier_that_cannot_be_loaded_ends_the_waiting_and_leaves_no_figure(tmp_path):
    finished(tmp_path, SimpleNamespace(load_first=lambda _run: None, classifier=no_model))
    assert list(tmp_path.iterdir()) == []


def test_the_first_classifier_answers_until_the_other_one_is_loaded(tmp_path, tiny_base, monkeypatch):
    classifier = load_base(str(tiny_base), ("a", "b"), dropout=0.0, max_length=16)
    loading, seen, over = threading.Event(), threading.Event(), threading.Event()

    def load(_run):
        loading.set()
        assert seen.wait(LONGEST)
        return classifier

    shelf = SimpleNamespace(load_first=lambda _run: classifier, classifier=load)
    work = WarmUp(Prepared(), shelf, tmp_path, over.set)
    monkeypatch.setattr(resources, "_warm_up", lambda: work)
    work.begin(after=0, undisturbed=0)
    assert loading.wait(LONGEST)
    assert (resources.is_warm(), resources.first_classifier("one"), resources.first_classifier("two")) == (
        False, classifier, None,
    )  # fmt: skip
    assert (tmp_path / "last_start.json").exists()  # the answer is what a newcomer waits for
    seen.set()
    assert over.wait(LONGEST)
    assert resources.is_warm()
    assert resources.first_classifier("one") is None


def test_the_wait_is_told_as_it_is():
    assert texts.start_in_words(Progress(STEPS[0], 12.4, None)) == (
        "This server has just started (step 1 of 3, loading the libraries, 12 s so far). The answer comes by itself."
    )
    said = texts.start_in_words(Progress(STEPS[2], 61.0, 83.0))
    assert "step 3 of 3, computing a first answer, 1 min 1 s so far). The last start took 1 min 23 s." in said
