"""The design, held by tests: which room may use which, what stays light, and how large anything may grow.

Each test goes through all files and its failure lists every offender.
"""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "bertdemo"
LONGEST_FUNCTION, LONGEST_FILE, SHORT = 50, 400, 5

# Room → the rooms it may use. Rooms without a line here (commands, ui) may use all but what the other tests forbid.
GROUND = {"drafts", "errors", "lines", "processes", "registry", "settings"}
DOORS = {
    "processes": set(),
    "drafts": {"processes"},
    "errors": set(),
    "lines": set(),
    "registry": set(),
    "settings": {"errors"},
    "data": GROUND,
    "models": GROUND,
    "prediction": GROUND | {"data", "models"},
    "explanation": GROUND | {"data", "models", "prediction"},
    "evaluation": GROUND | {"data", "models", "prediction"},
    "training": GROUND | {"data", "models", "prediction", "evaluation"},
    "tasks": GROUND,
    "runs": GROUND | {"data", "models", "prediction", "evaluation", "training", "tasks"},
    "jobs": GROUND | {"data", "models", "prediction", "evaluation", "runs", "tasks"},
    "studies": GROUND | {"data", "models", "prediction", "explanation", "evaluation", "runs", "tasks"},
    "export": GROUND | {"data", "models", "prediction", "explanation", "evaluation", "training", "runs", "tasks"},
    "library": GROUND | {"data", "models", "prediction", "explanation", "evaluation", "training", "runs", "tasks"},
    "api": GROUND | {"models", "prediction", "runs"},
}
# Charts draw records and know nothing of where they come from.
RECORDS = {
    "bertdemo.data.checkup",
    "bertdemo.data.dataset",
    "bertdemo.evaluation.calibration",
    "bertdemo.evaluation.comparison",
    "bertdemo.evaluation.mistakes",
    "bertdemo.evaluation.ranking",
    "bertdemo.evaluation.report",
    "bertdemo.evaluation.slices",
    "bertdemo.runs.records",
    "bertdemo.studies.records",
    "bertdemo.tasks.records",
    "bertdemo.training.events",
    "bertdemo.training.recipe",
}
# Library → the places that may import it.
AT_HOME = {
    "streamlit": ("app.py", "pages/", "bertdemo/ui/"),
    "altair": ("bertdemo/charts/", "bertdemo/ui/"),
    "captum": ("bertdemo/explanation/",),
    "fastapi": ("bertdemo/api/",),
    "onnx": ("bertdemo/export/",),
    "onnxruntime": ("bertdemo/export/",),
}
HEAVY = ("torch", "transformers", "sklearn", "datasets", "scipy", "streamlit", "fastapi", "onnx")
LIGHT = (
    "bertdemo",
    "bertdemo.__main__",
    "bertdemo.data",
    "bertdemo.models.catalog",
    "bertdemo.runs.store",
    "bertdemo.api.guarding",
)


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


