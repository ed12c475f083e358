"""From what a person typed to a clean data set: the first steps of the commands data and train."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bertdemo.settings import Settings

if TYPE_CHECKING:
    from bertdemo.data.checkup import CheckUp
    from bertdemo.data.dataset import Dataset


def open_checked(arguments: argparse.Namespace, settings: Settings) -> tuple[Dataset, Dataset, CheckUp]:
    """The data set as it came, without the rows that cannot be used, and what was found in it.

    Raises:
        DataError: it cannot be opened, or is not fit for learning.
    """
    from bertdemo.data.checkup import check_up, clean
    from bertdemo.data.opening import open_data

    dataset = open_data(
        arguments.data,
        settings,
        text_column=arguments.text_column,
        label_column=arguments.label_column,
        pair_column=arguments.pair_column,
        encoding=arguments.encoding,
    )
    checkup = check_up(dataset)
    option = "leave these labels out with --drop-small-labels"
    return dataset, clean(dataset, checkup, drop_small=arguments.drop_small_labels, how_to_drop=option), checkup
