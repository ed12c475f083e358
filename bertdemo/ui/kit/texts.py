"""Texts: the box for one and its way into the address, examples to take instead of typing, and lists to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

import streamlit as st

from bertdemo.errors import BertDemoError
from bertdemo.lines import one_line, shorten
from bertdemo.runs.records import Run
from bertdemo.ui.kit import address, resources
from bertdemo.ui.kit.formatting import duration, escape, percent
from bertdemo.ui.kit.resources import STEPS, Progress

if TYPE_CHECKING:
    from bertdemo.data.dataset import Dataset
    from bertdemo.evaluation import mistakes
    from bertdemo.prediction.single import Answer
    from bertdemo.runs.folder import RunFolder

TEXT, PAIR = "ask_text", "ask_pair"  # the keys of the boxes; what is in them lasts from page to page
TEXT_IN, PAIR_IN = "text", "pair"  # their names in the address
LONGEST_LINK = 2_000  # characters; beyond, browsers and mail programs begin to cut addresses
# A first text for the built-in data, so that a newcomer meets an answer; for other data it is one of the test texts.
_SAMPLES = {
    "airline_sentiment": "My suitcase never arrived, and nobody at the desk could tell me where it was.",
    "sms_spam": "Congratulations, you have won a free cruise! Text WIN to 80800 now to claim your prize.",
}
_POLL = 0.4  # seconds between two looks at a classifier that is being loaded
# Enter asks, Shift+Enter begins a new line. Streamlit itself submits with Ctrl+Enter, and that is what is pressed here.
_ENTER = """<script>
if (!window.enterAsks) {
  window.enterAsks = true;
  document.addEventListener('keydown', (event) => {
    const plain = event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.isComposing;
    if (!plain || !event.target.matches?.('.st-key-ask textarea')) return;
    event.preventDefault();
    event.stopPropagation();
    event.target.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', code: 'Enter', ctrlKey: true, bubbles: true,
      cancelable: true}));
  }, true);
}
</script><style>
.st-key-enter_asks { display: none }
.st-key-ask textarea { max-height: 13rem !important }
.st-key-ask [data-testid="InputInstructions"] { display: none }
.st-key-examples p, .st-key-visited_texts p { text-align: left }
.st-key-examples button, .st-key-visited_texts button { padding-block: 0.25rem }
</style>"""
_KEPT, _OFFERED, _MOST_VISITED = 24, 4, 8
_READABLE = range(20, 161)  # characters of a text that can be read at a glance
_SHOWN = 88  # characters of a text on its button
_Item = TypeVar("_Item")
_AT_ONCE = 5
_LONGEST = 600  # characters shown of a text


@dataclass(frozen=True)
class Asked:
    """One text, with its second text where the classifier reads two."""

    text: str
    pair: str | None = None


def poll() -> float | None:
    """Return how often a fragment with the box should look again: never, once the libraries are loaded."""
    return None if resources.is_warm() else _POLL


def can_predict(run: Run) -> bool:
    """Return whether a prediction can be had at once: for the run that is loaded first, before ``is_loaded``."""
    if resources.first_classifier(run.id):
        st.session_state["warming"] = True
        return True
    return is_loaded()


def is_loaded() -> bool:
    """Return whether all is loaded that answers are made of, and draw how far that is: a server's first seconds."""
    if resources.is_warm():
        if "warming" in st.session_state:
            del st.session_state["warming"]
            st.rerun()  # the page as a whole, which then looks no more
        return True
    st.session_state["warming"] = True
    st.caption(start_in_words(resources.starting()))
    return False


def start_in_words(start: Progress) -> str:
    """Return what a newcomer waits for, how long they have, and how long it took the last time."""
    far = f"step {STEPS.index(start.step) + 1} of {len(STEPS)}, {start.step}, {duration(start.seconds)} so far"
    last = "" if start.last is None else f" The last start took {duration(start.last)}."
    return f"This server has just started ({far}).{last} The answer comes by itself."


