"""The confusion matrix of a classification."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import new_figure
from hpo.reporting.html.escape import label
from hpo.reporting.html.formats import number, size
from hpo.reporting.html.section import Drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from hpo.scoring.outcomes import Classes

MOST_CLASSES = 50
FEW_CLASSES = 4
"""The matrix of so few stands beside the other figures of its panel."""
SMALL_HEIGHT = 340
_MOST_WRITTEN = 12
_CELL = 17


def confusion(classes: Classes, name: str) -> Drawing:
    """A confusion matrix.

    Args:
        classes: The classes.
        name: The name of the drawing's panel within the page.
    """
    right = float((classes.truth == classes.predicted).mean())
    matrix, names = _count(classes)
    left_out = len(classes.names) - len(names)
    note = f" ({len(names)} most frequent of {len(classes.names)} classes)" if left_out else ""
    quality = f"{number(100 * right, 3)} % of {size(len(classes.truth))} predictions are right."
    many = len(names) > _MOST_WRITTEN
    return Drawing(
        name=f"{name}-confusion",
        title=f"What each class is taken for{note}",
        alt=f"Confusion matrix of {len(classes.names)} classes. {quality}",
        note=f"{quality} Shades are shares of the true class."
        + (" The most frequent classes come first." if many else ""),
        plot=_heatmap(matrix, names),
        height=_CELL * len(names) + 150 if many else max(SMALL_HEIGHT, 42 * len(names) + 120),
        min_width=_CELL * len(names) + 130 if many else 0,
        wide=len(names) > FEW_CLASSES,
        small=len(names) <= FEW_CLASSES,
    )


def _count(classes: Classes) -> tuple[np.ndarray, tuple[str, ...]]:
    """How often each class was taken for each, of the most frequent classes only."""
    import numpy as np

    k = len(classes.names)
    pairs = classes.truth * k + classes.predicted
    frequent = np.argsort(-np.bincount(classes.truth, minlength=k), kind="stable")
    kept = frequent[:MOST_CLASSES]
    if k <= _MOST_WRITTEN:
        kept = np.sort(kept)
    place = np.full(k, -1)
    place[kept] = np.arange(len(kept))
    found, often = np.unique(pairs, return_counts=True)
    rows, columns = place[found // k], place[found % k]
    inside = (rows >= 0) & (columns >= 0)
    matrix = np.zeros((len(kept), len(kept)), dtype=int)
    matrix[rows[inside], columns[inside]] = often[inside]
    return matrix, tuple(classes.names[c] for c in kept)


def _heatmap(matrix: np.ndarray, names: Sequence[str]) -> Any:
    import numpy as np
    import plotly.graph_objects as go

    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    labels = _distinct([label(name, 24) for name in names])
    figure = new_figure("predicted class", "true class")
    figure.add_trace(
        go.Heatmap(
            x=labels,
            y=labels,
            z=(100 * shares).round(2).tolist(),
            hovertext=matrix.tolist(),
            zmin=0,
            zmax=100,
            xgap=1,
            ygap=1,
            showscale=False,
            **_written(matrix),
            hovertemplate="%{y} taken for %{x}: %{hovertext} (%{z:.3~g} %)<extra></extra>",
        )
    )
    axis: dict[str, Any] = {"type": "category", "showgrid": False}
    if len(names) > _MOST_WRITTEN:
        axis |= {"dtick": 1, "tickfont": {"size": 10}}
    figure.update_layout(margin={"t": 12}, xaxis=axis, yaxis=axis | {"autorange": "reversed"})
    return figure


def _written(matrix: np.ndarray) -> dict[str, Any]:
    """The counts in the cells, where they fit; what never happened is left blank."""
    if len(matrix) > _MOST_WRITTEN:
        return {}
    counts = [[f"{count:,}" if count else "" for count in row] for row in matrix.tolist()]
    return {"text": counts, "texttemplate": "%{text}"}


def _distinct(labels: list[str]) -> list[str]:
    """The labels, repeated ones numbered: two categories of one name would be drawn as one."""
    seen: Counter[str] = Counter()
    found = []
    for text in labels:
        seen[text] += 1
        found.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return found
