"""What a person may decide about a table: its columns, and what becomes of labels that are not plain."""

from __future__ import annotations

from dataclasses import dataclass, field

from bertdemo.data.labels import LabelRules


@dataclass(frozen=True)
class Choices:
    """Columns by name, None where they are to be guessed (see ``guess_columns``), and the rules for labels."""

    text: str | None = None
    label: str | tuple[str, ...] | None = None
    pair: str | None = None
    split: str | None = None
    join: tuple[str, ...] = ()
    labels: LabelRules = field(default_factory=LabelRules)
