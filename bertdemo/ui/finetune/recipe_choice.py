"""Step 3 of fine-tuning: the base model and how it is trained."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import streamlit as st

from bertdemo.errors import ModelError
from bertdemo.training.recipe import SETTINGS, Recipe
from bertdemo.ui.kit import resources
from bertdemo.ui.kit.formatting import compact, escape

if TYPE_CHECKING:
    from pathlib import Path

    from streamlit.delta_generator import DeltaGenerator

    from bertdemo.data.dataset import Dataset
    from bertdemo.models.catalog import BaseModel
    from bertdemo.training.presets import Preset

PRESETS: dict[Preset, str] = {"quick": "Quick", "standard": "Standard", "thorough": "Thorough"}
_LIMIT = "max_train"
_TEXTS = "training_texts"  # about how many the settings were last filled in for
_UNSAID = ("unknown", "see its page")
_VISIBLE = ("epochs", "learning_rate", "batch_size")


def base_name() -> str:
    """Return the base model as chosen so far, also before its picker has been drawn."""
    return str(st.session_state.get("base") or Recipe().base)


def tokenizer() -> Path | None:
    """Return the tokenizer of the base chosen so far, if it is on this computer."""
    from bertdemo.models.catalog import tokenizer_file

    try:
        return tokenizer_file(_find(base_name()))
    except ModelError:
        return None  # the picker itself will say so


def _find(name: str) -> BaseModel:
    """Return the base of a name that a visitor gave.

    Raises:
        ModelError: see ``find_offered_base``.
    """
    from bertdemo.models.catalog import find_offered_base

    return find_offered_base(name, resources.settings().base_folders)


def max_length() -> int:
    """Return the longest text as chosen so far, and no longer than what the base can read."""
    if "recipe_max_length" not in st.session_state:
        _fill()
    chosen = int(st.session_state.get("recipe_max_length", Recipe().max_length))
    return min(chosen, _longest())


def _longest() -> int:
    """Return the most tokens that the base chosen so far can read."""
    lowest, highest = map(int, SETTINGS["max_length"].bounds or ())
    try:
        return max(lowest, min(highest, _find(base_name()).max_length))
    except ModelError:
        return highest  # the picker itself will say so


def choose(data: Dataset | None) -> Recipe:
    """Return the recipe as set on the page, which begins as what suits so many texts.

    Raises:
        ModelError: the base model cannot be found.
        RecipeError: a setting makes no sense.
    """
    from bertdemo.data.splitting import training_texts
    from bertdemo.training.presets import PRESET_SETTINGS

    texts = training_texts(data, st.session_state.get(_LIMIT)) if data else None
    if st.session_state.get(_TEXTS) != texts:
        st.session_state[_TEXTS] = texts
        _fill()
    beside = _base()
    st.radio(
        "How long to train",
        list(PRESETS),
        format_func=PRESETS.__getitem__,
        captions=[_caption(preset) for preset in PRESETS],
        index=list(PRESETS).index(_preset()),
        horizontal=True,
        key="preset",
        on_change=_fill,
        args=PRESET_SETTINGS,
        persist_state="session",
    )
    for name, column in zip(_VISIBLE, st.columns(3), strict=True):
        with column:
            _setting(name)
    with st.expander("More settings", key="more_settings"):
        rest = [each for each in fields(Recipe) if each.name not in ("base", *_VISIBLE)]
        rest.sort(key=lambda each: isinstance(each.default, bool))  # switches last, in a row of their own height
        columns = st.columns(3)
        for place, each in enumerate(rest):
            with columns[place % 3]:
                _setting(each.name)
    values = {name: st.session_state[f"recipe_{name}"] for name in _names()}
    recipe = Recipe(base=base_name(), **values)
    _tell_verdict(beside, recipe)
    return recipe


def limit() -> int | None:
    """Draw the limit of training texts and return it; None for all of them."""
    # Said each time, in place of a default (see ``_setting``): a field with a default cannot be emptied.
    st.session_state[_LIMIT] = st.session_state.get(_LIMIT)
    value = st.number_input(
        "Train on at most",
        min_value=10,
        max_value=1_000_000,
        step=500,
        value=None,
        placeholder="all texts",
        key=_LIMIT,
        persist_state="session",
        help="Fewer texts train faster. Validation and test stay the same, so scores can still be compared.",
        width=220,
    )
    return None if value is None else int(value)


def _preset() -> Preset:
    """Return the preset as chosen so far."""
    chosen: Preset = st.session_state.get("preset") or "standard"
    return chosen


def _caption(preset: Preset) -> str:
    """Return what the preset does; the chosen one does what its settings say, also where a person has changed them."""
    from bertdemo.training.presets import PRESET_SETTINGS, recipe_for

    does = recipe_for(base_name(), preset, st.session_state.get(_TEXTS)).to_dict()
    if preset == _preset():
        does |= {name: st.session_state.get(f"recipe_{name}", does[name]) for name in PRESET_SETTINGS}
    epochs = does["epochs"]
    passes = "1 pass over the texts" if epochs == 1 else f"{epochs} passes over the texts"
    extras = [f"leaves the lowest {does['frozen_layers']} layers as they came"] if does["frozen_layers"] else []
    extras += ["trains a small adapter (LoRA)"] if does["lora_rank"] else []
    extras += ["averages its weights"] if does["averaging"] else []
    return f"{passes}; {' and '.join(extras)}" if extras else passes


def _names() -> list[str]:
    return [field.name for field in fields(Recipe) if field.name != "base"]


def _fill(*always: str) -> None:
    """Set the settings to what the preset says for the chosen base.

    What a person has changed since the last time stays, except in the settings named.
    """
    from bertdemo.training.presets import recipe_for

    try:
        recipe = recipe_for(_find(base_name()).id, _preset(), st.session_state.get(_TEXTS))
    except ModelError:
        return  # the picker itself will say so
    state, last = st.session_state, st.session_state.get("recipe_filled")
    for name in _names():
        key = f"recipe_{name}"
        if name in always or key not in state or (last is not None and state[key] == getattr(last, name)):
            state[key] = getattr(recipe, name)
    state["recipe_filled"] = recipe


def _base() -> DeltaGenerator:
    """Return the picker, and below it what is known of the base; returned is a place for whether it can be trained."""
    from bertdemo.models.catalog import CATALOGUE

    titles = {model.id: f"{model.title} · {compact(model.parameters)} parameters" for model in CATALOGUE}
    names = list(dict.fromkeys((*titles, base_name())))
    name = st.selectbox(
        "Base model",
        names,
        index=names.index(base_name()),
        format_func=lambda name: titles.get(name, name),
        accept_new_options=True,
        on_change=_fill,
        args=("learning_rate",),
        key="base",
        persist_state="session",
        help="It has read much text and knows no task yet. You can type the name of any model of the Hub.",
    )
    base = _find(name or Recipe().base)
    layers = f"{base.layers} layers" if base.layers else ""
    reads = f"reads at most {base.max_length:,} tokens" if base.parameters else ""  # 0: it was never downloaded
    facts = [base.languages, layers, reads, base.licence, base.note]
    st.caption(" · ".join(escape(fact) for fact in facts if fact and fact not in _UNSAID))
    return st.empty()


def _tell_verdict(place: DeltaGenerator, recipe: Recipe) -> None:
    """Draw whether the base was tried with these settings, and what came of it."""
    from bertdemo.runs.base_checking import BaseCheck

    check, base = BaseCheck(resources.settings()), _find(recipe.base)
    if not check.is_due(base):
        return
    verdict = check.known(base, recipe)
    if verdict is None:
        place.caption("It is tried before the run is queued, which takes seconds.")
    elif verdict.refused:
        place.warning(escape(verdict.refused), icon=":material/block:")
    else:
        said = ("It was tried on this computer: it can be trained with these settings.", *verdict.notes)
        place.caption(" ".join(map(escape, said)))


def _setting(name: str) -> None:
    """Draw the widget of one setting; its help is one sentence for a student.

    What is set is its default, too: a browser that draws it anew before it has heard the value sends the default back.
    """
    if name == "max_length":
        st.session_state["recipe_max_length"] = max_length()  # the base may have changed since
    value, about = st.session_state[f"recipe_{name}"], SETTINGS[name]
    shared: dict[str, Any] = {
        "label": about.label, "key": f"recipe_{name}", "help": about.help, "persist_state": "session"
    }  # fmt: skip
    if about.choices:
        st.selectbox(options=about.choices, index=about.choices.index(value), **shared)
    elif about.bounds is None:
        st.toggle(value=value, **shared)
    elif about.step:
        low, high = about.bounds
        st.number_input(min_value=low, max_value=high, value=value, step=about.step, format=about.shape, **shared)
    else:
        low, high = map(int, about.bounds)
        high = _longest() if name == "max_length" else high
        st.number_input(min_value=low, max_value=high, value=value, step=1, **shared)
