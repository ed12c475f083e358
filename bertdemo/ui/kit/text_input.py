"""The box for one text: what was typed, where it came from, and its way into the address of the page."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bertdemo.runs.records import Run
from bertdemo.ui.kit import resources
from bertdemo.ui.kit.formatting import duration
from bertdemo.ui.kit.warm_up import STEPS, Progress

TEXT, PAIR = "ask_text", "ask_pair"  # the keys of the boxes; what is in them lasts from page to page
TEXT_IN, PAIR_IN = "text", "pair"  # their names in the address
LONGEST_LINK = 2_000  # characters; beyond, browsers and mail programs begin to cut addresses
# A first text for the built-in data, so that a newcomer meets an answer; for other data it is one of the test texts.
_SAMPLES = {
    "airline_sentiment": "My suitcase never arrived, and nobody at the desk could tell me where it was.",
    "sms_spam": "Congratulations, you have won a free cruise! Text WIN to 80800 now to claim your prize.",
}
_POLL = 1.0  # seconds between two looks at a classifier that is being loaded
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


@dataclass(frozen=True)
class Asked:
    """One text, with its second text where the classifier reads two."""

    text: str
    pair: str | None = None


def poll() -> float | None:
    """Return how often a fragment with the box should look again: never, once the libraries are loaded."""
    return None if resources.is_warm() else _POLL


def is_loaded() -> bool:
    """Return whether an answer can be had at once. The first seconds of a server are spent on loading what makes it."""
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
        right.caption("Enter to classify, Shift+Enter for a new line")
    text, pair = st.session_state[TEXT], st.session_state.get(PAIR, "") if run.data.has_pairs else None
    if not text and not pressed:
        return None
    return Asked(text, pair)


def enter_asks() -> None:
    """Have Enter ask; to be drawn before the box is, or an early Enter on a slow machine is a line break."""
    with st.container(key="enter_asks"):
        st.html(_ENTER, unsafe_allow_javascript=True)


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
        if name in given:
            st.query_params[name] = given[name]
        else:
            st.query_params.pop(name, None)
    st.session_state["ask_linked"] = given.get(TEXT_IN)
    return bool(given) or not asked.text
