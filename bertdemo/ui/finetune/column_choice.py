"""The columns of a table and what becomes of its labels: as guessed, said, and changed by a person.

Only what the table at hand leaves open is asked about: several labels in a row, spellings, "n/a", texts that several
people labelled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from bertdemo.data.dataset import FIRST, LEAVE_OUT, LabelRules, Offers
from bertdemo.errors import DataError, DoubtfulLabelError, SeveralLabelsError, UnknownLabelError
from bertdemo.ui.kit.formatting import count, escape, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from streamlit.delta_generator import DeltaGenerator

    from bertdemo.data.dataset import Columns, Dataset

    Make = Callable[[Columns, LabelRules], Dataset]

_NO_COLUMN = "none"
_BETWEEN = ", "  # the names of several columns of labels
_SHOWN = 3  # values of a column that may hold the labels
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class _Guess:
    """What was guessed of a table; ``columns`` is None where a person has to choose, for the reason ``problem``.

    Where only the labels are in doubt, the texts are guessed all the same, and ``question`` is Markdown.
    """

    columns: Columns | None = None
    problem: DataError | None = None
    question: str = ""
    text: str | None = None
    pair: str | None = None

    @property
    def candidates(self) -> tuple[str, ...]:
        """What else the labels could be."""
        if isinstance(self.problem, DoubtfulLabelError):
            return self.problem.candidates
        if self.columns is None:
            return ()
        return self.columns.also if len(self.columns.label_columns) > 1 else (self.columns.label, *self.columns.also)


def choose(table: str, frame: pd.DataFrame, make: Make) -> Dataset | None:
    """Show the pickers and return the data set of what is chosen; None while a question is open.

    Args:
        table: tells this table from others.
        frame: the table.
        make: the data set of columns and rules for labels.

    Raises:
        DataError: nothing can be learned from these columns.
    """
    guess, chosen = _pick_columns(table, frame)
    if chosen is None:
        return None
    about = f"{abs(hash((*frame.columns, *chosen.label_columns)))}"  # other labels, other questions
    begin_labels(about, table)
    rules = label_rules(about)
    key = (table, chosen, rules)
    known = st.session_state.get("chosen_dataset")
    if known is None or known[0] != key:
        try:
            dataset = _made(make, _with_others(chosen, guess), rules, about)
        except SeveralLabelsError as error:
            ask_what_to_learn(about, error)
            return None
        except DataError:
            ask(about)  # so that what led here can be taken back
            raise
        known = st.session_state["chosen_dataset"] = (key, dataset)
    dataset = known[1]
    _say(dataset)
    ask(about, dataset.offers)
    return dataset


def _made(make: Make, columns: Columns, rules: LabelRules, about: str) -> Dataset:
    """Return the data set; a label that was chosen in another table and is none of this one's is chosen no more."""
    try:
        return make(columns, rules)
    except UnknownLabelError:
        forget_label(about)
        return make(columns, label_rules(about))


def _say(dataset: Dataset) -> None:
    """Draw what is read beside what the pickers show, and everything that was decided on the way."""
    rows, labels = count(len(dataset), "row"), count(len(dataset.label_names), "label")
    said, columns = [f"{escape(dataset.name)}: {rows}, {labels}"], dataset.columns
    if columns and columns.joined:
        said.append(f"one text: {' + '.join(map(_code, columns.text_columns))}")
    if columns and columns.also:
        said.append(f"the label could also be {_either(columns.also)}")
    st.caption(" · ".join(said))
    if dataset.notes:
        st.markdown("\n".join(f"- {escape(note)}" for note in dataset.notes))


def _code(name: str) -> str:
    """Return the name of a column in a sentence."""
    return f"**{escape(name)}**"


def _with_others(chosen: Columns, guess: _Guess) -> Columns:
    """Return the chosen columns, with what else the labels could be: of the guess, which looked at all of them."""
    taken = (*chosen.text_columns, *chosen.label_columns, chosen.pair, chosen.split)
    return replace(chosen, also=tuple(name for name in guess.candidates if name not in taken))


