"""What the surroundings decide: the home folder, the limits, and where the app lies."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bertdemo.errors import SettingsError

_MEBIBYTE = 2**20
_PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class Settings:
    """Where things are kept and how large they may be.

    ``home`` holds runs and the queue; ``max_file_mb`` (MiB) and ``max_rows`` bound what is read from a person;
    ``api_token`` is what requests over HTTP must bring (empty: anybody may ask). Reading a visitor's file may take
    ``read_memory_mb`` (MiB) and ``read_seconds`` of a processor. A visitor of a page may name base models in
    ``base_folders`` and no others on this machine. A request has to name one of ``allowed_hosts`` as its server,
    besides loopback and the address that the server listens on ("*": any); pages may be framed by ``frame_ancestors``
    (as in a Content-Security-Policy).
    """

    home: Path
    max_file_mb: int = 20
    max_rows: int = 200_000
    api_token: str = field(default="", repr=False)
    read_memory_mb: int = 450
    read_seconds: int = 15
    base_folders: tuple[Path, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    frame_ancestors: str = "'self'"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read ``BERTDEMO_HOME``, ``BERTDEMO_MAX_FILE_MB`` and so on: the names of the fields in capitals.

        Raises:
            SettingsError: a limit is not a whole number above zero, or a folder of base models is no full path.
        """
        home = Path(environment.get("BERTDEMO_HOME") or Path.home() / ".bertdemo").expanduser().resolve()
        return cls(
            home=home,
            max_file_mb=_limit(environment, "BERTDEMO_MAX_FILE_MB", cls.max_file_mb),
            max_rows=_limit(environment, "BERTDEMO_MAX_ROWS", cls.max_rows),
            api_token=environment.get("BERTDEMO_API_TOKEN", "").strip(),
            read_memory_mb=_limit(environment, "BERTDEMO_READ_MEMORY_MB", cls.read_memory_mb),
            read_seconds=_limit(environment, "BERTDEMO_READ_SECONDS", cls.read_seconds),
            base_folders=tuple(map(_folder, _listed(environment, "BERTDEMO_BASE_FOLDERS", os.pathsep))),
            allowed_hosts=tuple(_listed(environment, "BERTDEMO_ALLOWED_HOSTS", ",")),
            frame_ancestors=_ancestors(environment.get("BERTDEMO_FRAME_ANCESTORS", "").strip() or cls.frame_ancestors),
        )

    @property
    def max_file_bytes(self) -> int:
        return self.max_file_mb * _MEBIBYTE


def _listed(environment: Mapping[str, str], name: str, between: str) -> list[str]:
    parts = environment.get(name, "").split(between)
    return [part.strip() for part in parts if part.strip()]


def _folder(path: str) -> Path:
    folder = Path(path).expanduser()
    if not folder.is_absolute():
        raise SettingsError(f"BERTDEMO_BASE_FOLDERS has {path!r}: give full paths, with {os.pathsep!r} between them.")
    return folder


def _ancestors(sources: str) -> str:
    if not re.fullmatch(r"[\w:/.*\[\]' -]+", sources):
        raise SettingsError(
            f"BERTDEMO_FRAME_ANCESTORS is {sources!r}: give 'none', 'self', or addresses with a blank between them."
        )
    return sources


def _limit(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not text.isdigit() or int(text) == 0:
        raise SettingsError(f"{name} is {text!r}: set it to a whole number above zero, or unset it for {default}.")
    return int(text)


def app_script() -> Path:
    """Return ``app.py``: inside an installed package, or beside the package in a clone.

    Raises:
        FileNotFoundError: only the folder ``bertdemo`` was copied, without the app.
    """
    for folder in (_PACKAGE / "_app", _PACKAGE.parent):
        if (folder / "app.py").is_file():
            return folder / "app.py"
    raise FileNotFoundError(f"There is no app.py in or beside {_PACKAGE}.")
