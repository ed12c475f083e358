"""How fast training goes and how long it will still take."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_WINDOW = 20  # steps over which rates are averaged: calm enough to read, quick enough to follow


@dataclass
class Pace:
    """Seconds of past steps against their size, and from that the seconds of future ones.

    A step costs about ``a + b · tokens``: the optimiser and the weights' traffic do not depend on the batch, the rest
    is proportional to its padded tokens. a and b are fitted by least squares to all steps but the first, which also
    pays for warming up.
    """

    steps: list[tuple[float, float]] = field(default_factory=list)  # (padded tokens, seconds)
    recent: deque[tuple[int, int, float]] = field(default_factory=lambda: deque(maxlen=_WINDOW))

    def add(self, samples: int, tokens: int, padded: int, seconds: float) -> None:
        self.steps.append((padded, seconds))
        self.recent.append((samples, tokens, seconds))

    @property
    def samples_per_second(self) -> float:
        return sum(samples for samples, _, _ in self.recent) / max(self._recent_seconds, 1e-9)

    @property
    def tokens_per_second(self) -> float:
        return sum(tokens for _, tokens, _ in self.recent) / max(self._recent_seconds, 1e-9)

    def predict(self, steps: int, padded: int) -> float:
        """Seconds that ``steps`` further steps of ``padded`` tokens in all will take (0 before the first step)."""
        if not self.steps:
            return 0.0
        fixed, per_token = self._fit()
        return fixed * steps + per_token * padded

    @property
    def _recent_seconds(self) -> float:
        return sum(seconds for _, _, seconds in self.recent)

    def _fit(self) -> tuple[float, float]:
        known = self.steps[1:] or self.steps
        mean_size = sum(size for size, _ in known) / len(known)
        mean_time = sum(time for _, time in known) / len(known)
        spread = sum((size - mean_size) ** 2 for size, _ in known)
        together = sum((size - mean_size) * (time - mean_time) for size, time in known)
        slope = together / spread if spread else 0.0
        # Neither part of the cost can be negative; noise in the first few steps would say so otherwise.
        slope = min(max(slope, 0.0), mean_time / mean_size if mean_size else 0.0)
        return mean_time - slope * mean_size, slope
