"""Training, prediction and explanation on a GPU: this project, transformers' Trainer and its pipeline, taking turns.

``python -m benchmarks.gpu`` runs each contender in a process of its own, up to ``ROUNDS`` times and for no longer than
``BUDGET`` seconds, and prints medians of texts a second, ratios taken within a round, and how busy nvidia-smi found the
GPU meanwhile. Imports, loading and a warm-up are not timed. Without a GPU it says so and ends with 2.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from benchmarks.sitting import figures

if TYPE_CHECKING:
    from bertdemo.models.devices import Placement

ROUNDS, BUDGET = 3, 450.0
TRAINED, PREDICTED, EXPLAINED, WARM_UP = 9_600, 2_000, 60, 64
BATCH = 64  # of every contender
RIVALS = {"train": "train_trainer", "predict": "predict_pipeline", "explain": None}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender", nargs="?", choices=list(CONTENDERS), help="run one of them here and print JSON")
    name = parser.parse_args().contender
    if name:
        print(json.dumps(watched(CONTENDERS[name])))
        return 0
    from bertdemo.models.devices import choose_placement, look_up_hardware

    hardware = look_up_hardware()
    if not hardware.cuda_devices:
        print("There is no GPU that torch can use here: see the README on installing torch for one.", file=sys.stderr)
        return 2
    rounds: list[dict[str, Any]] = []
    started = time.monotonic()
    while another_round(len(rounds), time.monotonic() - started):
        rounds.append({each: figures("gpu", each) for each in CONTENDERS})
    show(rounds, choose_placement(hardware=hardware))
    return 0


def another_round(done: int, spent: float) -> bool:
    """Return whether a round like those ``done`` in ``spent`` seconds ends before the budget does."""
    return done == 0 or (done < ROUNDS and spent + spent / done <= BUDGET)


def trainer_settings(precision: str) -> dict[str, Any]:
    """Return what makes the Trainer compute in the number format of ours, on batches of the same size."""
    formats = {name: True for name in ("bf16", "fp16") if name == precision}
    return {"per_device_train_batch_size": BATCH, "num_train_epochs": 1, "learning_rate": 2e-4, **formats}


def train() -> float:
    from benchmarks.throughput import ours

    return float(ours("auto", TRAINED)["samples_per_second"])


def train_trainer() -> float:
    from benchmarks.contenders import WARM_UP as STEPS
    from benchmarks.contenders import make_trainer
    from benchmarks.throughput import tweets
    from bertdemo.models.devices import choose_placement

    made, clock = make_trainer(tweets(TRAINED).part("train"), **trainer_settings(choose_placement().precision))
    made.train()
    return (made.state.global_step - STEPS) * BATCH / (clock.stopped - clock.started)


def predict() -> float:
    from bertdemo.prediction.predict import predict as classify

    classifier, texts = starter()
    classify(classifier, texts[:WARM_UP], batch_size=BATCH)
    started = time.perf_counter()
    classify(classifier, texts, batch_size=BATCH)
    return len(texts) / (time.perf_counter() - started)


def predict_pipeline() -> float:
    from transformers import pipeline

    classifier, texts = starter()
    with tempfile.TemporaryDirectory() as folder:
        for part in (classifier.model, classifier.tokenizer):
            part.save_pretrained(folder)
        reading = pipeline("text-classification", folder, truncation=True, max_length=classifier.max_length)
    reading(texts[:WARM_UP], batch_size=BATCH)
    started = time.perf_counter()
    reading(texts, batch_size=BATCH)
    return len(texts) / (time.perf_counter() - started)


def explain() -> float:
    """Return texts a second whose integrated gradients are certified or at their most steps."""
    from bertdemo.explanation.integrated_gradients import integrated_gradients
    from bertdemo.explanation.tokenized_text import tokenize_with_words

    classifier, texts = starter()
    read = [tokenize_with_words(classifier, text) for text in texts[: EXPLAINED + 3]]
    for each in read[:3]:
        integrated_gradients(classifier, each, 0)
    started = time.perf_counter()
    for each in read[3:]:
        integrated_gradients(classifier, each, 0)
    return EXPLAINED / (time.perf_counter() - started)


CONTENDERS: dict[str, Callable[[], float]] = {
    each.__name__: each for each in (train, train_trainer, predict, predict_pipeline, explain)
}


def starter() -> tuple[Any, list[str]]:
    from benchmarks.prediction import classifier_and_texts

    classifier, split = classifier_and_texts()
    return classifier, list(split.part("test").texts[:PREDICTED])


def watched(contender: Callable[[], float]) -> dict[str, float]:
    """Return texts a second, and the most that nvidia-smi found the GPU busy (%); 0 where there is none to ask."""
    busy, done = [0.0], threading.Event()

    def look() -> None:
        while shutil.which("nvidia-smi") and not done.wait(0.5):
            asked = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
            said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
            busy.extend(float(each) for each in said[:1])

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    speed = contender()
    done.set()
    thread.join()
    return {"texts_per_second": speed, "busy": max(busy)}


def show(rounds: list[dict[str, Any]], placement: Placement) -> None:
    print(f"{placement.device_name}, {placement.precision}: {placement.reason}; {len(rounds)} rounds")
    for ours, rival in RIVALS.items():
        for name in filter(None, (ours, rival)):
            speed = statistics.median(each[name]["texts_per_second"] for each in rounds)
            busy = statistics.median(each[name]["busy"] for each in rounds)
            print(f"{name:<18}{speed:>10,.0f} texts/s, GPU busy up to {busy:.0f} %")
        if rival:
            ratios = [each[ours]["texts_per_second"] / each[rival]["texts_per_second"] for each in rounds]
            print(f"{'':<18}{statistics.median(ratios):>9.1f}× ({min(ratios):.1f} to {max(ratios):.1f})")


if __name__ == "__main__":
    sys.exit(main())
