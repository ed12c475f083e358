"""Is it true? The explanation is put to the test: by hand, by erasing words, and on a model that has forgotten.

Curves of erasing stand against random orders, beside ERASER's two figures, and whether scores foretell and are steady.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.charts.palette import ORDERS
from bertdemo.explanation import tinting
from bertdemo.lines import signed
from bertdemo.ui.explain import counterfactual, methods, sentences
from bertdemo.ui.explain.methods import key_of
from bertdemo.ui.explain.sentences import explained, how, output
from bertdemo.ui.kit.errors import question
from bertdemo.ui.kit.figure import figure
from bertdemo.ui.kit.formatting import count, listed, percent, quoted
from bertdemo.ui.kit.waiting import Bar, result_of, skip_pending

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from bertdemo.explanation.counterfactual import Flip, How
    from bertdemo.explanation.faithfulness import Curve
    from bertdemo.explanation.infidelity import Infidelity, Sensitivity
    from bertdemo.explanation.sanity import Sanity
    from bertdemo.ui.explain.methods import Choice
    from bertdemo.ui.kit.prediction import Subject

GONE: dict[How, str] = {"delete": "deleted", "mask": "masked"}


def show(subject: Subject) -> None:
    """Try it on top; what takes seconds is computed once its question is open."""
    choice = methods.asked_for(subject)
    found = methods.attribution(subject, choice)
    st.caption(f"Under test: {how(found)}, of {explained(found, subject.labels)}. Another is chosen in the first view.")
    counterfactual.show(subject, found)
    for title, key, icon, answer in (
        ("How few words change the answer?", "flip", "swap_horiz", _flip),
        ("Do the words matter as the scores say?", "curves", "show_chart", show_curves),
        ("Do the scores predict changes? Are they stable?", "steady", "balance", steady),
        ("Sanity check: does it change with random weights?", "sanity", "psychology_alt", show_sanity),
    ):
        question(title, key, icon, skip_pending, answer, subject, choice)


def _flip(subject: Subject, choice: Choice) -> None:
    from bertdemo.explanation.counterfactual import find_flip

    how_gone = st.radio(
        "The words are", list(GONE), format_func=lambda each: GONE.get(each, each), key="flip_how", horizontal=True
    )
    found = methods.attribution(subject, choice)
    scores = found.word_scores if choice.target == subject.answered else None
    flip = result_of(
        (*key_of(subject, choice), "flip", how_gone),
        "Looking for them…",
        lambda bar: find_flip(subject.classifier, subject.tokenized, scores, how=how_gone, should_stop=bar),
    )
    st.markdown(found_words(subject, flip))
    st.caption(f"{proof(flip)}{read_further(subject, how_gone)}")
    if flip.words and flip.edited:
        st.text(flip.edited.text)
        if st.button("Show it above", key="flip_try"):
            counterfactual.put(flip.words, flip.how)
            st.rerun()
    st.caption("First single words are tried, then pairs, then more by their scores.")


def found_words(subject: Subject, flip: Flip) -> str:
    """Return what the search found, as Markdown."""
    before = quoted(subject.labels[flip.before])
    if flip.words is None or flip.after is None:
        return f"**Nothing was found that changes the answer {before}.**"
    words = listed([quoted(subject.tokenized.words[word].text) for word in flip.words])
    return f"**With {words} {GONE[flip.how]}, {before} becomes {quoted(subject.labels[flip.after])}.**"


def read_further(subject: Subject, how_gone: str | None) -> str:
    """Say of a text that is not read to its end which words were tried, and what deleting them does."""
    if not subject.tokenized.truncated:
        return ""
    return f" Tried were words that it read.{f' {counterfactual.FURTHER}' if how_gone == 'delete' else ''}"


def proof(flip: Flip) -> str:
    """Return how sure it is that there are no fewer, and what it cost."""
    from bertdemo.explanation.counterfactual import MOST_CALLS

    asked = f"{count(flip.calls, 'variant')} tried (at most {MOST_CALLS})."
    if flip.words is None:
        return f"{asked} {'Every set of words was tried.' if flip.proven else 'Larger sets may change it.'}"
    if flip.proven:
        return f"{asked} No smaller set does it: all were tried."
    return f"{asked} A smaller set may do it: not all were tried."


def show_curves(subject: Subject, choice: Choice) -> None:
    """Draw deletion and insertion curves with their verdict, then comprehensiveness and sufficiency."""
    from bertdemo.explanation import faithfulness

    given = methods.attribution(subject, choice)
    found = result_of(
        (*key_of(subject, choice), "curves"),
        "Masking words, by the scores and in random orders…",
        lambda bar: faithfulness.faithfulness(
            subject.classifier, subject.tokenized, given.word_scores, choice.target, choice.against, should_stop=bar
        ),
    )
    st.markdown(f"**{found.verdict}**")
    unit = "Logit" if choice.against is None else "Margin of the logits"
    for curve, across, key, note in (
        (found.deletion, "Words masked (%)", "deletion", faithfulness.DELETION),
        (found.insertion, "Words present (%)", "insertion", faithfulness.INSERTION),
    ):
        title = finding(curve, found.orders, output(given, subject.labels))
        _curve(curve, title, across, unit, key, note)
    st.caption(
        f"{faithfulness.LIMIT_OF_CURVES} The band holds one more random order at any one point with a probability of "
        f"{percent(found.coverage, 0)}. {count(found.calls, 'text')} asked, in {found.precision}."
    )
    with st.container(horizontal=True, gap="medium", key="eraser"):
        for name, erasure, about in (
            ("Comprehensiveness", found.comprehensiveness, faithfulness.COMPREHENSIVENESS),
            ("Sufficiency", found.sufficiency, faithfulness.SUFFICIENCY),
        ):
            _figure(name, f"{erasure.ours:.3f}", f"in random orders {erasure.random:.3f}", about)
    st.caption(faithfulness.LIMIT_OF_ERASER)


def _curve(curve: Curve, title: str, across: str, up: str, key: str, note: str) -> None:
    from bertdemo.charts.one_text import erasing_chart

    figure(
        title,
        curve_rows(curve),
        erasing_chart,
        across,
        up,
        key=key,
        alt=f"{up} by {across.lower()}, in the order of the scores and in random orders with their band",
        note=note,
    )


def finding(curve: Curve, orders: int, followed: str) -> str:
    """Return what the curve of an output shows, in a few words; Markdown."""
    what = "falls as words are masked" if curve.falls else "rises as words come back"
    return f"{followed[0].upper()}{followed[1:]} {what}: sooner than in {curve.better_than} of {orders} random orders"


def curve_rows(curve: Curve) -> pd.DataFrame:
    """Return rows for ``erasing_chart``."""
    import pandas as pd

    shares = 100 * curve.shares
    ours = pd.DataFrame({"share": shares, "value": curve.ours, "low": math.nan, "high": math.nan, "series": ORDERS[0]})
    random = pd.DataFrame(
        {"share": shares, "value": curve.middle, "low": curve.low, "high": curve.high, "series": ORDERS[1]}
    )
    return pd.concat([ours.astype({"low": float, "high": float}), random], ignore_index=True)


def steady(subject: Subject, choice: Choice) -> None:
    """Draw infidelity and sensitivity, as Captum computes them."""
    from bertdemo.explanation import infidelity

    scores = methods.attribution(subject, choice).word_scores
    foretold, moved = result_of(
        (*key_of(subject, choice), "steady"),
        "Masking random words, then shifting the token embeddings a little…",
        lambda bar: _steady(subject, choice, scores, bar),
    )
    with st.container(horizontal=True, gap="medium", key="steady_figures"):
        _figure("Infidelity", percent(foretold.share), infidelity.INFIDELITY, infidelity.LIMIT_OF_INFIDELITY)
        _figure("Sensitivity", percent(moved.value), infidelity.SENSITIVITY, infidelity.LIMIT_OF_SENSITIVITY)
    st.caption(
        f"Both from Captum. Infidelity over {foretold.samples} sets of words ({foretold.value:.4f} squared logits); "
        f"sensitivity over {moved.samples} shifts of at most {moved.radius:.3g} in each coordinate."
    )


def _steady(subject: Subject, choice: Choice, scores: NDArray[np.float64], bar: Bar) -> tuple[Infidelity, Sensitivity]:
    from bertdemo.explanation.infidelity import infidelity, sensitivity

    foretold = infidelity(subject.classifier, subject.tokenized, scores, choice.target, choice.against, should_stop=bar)
    explain = methods.explain(choice)
    return foretold, sensitivity(subject.classifier, subject.tokenized, explain, should_stop=bar)


def _figure(name: str, value: str, *about: Any) -> None:
    with st.container(width=300, gap=None):
        st.metric(name, value)
        st.caption("  \n".join(about))


def show_sanity(subject: Subject, choice: Choice) -> None:
    """Draw the verdict, the correlation at each stage of forgetting, and the text as random weights would tint it."""
    from bertdemo.charts.one_text import sanity_chart
    from bertdemo.explanation.sanity import LIMIT, MEANING, sanity

    has_signs = methods.attribution(subject, choice).signed
    found = result_of(
        (*key_of(subject, choice), "sanity"),
        "Explaining copies with ever more random weights…",
        lambda bar: sanity(
            subject.classifier, subject.tokenized, methods.explain(choice), should_stop=bar.is_over, report=bar.at
        ),
    )
    if found.passed is None:
        st.caption(found.verdict)
        return
    rows = stage_rows(found)
    figure(
        found.verdict,
        rows,
        sanity_chart,
        len(rows),
        key="sanity_stages",
        alt="Rank correlation with the explanation of the trained model, the more of its weights are random",
        note=f"{MEANING} Right of the dashed line, chance explains it less than one time in 20. {LIMIT}",
    )
    st.caption("The scores of the trained model, and those of one whose weights are all random:")
    for key, scores in (("learned", found.original), ("forgotten", found.randomised)):
        sentences.show_tinted(
            tinting.words(subject.tokenized, scores, signed=has_signs),
            key=f"strip_{key}",
            label=f"The text, tinted by the scores of a model that has {key}",
        )


def stage_rows(found: Sanity) -> pd.DataFrame:
    """Return rows for ``sanity_chart``: one for each stage."""
    import pandas as pd

    rows = [(stage.name, stage.correlation, found.chance, signed(stage.correlation)) for stage in found.stages]
    return pd.DataFrame(rows, columns=["stage", "correlation", "chance", "words"])
