"""Where the files of this project lie: in a clone, or installed as a package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def app_script() -> Path:
    """Return ``app.py``: inside an installed package, or beside the package in a clone.

    Raises:
        FileNotFoundError: only the folder ``bertdemo`` was copied, without the app.
    """
    for folder in (_PACKAGE / "_app", _PACKAGE.parent):
        if (folder / "app.py").is_file():
            return folder / "app.py"
    raise FileNotFoundError(f"There is no app.py in or beside {_PACKAGE}.")