def _pick_columns(table: str, frame: pd.DataFrame) -> tuple[_Guess, Columns | None]:
    """Return what was guessed, and the columns as changed.

    Where the guess fails the pickers begin empty, and why is said.

    Raises:
        DataError: there is one column only, or a column is not chosen yet.
    """
    names = [str(name) for name in frame.columns]
    mark = abs(hash(tuple(names)))  # other columns, other widgets
    guess = _begin_as_guessed(table, frame, mark)
    several = guess.columns.label_columns if guess.columns else ()
    together = _BETWEEN.join(several) if len(several) > 1 else None
    left, middle, right = st.columns(3)
    text = _pick(left, "Text", names, key=f"text_column_{mark}")
    label = _pick(middle, "Label", [*([together] if together else []), *names], key=f"label_column_{mark}")
    pair = _pick(
        right,
        "Second text (optional)",
        [_NO_COLUMN, *names],
        key=f"pair_column_{mark}",
        explained="For tasks about two texts: a question and its answer, a premise and a hypothesis.",
    )
    if text is None or label is None:
        if isinstance(guess.problem, DoubtfulLabelError) and text is not None:
            st.info(guess.question)
            return guess, None
        raise guess.problem or DataError("Two columns are needed: choose one of texts and one of labels.")
    labels = several if label == together else (label,)
    if guess.columns is None:
        guess = _answered(table, frame, mark, guess, (text, label, pair))
    return guess, _columns(frame, mark, guess, (text, labels, None if pair == _NO_COLUMN else pair))


def _answered(table: str, frame: pd.DataFrame, mark: int, guess: _Guess, chosen: tuple[str, str, str | None]) -> _Guess:
    """Return the guess, with what can be guessed once a person has chosen: published parts, texts to join."""
    from bertdemo.data.columns import guess_columns

    place, key = f"answered_{mark}", (table, chosen)
    known = st.session_state.get(place)
    if known is None or known[0] != key:
        text, label, pair = chosen
        columns = guess_columns(frame, text=text, label=label, pair=pair)
        known = st.session_state[place] = (key, replace(guess, columns=columns))
    found: _Guess = known[1]
    return found


def _either(names: Sequence[str]) -> str:
    """Return ``**a**, **b** or **c**``."""
    *first, last = map(_code, names)
    return f"{', '.join(first)} or {last}" if first else last


def _question(frame: pd.DataFrame, candidates: Sequence[str]) -> str:
    """Return which of these columns holds the labels, each with a few of its values, as Markdown."""
    lines = [f"- {_code(name)}, such as {_most_frequent(frame[name])}" for name in candidates]
    return "\n".join(["Which column holds the labels? Choose it above.", "", *lines])


def _most_frequent(cells: pd.Series[str]) -> str:
    values = cells.dropna().astype(str).value_counts().index[:_SHOWN]
    return listed([quoted(value) for value in values])


def _columns(frame: pd.DataFrame, mark: int, guess: _Guess, chosen: tuple[str, tuple[str, ...], str | None]) -> Columns:
    """Return the columns that were picked, with the parts and the texts to join that are asked about here."""
    from bertdemo.data.dataset import Columns
    from bertdemo.data.label_columns import as_given

    text, labels, pair = chosen
    given = as_given(frame, labels)
    split = guess.columns.split if guess.columns else None
    if split in (text, pair, *labels) or (split and not _keeps_parts(split, mark)):
        split = None
    joinable = guess.columns.joinable if guess.columns and pair is None else ()
    others = [name for name in joinable if name not in (text, *labels)]
    joined = _join(text, others, mark) if others and text in joinable else ()
    first, *rest = [name for name in joinable if name in (text, *joined)] if joined else [text]
    return Columns(first, labels[0], pair, split, tuple(rest), given.flags, given.raters, joinable=joinable)


def _keeps_parts(column: str, mark: int) -> bool:
    key = f"keep_parts_{mark}"
    return st.checkbox(
        f"Keep the split that the column {_code(column)} gives",
        value=st.session_state.get(key, True),
        key=key,
        help="It says which texts are for training and which for testing. Otherwise all texts are split anew, and "
        "scores cannot be compared with published ones.",
        persist_state="session",
    )


def _join(text: str, others: list[str], mark: int) -> tuple[str, ...]:
    key = f"join_{mark}"
    return tuple(
        st.multiselect(
            f"Join with {_code(text)} into one text (optional)",
            others,
            default=[name for name in st.session_state.get(key, []) if name in others],
            key=key,
            placeholder=f"Choose columns, such as {others[0]}",
            persist_state="session",
        )
    )


def _begin_as_guessed(table: str, frame: pd.DataFrame, mark: int) -> _Guess:
    """Set the pickers to what is guessed for a table that is new.

    What a person chose in another table of the same columns stays.
    """
    state, place = st.session_state, f"guessed_columns_{mark}"
    known = state.get(place)
    if known is None or known[0] != table:  # it looks at every cell
        guess = _guess(frame)
        last = _pickers(known[1]) if known else {}
        for which, column in _pickers(guess).items():
            key = f"{which}_column_{mark}"
            if state.get(key) in (None, last.get(which)):
                state[key] = column
        known = state[place] = (table, guess)
    found: _Guess = known[1]
    return found


def _pickers(guess: _Guess) -> dict[str, str | None]:
    columns = guess.columns
    if columns is None:
        return {"text": guess.text, "label": None, "pair": guess.pair or _NO_COLUMN}
    return {"text": columns.text, "label": _BETWEEN.join(columns.label_columns), "pair": columns.pair or _NO_COLUMN}


