"""The look of the figures: colors that work on light and dark pages, and a template for each.

Figures set only colors of this module. All others come from the template, which the page replaces
when its reader switches between light and dark.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpo.reporting.html.escape import label

if TYPE_CHECKING:
    import numpy as np

BLUE, ORANGE, GREEN, RED, VIOLET, GRAY = (
    "#4c80bd",
    "#cc7f3e",
    "#549a6c",
    "#c45a58",
    "#8c6fb5",
    "#868d97",
)
COLORS = (BLUE, ORANGE, GREEN, VIOLET, RED, GRAY)

BLUE_BAND = "rgba(76, 128, 189, 0.20)"
GRAY_BAND = "rgba(134, 141, 151, 0.18)"

_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
_MAX_COUNT_TICKS = 12
_MAX_DECADES_WITH_STEPS = 3
_MAX_LINEAR_RATIO = 20
"""If the ratio of the largest to the smallest value is greater, the scale is logarithmic."""


def templates() -> dict[str, Any]:
    """The Plotly templates of the light and the dark page."""
    return {
        "light": _template(
            ink="#2b3138",
            muted="#5d6670",
            grid="#e6e8eb",
            surface="#ffffff",
            scale=((0.0, "#f4f6f9"), (0.5, "#8fb0d6"), (1.0, "#2d5f9b")),
        ),
        "dark": _template(
            ink="#d7dce2",
            muted="#99a2ad",
            grid="#333a43",
            surface="#1d2228",
            scale=((0.0, "#22282f"), (0.5, "#32587f"), (1.0, "#4c80bd")),
        ),
    }


def new_figure(x_title: str, y_title: str) -> Any:
    """Make an empty figure with axis titles, any texts, and the legend above."""
    import plotly.graph_objects as go

    return go.Figure(
        layout={
            "margin": {"l": 44, "r": 12, "t": 36, "b": 44},
            "xaxis": {"title": {"text": label(x_title)}},
            "yaxis": {"title": {"text": label(y_title)}},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "hovermode": "closest",
        }
    )


def star(x: Any, y: Any, size: int, **properties: Any) -> Any:
    """Make the trace that marks the best trial.

    Args:
        x: The position of the trial on the x axis.
        y: The position on the y axis.
        size: The size in pixels.
        **properties: Further properties of the trace.
    """
    import plotly.graph_objects as go

    # The points of the trials are compact, too: the star has to lie exactly on one of them.
    return go.Scatter(
        x=compact([x]),
        y=compact([y]),
        mode="markers",
        hoverinfo="skip",
        marker={"color": ORANGE, "size": size, "symbol": "star"},
        **properties,
    )


def diagonal(low: float, high: float) -> Any:
    """Make the dotted line on which x and y are equal, from ``low`` to ``high``."""
    import plotly.graph_objects as go

    return go.Scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        hoverinfo="skip",
        line={"color": GRAY, "dash": "dot", "width": 1.5},
    )


def count_axis(figure: Any, first: int, last: int) -> None:
    """Set the x axis to integers from ``first`` to ``last``."""
    margin = 0.02 * (last - first) + 0.5
    figure.update_xaxes(
        range=[first - margin, last + margin],
        dtick=1 if last - first < _MAX_COUNT_TICKS else None,
    )


def compact(values: Any) -> np.ndarray:
    """Convert to single precision, which looks the same in a figure and takes half the space."""
    import numpy as np

    return np.asarray(values, dtype=np.float32)


def scale_type(values: Any) -> str:
    """The scale that suits values: ``"log"`` if they differ by orders of magnitude, or "linear"."""
    import numpy as np

    numbers = np.asarray(values, dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    if numbers.size == 0 or numbers.min() <= 0:
        return "linear"
    return "log" if numbers.max() / numbers.min() > _MAX_LINEAR_RATIO else "linear"


def set_scale(figure: Any, values: Any, title: str) -> None:
    """Set the y axis to the scale that suits the values; the title says if it is logarithmic."""
    kind = scale_type(values)
    text = f"{label(title)} (log scale)" if kind == "log" else label(title)
    ticks = {"tickvals": log_ticks(values)} if kind == "log" else {}
    figure.update_yaxes(type=kind, title={"text": text}, selector={"overlaying": None}, **ticks)


def log_ticks(values: Any) -> list[float]:
    """Choose ticks for a logarithmic axis: 1, 2, 5, 10 and so on, or only powers of ten.

    Args:
        values: The values drawn: above 0, or not finite.
    """
    import numpy as np

    numbers = np.asarray(values, dtype=float)
    exponents = np.log10(numbers[np.isfinite(numbers)])
    first, last = math.floor(exponents.min()), math.ceil(exponents.max())
    steps = (1, 2, 5) if last - first <= _MAX_DECADES_WITH_STEPS else (1,)
    return [float(f"{step}e{power}") for power in range(first, last + 1) for step in steps]


def _template(
    *, ink: str, muted: str, grid: str, surface: str, scale: tuple[tuple[float, str], ...]
) -> dict[str, Any]:
    axis = {
        "gridcolor": grid,
        "linecolor": grid,
        "zeroline": False,
        "automargin": True,
        "hoverformat": ".4~g",
        "tickfont": {"color": muted, "size": 12},
        "title": {"font": {"color": muted, "size": 13}, "standoff": 8},
    }
    return {
        "layout": {
            "paper_bgcolor": "rgba(0, 0, 0, 0)",
            "plot_bgcolor": "rgba(0, 0, 0, 0)",
            "font": {"family": _FONT, "color": ink, "size": 13},
            "colorway": list(COLORS),
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {
                "bgcolor": surface,
                "bordercolor": grid,
                "font": {"color": ink, "family": _FONT},
                "align": "left",
            },
            "shapedefaults": {"line": {"color": muted, "width": 1, "dash": "dot"}},
            "annotationdefaults": {"font": {"color": muted, "size": 12}, "showarrow": False},
            "modebar": {"bgcolor": "rgba(0, 0, 0, 0)", "color": muted, "activecolor": ink},
        },
        "data": {
            "heatmap": [{"colorscale": [list(stop) for stop in scale], "textfont": {"size": 12}}],
            "contour": [{"colorscale": [list(stop) for stop in scale]}],
        },
    }
