"""Reliability: whether a model that is 80 % sure is right in 80 % of the cases.

Source: reliability diagrams as in Guo et al. (2017, "On Calibration of Modern Neural Networks"),
with bins of equally many predictions, so that every point rests on as many samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.classification import FEW_CLASSES, SMALL_HEIGHT
from hpo.reporting.figures.theme import BLUE, GREY, RED, compact, new_figure
from hpo.reporting.html.formats import number, size
from hpo.reporting.html.section import Drawing

if TYPE_CHECKING:
    import numpy as np

    from hpo.scoring.outcomes import Classes

_BINS = 12
_PER_BIN = 20
_SMALL = 0.01
_BARS = 12
_VERY_SURE = 0.9


def reliability(classes: Classes, name: str) -> Drawing:
    """How often the model is right by how sure it is.

    Args:
        classes: True and predicted classes with confidences.
        name: The name of the drawing's panel within the page.
    """
    sure, right, off = _binned(classes)
    error = float((abs(sure - right) * off).sum() / max(1, off.sum()))
    signed = float(((sure - right) * off).sum() / max(1, off.sum()))
    figure = new_figure("how sure the model is", "how often it is right")
    low = float(min(sure.min(), right.min())) if len(sure) else 0.0
    bounds = [max(0.0, low - 0.05), 1.02]
    figure.add_trace(_diagonal(bounds[0]))
    figure.add_trace(_points(sure, right, off))
    axis = {"range": bounds, "tickformat": ".0%"}
    figure.update_layout(margin={"t": 12}, showlegend=False, xaxis=axis, yaxis=axis)
    verdict = _verdict(error, signed)
    return Drawing(
        name=f"{name}-reliability",
        title="Can its confidence be believed?",
        alt=f"Reliability diagram. {verdict}",
        plot=figure,
        height=SMALL_HEIGHT,
        small=len(classes.names) <= FEW_CLASSES,
        note=f"{verdict} Each point stands for {size(int(off[0]) if len(off) else 0)} predictions; "
        "on the dotted line, the model is right as often as it says.",
    )


def confidence(classes: Classes, name: str) -> Drawing:
    """How sure the model is where it is right, and where it is wrong.

    Args:
        classes: True and predicted classes with confidences.
        name: The name of the drawing's panel within the page.
    """
    import numpy as np
    import plotly.graph_objects as go

    hit = classes.truth == classes.predicted
    sure = np.nan_to_num(classes.confidence)
    edges = np.linspace(max(0.0, float(sure.min()) - 1e-9), 1.0, _BARS + 1)
    figure = new_figure("how sure the model is", "predictions (log scale)")
    for label, colour, chosen in (("right", BLUE, hit), ("wrong", RED, ~hit)):
        counts, _edges = np.histogram(np.clip(sure[chosen], edges[0], 1), bins=edges)
        figure.add_trace(
            go.Bar(
                x=compact((edges[:-1] + edges[1:]) / 2),
                y=counts.tolist(),
                name=label,
                marker={"color": colour},
                opacity=0.8,
                hovertemplate=f"%{{y:,}} {label} at about %{{x:.0%}}<extra></extra>",
            )
        )
    figure.update_layout(
        barmode="group", bargap=0.1, xaxis={"tickformat": ".0%"}, yaxis={"type": "log", "dtick": 1}
    )
    wrong_and_sure = int((~hit & (sure >= _VERY_SURE)).sum())
    quality = (
        f"{size(wrong_and_sure)} of {size(int((~hit).sum()))} wrong predictions were made with "
        f"{100 * _VERY_SURE:.0f} % confidence or more."
    )
    return Drawing(
        name=f"{name}-confidence",
        title="How sure it is when it is right, and when it is wrong",
        alt=f"Histogram of confidences. {quality}",
        plot=figure,
        height=SMALL_HEIGHT,
        small=len(classes.names) <= FEW_CLASSES,
        note=quality,
    )


def _verdict(error: float, signed: float) -> str:
    percent = f"{number(100 * error, 2)} percentage points"
    if error < _SMALL:
        return f"Yes: confidence and truth are {percent} apart on average."
    if abs(signed) < error / 2:
        return f"Confidence and truth are {percent} apart on average, in both directions."
    return f"The model is too {'sure' if signed > 0 else 'cautious'}, by {percent} on average."


def _binned(classes: Classes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean confidence, share of right answers and number of samples of every bin."""
    import numpy as np

    confidence = np.nan_to_num(classes.confidence)
    # Predictions of the same confidence fall into bins at random, not in the order of the data.
    lots = np.random.default_rng(0).permutation(len(confidence))
    order = np.lexsort((lots, confidence))
    bins = max(1, min(_BINS, len(order) // _PER_BIN))
    parts = [part for part in np.array_split(order, bins) if len(part)]
    hit = classes.truth == classes.predicted
    return (
        np.array([confidence[part].mean() for part in parts]),
        np.array([hit[part].mean() for part in parts]),
        np.array([len(part) for part in parts]),
    )


def _diagonal(low: float) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=[low, 1],
        y=[low, 1],
        mode="lines",
        hoverinfo="skip",
        line={"color": GREY, "dash": "dot", "width": 1.5},
    )


def _points(sure: np.ndarray, right: np.ndarray, amount: np.ndarray) -> Any:
    import numpy as np
    import plotly.graph_objects as go

    # Twice the standard error of a share, as a rough 95 % interval.
    errors = 2 * np.sqrt(right * (1 - right) / amount)
    return go.Scatter(
        x=compact(sure),
        y=compact(right),
        error_y={"array": compact(errors), "width": 0, "thickness": 1.2},
        mode="lines+markers",
        line={"color": BLUE, "width": 1.5},
        marker={"size": 8},
        hovertemplate="%{x:.1%} sure, %{y:.1%} right<extra></extra>",
    )
