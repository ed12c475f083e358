"""For notebooks: records as HTML, where every text is escaped, and the steps that made a run as a notebook."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import bertdemo
from bertdemo.data.catalog import BUILT_IN
from bertdemo.data.splitting import training_texts
from bertdemo.models.catalog import base_name
from bertdemo.runs.planning import nearest_preset
from bertdemo.training.recipe import Recipe

if TYPE_CHECKING:
    from bertdemo.data.dataset import Dataset, Split
    from bertdemo.explanation.tinting import Piece
    from bertdemo.runs.folder import RunFolder
    from bertdemo.runs.records import DataCard

# Blue for and orange against, as on the pages; transparent, so that they suit light and dark paper.
_HUES = {"for": "46,109,180", "against": "217,120,45", "": "125,130,140"}
_DEEPEST = 0.55
_FORMAT = {"nbformat": 4, "nbformat_minor": 5}
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_TEXTS, _LONGEST = 3, 400  # test texts to predict, and their characters
_OPENING = ("several", "merge", "no_label", "majority", "encoding")  # what may have been decided besides columns
_DROPPED = "drop_small_labels"


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose other columns are numbers."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row" style="text-align:left;font-weight:normal">{escape(first)}</th>'
        + "".join(f'<td style="text-align:right">{escape(cell)}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def tinted(parts: Sequence[Sequence[Piece]]) -> str:
    """Return a text (and its pair) with the tints of its words; each says its score when it is pointed at."""
    style = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.9"
    return "".join(f'<p style="{style}">{"".join(map(_span, part))}</p>' for part in parts)


def _span(piece: Piece) -> str:
    kinds = piece.kind.split()
    if "piece" not in kinds:
        text = escape(piece.text)
        return f'<span style="opacity:.7;font-style:italic">{text}</span>' if "unread" in kinds else text
    sign = next((kind for kind in kinds if kind in _HUES), "")
    style = f"background:{shade(piece.strength, sign)};border-radius:.3em;padding:.1em .12em"
    glyph = f"<sup>{piece.glyph}</sup>" if piece.glyph else ""
    return f'<span style="{style}" title="{escape(piece.title)}">{glyph}{escape(piece.text)}</span>'


def shade(strength: float, sign: str = "for") -> str:
    """Return the colour of a strength from 0 to 1."""
    return f"rgba({_HUES[sign]},{_DEEPEST * strength:.3f})"


def notebook(folder: RunFolder, *, show_paths: bool = True) -> str:
    """Return the JSON of a notebook (format 4.5): open the data, train, see the report, predict, explain.

    Names, labels and texts of people stand in it as literals of Python, and never as Markdown or HTML.

    Args:
        folder: of the run.
        show_paths: name the folder of a base model in full; for visitors of a server, its last part is enough.

    Raises:
        RunError: the data of the run are missing or damaged.
    """
    return json.dumps({"cells": list(_cells(folder, show_paths)), "metadata": _METADATA, **_FORMAT}, indent=1) + "\n"


def _cells(folder: RunFolder, show_paths: bool) -> Iterator[dict[str, Any]]:
    split, card, number = folder.split(), folder.data_card(), iter(range(9))

    def cell(kind: str, source: str) -> dict[str, Any]:
        code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
        return {"cell_type": kind, "id": f"step-{next(number)}", "metadata": {}, **code, "source": source}

    yield cell(
        "markdown",
        f"# How the run `{folder.id}` was made\n\nWith bertdemo {bertdemo.__version__}, step by step.{_where(card)}",
    )
    yield cell("code", f"import bertdemo\n\ndata = {_call('bertdemo.load_data', _opening(card))}\ndata")
    yield cell("markdown", "The data are checked, divided and trained on; the result is tested once and calibrated.")
    yield cell("code", f"run = {_call('bertdemo.fine_tune', _training(folder, split, show_paths))}\nrun")
    yield cell("markdown", "Texts of the test split, which the classifier never saw in training:")
    test = split.part("test")
    yield cell("code", f"classifier = bertdemo.load(run)\n{_call('classifier.predict', _asked(test, _TEXTS))}")
    yield cell("markdown", "Which words does the first prediction rest on?")
    yield cell("code", _call("classifier.explain", _asked(test, None)))


def _call(name: str, arguments: list[str]) -> str:
    """Return a call in a line, or with an argument a line where that would be long."""
    line = f"{name}({', '.join(arguments)})"
    return line if len(line) <= 100 else f"{name}(\n" + "".join(f"    {each},\n" for each in arguments) + ")"


def _named(arguments: dict[str, Any]) -> list[str]:
    return [f"{name}={value!r}" for name, value in arguments.items()]


def _opening(card: DataCard) -> list[str]:
    """Return the arguments of ``load_data``; what was found out about columns is said, so that it stays."""
    decided = {name: card.opened[name] for name in _OPENING if name in card.opened}
    columns: dict[str, Any] = {}
    if card.text_columns and card.label_columns:
        labels = card.label_columns
        columns = {"text": card.text_columns[0], "label": labels[0] if len(labels) == 1 else list(labels)}
        columns |= {"join": list(card.text_columns)} if len(card.text_columns) > 1 else {}
        columns |= {"pair": card.pair_column} if card.pair_column else {}
        columns |= {"split": card.split_column or "none"}
    return [repr(card.opened.get("data", card.name)), *_named(columns | decided)]


def _where(card: DataCard) -> str:
    """Return a sentence on where the data have to lie; empty where they come from a package or the Hub."""
    data = card.opened.get("data", "")
    if card.name in {entry.name for entry in BUILT_IN} or "/" in data:
        return ""
    if not data:
        return " The run does not say which file it was made of (an older version made it): write its path below."
    return " The file of the data has to lie beside this notebook."


def _training(folder: RunFolder, split: Split, show_paths: bool) -> list[str]:
    """Return the arguments of ``fine_tune``: the preset that comes nearest, and what differs from it."""
    recipe, trained = folder.recipe(), len(split.train)
    is_limited = trained + len(split.validation) + len(split.test) < len(split.dataset)  # the others are in no split
    limit = trained if is_limited else None
    preset, changed = nearest_preset(recipe, training_texts(split.dataset, limit))
    decided: dict[str, Any] = {"name": folder.name()}
    decided |= {"max_train": limit} if limit else {}
    decided |= {_DROPPED: True} if split.dataset.opened.get(_DROPPED) else {}
    if recipe.base != Recipe.base:
        decided["base"] = recipe.base if show_paths else base_name(recipe.base)
    return ["data", repr(preset), *_named(decided | changed), "progress=print"]


def _asked(test: Dataset, texts: int | None) -> list[str]:
    """Return the first texts of the test split (with their pairs) as arguments; None asks for one that is no list."""
    places = [place for place in range(len(test)) if sum(len(column[place]) for column in _columns(test)) <= _LONGEST]
    places = (places or [0])[: texts or 1]
    chosen = [[repr(column[place]) for place in places] for column in _columns(test)]
    return [_listed(column) if texts else column[0] for column in chosen]


def _columns(dataset: Dataset) -> list[tuple[str, ...]]:
    return [dataset.texts, *([dataset.pairs] if dataset.pairs else [])]


def _listed(literals: list[str]) -> str:
    return "[\n" + "".join(f"        {each},\n" for each in literals) + "    ]"
