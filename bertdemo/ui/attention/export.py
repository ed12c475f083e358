"""A picture of attention as a file: what stands above it, and how it is called. The browser makes the file itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertdemo.lines import one_line, shorten
from bertdemo.ui.kit import resources, run_picker
from bertdemo.ui.kit.figure import light_colours
from bertdemo.ui.kit.formatting import count

if TYPE_CHECKING:
    from bertdemo.ui.attention.computed import Looked

_LONGEST = 300  # characters of a text above a picture


def of(looked: Looked, what: str, name: str, title: str, *lines: str) -> dict[str, Any]:
    """Return what the browser needs for the file of a picture; all of it plain text.

    Args:
        looked: what the picture is of; its run and text are named above it.
        what: the picture, in the words of its button.
        name: of the file, behind the id of the run.
        title: the first line above the picture.
        lines: how to read it.
    """
    return {
        "title": title,
        "lines": [*(line for line in lines if line), about(looked)],
        "name": f"{looked.run_id}-attention-{name}.png",
        "what": what,
        "colours": light_colours(),
    }


def about(looked: Looked) -> str:
    """Return which run looks, at which text or pair, and whether all heads are on; plain text."""
    run, tokenized = run_picker.name_of(resources.runs().get(looked.run_id)), looked.tokenized
    texts = [tokenized.text] if tokenized.pair is None else [tokenized.text, tokenized.pair]
    told = " and ".join(f"“{shorten(one_line(text), _LONGEST)}”" for text in texts)
    off = f" {count(len(looked.off), 'head is', 'heads are')} switched off." if looked.off else ""
    return f"Run: {run}. Text: {told}.{off}"
