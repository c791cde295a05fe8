"""The look of the figures: colours that hold on light and dark pages, and the two templates.

A figure names no colour but those of :data:`COLOURS`; all else it takes from the template, which
the page exchanges when its reader switches between light and dark.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

BLUE, ORANGE, GREEN, RED, VIOLET, GREY = (
    "#4c80bd",
    "#cc7f3e",
    "#549a6c",
    "#c45a58",
    "#8c6fb5",
    "#868d97",
)
COLOURS = (BLUE, ORANGE, GREEN, VIOLET, RED, GREY)

BLUE_BAND = "rgba(76, 128, 189, 0.20)"
GREY_BAND = "rgba(134, 141, 151, 0.18)"

_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
_FEW = 12
_DECADES = 3
_SPREAD = 20
"""From such a ratio of the largest to the smallest value on, a scale is logarithmic."""


def templates() -> dict[str, Any]:
    """The templates of the light and the dark page, as Plotly reads them."""
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
    """An empty figure with titles on its axes, its legend above it."""
    import plotly.graph_objects as go

    return go.Figure(
        layout={
            "margin": {"l": 44, "r": 12, "t": 36, "b": 44},
            "xaxis": {"title": {"text": x_title}},
            "yaxis": {"title": {"text": y_title}},
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "hovermode": "closest",
        }
    )


def count_axis(figure: Any, first: int, last: int) -> None:
    """Give the x axis whole numbers from ``first`` to ``last``."""
    margin = 0.02 * (last - first) + 0.5
    figure.update_xaxes(
        range=[first - margin, last + margin], dtick=1 if last - first < _FEW else None
    )


def compact(values: Any) -> np.ndarray:
    """Numbers in single precision, which no eye tells from double and which take half the room."""
    import numpy as np

    return np.asarray(values, dtype=np.float32)


def scale_type(values: Any) -> str:
    """The scale on which values can be read: ``"log"`` where they differ by orders of magnitude."""
    import numpy as np

    found = np.asarray(values, dtype=float)
    found = found[np.isfinite(found)]
    if found.size == 0 or found.min() <= 0:
        return "linear"
    return "log" if found.max() / found.min() > _SPREAD else "linear"


def set_scale(figure: Any, values: Any, title: str) -> None:
    """Give the y axis the scale that suits the values, and say so where it is logarithmic."""
    kind = scale_type(values)
    text = f"{title} (log scale)" if kind == "log" else title
    ticks = {"tickvals": log_ticks(values)} if kind == "log" else {}
    figure.update_yaxes(type=kind, title={"text": text}, selector={"overlaying": None}, **ticks)


def log_ticks(values: Any) -> list[float]:
    """Round values for the ticks of a logarithmic axis: 1, 2, 5, 10, or powers of ten alone.

    Args:
        values: What is drawn; all above 0, or no number.
    """
    import numpy as np

    found = np.asarray(values, dtype=float)
    found = np.log10(found[np.isfinite(found)])
    first, last = math.floor(found.min()), math.ceil(found.max())
    steps = (1, 2, 5) if last - first <= _DECADES else (1,)
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
            "colorway": list(COLOURS),
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
