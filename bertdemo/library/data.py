"""``load_data``: a name, a file or a data frame → a data set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bertdemo.data.dataset import LEAVE_OUT, Choices, Dataset, LabelRules
from bertdemo.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


def load_data(  # noqa: PLR0913 (all but one by name, each with a default)
    data: str | Path | pd.DataFrame,
    *,
    text: str | None = None,
    label: str | Sequence[str] | None = None,
    pair: str | None = None,
    split: str | None = None,
    join: Sequence[str] = (),
    several: str = LEAVE_OUT,
    merge: bool = True,
    no_label: Sequence[str] | None = None,
    majority: bool = False,
    encoding: str | None = None,
) -> Dataset:
    """Open a data set; what is not given about its columns is found out, as on the page.

    Args:
        data: ``"sms_spam"`` or ``"airline_sentiment"``, which are built in; a file; ``"owner/name"`` (or
            ``"owner/name:configuration"``) of a data set on the Hub; or a data frame.
        text: the column of the texts.
        label: the column of the labels; several for 0/1 columns, of which each is a label, or for several raters.
        pair: the column of a second text; ``"none"`` if there is to be none.
        split: the column of published splits; ``"none"`` to divide the rows anew.
        join: columns whose texts are read as one, such as ``["title", "body"]``.
        several: of rows with several labels: ``"leave-out"``, ``"first"``, or the one label to learn against others.
        merge: read spellings of one label, such as ``Spam`` and ``spam``, as one.
        no_label: values that mean that there is no label; None for ``n/a``, ``?`` and the like.
        majority: of a text in several rows, take the label that most of them give.
        encoding: of a text file, such as ``"cp1250"``; None to find it out.

    Returns:
        Texts with one label each, in the order of the table. ``Dataset.notes`` says what was decided on the way.

    Raises:
        DataError: nothing has that name, it is no table of texts and labels, or several columns may be the labels.

    Example:
        >>> import bertdemo
        >>> bertdemo.load_data("sms_spam")
        Dataset('sms_spam', 4,862 texts, {'ham': 4,220, 'spam': 642})
    """
    from bertdemo.data.opening import open_data

    columns = label if label is None or isinstance(label, str) else tuple(label)
    rules = LabelRules(several, merge, None if no_label is None else tuple(no_label), majority)
    choices = Choices(text, columns, pair, split, tuple(join), rules)
    settings = Settings.from_environment(os.environ)
    if isinstance(data, str | Path):
        return open_data(str(data), settings, encoding=encoding, choices=choices)
    return _from_frame(data, settings, choices)


def _from_frame(frame: pd.DataFrame, settings: Settings, choices: Choices) -> Dataset:
    """Return the data set of a data frame: its cells become what a person would write for them."""
    from bertdemo.data.reading import label_table, make_frame
    from bertdemo.data.tables.cells import as_text
    from bertdemo.errors import DataError

    if not hasattr(frame, "itertuples"):
        raise DataError(f"A {type(frame).__name__} is no data set: give a name, a file or a pandas.DataFrame.")
    rows = ([as_text(cell) for cell in row] for row in frame.itertuples(index=False, name=None))
    table = make_frame("The data frame", [str(name) for name in frame.columns], rows, settings)
    return label_table(table, "data frame", choices)
