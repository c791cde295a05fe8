"""What other thresholds than that of the predictions would give, where there are two classes.

Sources: the receiver operating characteristic as in Fawcett (2006, "An introduction to ROC
analysis"), and precision and recall as in Davis and Goadrich (2006, "The Relationship Between
Precision-Recall and ROC Curves").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.classification import SMALL_HEIGHT
from hpo.reporting.figures.theme import BLUE, GRAY, ORANGE, compact, diagonal, new_figure
from hpo.reporting.html.section import Drawing
from hpo.support.formats import number

if TYPE_CHECKING:
    import numpy as np

    from hpo.scoring.outcomes import Classes

MAX_POINTS = 300
"""Curves of more points are thinned, which cannot be seen."""

THRESHOLD = 0.5
"""The probability above which the second class is predicted."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve over all thresholds.

    Attributes:
        x: False positive rate, or recall, shape (n,).
        y: True positive rate, or precision, shape (n,).
        area: The area under the curve, or the average precision.
        here: Where the predictions lie: x and y.
    """

    x: np.ndarray
    y: np.ndarray
    area: float
    here: tuple[float, float]


def threshold_figures(classes: Classes, name: str) -> tuple[Drawing, ...]:
    """Draw both curves; nothing unless there are two classes, and samples of each.

    Args:
        classes: True and predicted classes with confidences.
        name: The name of the figure's panel within the page.
    """
    import numpy as np

    if len(classes.names) != 2 or len(np.unique(classes.truth)) != 2:  # noqa: PLR2004
        return ()
    return (_drawn_roc(classes, name), _drawn_precision(classes, name))


def roc(classes: Classes) -> Curve:
    """The true and the false positive rate at every threshold."""
    from sklearn.metrics import roc_auc_score, roc_curve

    truth, scores = classes.truth, _of_second(classes)
    x, y, _thresholds = roc_curve(truth, scores)
    said = classes.predicted == 1
    here = float(said[truth == 0].mean()), float(said[truth == 1].mean())
    return Curve(*_thinned(x, y), float(roc_auc_score(truth, scores)), here)


def precision_recall(classes: Classes) -> Curve:
    """Precision and recall at every threshold."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    truth, scores = classes.truth, _of_second(classes)
    y, x, _thresholds = precision_recall_curve(truth, scores)
    said = classes.predicted == 1
    # Without a positive prediction, precision is 1 by convention.
    precision = float((truth[said] == 1).mean()) if said.any() else 1.0
    here = float(said[truth == 1].mean()), precision
    return Curve(*_thinned(x, y), float(average_precision_score(truth, scores)), here)


def _drawn_roc(classes: Classes, name: str) -> Drawing:
    curve = roc(classes)
    figure = _figure(curve, "false positive rate", "true positive rate")
    figure.add_trace(diagonal(0, 1))
    result = (
        f"Area under the curve: {number(curve.area)}. At the threshold {THRESHOLD:g}, "
        f"{curve.here[1]:.1%} of the samples of class {classes.names[1]} are found, and "
        f"{curve.here[0]:.1%} of the others are taken for them."
    )
    return Drawing(
        name=f"{name}-roc",
        title="True and false positives by threshold (ROC)",
        alt=f"ROC curve. {result}",
        plot=figure,
        height=SMALL_HEIGHT,
        small=True,
        note=f"{result} On the dotted line, predictions are guesses.",
    )


def _drawn_precision(classes: Classes, name: str) -> Drawing:
    import plotly.graph_objects as go

    curve = precision_recall(classes)
    share = float((classes.truth == 1).mean())
    figure = _figure(curve, "recall", "precision")
    line = {"color": GRAY, "dash": "dot", "width": 1.5}
    figure.add_trace(go.Scatter(x=[0, 1], y=[share] * 2, mode="lines", hoverinfo="skip", line=line))
    result = (
        f"Average precision: {number(curve.area)}. At the threshold {THRESHOLD:g}, "
        f"{curve.here[1]:.1%} of the predictions of class {classes.names[1]} are correct, and "
        f"{curve.here[0]:.1%} of its samples are found."
    )
    return Drawing(
        name=f"{name}-precision",
        title="Precision and recall by threshold",
        alt=f"Precision-recall curve. {result}",
        plot=figure,
        height=SMALL_HEIGHT,
        small=True,
        note=f"{result} The dotted line is the share of the class among all samples.",
    )


def _figure(curve: Curve, x_title: str, y_title: str) -> Any:
    import plotly.graph_objects as go

    figure = new_figure(x_title, y_title)
    figure.add_trace(
        go.Scatter(
            x=compact(curve.x),
            y=compact(curve.y),
            mode="lines",
            line={"color": BLUE, "width": 2},
            hovertemplate=f"{x_title} %{{x:.3f}}<br>{y_title} %{{y:.3f}}<extra></extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[curve.here[0]],
            y=[curve.here[1]],
            mode="markers+text",
            text=[f"threshold {THRESHOLD:g}"],
            textposition="bottom right" if curve.here[0] < 0.5 else "bottom left",  # noqa: PLR2004
            marker={"color": ORANGE, "size": 9},
            hoverinfo="skip",
        )
    )
    axis = {"range": [-0.02, 1.02], "tickformat": ".0%"}
    figure.update_layout(margin={"t": 12}, showlegend=False, xaxis=axis, yaxis=axis)
    return figure


def _of_second(classes: Classes) -> np.ndarray:
    """The probability of the second class, shape (n,)."""
    import numpy as np

    said = classes.predicted == 1
    return np.where(said, classes.confidence, 1 - classes.confidence)


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Some of the points of a curve, about equally far from each other."""
    import numpy as np

    if len(x) <= MAX_POINTS:
        return x, y
    steps = np.abs(np.diff(x)) + np.abs(np.diff(y))
    along = np.concatenate([[0.0], np.cumsum(steps)])
    kept = np.searchsorted(along, np.linspace(0, along[-1], MAX_POINTS))
    kept = np.unique(np.clip(kept, 0, len(x) - 1))
    kept[-1] = len(x) - 1
    return x[kept], y[kept]
