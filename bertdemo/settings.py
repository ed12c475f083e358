"""What the surroundings decide: the home folder and the limits. Read once from the environment, then passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bertdemo.errors import SettingsError

_MEBIBYTE = 2**20


@dataclass(frozen=True)
class Settings:
    """Where things are kept and how large they may be.

    ``home`` holds runs and the queue; ``max_file_mb`` (MiB) and ``max_rows`` bound what is read from a person;
    ``api_token`` is what requests over HTTP must bring (empty: anybody may ask).
    """

    home: Path
    max_file_mb: int = 20
    max_rows: int = 200_000
    api_token: str = field(default="", repr=False)
    read_memory_mb: int = 400
    read_seconds: int = 15

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read ``BERTDEMO_HOME``, ``BERTDEMO_MAX_FILE_MB``, ``BERTDEMO_MAX_ROWS`` and ``BERTDEMO_API_TOKEN``.

        Raises:
            SettingsError: a limit is not a whole number above zero.
        """
        home = Path(environment.get("BERTDEMO_HOME") or Path.home() / ".bertdemo").expanduser().resolve()
        return cls(
            home=home,
            max_file_mb=_limit(environment, "BERTDEMO_MAX_FILE_MB", cls.max_file_mb),
            max_rows=_limit(environment, "BERTDEMO_MAX_ROWS", cls.max_rows),
            api_token=environment.get("BERTDEMO_API_TOKEN", "").strip(),
            read_memory_mb=_limit(environment, "BERTDEMO_READ_MEMORY_MB", cls.read_memory_mb),
            read_seconds=_limit(environment, "BERTDEMO_READ_SECONDS", cls.read_seconds),
        )

    @property
    def max_file_bytes(self) -> int:
        return self.max_file_mb * _MEBIBYTE


def _limit(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not text.isdigit() or int(text) == 0:
        raise SettingsError(f"{name} is {text!r}: set it to a whole number above zero, or unset it for {default}.")
    return int(text)
