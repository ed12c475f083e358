"""The bootstrap (Efron 1979) of means over the tested texts, and the interval that it gives."""

from __future__ import annotations

import numpy as np

from bertdemo.evaluation.answers import Floats
from bertdemo.evaluation.report import Interval

RESAMPLES = 1000
METHOD = f"bootstrap over the tested texts, {RESAMPLES:,} resamples, moved back by its bias"
_SEED = 0  # the same answers give the same interval


def resampled_means(columns: Floats) -> Floats:
    """Means of each column over texts drawn with replacement: (texts, columns) → (resamples, columns)."""
    n = len(columns)
    generator = np.random.default_rng(_SEED)
    means: Floats = np.empty((RESAMPLES, columns.shape[1]))
    for row in means:
        row[:] = np.bincount(generator.integers(0, n, size=n), minlength=n) @ columns / n
    return means


def percentile_interval(value: float, resampled: Floats, highest: float = 1.0) -> Interval:
    """The middle 95 % of the resampled values, moved back by their bias, within 0 to ``highest`` and around ``value``.

    A mean of absolute differences, such as the calibration error, comes out too large in every resample: without the
    move the interval can miss the value itself.
    """
    low, high = value - resampled.mean() + np.percentile(resampled, [2.5, 97.5])
    return Interval(min(value, max(0.0, float(low))), max(value, min(highest, float(high))), METHOD)