def ask(run: Run, button: str = "Classify") -> Asked | None:
    """Draw the box; what it holds, or None while it is empty or nothing can be answered yet."""
    with st.form("ask_form", border=False), st.container(key="ask", gap="small"):
        _box("Text to classify", TEXT, "Type or paste a text and press Enter", quiet=not run.data.has_pairs)
        if run.data.has_pairs:
            _box("Second text", PAIR, "The text that it is compared with")
        left, right = st.columns([1, 3], vertical_alignment="center")
        pressed = left.form_submit_button(button, key="classify", type="primary", width="stretch")
        right.caption(f"Enter to {button.lower()}, Shift+Enter for a new line")
    text, pair = st.session_state[TEXT], st.session_state.get(PAIR, "") if run.data.has_pairs else None
    if not text and not pressed:
        return None
    return Asked(text, pair)


def enter_asks() -> None:
    """Have Enter ask; to be drawn before the box is, or an early Enter on a slow machine is a line break."""
    with st.container(key="enter_asks"):
        st.html(_ENTER, unsafe_allow_javascript=True)


def keep(page: str) -> None:
    """Put what the box holds into it again once the page is another one; to be called before it is drawn.

    Streamlit 1.67 draws an empty box there if a page has put the text in before the visit's first box was drawn.
    """
    state = st.session_state
    if state.get("ask_page") != page and TEXT in state:
        put(Asked(state[TEXT], state.get(PAIR)))
    state["ask_page"] = page


def _box(label: str, key: str, hint: str, *, quiet: bool = False) -> None:
    st.text_area(
        label,
        key=key,
        height="content",
        placeholder=hint,
        label_visibility="collapsed" if quiet else "visible",
        persist_state="session",
    )


def put(asked: Asked) -> None:
    """Put a text into the box, as if it had been typed."""
    st.session_state[TEXT] = asked.text
    st.session_state[PAIR] = asked.pair or ""


def fill(run: Run, example: Asked | None) -> None:
    """Draw what the box holds before a person has typed.

    The text of the address, or a first one for this run's data.
    """
    state, linked = st.session_state, st.query_params.get(TEXT_IN)
    if linked is not None and linked != state.get("ask_linked"):
        put(Asked(linked, st.query_params.get(PAIR_IN)))
        state["ask_linked"] = linked
    elif TEXT not in state or state[TEXT] == state.get("ask_suggested"):
        put(suggested := _first(run, example))
        state["ask_suggested"] = suggested.text


def _first(run: Run, example: Asked | None) -> Asked:
    sample = None if run.data.has_pairs else _SAMPLES.get(run.data.name)
    return Asked(sample) if sample else example or Asked("")


def parameters(asked: Asked) -> dict[str, str]:
    """Return what of a text belongs into an address: nothing where it is too long for one."""
    if len(asked.text) + len(asked.pair or "") > LONGEST_LINK:
        return {}
    return {name: value for name, value in ((TEXT_IN, asked.text), (PAIR_IN, asked.pair)) if value}


def link(asked: Asked) -> bool:
    """Put the text into the address, so that it opens the same view; whether it is short enough for that."""
    given = parameters(asked)
    for name in (TEXT_IN, PAIR_IN):
        address.put(name, given.get(name, ""))
    st.session_state["ask_linked"] = given.get(TEXT_IN)
    return bool(given) or not asked.text


@dataclass(frozen=True)
class Example:
    """A test text, and the label that people gave it."""

    asked: Asked
    label: str


def examples_of(run: Run) -> tuple[Example, ...]:
    """Test texts of a run; none before it was tested, or where the folder is damaged, which the page says elsewhere."""
    if not run.status.state.has_model:
        return ()
    try:
        return _examples_of(run.id, run.created, run)
    except BertDemoError:
        return ()


@st.cache_resource(show_spinner=False, max_entries=16)
def _examples_of(run_id: str, created: float, _run: Run) -> tuple[Example, ...]:  # noqa: ARG001 (the key)
    return choose_examples(tested_texts(_run))


def tested_texts(run: Run) -> Dataset:
    """Return the test part of a run, read once: that of a starter is divided anew, which takes half a second.

    Raises:
        RunError: the folder is damaged.
    """
    return _tested_texts(run.id, run.created, resources.runs().folder(run.id))


@st.cache_resource(show_spinner=False, max_entries=8)
def _tested_texts(run_id: str, created: float, _folder: RunFolder) -> Dataset:  # noqa: ARG001 (the key)
    return _folder.split().part("test")


