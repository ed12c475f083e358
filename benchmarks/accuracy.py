"""Does the faster loop learn as well? Test accuracy and macro-F1 on SMS against Trainer with the same settings.

``python -m benchmarks.accuracy`` trains both on three seeds of the recipe (the split is the same for all), each in a
process of its own, and prints every score. Trainer gets the same base, epochs, batch size, learning rate, schedule,
warm-up, weight decay and seed, in fp32 with transformers' own dropout; both are scored in fp32 after the last step.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import replace

from benchmarks.sitting import a_split, figures

SEEDS = (1, 2, 3)
DATA = "sms_spam"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("one", nargs="*", help="run one contender with one seed here and print JSON")
    arguments = parser.parse_args()
    if arguments.one:
        contender, seed = arguments.one
        print(json.dumps({"ours": ours, "trainer": trainer}[contender](int(seed))))
        return
    from bertdemo.tasks.local import WORKER_ENVIRONMENT  # for both: this table is about scores

    found = {
        name: [figures("accuracy", name, str(seed), **WORKER_ENVIRONMENT) for seed in SEEDS]
        for name in ("ours", "trainer")
    }
    for name, scores in found.items():
        accuracies, f1s = ([score[key] for score in scores] for key in ("accuracy", "macro_f1"))
        print(
            f"{name:<9} accuracy {statistics.mean(accuracies):.2%} ({', '.join(f'{a:.2%}' for a in accuracies)})  "
            f"macro-F1 {statistics.mean(f1s):.4f}  {statistics.median(score['seconds'] for score in scores):.0f} s"
        )


def prepared():
    """Return the split, the same for every contender and seed."""
    return a_split(DATA)


def recipe_of(split, seed: int):
    """Return what the app would begin with for so many messages."""
    from bertdemo.training.presets import recipe_for
    from bertdemo.training.recipe import Recipe

    return replace(recipe_for(Recipe.base, texts=len(split.train)), seed=seed)


def ours(seed: int) -> dict[str, float]:
    from bertdemo.training.loading import load_for_training
    from bertdemo.training.loop import train

    split = prepared()
    recipe = recipe_of(split, seed)
    classifier = load_for_training(recipe, split.dataset.label_names)
    started = time.perf_counter()
    train(classifier, split, recipe, lambda _: None, lambda: None, lambda _: None)
    return scored(classifier, split, time.perf_counter() - started)


def trainer(seed: int) -> dict[str, float]:
    from transformers import set_seed

    from benchmarks.contenders import make_trainer
    from bertdemo.models.classifier import Classifier

    split = prepared()
    recipe = recipe_of(split, seed)
    set_seed(seed)
    made, _ = make_trainer(
        split.part("train"), num_train_epochs=recipe.epochs, per_device_train_batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate, warmup_steps=recipe.warmup, weight_decay=recipe.weight_decay,
        lr_scheduler_type=recipe.schedule, seed=seed,
    )  # fmt: skip
    started = time.perf_counter()
    made.train()
    tokenizer = made.data_collator.tokenizer
    classifier = Classifier(made.model, tokenizer, split.dataset.label_names, recipe.max_length)
    return scored(classifier, split, time.perf_counter() - started)


def scored(classifier, split, seconds: float) -> dict[str, float]:
    from bertdemo.evaluation.metrics import accuracy, macro_f1
    from bertdemo.models.devices import choose_placement
    from bertdemo.prediction.predict import predict

    test = split.part("test")
    predicted = predict(classifier, test.texts, placement=choose_placement("fp32")).labels
    return {
        "accuracy": accuracy(test.labels, predicted), "macro_f1": macro_f1(test.labels, predicted), "seconds": seconds
    }  # fmt: skip


if __name__ == "__main__":
    main()
