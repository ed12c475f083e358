"""Style and types are part of the test command: what ruff or mypy says is the failure message."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import bertdemo

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "arguments",
    [["ruff", "check"], ["ruff", "format", "--check", "--diff"], ["mypy"]],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_the_code_satisfies(arguments: list[str]) -> None:
    result = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_changelog_tells_of_this_version() -> None:
    [newest] = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[:1]
    assert newest == "Unreleased" or newest.startswith(f"{bertdemo.__version__} (")
