"""A base made ready for training: with a fresh head and what techniques add, and tried out before the first step."""

from __future__ import annotations

from dataclasses import replace

import torch
from accelerate.utils.memory import should_reduce_batch_size

from bertdemo.errors import ModelError
from bertdemo.lines import one_line
from bertdemo.models.base_check import PROVEN, padding_note
from bertdemo.models.checkpoints import load_base
from bertdemo.models.classifier import Classifier
from bertdemo.models.devices import Placement, choose_placement
from bertdemo.models.encoding import batches_by_length, collate, encode
from bertdemo.models.speedups import attention_for_training, compute_only_first_token, speed_up_training
from bertdemo.prediction.predict import autocast, predict_encoded
from bertdemo.training.recipe import Recipe

_TEXTS = ("The coffee was good.", "We came back twice in a week, and each time the staff were kind: 5 stars!")
_BF16 = Placement("cpu", "bf16", "CPU", "tried out")


def load_for_training(recipe: Recipe, label_names: tuple[str, ...]) -> Classifier:
    """Return the recipe's base with a fresh head; equal seeds give equal heads.

    It computes in fp32 where its architecture fails in the number format of the recipe: ``only_fp32`` says so.

    Raises:
        ModelError: see ``load_base``; or it cannot be trained even in fp32.
        RecipeError: a technique of the recipe does not suit the base.
    """
    placement = choose_placement(recipe.precision)
    classifier = _prepare(recipe, label_names)
    if classifier.model.config.model_type in PROVEN:
        return classifier
    failure = _failure_in_training(classifier, classifier.suit(placement))
    if failure and classifier.suit(placement).precision != "fp32":
        classifier = replace(_prepare(replace(recipe, precision="fp32"), label_names), only_fp32=True)
        failure = _failure_in_training(classifier, classifier.suit(placement))
    if failure:
        kind = classifier.model.config.model_type
        raise ModelError(
            f"The architecture {kind} cannot be trained here ({type(failure).__name__}: "
            f"{one_line(str(failure))[:150]}): choose another base model."
        ) from failure
    return classifier


def try_base(recipe: Recipe) -> tuple[str, ...]:
    """Load the recipe's base as a run of two labels would, and see that it can be trained.

    Returns:
        A sentence on everything in which it does not do what the recipe says or others do, which costs time or texts.

    Raises:
        ModelError, RecipeError: says in one sentence why it cannot, and what to do.
    """
    classifier = load_for_training(recipe, ("no", "yes"))
    notes = [padding_note(classifier)]
    if classifier.suit(_BF16).precision == "fp32":
        kind = classifier.model.config.model_type
        notes.append(
            f"The architecture {kind} computes in fp32 only, which takes longer than the number formats of other bases."
        )
    if classifier.max_length < recipe.max_length:
        notes.append(f"It reads at most {classifier.max_length:,} tokens: longer texts are truncated there.")
    return tuple(filter(None, notes))


def _prepare(recipe: Recipe, label_names: tuple[str, ...]) -> Classifier:
    """Return the base as ``train`` wants it: as techniques change it, and with what is faster on this device."""
    placement = choose_placement(recipe.precision)
    classifier = load_base(
        recipe.base, label_names, dropout=recipe.dropout, max_length=recipe.max_length, seed=recipe.seed,
        attention=attention_for_training(placement),
    )  # fmt: skip
    if not _predicts_in_bf16(classifier):
        classifier = replace(classifier, only_fp32=True)
    compute_only_first_token(classifier.model)
    techniques = recipe.techniques()
    for technique in techniques:
        technique.adapt_model(classifier.model, recipe.base)
    for technique in techniques:
        technique.freeze_weights(classifier.model)
    speed_up_training(classifier.model, classifier.suit(placement), recipe.seed)
    return classifier


def _failure_in_training(classifier: Classifier, placement: Placement) -> Exception | None:
    """Return what an optimiser's step would fail with in this number format.

    Nothing is moved by it, and no gradient stays.

    Memory that runs out is no failure of the base: training halves its batches.
    """
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


def _predicts_in_bf16(classifier: Classifier) -> bool:
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
