"""Parallel coordinates: each trial as a line through the values of its hyperparameters.

Optuna's figure leaves out trials in which a hyperparameter does not apply. Here, their lines run
below the axis of that hyperparameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from hpo.reporting.figures.theme import BLUE, GRAY, ORANGE, compact, new_figure
from hpo.reporting.html import words
from hpo.reporting.html.escape import label
from hpo.reporting.html.section import Drawing
from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.reporting.figures.axes import Axis
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

_MAX_AXES = 10
_MAX_LINES = 120
"""Each half of the trials is drawn as at most this many lines."""
_MAX_BEST = 15
_BEST_SHARE = 0.1
_WORST_SHARE = 0.95
"""The axis of the score ends where so many trials are better."""
_ABSENT = -0.16
"""The height at which a line runs below an axis whose hyperparameter does not apply."""


@dataclass(frozen=True)
class _Group:
    """Trials whose lines look the same.

    Attributes:
        name: The name in the legend.
        color: The color of the lines.
        opacity: The opacity of the lines, from 0 to 1.
        width: The width of the lines in pixels.
        trials: The trials to draw.
    """

    name: str
    color: str
    opacity: float
    width: float
    trials: list[Trial]


@dataclass(frozen=True)
class ScoreAxis:
    """The axis of the score, with the best at the top.

    Attributes:
        name: The name of the objective.
        best: The score at the top.
        worst: The score at the bottom; outliers beyond it are drawn there.
    """

    name: str
    best: float
    worst: float
    choices: ClassVar[tuple[()]] = ()

    @classmethod
    def of(cls, snapshot: Snapshot) -> ScoreAxis:
        """The axis for the complete trials of a study, at least one."""
        scores = [trial.score or 0.0 for trial in snapshot.ranking]
        # A few failures must not push all others together.
        worst = scores[min(len(scores) - 1, int(_WORST_SHARE * len(scores)))]
        return cls(words.metric(snapshot.settings.objective), scores[0], worst)

    def places(self, trials: Sequence[Trial]) -> np.ndarray:
        """The positions of the scores of trials, from 0 (worst) to 1 (best)."""
        scores = np.array([trial.score or 0.0 for trial in trials], float)
        width = self.best - self.worst
        return np.clip((scores - self.worst) / width, 0, 1) if width else np.ones(len(trials))

    def ticks(self, max_choices: int = 0) -> dict[str, list[Any]]:
        """Ticks at both ends."""
        del max_choices
        return {
            "tickvals": [0.0, 1.0],
            "ticktext": [formats.number(self.worst), formats.number(self.best)],
        }


def parallel(snapshot: Snapshot, axes: tuple[Axis, ...]) -> Drawing:
    """Draw the figure.

    Args:
        snapshot: The study, with at least two complete trials.
        axes: The axes of its hyperparameters, at least two.
    """
    shown, scores = _chosen(snapshot, axes), ScoreAxis.of(snapshot)
    figure = new_figure("", "")
    for group in reversed(_groups(snapshot.ranking)):
        if group.trials:
            figure.add_trace(_lines(shown, group, scores))
    some_absent = any(axis.name not in t.params for t in snapshot.ranking for axis in shown)
    _add_axes(figure, shown, scores, low=_ABSENT if some_absent else 0.0)
    is_thinned = len(snapshot.ranking) / 2 > _MAX_LINES
    note = "Each line is a trial; click a group in the legend to hide or show it."
    if is_thinned:
        note += " Not all trials are drawn."
    if some_absent:
        note += " A line runs below an axis whose hyperparameter does not apply."
    selection = f" ({len(shown)} most important)" if len(shown) < len(axes) else ""
    return Drawing(
        name="parameters-parallel",
        title=f"Hyperparameters of the best and the other trials{selection}",
        alt="Parallel coordinates of "
        + ", ".join([*(axis.name for axis in shown), scores.name])
        + f" for {formats.count(len(snapshot.ranking), 'trial')}; the best are highlighted.",
        plot=figure,
        height=400,
        note=note,
        min_width=96 * (len(shown) + 1) + 90,
        wide=True,
    )


def _chosen(snapshot: Snapshot, axes: Sequence[Axis]) -> list[Axis]:
    """The axes of the most important hyperparameters, in the order of the search space."""
    order = {name: place for place, name in enumerate(snapshot.importances)}
    ranked = sorted(axes, key=lambda axis: order.get(axis.name, len(order)))
    kept = {axis.name for axis in ranked[:_MAX_AXES]}
    return [axis for axis in axes if axis.name in kept]


def _groups(ranking: list[Trial]) -> list[_Group]:
    n = len(ranking)
    best, half = max(1, min(_MAX_BEST, round(_BEST_SHARE * n))), max(1, round(n / 2))
    name = "best trial" if best == 1 else f"best {best} trials"
    return [
        _Group(name, ORANGE, 0.95, 2.0, ranking[:best]),
        _Group("better half", BLUE, 0.45, 1.2, _thinned(ranking[best:half])),
        _Group("worse half", GRAY, 0.3, 1.0, _thinned(ranking[half:])),
    ]


def _thinned(trials: list[Trial]) -> list[Trial]:
    """Trials evenly spread over the ranking, if there are too many to tell apart."""
    if len(trials) <= _MAX_LINES:
        return trials
    return [trials[n] for n in np.linspace(0, len(trials) - 1, _MAX_LINES).astype(int)]


def _lines(axes: list[Axis], group: _Group, scores: ScoreAxis) -> Any:
    """All lines of a group in one trace, with gaps between them."""
    import plotly.graph_objects as go

    trials = group.trials
    places = np.column_stack([*(axis.places(trials) for axis in axes), scores.places(trials)])
    places = np.where(np.isnan(places), _ABSENT, places)
    spread = np.random.default_rng(1).uniform(-0.018, 0.018, (len(trials), 1))
    gaps = np.full((len(trials), 1), np.nan)
    y = np.hstack([places + spread, gaps]).ravel()
    across = np.arange(len(axes) + 1, dtype=float)
    x = np.hstack([np.tile(across, (len(trials), 1)), gaps]).ravel()
    return go.Scatter(
        x=compact(x),
        y=compact(y),
        mode="lines",
        name=group.name,
        opacity=group.opacity,
        hoverinfo="skip",
        line={"color": group.color, "width": group.width},
    )


def _add_axes(figure: Any, axes: list[Axis], scores: ScoreAxis, low: float) -> None:
    every: list[Axis | ScoreAxis] = [*axes, scores]
    for place, axis in enumerate(every):
        figure.add_shape(
            type="line", x0=place, x1=place, y0=0, y1=1, layer="above", line={"dash": "solid"}
        )
        ticks = axis.ticks(max_choices=6)
        shown = zip(ticks["tickvals"], ticks["ticktext"], strict=True)
        for value, text in shown if axis.choices else _ends(ticks):
            figure.add_annotation(
                x=place, y=value, text=text, xanchor="left", xshift=3, font={"size": 11}
            )
    figure.update_layout(
        margin={"l": 44, "r": 64, "b": 56, "t": 44},
        xaxis={
            "tickvals": list(range(len(every))),
            "ticktext": [label(axis.name, 18) for axis in every],
            "showgrid": False,
            "range": [-0.15, len(axes) + 0.5],
            "tickangle": 25 if len(axes) > 6 else 0,  # noqa: PLR2004
            "fixedrange": True,
        },
        yaxis={"visible": False, "range": [low - 0.06, 1.06], "fixedrange": True},
    )


def _ends(ticks: dict[str, list[Any]]) -> list[tuple[float, str]]:
    return [(ticks["tickvals"][end], ticks["ticktext"][end]) for end in (0, -1)]
