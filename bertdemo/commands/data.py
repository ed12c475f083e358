"""``data NAME_OR_FILE``: what is in a data set and what is wrong with it, before any training."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bertdemo.commands.arguments import Subparsers, add_columns, add_command
from bertdemo.commands.console import Console
from bertdemo.commands.opening import open_checked, reading_lines, reading_values
from bertdemo.settings import Settings
from bertdemo.training.recipe import Recipe

if TYPE_CHECKING:
    from bertdemo.data.dataset import Dataset


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
