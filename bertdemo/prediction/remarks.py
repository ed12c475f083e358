"""What has to be said beside an answer: what of the text the model could not read, or reads as another text."""

from __future__ import annotations

from bertdemo.lines import one_line, shorten

_SHOWN = 60  # characters of a text


def remarks(unknown_share: float, plain: str | None) -> tuple[str, ...]:
    """Return sentences in plain text about an answer (``Answer``); none for a text that was read as it is."""
    said = []
    if unknown_share == 1:
        said.append(
            "The model knows nothing of this text: every token that it read is unknown to it (100 %), so the answer "
            "does not depend on what the text says."
        )
    elif unknown_share > 0:
        said.append(
            f"{share(unknown_share)} of the tokens that the model read are unknown to it: the answer rests on "
            "the others."
        )
    if plain is not None:
        said.append(
            f"Some letters are in another form (full-width, mathematical, circled …): the model reads them as other "
            f"tokens than “{shorten(one_line(plain), _SHOWN)}”, and may answer that differently."
        )
    return tuple(said)


def share(unknown: float) -> str:
    """Return a share above 0 and below 1 in whole per cent that claims neither."""
    return f"{min(99, max(1, round(100 * unknown)))}\u00a0%"
