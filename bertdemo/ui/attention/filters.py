"""What of a matrix of attention is shown, and how much of it that hides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertdemo.explanation.tokenized_text import Unit
from bertdemo.ui.kit.formatting import percent


@dataclass(frozen=True)
class Filters:
    """``least``: weights below are hidden. ``looking`` and ``looked_at``: only words of this part of a pair."""

    special: bool = True
    least: float = 0.0
    looking: int | None = None
    looked_at: int | None = None


@dataclass(frozen=True)
class Visible:
    """Weights (heads, looking, looked at) of the units that are shown, those below the threshold as 0.

    ``hidden_special``, ``hidden_part`` and ``hidden_small`` are shares of what the shown units pay: to special tokens,
    to words of the other text, and in weights below the threshold.
    """

    looking: tuple[Unit, ...]
    looked_at: tuple[Unit, ...]
    weights: NDArray[np.float64]
    hidden_special: float
    hidden_part: float
    hidden_small: float


def visible(weights: NDArray[np.float64], units: tuple[Unit, ...], filters: Filters) -> Visible:
    """Apply filters to attention between units: (heads, units, units)."""
    looking = [place for place, unit in enumerate(units) if _stays(unit, filters.special, filters.looking)]
    looked_at = [place for place, unit in enumerate(units) if _stays(unit, filters.special, filters.looked_at)]
    rows = weights[:, looking]
    total = float(rows.sum()) or 1.0
    hidden = set(range(len(units))) - set(looked_at)
    special = [place for place in hidden if units[place].special]
    other = [place for place in hidden if not units[place].special]
    shown = rows[:, :, looked_at]
    kept = np.where(shown >= filters.least, shown, 0.0)
    return Visible(
        looking=tuple(units[place] for place in looking), looked_at=tuple(units[place] for place in looked_at),
        weights=kept, hidden_special=float(rows[:, :, special].sum()) / total,
        hidden_part=float(rows[:, :, other].sum()) / total, hidden_small=float((shown - kept).sum()) / total,
    )  # fmt: skip


def _stays(unit: Unit, special: bool, part: int | None) -> bool:
    if unit.special:
        return special
    return part is None or unit.part == part


def what_is_hidden(seen: Visible) -> str:
    """Return the shares that are not shown, in a sentence; empty where everything is."""
    shares = ((seen.hidden_special, "on special tokens"), (seen.hidden_part, "on the other text"),
              (seen.hidden_small, "in weights below the threshold"))  # fmt: skip
    told = [f"{percent(share, 0)} {where}" for share, where in shares if share > 0]
    return f"Hidden: {', '.join(told)}." if told else ""
