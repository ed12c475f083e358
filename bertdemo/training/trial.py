"""A base tried out before a run: one step on two texts of different lengths, in the number formats that come up."""

from __future__ import annotations

from dataclasses import replace

import torch

from bertdemo.models.base_check import PROVEN, padding_note
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement
from bertdemo.models.encoding import batches_by_length, collate, encode
from bertdemo.prediction.predict import autocast, predict_encoded
from bertdemo.training.recipe import Recipe

_TEXTS = ("The coffee was good.", "We came back twice in a week, and each time the staff were kind: 5 stars!")
_BF16 = Placement("cpu", "bf16", "CPU", "tried out")


def try_base(recipe: Recipe) -> tuple[str, ...]:
    """Load the recipe's base as a run of two labels would, and see that it can be trained.

    Returns:
        A sentence on everything in which it does not do what the recipe says or others do, which costs time or texts.

    Raises:
        ModelError, RecipeError: says in one sentence why it cannot, and what to do.
    """
    from bertdemo.training.loop import load_for_training
    from bertdemo.training.optimisation import freeze

    classifier = load_for_training(recipe, ("no", "yes"))
    freeze(classifier.model, recipe)
    return tuple(filter(None, (padding_note(classifier), _format_note(classifier), _length_note(classifier, recipe))))


def _format_note(classifier: Classifier) -> str:
    if classifier.suit(_BF16).precision != "fp32":
        return ""
    kind = classifier.model.config.model_type
    return f"The architecture {kind} computes in fp32 only, which takes longer than the number formats of other bases."


def _length_note(classifier: Classifier, recipe: Recipe) -> str:
    if classifier.max_length >= recipe.max_length:
        return ""
    return f"It reads at most {classifier.max_length:,} tokens: longer texts are truncated there."


def failure_in_training(classifier: Classifier, placement: Placement) -> Exception | None:
    """Return what an optimiser's step would fail with in this number format.

    Nothing is moved by it, and no gradient stays.

    Memory that runs out is no failure of the base: training halves its batches.
    """
    from accelerate.utils.memory import should_reduce_batch_size

    model = classifier.model.to(placement.device).train()  # type: ignore[arg-type]
    encoded = encode(classifier, _TEXTS)
    try:
        for rows in batches_by_length(range(len(encoded)), encoded.lengths, len(encoded), classifier.padding):
            inputs = {name: each.to(placement.device) for name, each in collate(classifier, encoded, rows).items()}
            with autocast(placement):
                logits = model(**inputs).logits.float()
            logits.sum().backward()
            if not logits.isfinite().all():
                return ArithmeticError(f"the answers are not numbers in {placement.precision}")
    except Exception as error:  # noqa: BLE001 - architectures fail in ways of their own
        return None if should_reduce_batch_size(error) else error
    finally:
        model.zero_grad(set_to_none=True)
    return None


def predicts_in_bf16(classifier: Classifier) -> bool:
    """Return whether answers come in both ways of computing in bf16: rounded weights (CPU), and autocast (GPU).

    A run trained in fp32 meets them, too, when it predicts many texts.
    """
    if classifier.model.config.model_type in PROVEN:
        return True
    encoded = encode(classifier, _TEXTS)
    try:
        for each in (replace(classifier).in_bf16, classifier):  # a copy, which does not keep its rounded weights
            if not torch.from_numpy(predict_encoded(each, encoded, _BF16)).isfinite().all():
                return False
    except Exception:  # noqa: BLE001 - architectures fail in ways of their own
        return False
    finally:
        classifier.model.train()
    return True
