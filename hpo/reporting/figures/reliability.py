"""Calibration: whether predictions with 80% confidence are correct in 80% of the cases.

Source: reliability diagrams as in Guo et al. (2017, "On Calibration of Modern Neural Networks"),
with equally many predictions per bin, so that all points are equally precise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.classification import MAX_CLASSES_SMALL, SMALL_HEIGHT
from hpo.reporting.figures.theme import BLUE, RED, compact, diagonal, new_figure
from hpo.reporting.html.section import Drawing
from hpo.support.formats import number, size

if TYPE_CHECKING:
    import numpy as np

    from hpo.scoring.outcomes import Classes

_MAX_BINS = 12
_MIN_PER_BIN = 20
_MAX_CALIBRATED_ERROR = 0.01
_BARS = 12
_HIGH_CONFIDENCE = 0.9


def reliability(classes: Classes, name: str) -> Drawing:
    """Draw the reliability diagram: accuracy by confidence.

    Args:
        classes: True and predicted classes with confidences.
        name: The name of the figure's panel within the page.
    """
    bins = _binned(classes)
    total = max(1, bins.sizes.sum())
    error = float((abs(bins.confidence - bins.accuracy) * bins.sizes).sum() / total)
    bias = float(((bins.confidence - bins.accuracy) * bins.sizes).sum() / total)
    figure = new_figure("confidence", "accuracy")
    low = float(min(bins.confidence.min(), bins.accuracy.min())) if len(bins.sizes) else 0.0
    bounds = [max(0.0, low - 0.05), 1.02]
    figure.add_trace(diagonal(bounds[0], 1))
    figure.add_trace(_points(bins))
    axis = {"range": bounds, "tickformat": ".0%"}
    figure.update_layout(margin={"t": 12}, showlegend=False, xaxis=axis, yaxis=axis)
    result = _result(error, bias)
    return Drawing(
        name=f"{name}-reliability",
        title="Confidence vs. accuracy",
        alt=f"Reliability diagram. {result}",
        plot=figure,
        height=SMALL_HEIGHT,
        small=len(classes.names) <= MAX_CLASSES_SMALL,
        note=f"{result} Each point groups {size(int(bins.sizes[0]) if len(bins.sizes) else 0)} "
        "predictions, with an approximate 95% interval; on the dotted line, accuracy equals "
        "confidence.",
    )


def confidence(classes: Classes, name: str) -> Drawing:
    """Draw how many predictions are correct and wrong at each confidence.

    Args:
        classes: True and predicted classes with confidences.
        name: The name of the figure's panel within the page.
    """
    import numpy as np
    import plotly.graph_objects as go

    correct = classes.truth == classes.predicted
    confidences = np.nan_to_num(classes.confidence)
    edges = np.linspace(max(0.0, float(confidences.min()) - 1e-9), 1.0, _BARS + 1)
    figure = new_figure("confidence", "predictions (log scale)")
    for label, color, rows in (("correct", BLUE, correct), ("wrong", RED, ~correct)):
        counts, _edges = np.histogram(np.clip(confidences[rows], edges[0], 1), bins=edges)
        figure.add_trace(
            go.Bar(
                x=compact((edges[:-1] + edges[1:]) / 2),
                y=counts.tolist(),
                name=label,
                marker={"color": color},
                opacity=0.8,
                hovertemplate=f"%{{y:,}} {label} at about %{{x:.0%}} confidence<extra></extra>",
            )
        )
    figure.update_layout(
        barmode="group", bargap=0.1, xaxis={"tickformat": ".0%"}, yaxis={"type": "log", "dtick": 1}
    )
    wrong_but_confident = int((~correct & (confidences >= _HIGH_CONFIDENCE)).sum())
    result = (
        f"{size(wrong_but_confident)} of {size(int((~correct).sum()))} wrong predictions were made "
        f"with {100 * _HIGH_CONFIDENCE:.0f}% confidence or more."
    )
    return Drawing(
        name=f"{name}-confidence",
        title="Confidence of correct and wrong predictions",
        alt=f"Histogram of confidences. {result}",
        plot=figure,
        height=SMALL_HEIGHT,
        small=len(classes.names) <= MAX_CLASSES_SMALL,
        note=result,
    )


@dataclass(frozen=True, eq=False)
class _Bins:
    """Predictions grouped by confidence.

    Attributes:
        confidence: The mean confidence in each bin, shape (n_bins,).
        accuracy: The share of correct predictions in each bin, shape (n_bins,).
        sizes: The number of predictions in each bin, shape (n_bins,).
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    sizes: np.ndarray


def _result(error: float, bias: float) -> str:
    points = f"{number(100 * error, 2)} percentage points on average"
    if error < _MAX_CALIBRATED_ERROR:
        return f"The model is well calibrated: confidence and accuracy differ by {points}."
    if abs(bias) < error / 2:
        return f"Confidence and accuracy differ by {points}, in both directions."
    return f"The model is {'overconfident' if bias > 0 else 'underconfident'} by {points}."


def _binned(classes: Classes) -> _Bins:
    import numpy as np

    confidence = np.nan_to_num(classes.confidence)
    # Predictions of the same confidence are binned at random, not in the order of the data.
    random_order = np.random.default_rng(0).permutation(len(confidence))
    order = np.lexsort((random_order, confidence))
    n_bins = max(1, min(_MAX_BINS, len(order) // _MIN_PER_BIN))
    parts = [part for part in np.array_split(order, n_bins) if len(part)]
    correct = classes.truth == classes.predicted
    return _Bins(
        confidence=np.array([confidence[part].mean() for part in parts]),
        accuracy=np.array([correct[part].mean() for part in parts]),
        sizes=np.array([len(part) for part in parts]),
    )


def _points(bins: _Bins) -> Any:
    import numpy as np
    import plotly.graph_objects as go

    # Twice the standard error of a share, as an approximate 95% interval.
    errors = 2 * np.sqrt(bins.accuracy * (1 - bins.accuracy) / bins.sizes)
    return go.Scatter(
        x=compact(bins.confidence),
        y=compact(bins.accuracy),
        error_y={"array": compact(errors), "width": 0, "thickness": 1.2},
        mode="lines+markers",
        line={"color": BLUE, "width": 1.5},
        marker={"size": 8},
        hovertemplate="confidence %{x:.1%}, accuracy %{y:.1%}<extra></extra>",
    )
