"""A run as a notebook: it makes the same run again."""

from __future__ import annotations

import functools
import json
import runpy
import shutil
from pathlib import Path

import nbformat
import pytest

import bertdemo
from bertdemo.__main__ import main
from bertdemo.library import notebooks
from bertdemo.runs.store import Runs
from bertdemo.settings import Settings


@pytest.fixture(scope="module")
def written(run: bertdemo.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run.to_notebook(tmp_path_factory.mktemp("notebooks") / "run.ipynb")


def test_it_makes_the_same_run_again(written, run, home, table, tmp_path, monkeypatch):
    """In this process: a Jupyter kernel and the run's own processes would each import torch, 40 s on two busy cores."""
    shutil.copy(table, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BERTDEMO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(bertdemo, "fine_tune", functools.partial(bertdemo.fine_tune, in_process=True))
    *steps, prediction, explanation = code_of(written)
    script = [
        *steps,
        prediction.replace("classifier.predict(", "predicted = classifier.predict("),
        f"why = {explanation}",
    ]
    Path("steps.py").write_text("\n".join(script), encoding="utf-8")
    made = runpy.run_path("steps.py")
    again, before = Runs(Settings(made["run"].home)).get(made["run"].id), Runs(Settings(home)).get(run.id)
    assert (again.recipe, again.data, again.name) == (before.recipe, before.data, before.name)
    assert made["run"].report()["test"] == run.report()["test"]
    assert len(made["predicted"]) == 3
    assert made["why"].prediction == made["classifier"].predict(made["predicted"].texts[0])


def code_of(notebook: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]


def test_it_is_a_notebook_that_says_what_is_not_usual(written, table):
    cells = nbformat.read(written, as_version=4)
    nbformat.validate(cells)
    code = "\n".join(code_of(written))
    for each in (repr(table.name), "text='opinion'", "no_label=['?']", "max_train=40", "drop_small_labels=True"):
        assert each in code
    assert "batch_size" not in code
    assert "has to lie beside this notebook" in cells.cells[0].source
    assert not any("<" in cell.source for cell in cells.cells if cell.cell_type == "markdown")


def test_what_a_damaged_folder_says_is_no_code(run, home, tmp_path):
    shutil.copytree(home, tmp_path / "home")
    card = tmp_path / "home" / "runs" / run.id / "data.json"
    about = json.loads(card.read_text())
    about["opened"] |= {"x=print('gotcha')": 1, "data": "a'); print('gotcha'); ('"}
    card.write_text(json.dumps(about))
    code = notebooks.notebook(Runs(Settings(tmp_path / "home")).folder(run.id))
    opening = json.loads(code)["cells"][1]["source"]
    assert "x=print" not in opening
    compile(opening, "cell", "exec")
    assert "load_data(\n    \"a'); print('gotcha'); ('\"," in opening


def test_visitors_see_no_path_of_a_base(run, home, tiny_base):
    folder = Runs(Settings(home)).folder(run.id)
    assert str(tiny_base.parent) in notebooks.notebook(folder)
    assert str(tiny_base.parent) not in notebooks.notebook(folder, show_paths=False)


def test_the_command_writes_it(run, home, tmp_path, monkeypatch, capsys, written):
    monkeypatch.setenv("BERTDEMO_HOME", str(home))
    assert main(["notebook", run.id, "--output", str(tmp_path / "a.ipynb")]) == 0
    assert (tmp_path / "a.ipynb").read_text() == written.read_text()
    assert main(["notebook", run.id, "--output", str(tmp_path / "a.html")]) == 2
    assert "must end in .ipynb" in capsys.readouterr().err
