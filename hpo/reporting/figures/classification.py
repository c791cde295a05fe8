"""The confusion matrix of a classification."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo.reporting.escape import label
from hpo.reporting.figures.theme import new_figure
from hpo.reporting.formats import number, size
from hpo.reporting.section import Drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

MOST_CLASSES = 50
_MOST_WRITTEN = 12


@dataclass(frozen=True, eq=False)
class Classes:
    """True and predicted classes.

    Attributes:
        truth: The true classes, shape (n,).
        predicted: The predicted classes, shape (n,).
        names: The name of every class.
    """

    truth: np.ndarray
    predicted: np.ndarray
    names: tuple[str, ...]


def read_classes(
    truth: np.ndarray, predicted: np.ndarray, names: Sequence[str] | None = None
) -> Classes | None:
    """Read true and predicted classes out of targets and predictions.

    Args:
        truth: Targets: class numbers, shape (n, ...), or one-hot rows, shape (n, ..., k).
        predicted: Predictions: one number per class, shape (n, ..., k), or, with two classes,
            the probability or logit of the second, shape (n, 1) or (n,).
        names: Names of the classes; their presence says that this is a classification.

    Returns:
        The classes; None where this is no classification.
    """
    import numpy as np

    if not (_is_numeric(truth) and _is_numeric(predicted) and np.isfinite(truth).all()):
        return None
    one_hot = _is_one_hot(truth)
    if truth.size == predicted.size and not one_hot:
        return _binary(truth.ravel(), predicted.ravel(), names)
    k = predicted.shape[-1]
    scores = predicted.reshape(-1, k)
    if one_hot and truth.size == predicted.size:
        return Classes(truth.reshape(-1, k).argmax(axis=1), scores.argmax(axis=1), _named(k, names))
    flat = truth.ravel()
    if len(flat) != len(scores) or not np.isin(flat, np.arange(k)).all():
        return None
    return Classes(flat.astype(int), scores.argmax(axis=1), _named(k, names))


def confusion(classes: Classes, name: str, title: str) -> Drawing:
    """A confusion matrix.

    Args:
        classes: The classes.
        name: The name of the drawing within the page.
        title: Whose predictions they are.
    """
    right = float((classes.truth == classes.predicted).mean())
    matrix, names = _count(classes)
    left_out = len(classes.names) - len(names)
    note = f" ({len(names)} most frequent of {len(classes.names)} classes)" if left_out else ""
    quality = f"{number(100 * right, 3)} % of {size(len(classes.truth))} predictions are right."
    return Drawing(
        name=f"{name}-confusion",
        title=f"{title}: confusion matrix{note}",
        alt=f"Confusion matrix of {len(classes.names)} classes. {quality}",
        note=quality,
        plot=_heatmap(matrix, names),
        height=420 if len(names) <= _MOST_WRITTEN else 620,
    )


def _is_numeric(values: np.ndarray) -> bool:
    import numpy as np

    return values.dtype == bool or np.issubdtype(values.dtype, np.number)


def _is_one_hot(truth: np.ndarray) -> bool:
    if truth.ndim == 1 or truth.shape[-1] == 1:
        return False
    binary = ((truth == 0) | (truth == 1)).all()
    return bool(binary and (truth.sum(axis=-1) == 1).all())


def _named(k: int, names: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(map(str, names if names is not None and len(names) == k else range(k)))


def _binary(
    truth: np.ndarray, predicted: np.ndarray, names: Sequence[str] | None
) -> Classes | None:
    import numpy as np

    probable = bool(((predicted >= 0) & (predicted <= 1)).all())
    declared = names is not None and len(names) == 2  # noqa: PLR2004
    if not np.isin(truth, (0, 1)).all() or not (declared or probable):
        return None
    second = predicted > (0.5 if probable else 0.0)
    return Classes(truth.astype(int), second.astype(int), _named(2, names))


def _count(classes: Classes) -> tuple[np.ndarray, tuple[str, ...]]:
    """How often each class was taken for each, of the most frequent classes only."""
    import numpy as np

    k = len(classes.names)
    pairs = classes.truth * k + classes.predicted
    frequent = np.argsort(-np.bincount(classes.truth, minlength=k), kind="stable")
    kept = np.sort(frequent[:MOST_CLASSES])
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
            text=matrix.tolist(),
            zmin=0,
            zmax=100,
            xgap=1,
            ygap=1,
            showscale=False,
            texttemplate="%{text}" if len(names) <= _MOST_WRITTEN else None,
            hovertemplate="%{y} taken for %{x}: %{text} (%{z:.3~g} %)<extra></extra>",
        )
    )
    axis = {"type": "category", "showgrid": False}
    figure.update_layout(margin={"t": 12}, xaxis=axis, yaxis=axis | {"autorange": "reversed"})
    return figure


def _distinct(labels: list[str]) -> list[str]:
    """The labels, repeated ones numbered: two categories of one name would be drawn as one."""
    seen: Counter[str] = Counter()
    found = []
    for text in labels:
        seen[text] += 1
        found.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return found
