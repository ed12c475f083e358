"""``data NAME_OR_FILE``: check a data set as training would; and from what a person typed to a clean data set."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bertdemo.commands.console import Console, Subparsers, add_columns, add_command
from bertdemo.errors import DataError, DoubtfulLabelError, OpenQuestionError, SeveralLabelsError
from bertdemo.settings import Settings
from bertdemo.training.recipe import Recipe

if TYPE_CHECKING:
    from bertdemo.data.checkup import CheckUp
    from bertdemo.data.dataset import Choices, Dataset


def add(subparsers: Subparsers) -> None:
    """Add the arguments: a data set, and which of its columns count."""
    parser = add_command(subparsers, "data", "Check a data set before training on it.", run)
    parser.add_argument("data", metavar="NAME_OR_FILE", help="built-in name, file, or owner/name on the Hub")
    add_columns(parser)


def run(arguments: argparse.Namespace, settings: Settings, output: Console) -> int:
    """Print what is in the data, what was left out and why, and how the rest would be split."""
    from bertdemo.data.splitting import split

    dataset, usable, checkup = open_checked(arguments, settings)
    parts = split(usable, seed=Recipe.seed)
    values = {
        "name": dataset.name,
        "source": asdict(dataset.source) if dataset.source else None,
        **reading_values(dataset),
        "pairs": dataset.pairs is not None,
        "rows": checkup.rows,
        "usable": len(usable),
        "removed": {
            "empty": checkup.empty,
            "unlabelled": checkup.unlabelled,
            "conflicts": checkup.conflicts,
            "duplicates": checkup.duplicates,
            "held_out": checkup.held_out,
        },
        "labels_left_out": checkup.too_small,
        "labels": [asdict(label) for label in checkup.labels],
        "findings": checkup.findings(),
        "split": {"train": len(parts.train), "validation": len(parts.validation), "test": len(parts.test)},
        "split_origin": parts.origin,
        "tokens": _tokens(usable),
    }
    output.result(values, _lines(values, list(reading_lines(dataset))))
    return 0


def _tokens(dataset: Dataset) -> dict[str, Any] | None:
    """Return lengths in tokens of the default base model; None where its tokenizer is not on this machine."""
    import numpy as np

    from bertdemo.data.checkup import share_cut, token_lengths
    from bertdemo.models.catalog import find_base, tokenizer_file
    from bertdemo.models.vocabulary import open_tokenizer

    base = find_base(Recipe.base)
    file = tokenizer_file(base)
    if file is None:
        return None
    lengths = token_lengths(open_tokenizer(file), dataset)
    return {
        "base": base.id,
        "median": float(np.median(lengths)),
        "longest": int(lengths.max()),
        "max_length": Recipe.max_length,
        "share_cut": share_cut(lengths, Recipe.max_length),
    }


def _lines(values: dict[str, Any], reading: list[str]) -> Iterator[str]:
    yield f"{values['name']}: {values['rows']:,} rows, {values['usable']:,} usable"
    if values["source"]:
        yield f"  from {values['source']['title']} ({values['source']['licence']}), {values['source']['url']}"
    yield from reading
    for label in values["labels"]:
        yield f"  {label['after']:>7,}  {label['label']}"
    if values["labels_left_out"]:
        yield f"left out, with too few texts to split: {', '.join(values['labels_left_out'])}"
    yield from values["findings"]
    part = values["split"]
    yield f"split: {part['train']:,} train, {part['validation']:,} validation, {part['test']:,} test"
    if values["split_origin"]:
        yield f"  {values['split_origin']}"
    if tokens := values["tokens"]:
        yield (
            f"tokens ({tokens['base']}): median {tokens['median']:.0f}, longest {tokens['longest']:,}; "
            f"{tokens['share_cut']:.1%} of the texts are truncated at {tokens['max_length']}"
        )


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
