"""A page as a person meets it, over a home folder of the test's own and workers that do nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from bertdemo.data.dataset import Dataset, Split
from bertdemo.evaluation.metrics import Answered, Answers
from bertdemo.jobs import store as jobs_store
from bertdemo.models.checkpoints import load_base, save_classifier
from bertdemo.runs import store
from bertdemo.runs.folder import RunFolder
from bertdemo.tasks.lock import WorkerLock
from bertdemo.tasks.records import State, Status
from bertdemo.training.events import Noted, Started, Stepped, Validated
from bertdemo.training.recipe import Recipe
from bertdemo.ui.kit import resources
from tests.runs.ended import write_test

APP = Path(__file__).parents[2] / "app.py"
STEPS = 8


@pytest.fixture(scope="session", autouse=True)
def installed_components() -> Iterator[None]:
    """What Streamlit finds among the installed packages, looked for once and not by every ``AppTest``: 0.4 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


class IdleBackend:
    """Starts no process; every worker counts as alive."""

    def start(self, folder: RunFolder, lock: WorkerLock) -> None:
        lock.name_worker("somebody")

    def is_alive(self, folder: RunFolder) -> bool:
        return True

    def end(self, folder: RunFolder, *, force: bool) -> bool:
        return False


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder that the app will use."""
    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path / "home"))
    for each in (store, jobs_store):
        monkeypatch.setattr(each, "_local_backend", lambda _settings: IdleBackend())
    monkeypatch.setattr(resources, "expect_a_task", lambda: None)  # else a worker imports torch in vain
    # It comes after the first paint, in a thread: a test that imports at the same moment would meet half-made modules.
    monkeypatch.setattr(resources, "warm_up", lambda: None)
    return tmp_path / "home"


@pytest.fixture
def no_starters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app as if no classifier came with it."""
    monkeypatch.setattr(store, "starter_folders", lambda _root: [])


class Visit(AppTest):
    """One person's visit. Going to another page empties the address, as the links of the navigation do."""

    def switch_page(self, page_path: str) -> AppTest:
        self.query_params.clear()
        return super().switch_page(page_path)


@pytest.fixture
def open_page(home: Path):
    """Opens the app and goes to a page: ``open_page("runs", run="a")``."""

    def open_(name: str = "home", **query: str) -> AppTest:
        app = Visit(APP, default_timeout=600)
        if name != "home":
            app.switch_page(f"pages/{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    return open_


@pytest.fixture
def small_split(small_dataset: Dataset) -> Split:
    rows = range(len(small_dataset))
    return Split(small_dataset, train=tuple(rows[::2]), validation=tuple(rows[1::4]), test=tuple(rows[3::4]), seed=7)


@pytest.fixture
def make_run(home: Path, small_split: Split):
    """Makes a run in any state: ``make_run("a", State.FINISHED)``."""

    def make(run_id: str, state: State, *, name: str = "", loss: float = 0.5, age: float = 0.0, mistakes: int = 1):
        now = time.time() - age
        folder = RunFolder.create(home / "runs" / run_id, small_split, Recipe(epochs=3), name or run_id, now)
        if state is not State.QUEUED:
            folder.append(Started(STEPS, 900, 1000, 1000, "CPU", "fp32", "this processor has no bf16"), now)
            for step in range(1, STEPS // 2 + 1):
                folder.append(Stepped(step, 0.1, loss, 1e-4, 1.0, 90.0, 2900.0, step, 9.0 - step, 800.0), now)
            folder.append(Validated(4, 1.0, 0.4, 0.9, 0.88, 0.1, True), now)
            folder.append(Noted(4, "The batch was halved to 16.", warning=True), now)
        if state.has_model:
            write_test(folder, small_split, mistakes=mistakes)
        said = "It is what it is."
        folder.write_status(Status(state, said, time.time(), step=4, steps=STEPS, remaining=5.0))
        return folder

    return make


@pytest.fixture
def make_classifier(make_run, small_split, tiny_base):
    """Makes a finished run that answers, as its random weights will: ``make_classifier("a")``."""

    def make(run_id="one", **about):
        folder = make_run(run_id, State.FINISHED, **about)
        names = small_split.dataset.label_names
        save_classifier(
            load_base(str(tiny_base), names, dropout=0.0, max_length=16, seed=len(run_id)), folder.model_path
        )
        truth = {part: np.array(small_split.part(part).labels) for part in ("validation", "test")}
        answered = {part: Answered(t, np.eye(2, dtype=np.float32)[t]) for part, t in truth.items()}
        folder.write_answers(Answers(answered["validation"], answered["test"], truth["test"]))
        return folder

    return make


@pytest.fixture
def words_of():
    """All that a person can read on a page: ``words_of(app)``."""

    def read(app: AppTest) -> str:
        kinds = (app.title, app.header, app.subheader, app.markdown, app.caption, app.text)
        kinds += (app.error, app.warning, app.info)
        return "\n".join(element.value for kind in kinds for element in kind)

    return read
