"""Do explanations find what is known to be true? A made-up word decides the label; shuffled scores decide nothing.

``python -m benchmarks.explanation_truth`` trains the bundled base on airline tweets of which half, drawn at random,
hold the word ``zorvex`` at a random place, and whose label says nothing but whether they do. On held-back tweets with
the word it counts how often a method puts it first. Then it shuffles the scores of tweets explained by the airline
starter and counts how often their deletion and insertion curves fall inside the band of random orders.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.sitting import a_split
from bertdemo.data.dataset import Dataset, Split

WORD = "zorvex"
LABELS = ("without", "with")
TRAINED, HELD_BACK, FEWER = 1000, 50, 15  # tweets; the last number is that of methods which nobody promised
STEPS = 80
PROMISED = ("integrated_gradients", "occlusion")
OTHERS = (
    ("integrated_gradients", "mask"), ("integrated_gradients", "zero"), ("occlusion", "mask"), ("occlusion", "zero"),
    ("input_x_gradient", "pad"), ("saliency", "pad"),
)  # fmt: skip
SHUFFLED, SHUFFLES = 12, 4  # tweets, and how often the scores of each are shuffled
STARTER = Path(__file__).parents[1] / "bertdemo/starters/starter-airline-sentiment/model"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=("planted", "shuffled"), help="only this part")
    part = parser.parse_args().part
    if part != "shuffled":
        planted()
    if part != "planted":
        shuffled()


def plant(dataset: Dataset, seed: int = 0) -> Dataset:
    """Return the same texts, half of them with ``WORD`` at a random place; the label says which."""
    rng = Random(seed)
    texts, labels = [], []
    for text in dataset.texts:
        words, label = text.split(), rng.randrange(2)
        if label:
            words.insert(rng.randint(0, len(words)), WORD)
        texts.append(" ".join(words))
        labels.append(label)
    return Dataset(f"{dataset.name} with a shortcut", tuple(texts), tuple(labels), LABELS)


def planted() -> None:
    """Train on the shortcut and count how often each method puts it first."""
    from bertdemo.explanation.tokenized_text import tokenize_with_words
    from bertdemo.models.checkpoints import load_classifier, save_classifier
    from bertdemo.prediction.predict import predict
    from bertdemo.training.loading import load_for_training
    from bertdemo.training.loop import train
    from bertdemo.training.recipe import Recipe

    split = _planted_split()
    recipe, started = Recipe(epochs=1), time.perf_counter()
    trained = load_for_training(recipe, LABELS)
    train(trained, split, recipe, lambda _: None, lambda: None, lambda _: None)
    test = split.part("test")
    right = predict(trained, test.texts).labels == np.array(test.labels)
    print(
        f"planted shortcut: trained in {time.perf_counter() - started:.0f} s, accuracy {right.mean():.1%}", flush=True
    )
    with tempfile.TemporaryDirectory() as folder:
        save_classifier(trained, Path(folder))
        classifier = load_classifier(Path(folder))
    marked = [text for text, label in zip(test.texts, test.labels, strict=True) if label][:HELD_BACK]
    readings = [tokenize_with_words(classifier, text) for text in marked]
    for method, baseline in (*((name, "pad") for name in PROMISED), *OTHERS):
        some = readings if (method, baseline) not in OTHERS else readings[:FEWER]
        found = [_is_first(classifier, tokenized, method, baseline) for tokenized in some]
        print(f"  {method:<22}{baseline:<6}first in {np.mean(found):6.1%} of {len(found)} texts", flush=True)


def _planted_split() -> Split:
    split = a_split("airline_sentiment")
    rows = {part: getattr(split, part)[:size] for part, size in (
        ("train", TRAINED), ("validation", 200), ("test", 3 * HELD_BACK))}  # fmt: skip
    return replace(split, dataset=plant(split.dataset), **rows)


def _is_first(classifier, tokenized, method: str, baseline: str) -> bool:
    from bertdemo.explanation.integrated_gradients import integrated_gradients
    from bertdemo.explanation.methods import attribute

    if method == "integrated_gradients":  # of a classifier so certain many are not certified, and ranks need not be
        found = integrated_gradients(classifier, tokenized, 1, baseline=baseline, steps=STEPS)
    else:
        found = attribute(classifier, tokenized, method, 1, baseline=baseline)
    return WORD in tokenized.words[int(found.word_scores.argmax())].text


def shuffled() -> None:
    """Count how often curves of shuffled scores cannot be told from random orders, and those of the scores can."""
    from bertdemo.explanation.faithfulness import faithfulness
    from bertdemo.explanation.methods import attribute
    from bertdemo.explanation.tokenized_text import tokenize_with_words
    from bertdemo.models.checkpoints import load_classifier
    from bertdemo.prediction.predict import predict

    classifier, rng = load_classifier(STARTER), np.random.default_rng(0)
    inside, beaten, seconds = [], [], []
    for row, text in enumerate(a_split("airline_sentiment").part("test").texts[:SHUFFLED]):
        tokenized, target = tokenize_with_words(classifier, text), int(predict(classifier, [text]).labels[0])
        scores = attribute(classifier, tokenized, "integrated_gradients", target).word_scores
        started = time.perf_counter()
        found = faithfulness(classifier, tokenized, scores, target, seed=row)
        seconds.append(time.perf_counter() - started)
        beaten += [found.deletion.beats_chance, found.insertion.beats_chance]
        for trial in range(SHUFFLES):
            found = faithfulness(classifier, tokenized, rng.permutation(scores), target, seed=1000 * (trial + 1) + row)
            inside += [found.deletion.inside, found.insertion.inside]
    print(
        f"curves of {SHUFFLED} texts: inside the band of random orders {np.mean(inside):.1%} of {len(inside)} shuffled "
        f"(coverage {found.coverage:.1%}); beyond it {np.mean(beaten):.1%} of {len(beaten)} of integrated gradients; "
        f"{np.median(seconds):.1f} s a text"
    )


if __name__ == "__main__":
    main()
