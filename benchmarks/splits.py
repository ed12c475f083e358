"""How good is "thorough", whatever the split? README's command with five seeds, each of which divides the tweets anew.

``python -m benchmarks.splits`` runs ``python -m bertdemo train --data airline_sentiment --preset thorough --json`` with
five seeds, the usual one and the next four, in an empty home, and prints the test scores of each beside those of the
bag of words on the same split, then their medians. Options behind it go to the command, e.g. ``--mean-teacher 0``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile

from bertdemo.training.recipe import Recipe

SEEDS = tuple(range(Recipe.seed, Recipe.seed + 5))
PARTS = ("test", "baseline")


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        runs = [trained(seed, sys.argv[1:], home) for seed in SEEDS]
    print(f"{'split':<8}{'accuracy':>10}{'macro-F1':>10}{'bag of words':>22}{'texts':>8}{'seconds':>9}")
    for seed, run in zip(SEEDS, runs, strict=True):
        line(str(seed), run["test"], run["baseline"], run["test"]["n"], run["train"]["seconds"])
    ours, baseline = ({key: median(runs, part, key) for key in ("accuracy", "macro_f1")} for part in PARTS)
    line("median", ours, baseline, median(runs, "test", "n"), median(runs, "train", "seconds"))


def trained(seed: int, options: list[str], home: str) -> dict[str, dict[str, float]]:
    """Return what the command prints of a run with this seed."""
    command = [sys.executable, "-m", "bertdemo", "train", "--data", "airline_sentiment", "--preset", "thorough"]
    done = subprocess.run(
        [*command, "--seed", str(seed), "--json", *options],
        env={**os.environ, "BERTDEMO_HOME": home},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return json.loads(done.stdout)


def median(runs: list[dict[str, dict[str, float]]], part: str, key: str) -> float:
    return statistics.median(run[part][key] for run in runs)


def line(name: str, ours: dict[str, float], baseline: dict[str, float], texts: float, seconds: float) -> None:
    told = f"{baseline['accuracy']:.2%}, {baseline['macro_f1']:.4f}"
    print(f"{name:<8}{ours['accuracy']:>10.2%}{ours['macro_f1']:>10.4f}{told:>22}{texts:>8,.0f}{seconds:>9.0f}")


if __name__ == "__main__":
    main()
