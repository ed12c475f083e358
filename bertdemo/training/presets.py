"""Recipes to start from, and what each setting means in a sentence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

from bertdemo.models.catalog import find_base
from bertdemo.training.recipe import Recipe

Preset = Literal["quick", "standard", "thorough"]

# The share of the base's learning rate, and what else differs. "thorough" was chosen by validation macro-F1 on the
# airline tweets: above full fine-tuning on both splits they were compared on (benchmarks/README.md).
_PRESETS: dict[Preset, tuple[float, dict[str, Any]]] = {
    "quick": (1.0, {"epochs": 1}),
    "standard": (1.0, {"epochs": 2}),
    "thorough": (7.0, {"epochs": 3, "lora_rank": 16, "averaging": 0.99, "mean_teacher": 0.5}),
}
# Few texts, read once or twice in large batches, teach next to nothing: 200 tweets read twice in batches of 32 left
# macro-F1 at that of a single answer (.26), read 16 times in batches of 8 they gave .73 (benchmarks/README.md).
# Mosbach et al. (2021) find the same of BERT.
_LEAST_READ = 1600  # texts, for each time that a preset reads the data
_MOST_TIMES = 10  # as often as many texts
_STEPS_PER_EPOCH = 60  # that a batch should leave, where there are so few texts
_BATCH_SIZES = (8, 16, 32, 64)
# The settings by which the presets differ.
PRESET_SETTINGS = ("epochs", "learning_rate", "lora_rank", "averaging", "mean_teacher")

HELP: dict[str, str] = {
    "base": "The pre-trained model to start from; it has read a lot of text and has never seen your labels.",
    "epochs": "How many times the model reads every training text; more learn more, until it learns them by heart.",
    "batch_size": "How many texts the model looks at before it corrects itself once; larger is steadier and faster.",
    "learning_rate": "How far each correction goes; too small learns nothing, too large forgets what the base knew.",
    "schedule": "How the learning rate changes over the run: falling in a line, along a cosine, or not at all.",
    "warmup": "The share of the run over which the learning rate rises from zero, so that the first steps do no harm.",
    "weight_decay": "How strongly weights are pulled towards zero, so that the model does not lean on a few of them.",
    "optimizer": "The rule that turns gradients into corrections; AdamW is what BERT is usually tuned with.",
    "dropout": "The share of hidden values blanked out at random in training, so that none is relied on alone.",
    "max_length": "Texts longer than this many tokens are cut; time and memory grow with it.",
    "precision": "The number format of the matrix products; auto takes the fastest that is safe on this machine.",
    "accumulation": "How many batches are added up before one correction: a large batch in the memory of a small one.",
    "class_weights": "Count rare labels as much as frequent ones; helps macro-F1 when labels are very uneven.",
    "freeze_embeddings": "Leave the word vectors as they came; faster, and often as good with little data.",
    "frozen_layers": "Leave this many of the lowest layers as they came; faster, and less able to adapt.",
    "lora_rank": "Rank of small matrices (LoRA) trained in the layers' place; they want ten times the rate; 0: none.",
    "mean_teacher": "The share of each label that the averaged model gives, so that wrong labels count less; 0: none.",
    "averaging": "Judge and keep a moving average of the weights, steadier than the last ones; 0.99 is usual; 0: none.",
    "patience": "Stop after this many evaluations without a better macro-F1; 0 never stops early.",
    "evaluations_per_epoch": "How often the validation texts are scored; the best model seen there is kept.",
    "seed": "The start of all random choices; the same seed on the same CPU gives the same model.",
}


def recipe_for(base_name: str, preset: Preset = "standard", texts: int | None = None) -> Recipe:
    """Defaults that suit the base, what it can read, the preset, and how many texts there are.

    Args:
        base_name: see ``find_base``.
        preset: ``quick`` reads the data once, ``standard`` twice; ``thorough`` three times, to train an adapter (LoRA)
            whose averaged weights are its teacher. Fewer than 1,600 texts are read up to 10 times as often.
        texts: about how many texts are trained on; fewer make smaller batches. None: thousands.

    Raises:
        ModelError: there is no such base.
    """
    base, (share, settings) = find_base(base_name), _PRESETS[preset]
    is_measured = base.id == Recipe.base
    recipe = Recipe(
        base=base_name,
        learning_rate=base.learning_rate * share,
        # On the bundled base, half of whose weights are word vectors, freezing them made training a third faster and
        # batches of 64 in place of 32 another quarter, and neither made tweets worse (benchmarks/README.md). Nobody has
        # measured it for the others here; 32 is the larger of the sizes that Devlin et al. (2019) recommend.
        freeze_embeddings=is_measured,
        batch_size=Recipe.batch_size if is_measured else 32,
        **settings,
    )
    recipe = replace(recipe, max_length=min(recipe.max_length, base.max_length))
    return recipe if texts is None else _for_so_many(recipe, texts)


def _for_so_many(recipe: Recipe, texts: int) -> Recipe:
    """The recipe with batches that leave enough steps, and enough readings."""
    fitting = [size for size in _BATCH_SIZES if size * _STEPS_PER_EPOCH <= texts and size <= recipe.batch_size]
    recipe = replace(recipe, batch_size=max(fitting, default=_BATCH_SIZES[0]))
    epochs = math.ceil(recipe.epochs * min(_LEAST_READ / max(texts, 1), _MOST_TIMES))
    return replace(recipe, epochs=epochs, evaluations_per_epoch=1) if epochs > recipe.epochs else recipe
