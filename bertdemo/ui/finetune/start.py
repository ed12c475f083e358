"""Step 4 of fine-tuning: how long it will take, and the button; and one button for somebody who has just arrived."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from bertdemo.data.dataset import Dataset, Split
from bertdemo.runs.planning import default_name
from bertdemo.ui.finetune import data_choice
from bertdemo.ui.kit import resources
from bertdemo.ui.kit.formatting import about

if TYPE_CHECKING:
    from bertdemo.runs.records import Run
    from bertdemo.training.recipe import Recipe
    from bertdemo.ui.finetune.checkup import Lengths, Usable

_FIRST_DATA = "sms_spam"
FIRST_TEXTS = 3_627  # that it trains on; a test counts them, the page must not wait for it


def offer(usable: Usable, recipe: Recipe, limit: int | None, runs: list[Run]) -> None:
    """Draw the button that starts the run, with its cost beside it, as earlier ``runs`` tell.

    Raises:
        DataError: the data cannot be split.
        StorageError: the run cannot be written.
    """
    parts = parts_of(usable.dataset, recipe.seed, limit)
    left, right = st.columns([2, 5], vertical_alignment="center")
    pressed = left.button("Start training", type="primary", key="start", icon=":material/play_arrow:", width="stretch")
    speed = resources.training_speed(recipe.base, runs)
    right.markdown(_plan(parts, recipe, limit, usable.tokens, speed))
    if pressed:
        begin(parts, recipe, default_name(usable.dataset, recipe, limit))


def begin(parts: Split, recipe: Recipe, name: str) -> None:
    """Submit the run and make the page about it."""
    with st.spinner("Starting… A base model that is new here is tried first."):
        run_id = resources.runs().submit(parts, recipe, name)
    st.session_state["run"] = run_id
    st.switch_page("pages/fine_tune.py", query_params={"run": run_id})


def parts_of(dataset: Dataset, seed: int, limit: int | None) -> Split:
    """Return the split of this very data set: the rows of equal content are shared, its name and its source are not."""
    return replace(_split(dataset.fingerprint, seed, limit, dataset), dataset=dataset)


@st.cache_resource(show_spinner=False, max_entries=8)
def _split(fingerprint: str, seed: int, limit: int | None, _dataset: Dataset) -> Split:  # noqa: ARG001
    from bertdemo.data.splitting import split

    return split(_dataset, seed=seed, max_train=limit)


def _plan(parts: Split, recipe: Recipe, limit: int | None, tokens: Lengths | None, speed: float | None) -> str:
    sizes = f"{len(parts.train):,} texts to train, {len(parts.validation):,} to validate, {len(parts.test):,} to test"
    if parts.origin:
        sizes += f". {parts.origin.removesuffix('.')}"
    if tokens is None:
        return f"{sizes}. The time is known once the base model is on this computer."
    seconds = _seconds(parts.dataset.fingerprint, recipe, limit, speed, parts, tokens)
    basis = "from an earlier run with this base" if speed else "an estimate; it may be off by half"
    return f"**{about(seconds).capitalize()}** ({basis}). {sizes}."


@st.cache_data(show_spinner=False, max_entries=32)
def _seconds(
    fingerprint: str,  # noqa: ARG001 (with the recipe, its seed and the limit the key of parts and tokens)
    recipe: Recipe,
    limit: int | None,  # noqa: ARG001
    speed: float | None,
    _parts: Split,
    _tokens: Lengths,
) -> float:
    from bertdemo.models.catalog import find_base
    from bertdemo.training.timing import estimate_seconds

    train, validation = (_tokens[list(rows)].tolist() for rows in (_parts.train, _parts.validation))
    return estimate_seconds(recipe, find_base(recipe.base), train, validation, speed)


def offer_first_run(*, is_first: bool = True) -> None:
    """Draw the button, with what it will do beside it; prominent where it is the first thing to do."""
    if st.button(
        "Fine-tune on real text messages, a few minutes",
        type="primary" if is_first else "secondary",
        key="first_run",
        icon=":material/play_arrow:",
    ):
        _begin_first_run()
    st.caption(
        f"It starts at once with the preset Quick, learns to tell spam from {FIRST_TEXTS:,} real text messages, and "
        "trains a bag-of-words model for comparison, to show whether it was worth it. Everything stays on this "
        "computer; no network is needed."
    )


def _begin_first_run() -> None:
    from bertdemo.data.checkup import check_up, clean
    from bertdemo.data.splitting import split, training_texts
    from bertdemo.training.presets import recipe_for
    from bertdemo.training.recipe import Recipe

    resources.expect_a_task()  # which imports while the data are divided
    dataset = data_choice.built_in(_FIRST_DATA)
    usable = clean(dataset, check_up(dataset), drop_small=True)
    recipe = recipe_for(Recipe().base, "quick", training_texts(usable))
    begin(split(usable, seed=recipe.seed), recipe, "Spam in text messages")
