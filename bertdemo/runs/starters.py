"""Runs that come with the app: folders inside the package, read by everybody and written by nobody."""

from __future__ import annotations

from pathlib import Path

import bertdemo
from bertdemo.data.dataset import Split
from bertdemo.errors import DataError, RunError
from bertdemo.runs.folder import RunFolder

STARTERS = Path(bertdemo.__file__).parent / "starters"


class StarterFolder(RunFolder):
    """A run folder without its texts: corpora are not passed on, they come from the packages that hold them."""

    read_only = True

    def split(self) -> Split:
        """Return the texts of the run in their three parts, divided anew.

        Raises:
            RunError: the texts are not installed, or are not those that the run was made with.
        """
        from bertdemo.runs.split_io import card_of

        card = self.data_card()
        seed: int = self._as(int, self._read_json("data.json").get("seed", 0), "data.json")
        try:
            split = split_built_in(card.name, seed)
        except DataError as error:
            raise RunError(f"The texts of {self.id} cannot be had: {error}") from error
        if card_of(split) != card:
            raise RunError(
                f"The installed texts of {card.name} are not those that {self.id} was trained on: "
                "install the versions that requirements.txt names."
            )
        return split


def starter_folders(root: Path = STARTERS) -> list[StarterFolder]:
    """Return the runs that come with the app, in the order of their names."""
    return [StarterFolder(path) for path in sorted(root.glob("starter-*")) if path.is_dir()]


def split_built_in(name: str, seed: int) -> Split:
    """Return the built-in data set of this name, cleaned and divided as for any run.

    Raises:
        DataError: there is none of this name, or its package is not installed.
    """
    from bertdemo.data.catalog import load_built_in
    from bertdemo.data.checkup import check_up, clean
    from bertdemo.data.splitting import split

    dataset = load_built_in(name)
    return split(clean(dataset, check_up(dataset), drop_small=True), seed=seed)
