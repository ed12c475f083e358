"""What explanations cost against another clone of the project: CPU time for the same texts, in turns.

``python -m benchmarks.explanation_pairs FOLDER`` explains tweets and texts of 400 tokens with the starter classifier,
in a process of one thread for each clone, and compares within pairs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.explanation import RUN, classifier_and_texts, ours

STUDIED = 200  # texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="the other clone; without it, rows are read and done")
    parser.add_argument("--rows", nargs="*", choices=ROWS, default=list(ROWS), help="only these rows")
    parser.add_argument("--pairs", type=int, default=7)
    arguments = parser.parse_args()
    if arguments.folder is None:
        serve()
    else:
        against(arguments.folder, arguments.rows, arguments.pairs)


def against(other: Path, rows: list[str], size: int) -> None:
    """Print CPU time of this clone and of another one for the same text, in turns; ratios within a pair."""
    sides = [_start(folder) for folder in (Path.cwd(), other)]
    for row in rows:
        pairs = []
        for number in range(-1, size):  # the first of them warms up
            order = sides if number % 2 else sides[::-1]
            found = {id(side): _ask(side, row, max(0, number)) for side in order}
            pairs.append([found[id(side)] for side in sides])
        mine, theirs = (statistics.median(column) for column in zip(*pairs[1:], strict=True))
        ratios = sorted(a / b for a, b in pairs[1:])
        print(
            f"{row:<28}{1000 * theirs:>9.0f} → {1000 * mine:>8.0f} ms CPU   {statistics.median(ratios):.2f}× "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f}, {size} pairs)",
            flush=True,
        )
    for side in sides:
        side.stdin.close()
        side.wait()


def _start(folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-P", __file__], env=environment, cwd=folder, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _ask(side: subprocess.Popen[str], row: str, number: int) -> float:
    assert side.stdin is not None
    assert side.stdout is not None
    side.stdin.write(json.dumps([row, number]) + "\n")
    side.stdin.flush()
    return float(side.stdout.readline())


def serve() -> None:
    """Do the rows that are asked for on the standard input, and tell the CPU seconds of each."""
    classifier, texts = classifier_and_texts()
    for line in sys.stdin:
        row, number = json.loads(line)
        started = time.process_time()
        ROWS[row](classifier, texts, number)
        print(time.process_time() - started, flush=True)


def tweets(method: str, size: int) -> Callable[..., object]:
    """Return what explains so many tweets by a method."""

    def explain(classifier, texts, number: int) -> None:
        from bertdemo.explanation.methods import attribute
        from bertdemo.explanation.tokenized_text import tokenize_with_words

        for text in texts[size * number : size * (number + 1)]:
            attribute(classifier, tokenize_with_words(classifier, text), method, 0)

    return explain


def some_tweets(classifier, texts, number: int) -> None:
    """Integrated gradients of five tweets, from the text on."""
    for text in texts[5 * number : 5 * number + 5]:
        ours(classifier, text)


def long_text(method: str) -> Callable[..., object]:
    """Return what explains a text of 400 tokens by a method."""

    def explain(classifier, texts, number: int) -> None:
        from bertdemo.explanation.methods import attribute
        from bertdemo.explanation.tokenized_text import tokenize_with_words

        cut = replace(classifier, max_length=400)
        attribute(cut, tokenize_with_words(cut, " ".join(texts[60 * number : 60 * number + 60])), method, 0)

    return explain


def by_layer(classifier, texts, number: int) -> None:
    """Conductance of two tweets."""
    from bertdemo.explanation.layers import layer_conductance
    from bertdemo.explanation.tokenized_text import tokenize_with_words

    for text in texts[2 * number : 2 * number + 2]:
        layer_conductance(classifier, tokenize_with_words(classifier, text), 0)


def curves(classifier, texts, number: int) -> None:
    """Draw deletion and insertion curves of a tweet, for scores that cost nothing."""
    from bertdemo.explanation.faithfulness import faithfulness
    from bertdemo.explanation.tokenized_text import tokenize_with_words

    tokenized = tokenize_with_words(classifier, texts[number])
    faithfulness(classifier, tokenized, np.arange(len(tokenized.words), dtype=np.float64), 0)


def a_study(_classifier, _texts, _number: int) -> None:
    """Study 200 test texts of the starter: load the classifier, explain, count and mask words."""
    from bertdemo.settings import Settings
    from bertdemo.studies.records import Question
    from bertdemo.studies.store import Studies
    from bertdemo.studies.worker import work
    from bertdemo.tasks.backend import ImmediateBackend

    with tempfile.TemporaryDirectory() as home:
        studies = Studies(Settings(Path(home)), ImmediateBackend(work))
        study = studies.get(studies.submit(RUN, Question("words", 0), STUDIED))
        assert study.status.state == "finished", study.status.message


ROWS: dict[str, Callable[..., object]] = {
    "integrated gradients": some_tweets,
    "integrated gradients, 400": long_text("integrated_gradients"),
    "occlusion, 400": long_text("occlusion"),
    "by layer": by_layer,
    "occlusion": tweets("occlusion", 3),
    "lime": tweets("lime", 1),
    "kernel_shap": tweets("kernel_shap", 1),
    "curves": curves,
    "study of 200": a_study,
}


if __name__ == "__main__":
    main()
