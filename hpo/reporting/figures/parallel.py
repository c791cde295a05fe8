"""Parallel coordinates: every trial as a line through its hyperparameters.

Optuna's own figure leaves out trials in which a hyperparameter does not apply. Here the line
leaves the range and runs below it for as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.reporting.figures.theme import BLUE, GREY, ORANGE, compact, new_figure
from hpo.reporting.html import formats
from hpo.reporting.html.escape import label
from hpo.reporting.html.section import Drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.reporting.figures.axes import Axis
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

_MOST_AXES = 10
_MOST_LINES = 120
_MOST_BEST = 15
_ABSENT = -0.16
"""Where a line runs below the range while the hyperparameter does not apply."""
_BEST, _HALF = 0.1, 0.5


def parallel(snapshot: Snapshot, axes: tuple[Axis, ...]) -> Drawing:
    """The drawing; there are at least two axes and two trials.

    Args:
        snapshot: The study.
        axes: The hyperparameters.
    """
    shown = _chosen(snapshot, axes)
    figure = new_figure("", "")
    groups = _groups(snapshot.ranking)
    for name, colour, opacity, width, trials in reversed(groups):
        if trials:
            figure.add_trace(_lines(shown, trials, name, colour, opacity, width))
    some_absent = any(axis.name not in t.params for t in snapshot.ranking for axis in shown)
    _add_axes(figure, shown, low=_ABSENT if some_absent else 0.0)
    left_out = len(axes) - len(shown)
    half = len(snapshot.ranking) / 2
    each = "Each line is a trial" if half <= _MOST_LINES else "Each line is a trial, one of many"
    note = f"{each}; choose a group in the legend to hide or show it."
    if some_absent:
        note += " A line runs below where a hyperparameter does not apply."
    title = "What the best trials chose, and the others"
    return Drawing(
        name="parameters-parallel",
        title=title + (f" ({len(shown)} most important)" if left_out else ""),
        alt="Parallel coordinates of "
        + ", ".join(axis.name for axis in shown)
        + f" for {formats.count(len(snapshot.ranking), 'trial')}; the best stand out.",
        plot=figure,
        height=400,
        note=note,
        min_width=96 * len(shown) + 60,
        wide=True,
    )


def _chosen(snapshot: Snapshot, axes: Sequence[Axis]) -> list[Axis]:
    """The most important, in the order of the space."""
    order = {name: place for place, name in enumerate(snapshot.importances)}
    ranked = sorted(axes, key=lambda axis: order.get(axis.name, len(order)))
    kept = {axis.name for axis in ranked[:_MOST_AXES]}
    return [axis for axis in axes if axis.name in kept]


def _groups(ranking: list[Trial]) -> list[tuple[str, str, float, float, list[Trial]]]:
    n = len(ranking)
    best, half = max(1, min(_MOST_BEST, round(_BEST * n))), max(1, round(_HALF * n))
    return [
        (f"best {formats.count(best, 'trial')}", ORANGE, 0.95, 2.0, ranking[:best]),
        ("better half", BLUE, 0.45, 1.2, _some(ranking[best:half])),
        ("worse half", GREY, 0.3, 1.0, _some(ranking[half:])),
    ]


def _some(trials: list[Trial]) -> list[Trial]:
    """Trials evenly spread over the ranking, where there are more than can be told apart."""
    if len(trials) <= _MOST_LINES:
        return trials
    return [trials[n] for n in np.linspace(0, len(trials) - 1, _MOST_LINES).astype(int)]


def _lines(
    axes: list[Axis], trials: list[Trial], name: str, colour: str, opacity: float, width: float
) -> Any:
    """All lines of a group in one trace, with gaps between them."""
    import plotly.graph_objects as go

    places = np.column_stack([axis.places(trials) for axis in axes])
    places = np.where(np.isnan(places), _ABSENT, places)
    spread = np.random.default_rng(1).uniform(-0.018, 0.018, (len(trials), 1))
    gaps = np.full((len(trials), 1), np.nan)
    y = np.hstack([places + spread, gaps]).ravel()
    x = np.hstack([np.tile(np.arange(len(axes), dtype=float), (len(trials), 1)), gaps]).ravel()
    return go.Scatter(
        x=compact(x),
        y=compact(y),
        mode="lines",
        name=name,
        opacity=opacity,
        hoverinfo="skip",
        line={"color": colour, "width": width},
    )


def _add_axes(figure: Any, axes: list[Axis], low: float) -> None:
    for place, axis in enumerate(axes):
        figure.add_shape(
            type="line", x0=place, x1=place, y0=0, y1=1, layer="above", line={"dash": "solid"}
        )
        ticks = axis.ticks(most=6)
        shown = zip(ticks["tickvals"], ticks["ticktext"], strict=True)
        for value, text in shown if axis.choices else _ends(ticks):
            figure.add_annotation(
                x=place, y=value, text=text, xanchor="left", xshift=3, font={"size": 11}
            )
    figure.update_layout(
        margin={"l": 16, "r": 64, "b": 56, "t": 44},
        xaxis={
            "tickvals": list(range(len(axes))),
            "ticktext": [label(axis.name, 18) for axis in axes],
            "showgrid": False,
            "range": [-0.15, len(axes) - 0.5],
            "tickangle": 25 if len(axes) > 6 else 0,  # noqa: PLR2004
            "fixedrange": True,
        },
        yaxis={"visible": False, "range": [low - 0.06, 1.06], "fixedrange": True},
    )


def _ends(ticks: dict[str, list[Any]]) -> list[tuple[float, str]]:
    return [(ticks["tickvals"][end], ticks["ticktext"][end]) for end in (0, -1)]
