"""Looking inside: what each view of attention costs, and whether it is of the prediction, on held-back airline tweets.

``python -m benchmarks.attention`` takes the starter classifier and 40 texts of its test part. Every call is warm and
made once a text. Then four sessions, two that predict and two that look inside and switch heads off, share one model.
"""

from __future__ import annotations

import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks import machine
from bertdemo.explanation.attention import attention, norm_weighted, relevance, rollout
from bertdemo.explanation.heads import closeup, importance_over, logits_with_ablated_heads
from bertdemo.explanation.heads import statistics as statistics_of
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_classifier
from bertdemo.models.devices import choose_placement
from bertdemo.prediction.predict import predict
from bertdemo.runs.store import starter_folders

RUN = "starter-airline-sentiment"
TEXTS, SESSIONS, ASKED = 40, 4, 250  # texts; sessions, and how often each asks
SOME = {(3, 4), (5, 9)}  # heads
FP32 = choose_placement("fp32")


def main() -> None:
    folder = next(folder for folder in starter_folders() if folder.id == RUN)
    complete, predicting = (
        load_classifier(folder.model_path, output_attentions=True),
        load_classifier(folder.model_path),
    )
    texts = folder.split().part("test").texts[:TEXTS]
    predicted = predict(predicting, texts, placement=FP32).logits
    readings = [tokenize_with_words(complete, text) for text in texts]
    seen = [attention(complete, tokenized) for tokenized in readings]
    print(machine.describe())
    print(f"{TEXTS} tweets of {statistics.median(map(len, readings)):.0f} tokens (median), milliseconds a text")
    for name, call in (
        ("attention of all heads", lambda row: attention(complete, readings[row])),
        ("statistics of all heads", lambda row: statistics_of(seen[row].weights, readings[row])),
        ("rollout", lambda row: rollout(seen[row].weights)),
        ("relevance", lambda row: relevance(complete, readings[row], 0)),
        ("norm-weighted attention", lambda row: norm_weighted(complete, readings[row])),
        ("close-up of one head", lambda row: closeup(complete, readings[row], 3, 4, 1)),
        ("two heads switched off", lambda row: logits_with_ablated_heads(predicting, readings[row], SOME)),
        ("importance of every head", lambda row: importance_over(predicting, [readings[row]], 0)),
    ):
        times = timed(call)
        print(f"{name:<28}{statistics.median(times):>8.1f}{max(times):>9.1f} (slowest)")
    apart = max(float(abs(each.logits - row).max()) for each, row in zip(seen, predicted, strict=True))
    print(f"explained and predicted logits differ by up to {apart:.1e}")
    wrong = shared(complete, texts, readings, predicted)
    print(f"{SESSIONS} sessions on one model: {wrong} wrong in {SESSIONS * ASKED:,}")


def timed(call) -> list[float]:
    """Milliseconds of each text, the first of which is read once before."""
    call(0)
    times = []
    for row in range(TEXTS):
        started = time.perf_counter()
        call(row)
        times.append(1000 * (time.perf_counter() - started))
    return times


def shared(classifier, texts, readings, predicted: np.ndarray) -> int:
    """How many answers are not those of a model that nobody else uses, while heads go off and on."""

    def ask(session: int) -> int:
        choose, wrong = random.Random(session), 0
        for _ in range(ASKED):
            row = choose.randrange(TEXTS)
            if session % 2:
                found = predict(classifier, [texts[row]], placement=FP32).logits[0]
            else:
                logits_with_ablated_heads(classifier, readings[row], SOME)
                relevance(classifier, readings[row], 0)
                found = attention(classifier, readings[row]).logits
            wrong += bool(abs(found - predicted[row]).max() > 1e-5)
        return wrong

    with ThreadPoolExecutor(SESSIONS) as threads:
        return sum(threads.map(ask, range(SESSIONS)))


if __name__ == "__main__":
    main()
