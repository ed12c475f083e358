"""From what a person typed to a clean data set: the first steps of the commands data and train."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bertdemo.errors import DataError, DoubtfulLabelError, OpenQuestionError, SeveralLabelsError
from bertdemo.settings import Settings

if TYPE_CHECKING:
    from bertdemo.data.checkup import CheckUp
    from bertdemo.data.dataset import Choices, Dataset


def open_checked(arguments: argparse.Namespace, settings: Settings) -> tuple[Dataset, Dataset, CheckUp]:
    """Return the data set as it came, without the rows that cannot be used, and what was found in it.

    Raises:
        DataError: it cannot be opened, or is not fit for learning.
    """
    from bertdemo.data.checkup import check_up, clean
    from bertdemo.data.opening import open_data

    option = "leave these labels out with --drop-small-labels"
    try:
        dataset = open_data(arguments.data, settings, encoding=arguments.encoding, choices=_choices(arguments))
        checkup = check_up(dataset)
        usable = clean(dataset, checkup, drop_small=arguments.drop_small_labels, how_to_drop=option)
    except OpenQuestionError as error:
        raise DataError(f"{error.question}: {_remedy(error)}.") from error
    return dataset, usable, checkup


def _remedy(error: OpenQuestionError) -> str:
    if isinstance(error, DoubtfulLabelError):
        return "say which with --label-column"
    if isinstance(error, SeveralLabelsError):
        return "keep the first of each with --several first, or learn one against all others with --several LABEL"
    return f"{error.remedy} (--majority)"


def reading_values(dataset: Dataset) -> dict[str, Any]:
    """Return how a table was read, for JSON; the columns are None for data that has none."""
    columns = dataset.columns
    return {
        "columns": columns
        and {
            "text": columns.text_columns,
            "pair": columns.pair,
            "label": columns.label_columns,
            "split": columns.split,
            "also_possible": columns.also,
            "joinable": columns.joinable,
        },
        "notes": dataset.notes,
    }


def reading_lines(dataset: Dataset) -> Iterator[str]:
    """Yield how a table was read, for people, with the options that would have it read otherwise."""
    from bertdemo.data.columns import in_words

    columns, offers = dataset.columns, dataset.offers
    if columns is None or offers is None:
        return
    also = f"; also possible: {', '.join(columns.also)}" if columns.also else ""
    yield in_words(columns) + also
    yield from dataset.notes
    if any(note.startswith("Its encoding was guessed") for note in dataset.notes):
        yield "  --encoding names another encoding"
    if offers.several:
        yield "  rows with several labels: --several first, or --several LABEL to learn one label against all others"
    if offers.merge:
        yield "  --keep-spellings keeps labels apart that are spelled differently"
    if offers.no_label:
        yield "  --no-label V,V names the values that mean “no label”"
    if offers.majority:
        yield "  texts were labelled more than once and differently: --majority takes the most frequent label"
    if columns.joinable and not columns.joined:
        together = shlex.quote(",".join(columns.joinable))
        yield f"  the text may be in several columns: --join-columns {together}, or of a pair: --pair-column"
    if columns.split is not None:
        yield "  --split-column none makes a split of our own"


def _choices(arguments: argparse.Namespace) -> Choices:
    from bertdemo.data.dataset import Choices, LabelRules

    return Choices(
        text=arguments.text_column,
        label=arguments.label_column,
        pair=arguments.pair_column,
        split=arguments.split_column,
        join=_listed(arguments.join_columns) or (),
        labels=LabelRules(
            several=arguments.several,
            merge=not arguments.keep_spellings,
            no_label=_listed(arguments.no_label),
            majority=arguments.majority,
        ),
    )


def _listed(given: str | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(part.strip() for part in given.split(",") if part.strip())