PACKAGE_FILES = sorted(PACKAGE.rglob("*.py"))
ALL_FILES = [
    path for folder in ("bertdemo", "pages", "tests", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))
] + sorted(ROOT.glob("*.py"))


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """Full names of the modules that a file imports anywhere, also inside functions and for types alone."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update(_module(node.module, alias.name) for alias in node.names)
    return names


def _module(module: str, name: str) -> str:
    """``from bertdemo.ui import words`` is an import of the module ``bertdemo.ui.kit.formatting``."""
    below = ROOT.joinpath(*module.split("."), name)
    return f"{module}.{name}" if below.is_dir() or below.with_suffix(".py").is_file() else module


def room(module: str) -> str:
    """``bertdemo.data.splitting`` → ``data``; the package itself (its version) → an empty name."""
    return module.removeprefix("bertdemo").lstrip(".").split(".")[0]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def own_room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def test_doors_open_one_way() -> None:
    shut = []
    for path in PACKAGE_FILES:
        own = own_room(path)
        used = {room(name) for name in imports(path) if name.startswith("bertdemo.")} - {own, ""}
        shut += [f"{place(path)} must not use {each}" for each in sorted(used - DOORS.get(own, used))]
    assert not shut, "\n".join(shut)


def test_only_screens_use_the_ui_and_nothing_uses_them() -> None:
    shut = []
    for path in PACKAGE_FILES:
        own = own_room(path)
        forbidden = {"commands", "__main__"} if own == "ui" else {"ui", "charts"} - {own}
        used = imports(path)
        wrong = {name for name in used if name.startswith("bertdemo.") and room(name) in forbidden}
        wrong |= {name for name in used if name.split(".")[0] in ("pages", "app", "tests")}
        shut += [f"{place(path)} must not use {name}" for name in sorted(wrong)]
    assert not shut, "\n".join(shut)


# Room of ``ui`` → those it may use besides ``kit``.
ROOMS_OF_UI = {
    "kit": set(),
    "attention": set(),
    "finetune": set(),
    "predict": set(),
    "runs": set(),
    "study": set(),
    "report": {"finetune"},
    "explain": {"attention", "predict", "study"},
}


def test_rooms_of_the_ui_open_one_way() -> None:
    shut = []
    for own, doors in ROOMS_OF_UI.items():
        for path in (*(PACKAGE / "ui" / own).glob("**/*.py"), *(PACKAGE / "ui").glob(f"{own}.py")):
            used = {name.split(".")[2] for name in imports(path) if name.startswith("bertdemo.ui.")}
            shut += [f"{place(path)} must not use ui/{each}" for each in used - doors - {own, "kit"}]
    assert not shut, "\n".join(shut)


def test_charts_take_records_only() -> None:
    shut = []
    for path in sorted((PACKAGE / "charts").glob("*.py")):
        used = {name for name in imports(path) if name.startswith("bertdemo.") and room(name) != "charts"}
        shut += [f"{place(path)} must not use {name}" for name in sorted(used - RECORDS)]
    assert not shut, "\n".join(shut)


def test_libraries_stay_where_they_belong() -> None:
    strays = []
    for path in PACKAGE_FILES:
        for name in sorted(imports(path)):
            homes = AT_HOME.get(name.split(".")[0])
            if homes is not None and not place(path).startswith(homes):
                strays.append(f"{place(path)} must not import {name}")
    assert not strays, "\n".join(strays)


@pytest.mark.parametrize("module", LIGHT)
def test_importing_is_light_and_leaves_no_trace(module: str, tmp_path: Path) -> None:
    code = f"import sys, {module}; print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    home = {"HOME": str(tmp_path), "BERTDEMO_HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path)}
    environment = {**os.environ, **home, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout.strip(), result.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_functions_and_files_stay_short() -> None:
    long = []
    for path in ALL_FILES:
        longest = [node for node in functions(path) if lines(node) > LONGEST_FUNCTION]
        long += [f"{place(path)}: {node.name} has {lines(node)} lines" for node in longest]
        total = len(path.read_text(encoding="utf-8").splitlines())
        long += [f"{place(path)} has {total} lines"] if total > LONGEST_FILE else []
    assert not long, "\n".join(long)


def test_public_functions_say_what_they_do() -> None:
    """What several files of a folder offer under one name (an interface) is told once in that folder."""
    told = {
        folder: {node.name for each in folder.glob("*.py") for node in functions(each) if ast.get_docstring(node)}
        for folder in {path.parent for path in PACKAGE_FILES}
    }
    silent = []
    for path in PACKAGE_FILES:
        public = (node for node in functions(path) if not node.name.startswith("_") and lines(node) > SHORT)
        silent += [f"{place(path)}:{node.lineno} {node.name}" for node in public if node.name not in told[path.parent]]
    assert not silent, "\n".join(silent)


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = [place(path) for path in ALL_FILES if path.stem in {"utils", "util", "helpers", "misc", "common"}]
    assert not drawers, "\n".join(drawers)