def choose_examples(test: Dataset) -> tuple[Example, ...]:
    """Choose up to 24 texts that can be read at a glance, the labels in turn so that each is among the first."""
    rows = [row for row, text in enumerate(test.texts) if len(text) in _READABLE] or list(range(len(test)))
    rows.sort(key=lambda row: crc32(test.texts[row].encode("utf-8", "surrogatepass")))  # any order but that of the file
    by_label: dict[int, list[int]] = {}
    for row in rows:
        by_label.setdefault(test.labels[row], []).append(row)
    chosen = sorted((place, label, row) for label, its in by_label.items() for place, row in enumerate(its[:_KEPT]))
    return tuple(_example(test, row) for *_, row in chosen[:_KEPT])


def _example(test: Dataset, row: int) -> Example:
    return Example(Asked(test.texts[row], test.pairs[row] if test.pairs else None), test.label_names[test.labels[row]])


def offer_examples(examples: tuple[Example, ...], rows: int = _OFFERED) -> None:
    """Draw some of the examples, each a button that asks it."""
    if not examples:
        return
    first = st.session_state.get("examples_from", 0) % len(examples)
    with st.container(key="examples", gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption("Or take a text it was tested on:")
            if len(examples) > rows:
                st.button("Others", key="other_examples", type="tertiary", icon=":material/refresh:", on_click=_turn,
                          args=(first + rows,))  # fmt: skip
        for place, example in enumerate((examples * 2)[first : first + min(rows, len(examples))]):
            _button(f"example_{place}", example.asked)


def _turn(first: int) -> None:
    st.session_state["examples_from"] = first


def _button(key: str, asked: Asked, after: str = "") -> None:
    words = asked.text if asked.pair is None else f"{asked.text} / {asked.pair}"
    label = escape(shorten(one_line(words), _SHOWN))
    st.button(f"“{label}”{after}", key=key, type="tertiary", on_click=put, args=(asked,))


def given_label(examples: tuple[Example, ...], asked: Asked) -> str | None:
    """Return the label that people gave this very text, where it is one of the examples."""
    return next((each.label for each in examples if each.asked == asked), None)


def remember(asked: Asked, answer: Answer) -> None:
    """Put a text at the top of those of this visit."""
    visited = [each for each in _visited() if each[0] != asked]
    st.session_state["visited"] = [(asked, answer.label), *visited][:_MOST_VISITED]


def visited(but: Asked) -> None:
    """Draw the last texts of this visit, each a button that asks it again, with what was answered."""
    rest = [each for each in _visited() if each[0] != but]
    if rest:
        with st.expander("The last texts of this visit", key="visited_texts", icon=":material/history:"):
            for place, (asked, label) in enumerate(rest):
                _button(f"visited_{place}", asked, f" **{escape(shorten(label, 40))}**")


def _visited() -> Iterator[tuple[Asked, str]]:
    yield from st.session_state.get("visited", ())


def to_read(examples: Sequence[mistakes.Example], key: str) -> None:
    """Draw the texts of the test part, and what the classifier said of each."""
    few_at_a_time(examples, _one, key)


def few_at_a_time(items: Sequence[_Item], draw: Callable[[_Item], None], key: str) -> None:
    """Draw the first few, and a button for more. ``key`` tells lists apart, also those of different runs."""
    shown = min(st.session_state.get(f"{key}_shown", _AT_ONCE), len(items))
    with st.container(gap="small"):
        for item in items[:shown]:
            draw(item)
    if shown < len(items):
        then = min(2 * shown, len(items))
        st.button(f"Show {then - shown} more of {len(items):,}", key=f"{key}_more", on_click=_show, args=(key, then))


def _show(key: str, number: int) -> None:
    st.session_state[f"{key}_shown"] = number


def _one(example: mistakes.Example) -> None:
    with st.container(border=True, gap=None):
        said = f"Predicted **{escape(example.predicted)}** ({percent(example.confidence, 0)})"
        truth = "rightly" if example.truth == example.predicted else f"labelled **{escape(example.truth)}**"
        st.caption(f"{said}, {truth}")
        text_as_it_is(example.text, example.pair)


def text_as_it_is(text: str, pair: str | None) -> None:
    """Draw a text, and its second one where it has one: never markup, and no longer than a person reads."""
    for each in (text, pair):
        if each is not None:
            st.text(shorten(each, _LONGEST))
