"""What a training technique is: its settings in the recipe, and the moments at which the loop calls it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from bertdemo.models.classifier import Classifier
    from bertdemo.models.devices import Placement
    from bertdemo.models.encoding import Encoded

    LossTerm = tuple[float, Callable[[Tensor], Tensor]]

_Value = TypeVar("_Value")


def setting(default: _Value, **about: Any) -> _Value:
    """Return a field of a recipe or of a technique; ``about`` says of it what ``recipe.Setting`` holds."""
    described: _Value = field(default=default, metadata=about)
    return described


@dataclass(frozen=True)
class Batch:
    """Texts that go through the model at a time: all of an optimiser step, or as many as the memory holds.

    ``inputs`` are the model's, ``labels`` (texts,) and ``label_weights`` (labels,); ``total`` is the weight of all
    texts of the step, so that the gradients of its parts add up to that of their mean loss.
    """

    inputs: dict[str, Tensor]
    labels: Tensor
    label_weights: Tensor
    total: Tensor

    def cross_entropy(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return what these texts add to the mean cross-entropy (nats) of the step.

        Args:
            logits: (texts, labels).
            targets: labels (texts,), or probabilities of each label (texts, labels).
        """
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, targets, weight=self.label_weights, reduction="sum") / self.total


class Training(Protocol):
    """What a technique sees of the loop.

    ``reader`` is what is trained: the classifier, or one that shares its weights and reads ``encoded`` and
    ``validation_encoded`` in another form. ``model`` is the reader's, computing in the run's number format of
    ``placement``; ``labels`` (texts,) are those of the train split, and ``label_weights`` (labels,) their weights in
    the loss, all 1 unless a technique changes them.
    """

    placement: Placement
    reader: Classifier
    encoded: Encoded
    validation_encoded: Encoded
    model: Any
    labels: Tensor
    label_weights: Tensor

    def evaluation_weights(self) -> AbstractContextManager[None]:
        """Put the weights that are evaluated and saved into the model while this is open."""
        ...

    def note(self, message: str) -> None:
        """Tell people something that they should know."""
        ...


@dataclass
class Technique:
    """A way to train. A class of this kind in a file of ``techniques/`` is part of every recipe.

    Its fields are its settings, each made by ``setting``: they become fields of the recipe, options of ``train`` and
    widgets of the page, ordered by ``place``. Where all of them are 0 or False, the technique is off, and none of its
    methods is called. An object is of one training, and may remember what it likes from one moment to the next.

    ``may_not_suit_base`` says that some bases cannot be trained with it, so that a base is tried with its settings
    before a run; ``extra_forward_passes`` is how many it adds to each of the training's own, for the estimate of time.
    """

    place: ClassVar[int] = 100
    may_not_suit_base: ClassVar[bool] = False
    extra_forward_passes: ClassVar[int] = 0

    def trained_share(self, layers: int) -> float:
        """Return the share of an encoder of so many layers that each epoch computes; the rest is computed once."""
        return 1.0

    @property
    def settings(self) -> list[str]:
        """The names of its settings."""
        return [each.name for each in fields(self)]

    @property
    def is_on(self) -> bool:
        return any(getattr(self, name) for name in self.settings)

    def check(self, settings: Mapping[str, Any]) -> None:
        """Refuse settings that contradict each other. Called when a recipe is made with this technique.

        Args:
            settings: all settings of the recipe by name.

        Raises:
            RecipeError: says which, and what to do.
        """

    def adapt_model(self, model: PreTrainedModel, base: str) -> None:
        """Change the freshly loaded model in place: add parts, replace layers.

        Args:
            model: the base with a fresh head, in fp32 on the CPU.
            base: its name in the recipe.

        Raises:
            ModelError, RecipeError: the base cannot be trained in this way.
        """

    def freeze_weights(self, model: PreTrainedModel) -> None:
        """Say which weights do not learn, in place. Called once all techniques have adapted the model.

        Raises:
            ModelError, RecipeError: the base cannot be trained in this way.
        """

    def before_reading(self, training: Training) -> None:
        """Change ``training.reader`` and what it reads, in place; ``training.model`` is made of it afterwards."""

    def before_training(self, training: Training) -> None:
        """Look at the model and the labels, and change ``training.label_weights``, before the first step."""

    def loss_term(self, training: Training, batch: Batch) -> LossTerm | None:
        """Return what takes a share of the loss: (share, function of the logits (texts, labels)).

        Called before the model reads the batch, so that a teacher can read it first; the function is called afterwards.
        The loss that is reported stays the cross-entropy against the labels.
        """

    def after_step(self) -> None:
        """Take note that the optimiser has moved the weights."""

    def evaluation_weights(self) -> AbstractContextManager[None]:
        """Put other weights into the model while this is open: they are evaluated and, if they are the best, saved."""
        return nullcontext()

    def reason_to_stop(self, *, improved: bool) -> str | None:
        """Return why training ends after this evaluation, in a sentence for people; None: it goes on.

        Args:
            improved: whether macro-F1 on the validation split is higher than ever before.
        """
