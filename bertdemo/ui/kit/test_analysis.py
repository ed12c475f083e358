"""The analysis of a run's test part, for all sessions: each result is computed once, when somebody first asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.runs.records import Run
from bertdemo.ui.kit import resources

if TYPE_CHECKING:
    from bertdemo.evaluation.analysis import Analysis
    from bertdemo.runs.folder import RunFolder


def analysis_of(run: Run) -> Analysis | None:
    """Return what the answers of a run tell; None where an older version made it, which kept none.

    Raises:
        RunError: the folder of the run is damaged.
    """
    folder = resources.runs().folder(run.id)
    path = folder.path / "answers.parquet"
    return _read(str(path), path.stat().st_mtime_ns, folder) if path.exists() else None


@st.cache_resource(show_spinner=False, max_entries=8)
def _read(path: str, edition: int, _folder: RunFolder) -> Analysis | None:  # noqa: ARG001 (the key of the cache)
    return _folder.analysis()
