"""Early stopping."""

from __future__ import annotations

from dataclasses import dataclass

from bertdemo.training.technique import Technique, setting


@dataclass
class EarlyStopping(Technique):
    """End training once macro-F1 on the validation split has not risen for some evaluations."""

    place = 7
    patience: int = setting(
        0, bounds=(0, 100),
        help="Stop after this many evaluations without a better macro-F1; 0 never stops early.",
    )  # fmt: skip
    evaluations_since_best = 0

    def reason_to_stop(self, *, improved: bool) -> str | None:
        """Count evaluations without a better macro-F1, see ``Technique.reason_to_stop``."""
        self.evaluations_since_best = 0 if improved else self.evaluations_since_best + 1
        if self.evaluations_since_best < self.patience:
            return None
        return f"Stopped early: {self.patience} evaluations without a better macro-F1."
