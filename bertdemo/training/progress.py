"""How fast training goes and how long it will still take."""

from __future__ import annotations

from collections import deque

_WINDOW = 20  # steps over which rates are averaged: calm enough to read, quick enough to follow


class ThroughputMeter:
    """Seconds of past steps against their size, and from that the seconds of future ones.

    A step costs about ``a + b · tokens``: the optimiser and the weights' traffic do not depend on the batch, the rest
    is proportional to its padded tokens. a and b are fitted by least squares to all steps but the first, which also
    pays for warming up; only sums are kept, so that a step costs the same however many came before.
    """

    def __init__(self) -> None:
        self._recent: deque[tuple[int, int, float]] = deque(maxlen=_WINDOW)  # (samples, tokens, seconds)
        self._first: float | None = None
        self._n = self._size = self._size_squared = self._time = self._size_time = 0.0

    def add(self, samples: int, tokens: int, padded: int, seconds: float) -> None:
        """Count one step of ``samples`` texts with ``tokens`` tokens, ``padded`` with their padding."""
        self._recent.append((samples, tokens, seconds))
        if self._first is None:
            self._first = seconds
            return
        self._n += 1
        self._size += padded
        self._size_squared += padded * padded
        self._time += seconds
        self._size_time += padded * seconds

    @property
    def samples_per_second(self) -> float:
        return sum(samples for samples, _, _ in self._recent) / max(self._recent_seconds, 1e-9)

    @property
    def tokens_per_second(self) -> float:
        return sum(tokens for _, tokens, _ in self._recent) / max(self._recent_seconds, 1e-9)

    def predict(self, steps: int, padded: int) -> float:
        """Predict the seconds of ``steps`` further steps of ``padded`` tokens in all (0 before the first step)."""
        if not self._n:
            return steps * (self._first or 0.0)
        fixed, per_token = self._fit()
        return fixed * steps + per_token * padded

    @property
    def _recent_seconds(self) -> float:
        return sum(seconds for _, _, seconds in self._recent)

    def _fit(self) -> tuple[float, float]:
        mean_size, mean_time = self._size / self._n, self._time / self._n
        spread = self._size_squared / self._n - mean_size**2
        together = self._size_time / self._n - mean_size * mean_time
        slope = together / spread if spread > 1e-9 * mean_size**2 else 0.0  # below that, rounding
        # Neither part of the cost can be negative; noise in the first few steps would say so otherwise.
        slope = min(max(slope, 0.0), mean_time / mean_size)
        return mean_time - slope * mean_size, slope
