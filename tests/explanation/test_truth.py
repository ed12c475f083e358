"""A shortcut that is known to be there is found."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.explanation_truth import LABELS, WORD, plant
from bertdemo.data.dataset import Dataset, Split
from bertdemo.explanation.faithfulness import faithfulness
from bertdemo.explanation.methods import attribute
from bertdemo.explanation.tokenized_text import tokenize_with_words
from bertdemo.models.checkpoints import load_classifier, save_classifier
from bertdemo.models.classifier import Classifier
from bertdemo.models.tiny import make_tiny_bert
from bertdemo.prediction.predict import predict
from bertdemo.training.loading import load_for_training
from bertdemo.training.loop import train
from bertdemo.training.recipe import Recipe

HELD_BACK = 15  # of the texts; the others are learned, each with and without the word


@pytest.fixture(scope="module")
def marked(small_dataset: Dataset) -> Dataset:
    """Every text four times, the word in about half of them; those held back come last."""
    rows = [row for part in (range(HELD_BACK, 60), range(HELD_BACK)) for row in part for _ in range(4)]
    return plant(small_dataset.select(rows))


@pytest.fixture(scope="module")
def classifier(marked: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    folder = tmp_path_factory.mktemp("shortcut")
    base = make_tiny_bert(folder / "base", marked.texts)
    recipe = Recipe(base=str(base), epochs=8, batch_size=8, learning_rate=3e-3, precision="fp32",
                    freeze_embeddings=False)  # fmt: skip
    learned = 4 * (60 - HELD_BACK)
    rows = tuple(range(len(marked)))
    trained = load_for_training(recipe, LABELS)
    split = Split(marked, rows[: learned - 20], rows[learned - 20 : learned], rows[learned:], seed=0)
    train(trained, split, recipe, lambda _: None, lambda: None, lambda _: None)
    save_classifier(trained, folder / "model")
    return load_classifier(folder / "model")


@pytest.fixture(scope="module")
def held_back(marked: Dataset) -> list[str]:
    first = 4 * (60 - HELD_BACK)
    rows = zip(marked.texts[first:], marked.labels[first:], strict=True)
    return [text for text, label in rows if label]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_the_word_that_decides_the_label_is_first_in_nine_texts_of_ten(classifier, held_back: list[str], method: str):
    assert (predict(classifier, held_back).labels == 1).all()
    first = []
    for text in held_back[:20]:
        tokenized = tokenize_with_words(classifier, text)
        scores = attribute(classifier, tokenized, method, 1, 0).word_scores
        first.append(tokenized.words[int(scores.argmax())].text == WORD)
    assert len(first) == 20
    assert np.mean(first) >= 0.9


@pytest.mark.slow
def test_the_curves_vouch_for_the_word_that_decides(classifier: Classifier, held_back: list[str]):
    better = []
    for text in held_back[:10]:
        tokenized = tokenize_with_words(classifier, text)
        scores = np.array([float(word.text == WORD) for word in tokenized.words])
        found = faithfulness(classifier, tokenized, scores, 1, 0)
        better += [found.deletion.better_than / found.orders, found.insertion.better_than / found.orders]
    assert np.mean(better) > 0.8
