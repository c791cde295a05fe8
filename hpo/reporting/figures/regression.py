"""Predicted vs. true values of a regression, and their residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import BLUE, compact, diagonal, new_figure
from hpo.reporting.html.section import Drawing
from hpo.scoring.outcomes import Values
from hpo.support.formats import number, size

if TYPE_CHECKING:
    import numpy as np

MAX_POINTS = 2000

_LAYOUT = {"showlegend": False, "margin": {"t": 12}}


def scatter(values: Values, name: str) -> tuple[Drawing, ...]:
    """Draw predicted vs. true values, and residuals vs. predicted values.

    Args:
        values: True and predicted values.
        name: The name of the figures' panel within the page.
    """
    shown = _thinned(values)
    result = _result(values)
    return (
        Drawing(
            name=f"{name}-values",
            title=f"Predicted vs. true values{_selection(values, shown)}",
            alt=f"Scatter plot of predicted vs. true values. {result}",
            plot=_against_truth(shown),
            note=result,
        ),
        Drawing(
            name=f"{name}-residuals",
            title="Residuals",
            alt=f"Scatter plot of residuals vs. predicted values. {result}",
            plot=_residuals(shown),
            note="Predicted minus true values.",
        ),
    )


def _thinned(values: Values) -> Values:
    import numpy as np

    if len(values.truth) <= MAX_POINTS:
        return values
    chosen = np.random.default_rng(0).choice(len(values.truth), MAX_POINTS, replace=False)
    return Values(values.truth[chosen], values.predicted[chosen])


def _selection(values: Values, shown: Values) -> str:
    if len(values.truth) == len(shown.truth):
        return ""
    return f" ({size(len(shown.truth))} of {size(len(values.truth))}, chosen at random)"


def _result(values: Values) -> str:
    import numpy as np

    residuals = values.predicted - values.truth
    error = float(np.abs(residuals).mean())
    spread = float(((values.truth - values.truth.mean()) ** 2).sum())
    explained = f", R² {number(1 - float((residuals**2).sum()) / spread, 3)}" if spread else ""
    return f"Mean absolute error {number(error)}{explained}, {size(len(residuals))} values."


def _against_truth(shown: Values) -> Any:
    low = float(min(shown.truth.min(), shown.predicted.min()))
    high = float(max(shown.truth.max(), shown.predicted.max()))
    margin = 0.03 * (high - low) or 0.5
    figure = new_figure("true", "predicted")
    figure.add_trace(diagonal(low, high))
    figure.add_trace(_points(shown.truth, shown.predicted, "true %{x:.4~g}, predicted %{y:.4~g}"))
    bounds = [low - margin, high + margin]
    figure.update_layout(xaxis={"range": bounds}, yaxis={"range": bounds}, **_LAYOUT)
    return figure


def _residuals(shown: Values) -> Any:
    figure = new_figure("predicted", "residual")
    residuals = shown.predicted - shown.truth
    figure.add_trace(_points(shown.predicted, residuals, "predicted %{x:.4~g}, residual %{y:.4~g}"))
    figure.add_hline(y=0)
    figure.update_layout(_LAYOUT)
    return figure


def _points(x: np.ndarray, y: np.ndarray, hover: str) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=compact(x),
        y=compact(y),
        mode="markers",
        marker={"color": BLUE, "size": 6, "opacity": 0.55},
        hovertemplate=f"{hover}<extra></extra>",
    )
