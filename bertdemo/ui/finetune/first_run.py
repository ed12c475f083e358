"""One button for somebody who has just arrived: real data, good defaults, and off it goes."""

from __future__ import annotations

import streamlit as st

from bertdemo.ui.finetune import data_choice, start

_DATA = "sms_spam"
TEXTS = 3_627  # that it trains on; a test counts them, the page must not wait for it


def offer(*, is_first: bool = True) -> None:
    """Draw the button, with what it will do beside it; prominent where it is the first thing to do."""
    if st.button(
        "Fine-tune on real text messages, a minute or two",
        type="primary" if is_first else "secondary",
        key="first_run",
        icon=":material/play_arrow:",
    ):
        _begin()
    st.caption(
        f"It starts at once, learns to tell spam from {TEXTS:,} real text messages, and trains a bag-of-words model "
        "for comparison, to show whether it was worth it. Everything stays on this computer; no network is needed."
    )


def _begin() -> None:
    from bertdemo.data.checkup import check_up, clean
    from bertdemo.data.splitting import split, training_texts
    from bertdemo.training.presets import recipe_for
    from bertdemo.training.recipe import Recipe

    dataset = data_choice.built_in(_DATA)
    usable = clean(dataset, check_up(dataset), drop_small=True)
    recipe = recipe_for(Recipe().base, "standard", training_texts(usable))
    start.begin(split(usable, seed=recipe.seed), recipe, "Spam in text messages")
