"""Which model it is: work that goes on later, or a result that is kept, must know whether it is still the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bertdemo.errors import RunError
from bertdemo.models.checkpoints import files_beside
from bertdemo.tasks.failures import storage


def model_digest(folder: Path) -> str:
    """Return SHA-256 (hex) of the weights and the card in a model's folder: what has to be the same when work goes on.

    Of an adapter also that of the base below it, which somebody may replace: another version of its package, say.

    Raises:
        RunError: there is no model in the folder.
        ModelError: it is an adapter of a base that is not there.
    """
    digest = hashlib.sha256()
    with storage(folder):
        try:
            for path in [*sorted([*folder.glob("*.safetensors"), folder / "classifier.json"]), *files_beside(folder)]:
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
        except (FileNotFoundError, ValueError, KeyError) as error:
            raise RunError("The model of this run is missing: restore its folder, or train it again.") from error
    return digest.hexdigest()
