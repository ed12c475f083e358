"""The project as a package: what ``pip install .`` brings, and that it works away from the clone."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from bertdemo.commands import app

ROOT = Path(__file__).parents[1]
BESIDE = {"app.py", "pages/predict.py", ".streamlit/config.toml", ".streamlit/icon.svg"}
INSIDE = {"py.typed", "ui/components/strip.css", "ui/components/strip.js", "starters/starter-sms-spam/report.json"}
LOOK = """
import bertdemo, sys
from pathlib import Path
from bertdemo import settings
from bertdemo.runs.store import STARTERS
from bertdemo.ui.attention.pictures import _FOLDER
for place in (bertdemo.__file__, settings.app_script(), STARTERS, _FOLDER):
    print(Path(place).is_relative_to(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that the built wheel was unpacked into, which is how pip installs one of Python alone."""
    folder = tmp_path_factory.mktemp("package")
    command = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", folder]
    built = subprocess.run([*command, ROOT], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    [wheel] = folder.glob("bertdemo-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_it_holds_the_app_the_components_and_the_starters(installed: Path) -> None:
    files = {path.relative_to(installed / "bertdemo").as_posix() for path in (installed / "bertdemo").rglob("*")}
    assert {f"_app/{name}" for name in BESIDE} | INSIDE <= files
    modules = {path.relative_to(ROOT / "bertdemo").as_posix() for path in (ROOT / "bertdemo").rglob("*.py")}
    assert modules <= files


def test_it_needs_what_the_requirements_name(installed: Path) -> None:
    [folder] = installed.glob("*.dist-info")
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    named = {line.replace("_", "-") for line in lines if line and not line.startswith("#")}  # as packages are named
    needed = {each for each in PathDistribution(folder).requires or [] if "extra" not in each}
    assert needed == named


def test_it_finds_its_files_from_another_folder(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed), "BERTDEMO_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOOK, installed], cwd=tmp_path, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["True"] * 4, done.stderr


def test_the_command_app_hands_all_that_follows_to_streamlit(monkeypatch: pytest.MonkeyPatch) -> None:
    from bertdemo.__main__ import main

    begun: list[list[str]] = []
    monkeypatch.setattr(app.os, "execv", lambda _, command: begun.append(command))
    main(["app", "--server.port", "8600", "--help"])
    assert begun == [
        [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", "8600", "--help"]
    ]