def _guess(frame: pd.DataFrame) -> _Guess:
    from bertdemo.data.columns import guess_columns, guess_texts

    try:
        return _Guess(guess_columns(frame))
    except DoubtfulLabelError as error:
        text, pair = guess_texts(frame, pairs=True)
        return _Guess(None, error, _question(frame, error.candidates), text, pair)
    except DataError as error:
        if len(frame.columns) < 2:
            raise  # there is nothing to choose from
        return _Guess(problem=error)


def _pick(place: DeltaGenerator, title: str, names: list[str], *, key: str, explained: str | None = None) -> str | None:
    chosen = st.session_state.get(key)
    return place.selectbox(
        title,
        names,
        index=names.index(chosen) if chosen in names else None,
        placeholder="Choose a column",
        key=key,
        help=explained,
        persist_state="session",
    )


def begin_labels(about: str, table: str) -> None:
    """Forget what was said of the values of another table; the other choices stay, as in a file that was corrected.

    Args:
        about: names of columns, which tables may share.
        table: tells this table from others.
    """
    state, place = st.session_state, f"labels_of_{about}"
    if state.get(place) != table:
        state[place] = table
        state.pop(f"no_label_{about}", None)


def forget_label(about: str) -> None:
    """Choose no more which one label is learned against all others."""
    st.session_state.pop(f"several_{about}", None)


def label_rules(about: str) -> LabelRules:
    """Return what is set for these columns; the widgets are drawn after the table was read, where it needs them."""
    state = st.session_state
    no_label = state.get(f"no_label_{about}")
    return LabelRules(
        several=state.get(f"several_{about}") or LEAVE_OUT,
        merge=state.get(f"merge_{about}", True),
        no_label=None if no_label is None else tuple(no_label),
        majority=state.get(f"majority_{about}", False),
    )


def ask(about: str, offers: Offers | None = None) -> None:
    """Show what can be decided about the labels of this table; without ``offers``, what could be when it last was."""
    place = f"offers_{about}"
    if offers is not None:
        st.session_state[place] = offers
    offers = st.session_state.get(place, Offers())
    with st.container(horizontal=True, vertical_alignment="bottom", key="label_choices"):
        if offers.several:
            _several(about, [LEAVE_OUT, FIRST, *offers.several])
        if offers.no_label:
            _no_label(about, offers)
        if offers.merge:
            _tick(about, "merge", "Read these spellings as one label", default=True)
        if offers.majority:
            _tick(
                about, "majority", "Of a text with different labels, take the most frequent", default=False,
                explained="Otherwise such a text is left out, for nobody knows which of its labels is right.",
            )  # fmt: skip


def ask_what_to_learn(about: str, error: SeveralLabelsError) -> None:
    """Ask about a table in which so many rows have several labels that leaving them out leaves too few."""
    if st.session_state.get(f"several_{about}") == LEAVE_OUT:
        forget_label(about)  # it led here
    st.session_state[f"offers_{about}"] = Offers(several=error.labels)
    st.info(f"{escape(error.question)}. Choose what to learn from them.")
    _several(about, [FIRST, *error.labels])


def _several(about: str, rules_: Sequence[str]) -> None:
    key = f"several_{about}"
    options = list(dict.fromkeys(rules_))  # a label may be called "first"
    begins_as = LEAVE_OUT if LEAVE_OUT in options else None
    chosen = _known_or_said(key, begins_as)
    st.selectbox(
        "Rows with several labels",
        options,
        index=options.index(chosen) if chosen in options else None,
        format_func=_rule_in_words,
        placeholder="Choose what to learn",
        key=key,
        persist_state="session",
        width=320,
    )


def _rule_in_words(rule: str) -> str:
    usual = {LEAVE_OUT: "Leave them out", FIRST: "Take the first label"}
    return usual.get(rule) or f"Learn {quoted(rule)} against all others"


def _no_label(about: str, offers: Offers) -> None:
    key = f"no_label_{about}"
    chosen = _known_or_said(key, list(offers.blank))
    st.multiselect(
        "Values that mean “no label”",
        offers.no_label,
        default=[value for value in chosen if value in offers.no_label],
        key=key,
        persist_state="session",
        placeholder="None: each is a label",
        help="Rows with such a value are left out.",
        width=320,
    )


def _known_or_said(key: str, begins_as: _Value) -> _Value:
    """Return what is set.

    Where nothing is, or no more, that is told the browser, which would go on to show what was.
    """
    value: _Value = st.session_state.setdefault(key, begins_as)
    return value


def _tick(about: str, rule: str, title: str, *, default: bool, explained: str | None = None) -> None:
    key = f"{rule}_{about}"
    st.checkbox(title, value=st.session_state.get(key, default), key=key, help=explained, persist_state="session")
