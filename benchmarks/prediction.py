"""Prediction on airline tweets: a job and single texts of this project against transformers' pipeline.

``python -m benchmarks.prediction`` takes the starter classifier. Three rounds; in each every contender reads the same
tweets of the test split in a process of its own. Imports, loading and a warm-up are not timed; tokenising is, and for
the job reading its table and writing its predictions, too. The pipeline gets the same weights, as a plain transformers
model, and cuts texts at the same length.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.sitting import figures

ROUNDS = 3
RUN = "starter-airline-sentiment"
TEXTS = 1_000  # for the contenders of a round; agreement is over all that were never trained on
WARM_UP = 64
SINGLES = 200
CONTENDERS = ("job", "job_exact", "batched", "one_by_one", "single")


def main() -> None:
    if sys.argv[1:]:
        name, folder = sys.argv[1:]
        print(json.dumps(globals()[name](Path(folder))))
        return
    from bertdemo.tasks.local import WORKER_ENVIRONMENT

    with tempfile.TemporaryDirectory() as folder:
        machine = figures("prediction", "prepare", folder)["machine"]
        rounds = [
            {
                name: figures("prediction", name, folder, **(WORKER_ENVIRONMENT if name.startswith("job") else {}))
                for name in CONTENDERS
            }
            for _ in range(ROUNDS)
        ]
        agreed = figures("prediction", "agreement", folder, **WORKER_ENVIRONMENT)
    print(machine)
    show(rounds, agreed)


def classifier_and_texts():
    from bertdemo.models.checkpoints import load_classifier
    from bertdemo.runs.store import Runs
    from bertdemo.settings import Settings

    runs = Runs(Settings(Path(tempfile.gettempdir()) / "no-such-home"))
    split = runs.folder(RUN).split()
    return load_classifier(runs.model_folder(RUN)), split


def prepare(folder: Path) -> dict[str, str]:
    """Return the model as the pipeline reads it."""
    from benchmarks import machine

    classifier, _ = classifier_and_texts()
    classifier.model.save_pretrained(folder / "model")
    classifier.tokenizer.save_pretrained(folder / "model")
    return {"machine": machine.describe()}


def job(_: Path, *, exact: bool = False) -> dict[str, float]:
    """Return a job from its first row to its last, with all it reads and writes on the way."""
    import pandas as pd

    from bertdemo.jobs.records import JobColumns
    from bertdemo.jobs.store import Jobs
    from bertdemo.jobs.worker import make_predictor, work
    from bertdemo.settings import Settings
    from bertdemo.tasks.backend import ImmediateBackend

    _, split = classifier_and_texts()
    texts = split.part("test").texts[:TEXTS]
    found = {}

    def timed(job_folder) -> None:
        predictor = make_predictor(job_folder)
        predictor(texts[:WARM_UP], None)
        started = time.perf_counter()
        work(job_folder, lambda _: predictor)
        found["texts_per_second"] = len(texts) / (time.perf_counter() - started)

    with tempfile.TemporaryDirectory() as home:
        jobs = Jobs(Settings(Path(home)), ImmediateBackend(timed))
        jobs.submit(RUN, pd.DataFrame({"text": texts}, dtype=object), JobColumns("text"), "tweets.csv", exact=exact)
    return found


def job_exact(folder: Path) -> dict[str, float]:
    return job(folder, exact=True)


def batched(folder: Path) -> dict[str, float]:
    """``pipeline(batch_size=32)``: fp32, each batch padded to its longest text."""
    pipe, texts = a_pipeline(folder)
    started = time.perf_counter()
    pipe(texts, batch_size=32)
    return {"texts_per_second": len(texts) / (time.perf_counter() - started)}


def one_by_one(folder: Path) -> dict[str, float]:
    pipe, texts = a_pipeline(folder)
    started = time.perf_counter()
    for text in texts:
        pipe(text)
    return {"texts_per_second": len(texts) / (time.perf_counter() - started)}


def a_pipeline(folder: Path):
    """Return a warm pipeline, and the texts."""
    from transformers import pipeline

    classifier, split = classifier_and_texts()
    length = classifier.max_length
    pipe = pipeline("text-classification", str(folder / "model"), device="cpu", truncation=True, max_length=length)
    texts = list(split.part("test").texts[:TEXTS])
    pipe(texts[:WARM_UP], batch_size=32)
    return pipe, texts


def single(_: Path) -> dict[str, float]:
    """One text after the other through the library call that the page makes."""
    from bertdemo.prediction.single import predict_one

    classifier, split = classifier_and_texts()
    texts = split.part("test").texts
    for text in texts[:WARM_UP]:
        predict_one(classifier, text)
    times = []
    for text in texts[WARM_UP : WARM_UP + SINGLES]:
        started = time.perf_counter()
        predict_one(classifier, text)
        times.append(1000 * (time.perf_counter() - started))
    return {"median": statistics.median(times), "p95": statistics.quantiles(times, n=20)[-1]}


def agreement(_: Path) -> dict[str, float | str]:
    """Return the fast path against fp32 on validation and test, and fp32 in batches against text by text."""
    import numpy as np

    from bertdemo.models.devices import choose_placement
    from bertdemo.prediction.predict import predict

    classifier, split = classifier_and_texts()
    texts = split.part("test").texts + split.part("validation").texts
    fast = predict(classifier, texts)
    exact = predict(classifier, texts, placement=choose_placement("fp32"))
    alone = [
        predict(classifier, [text], placement=choose_placement("fp32")).probabilities[0] for text in texts[:SINGLES]
    ]
    return {
        "precision": fast.precision,
        "texts": len(texts),
        "labels": float((fast.labels == exact.labels).mean()),
        "settled": fast.settled / len(texts),
        "fast": float(np.abs(fast.probabilities - exact.probabilities).max()),
        "batch": float(np.abs(exact.probabilities[:SINGLES] - np.array(alone)).max()),
    }


def show(rounds: list[dict[str, dict[str, float]]], agreed: dict[str, float | str]) -> None:
    """Medians over the rounds; ratios are taken within a round first."""

    def median(of):
        return statistics.median(of(figures) for figures in rounds)

    speed = {name: median(lambda r, n=name: r[n]["texts_per_second"]) for name in CONTENDERS[:-1]}
    print(f"{'':<36}{'texts/s':>9}{'the job is':>12}{'in fp32':>9}")
    for name, title in (
        ("job", f"job ({agreed['precision']})"),
        ("job_exact", "job --exact (fp32)"),
        ("batched", "pipeline(batch_size=32)"),
        ("one_by_one", "pipeline, one by one"),
    ):
        ratios = [
            median(lambda r, n=name, o=ours: r[o]["texts_per_second"] / r[n]["texts_per_second"])
            for ours in ("job", "job_exact")
        ]
        print(f"{title:<36}{speed[name]:>9.0f}{ratios[0]:>11.1f}×{ratios[1]:>8.1f}×")
    singles = [f"{median(lambda r, n=name: r['single'][n]):.1f} ms" for name in ("median", "p95")]
    print(f"single text, median {singles[0]}, 95th percentile {singles[1]}")
    print(
        f"labels of {agreed['precision']} equal to those of fp32: {agreed['labels']:.2%} of {agreed['texts']:,} texts"
    )
    print(f"  ({agreed['settled']:.1%} read again in fp32); probabilities differ by up to {agreed['fast']:.3f}")
    print(f"probabilities of fp32 in batches and text by text differ by up to {agreed['batch']:.1e}")


if __name__ == "__main__":
    main()
