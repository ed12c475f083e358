"""Training throughput on airline tweets: this loop, the textbook loop and transformers' Trainer, and the ceilings.

``python -m benchmarks.throughput`` runs each contender in a process of its own, in turn, three times over, and prints
the medians. Imports, loading and the first two steps are not timed. ``--isa AVX512_CORE_BF16`` keeps oneDNN from using
newer instructions, which shows what a processor without them does.
"""

from __future__ import annotations

import argparse
import json
import statistics
from dataclasses import replace

from benchmarks.sitting import a_split, figures
from bertdemo.training.recipe import Precision

ROUNDS = 3
TEXTS = {"ours": 3200, "ours_fp32": 1600, "textbook": 192, "trainer": 320, "ceiling": 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--isa", help="the newest instructions oneDNN may use")
    parser.add_argument("contender", nargs="?", choices=list(TEXTS), help="run one of them here and print JSON")
    arguments = parser.parse_args()
    if arguments.contender:
        print(json.dumps(measure(arguments.contender)))
        return
    rounds = [{name: in_a_process(name, arguments.isa) for name in TEXTS} for _ in range(ROUNDS)]
    show(rounds)


def measure(contender: str) -> dict[str, float | str]:
    """Figures of one contender, measured in this process."""
    from benchmarks import machine
    from bertdemo.models.devices import choose_placement

    precision = choose_placement().precision
    if contender == "ceiling":
        ceilings = {"flops": machine.ceiling(precision), "fp32_flops": machine.ceiling("fp32")}
        return {**ceilings, "precision": precision, "machine": machine.describe()}
    if contender.startswith("ours"):
        return ours("auto" if contender == "ours" else "fp32", TEXTS[contender])
    from benchmarks import contenders

    return {"samples_per_second": getattr(contenders, contender)(tweets(TEXTS[contender]).part("train"))}


def ours(precision: Precision, texts: int) -> dict[str, float | str]:
    """Return this project's loop, as a run executes it; the time of writing metrics is in ``benchmarks.watching``."""
    from benchmarks.contenders import WARM_UP
    from bertdemo.training.events import Started, Stepped
    from bertdemo.training.loading import load_for_training
    from bertdemo.training.loop import train
    from bertdemo.training.recipe import Recipe

    split, events = tweets(texts), []
    recipe = Recipe(epochs=1, evaluations_per_epoch=1, precision=precision)
    classifier = load_for_training(recipe, split.dataset.label_names)
    train(classifier, split, recipe, events.append, lambda: None, lambda _: None)
    steps = [event for event in events if isinstance(event, Stepped)]
    seconds = steps[-1].elapsed - steps[WARM_UP - 1].elapsed
    share = (len(steps) - WARM_UP) / len(steps)  # batches are alike in size
    tokens = next(event.tokens for event in events if isinstance(event, Started)) * share / seconds
    return {
        "samples_per_second": len(split.train) * share / seconds,
        "tokens_per_second": tokens,
        # 6 FLOPs a weight and token: 2 forward, 4 backward (Kaplan et al., 2020, section 2.1)
        "flops": 6 * weights_a_token(classifier.model) * tokens,
    }


def weights_a_token(model) -> int:
    """Weights that a token is multiplied by: those of the encoder, and of its last layer keys and values alone."""
    layers = model.base_model.encoder.layer
    last = layers[-1].attention.self
    return sum(w.numel() for part in (*layers[:-1], last.key, last.value) for w in part.parameters())


def tweets(n: int):
    """Return a split of the airline tweets with ``n`` training texts, and few to validate on."""
    made = a_split("airline_sentiment", max_train=n)
    return replace(made, validation=made.validation[:64])


def in_a_process(contender: str, isa: str | None) -> dict[str, float | str]:
    """Return figures of ``measure``, of a fresh process; ours starts in a worker's environment, the others as usual."""
    from bertdemo.tasks.local import WORKER_ENVIRONMENT

    environment = dict(WORKER_ENVIRONMENT if contender.startswith("ours") else {})
    if isa:
        environment["ONEDNN_MAX_CPU_ISA"] = isa
    return figures("throughput", contender, **environment)


def show(rounds: list[dict[str, dict[str, float | str]]]) -> None:
    """Medians over the rounds; ratios are taken within a round first."""

    def median(of):
        return statistics.median(of(figures) for figures in rounds)

    print(rounds[0]["ceiling"]["machine"])
    print(f"{'':<34}{'samples/s':>10}{'ours is':>10}")
    for name in ("ours", "ours_fp32", "trainer", "textbook"):
        speed = median(lambda r, n=name: r[n]["samples_per_second"])
        ratio = median(lambda r, n=name: r["ours"]["samples_per_second"] / r[n]["samples_per_second"])
        print(f"{name:<34}{speed:>10.1f}{ratio:>9.1f}×")
    print(f"tokens/s {median(lambda r: r['ours']['tokens_per_second']):,.0f}")
    for name, top, precision in (
        ("ours", "flops", rounds[0]["ceiling"]["precision"]),
        ("ours_fp32", "fp32_flops", "fp32"),
    ):
        share = median(lambda r, n=name, t=top: r[n]["flops"] / r["ceiling"][t])
        ceiling = median(lambda r, t=top: r["ceiling"][t])
        print(f"{precision} ceiling {ceiling / 1e9:,.0f} GFLOP/s, share reached in {precision} {share:.0%}")


if __name__ == "__main__":
    main()
