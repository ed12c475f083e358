"""Where a classifier attends, as a record that a notebook shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bertdemo.errors import ExplanationError
from bertdemo.library import html
from bertdemo.lines import one_line

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Attention:
    """The attention weights of all heads to a text: where the model looks, which is not why it predicts a label.

    Attributes:
        tokens: the tokens that the model reads, special ones included.
        weights: (layers, heads, tokens, tokens): row i says how token i divides its attention; rows sum to 1.
    """

    tokens: tuple[str, ...]
    weights: NDArray[np.float32] = field(repr=False)

    def to_frame(self, layer: int | None = None, head: int | None = None) -> pd.DataFrame:
        """Return who attends (rows) to whom (columns).

        Args:
            layer: counted from 1; None for the mean over all layers.
            head: counted from 1; None for the mean over all heads.

        Raises:
            ExplanationError: there is no such layer or head.
        """
        import pandas as pd

        return pd.DataFrame(self._mean(layer, head), index=self.tokens, columns=self.tokens)

    def to_html(self, layer: int | None = None, head: int | None = None) -> str:
        """Return the same as a table, darker where more of a row's attention goes; every token is escaped."""
        from html import escape

        mean = self._mean(layer, head)
        darkest = float(mean.max(initial=0.0)) or 1.0
        names = [escape(one_line(token)) for token in self.tokens]
        top = "".join(f'<th scope="col" style="writing-mode:vertical-rl">{name}</th>' for name in names)
        rows = "".join(
            f'<tr><th scope="row">{name}</th>'
            + "".join(f'<td style="background:{html.shade(w / darkest)}" title="{w:.3f}"></td>' for w in row)
            + "</tr>"
            for name, row in zip(names, mean.tolist(), strict=True)
        )
        of = f"{'all layers' if layer is None else f'layer {layer}'}, {'all heads' if head is None else f'head {head}'}"
        said = html.paragraph(f"Each row says where its token attends ({of}); this is not why a label is predicted.")
        return f"{said}<table><thead><tr><td></td>{top}</tr></thead><tbody>{rows}</tbody></table>"

    def _repr_html_(self) -> str:
        return self.to_html()

    def _mean(self, layer: int | None, head: int | None) -> NDArray[np.float64]:
        layers, heads = self.weights.shape[:2]
        for name, number, most in (("layer", layer, layers), ("head", head, heads)):
            if number is not None and not 1 <= number <= most:
                raise ExplanationError(f"There is no {name} {number}: choose one from 1 to {most}.")
        chosen = self.weights if layer is None else self.weights[layer - 1 : layer]
        chosen = chosen if head is None else chosen[:, head - 1 : head]
        mean: NDArray[np.float64] = chosen.astype(float).mean(axis=(0, 1))
        return mean
