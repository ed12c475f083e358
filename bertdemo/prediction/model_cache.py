"""Classifiers that stay in memory between two texts, shared by all who predict in this process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bertdemo.errors import ModelError, RunError, WeightsError
from bertdemo.models.checkpoints import files_beside, load_classifier, load_first
from bertdemo.models.classifier import Classifier

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_Edition = tuple[str, int]  # run id, and when its model or the base below was last written (nanoseconds)


class ModelFolders(Protocol):
    """Who knows where the tested model of a run lies: ``runs.store.Runs``."""

    def model_folder(self, run_id: str) -> Path:
        """Return the folder of the model; ``RunError`` says in one sentence why there is none."""
        ...


class ModelCache:
    """Up to ``capacity`` classifiers, the one that was not asked for the longest makes room. Any thread may ask.

    A classifier is loaded once however many ask for it at the same moment, and one after the other: loading takes twice
    the memory of the model for a moment. Whoever asks for one that stands on the shelf waits for nobody. Weights that a
    classifier has in common with others, here or ``beside``, are held once: the token embeddings of two runs with one
    base are half of each.

    Args:
        runs: knows where models lie.
        capacity: how many classifiers are held.
        output_attentions: whether they are for looking inside (``load_classifier``).
        beside: another cache whose weights are shared.
    """

    def __init__(
        self,
        runs: ModelFolders,
        capacity: int = 4,
        *,
        output_attentions: bool = False,
        beside: ModelCache | None = None,
    ) -> None:
        self._runs = runs
        self._capacity = capacity
        self._output_attentions = output_attentions
        self._beside = beside
        self._classifiers: OrderedDict[_Edition, Classifier] = OrderedDict()
        self._guard = threading.Lock()
        self._loading = threading.Lock()

    def classifier(self, run_id: str) -> Classifier:
        """Return the classifier of a run as it lies on disk now; one that was written anew is loaded anew.

        Raises:
            RunError: there is no such run, it has no model (yet), or the model is damaged.
        """
        folder = self._runs.model_folder(run_id)
        edition = run_id, last_written(run_id, folder)
        if found := self._take(edition):
            return found
        with self._loading:
            if found := self._take(edition):  # somebody else has loaded it meanwhile
                return found
            classifier = load_model(run_id, folder, output_attentions=self._output_attentions)
            for other in [*self.held(), *(self._beside.held() if self._beside else ())]:
                _share_weights(classifier.model, other.model)
            self._put(edition, classifier)
            return classifier

    def load_first(self, run_id: str) -> Classifier | None:
        """Load what predicts for a run sooner than its first ``classifier`` does, and keep it nowhere.

        None where there is no such thing, or the model is damaged.

        Raises:
            RunError: there is no such run, or it has no model (yet).
        """
        return load_first(self._runs.model_folder(run_id))

    def holds(self, run_id: str) -> bool:
        """Return whether a classifier of this run is in memory, so that the next answer comes at once."""
        with self._guard:
            return any(held == run_id for held, _ in self._classifiers)

    def held(self) -> list[Classifier]:
        """Return the classifiers that are in memory."""
        with self._guard:
            return list(self._classifiers.values())

    def _take(self, edition: _Edition) -> Classifier | None:
        with self._guard:
            found = self._classifiers.get(edition)
            if found:
                self._classifiers.move_to_end(edition)
            return found

    def _put(self, edition: _Edition, classifier: Classifier) -> None:
        with self._guard:
            for outdated in [each for each in self._classifiers if each[0] == edition[0]]:
                del self._classifiers[outdated]
            self._classifiers[edition] = classifier
            while len(self._classifiers) > self._capacity:
                self._classifiers.popitem(last=False)


def last_written(run_id: str, folder: Path) -> int:
    """Return the latest change (nanoseconds) of a model's folder or of a file in it: a model is written file by file.

    Of an adapter also that of its base: folder and files, as a file may be replaced by one that is older.

    Raises:
        RunError: the folder is not there, or holds an adapter that is damaged or has no base.
    """
    try:
        beside = files_beside(folder)
        places = {folder, *folder.iterdir(), *beside, *(file.parent for file in beside)}
        return max(path.stat().st_mtime_ns for path in places)
    except (OSError, ValueError, KeyError, ModelError) as error:
        raise _damaged(run_id) from error


def load_model(run_id: str, folder: Path, *, output_attentions: bool) -> Classifier:
    """Load the classifier of a run from its folder (``load_classifier``).

    Raises:
        RunError: it is missing or damaged.
    """
    try:
        return load_classifier(folder, output_attentions=output_attentions)
    except WeightsError as error:
        raise RunError(
            f"The model of the run {run_id} is damaged ({error.found}): restore its folder, or train it again."
        ) from error
    except ModelError as error:
        raise _damaged(run_id) from error


def _share_weights(model: PreTrainedModel, other: PreTrainedModel) -> None:
    """Have a model hold the same memory as another one where their weights are equal, in place.

    Nobody writes into the weights of a classifier that is loaded: whoever changes some copies them.
    """
    import torch

    held = dict(other.named_parameters())
    for name, weight in model.named_parameters():
        twin = held.get(name)
        if (
            twin is not None
            and (twin.device, twin.dtype) == (weight.device, weight.dtype)
            and torch.equal(twin, weight)
        ):
            weight.data = twin.data


def _damaged(run_id: str) -> RunError:
    return RunError(f"The model of the run {run_id} is missing or damaged: restore its folder, or train it again.")
