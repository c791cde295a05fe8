"""The confusion matrix of a classification."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import new_figure
from hpo.reporting.html.escape import label
from hpo.reporting.html.section import Drawing
from hpo.support.formats import number, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from hpo.scoring.outcomes import Classes

MAX_CLASSES = 50
"""The matrix shows at most this many classes, the most frequent ones."""
MAX_CLASSES_SMALL = 4
"""A matrix of at most this many classes fits next to the other figures of its panel."""
SMALL_HEIGHT = 340
_MAX_CLASSES_WITH_COUNTS = 12
"""In larger matrices, counts do not fit into the cells."""
_CELL_PIXELS = 17


def confusion(classes: Classes, name: str) -> Drawing:
    """Draw the confusion matrix.

    Args:
        classes: True and predicted classes.
        name: The name of the figure's panel within the page.
    """
    accuracy = float((classes.truth == classes.predicted).mean())
    matrix, names = _count(classes)
    is_partial = len(names) < len(classes.names)
    shown = f" ({len(names)} most frequent of {len(classes.names)} classes)" if is_partial else ""
    result = f"{number(100 * accuracy, 3)}% of {size(len(classes.truth))} predictions are correct."
    is_large = len(names) > _MAX_CLASSES_WITH_COUNTS
    return Drawing(
        name=f"{name}-confusion",
        title=f"Confusion matrix{shown}",
        alt=f"Confusion matrix of {len(classes.names)} classes. {result}",
        note=f"{result} Colors show shares of the true class."
        + (" The most frequent classes come first." if is_large else ""),
        plot=_heatmap(matrix, names),
        height=_CELL_PIXELS * len(names) + 150
        if is_large
        else max(SMALL_HEIGHT, 42 * len(names) + 120),
        min_width=_CELL_PIXELS * len(names) + 130 if is_large else 0,
        wide=len(names) > MAX_CLASSES_SMALL,
        small=len(names) <= MAX_CLASSES_SMALL,
    )


def _count(classes: Classes) -> tuple[np.ndarray, tuple[str, ...]]:
    """Count the predictions by true and predicted class, and name the classes shown."""
    import numpy as np

    k = len(classes.names)
    pairs = classes.truth * k + classes.predicted
    frequent = np.argsort(-np.bincount(classes.truth, minlength=k), kind="stable")
    kept = frequent[:MAX_CLASSES]
    if k <= _MAX_CLASSES_WITH_COUNTS:
        kept = np.sort(kept)
    place = np.full(k, -1)
    place[kept] = np.arange(len(kept))
    pairs, counts = np.unique(pairs, return_counts=True)
    rows, columns = place[pairs // k], place[pairs % k]
    inside = (rows >= 0) & (columns >= 0)
    matrix = np.zeros((len(kept), len(kept)), dtype=int)
    matrix[rows[inside], columns[inside]] = counts[inside]
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
            **_cell_texts(matrix),
            hovertemplate="true %{y}, predicted %{x}: %{hovertext} (%{z:.3~g}%)<extra></extra>",
        )
    )
    axis: dict[str, Any] = {"type": "category", "showgrid": False}
    if len(names) > _MAX_CLASSES_WITH_COUNTS:
        axis |= {"dtick": 1, "tickfont": {"size": 10}}
    figure.update_layout(margin={"t": 12}, xaxis=axis, yaxis=axis | {"autorange": "reversed"})
    return figure


def _cell_texts(matrix: np.ndarray) -> dict[str, Any]:
    """The counts in the cells, if they fit; zeros are left blank."""
    if len(matrix) > _MAX_CLASSES_WITH_COUNTS:
        return {}
    counts = [[f"{count:,}" if count else "" for count in row] for row in matrix.tolist()]
    return {"text": counts, "texttemplate": "%{text}"}


def _distinct(labels: list[str]) -> list[str]:
    """Number repeated labels, because Plotly merges categories of the same name."""
    seen: Counter[str] = Counter()
    numbered = []
    for text in labels:
        seen[text] += 1
        numbered.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return numbered
