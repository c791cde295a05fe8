"""One figure per hyperparameter: the score of every trial against its value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import BLUE, ORANGE, compact, new_figure, set_scale
from hpo.reporting.html import formats
from hpo.reporting.html.escape import label
from hpo.reporting.html.formats import setting
from hpo.reporting.html.section import Drawing

if TYPE_CHECKING:
    from hpo.reporting.figures.axes import Axis
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

_JITTER = 0.28
_FEW = 300
MOST_POINTS = 400
"""Of more trials, the better ones of these and some of the rest are drawn."""
_DECADES = 100


def slices(snapshot: Snapshot, axes: tuple[Axis, ...]) -> tuple[Drawing, ...]:
    """A drawing for every hyperparameter, the most important first.

    Args:
        snapshot: The study.
        axes: The hyperparameters.
    """
    order = {name: place for place, name in enumerate(snapshot.importances)}
    ordered = sorted(axes, key=lambda axis: order.get(axis.name, len(order)))
    found = []
    for place, axis in enumerate(ordered):
        trials = [trial for trial in snapshot.ranking if axis.name in trial.params]
        if trials:
            found.append(_slice(snapshot, axis, trials, place))
    return tuple(found)


def _slice(snapshot: Snapshot, axis: Axis, trials: list[Trial], place: int) -> Drawing:
    metric = formats.metric(snapshot.settings.objective)
    figure = new_figure("", metric)
    # The best is drawn last, so that none hides it; it comes first in the ranking.
    figure.add_trace(_points(axis, _thinned(trials)[::-1]))
    if trials[0] is snapshot.best:
        figure.add_trace(_best(axis, trials[0]))
    set_scale(figure, [trial.score for trial in trials], metric)
    figure.update_layout(margin={"t": 8, "b": 36}, showlegend=False, xaxis=_x_axis(axis))
    some = len(trials) < len(snapshot.ranking)
    applies = f"Applies in {formats.count(len(trials), 'trial')}. " if some else ""
    best = trials[0]
    if len(trials) > MOST_POINTS:
        applies += f"{MOST_POINTS} of {len(trials):,} drawn. "
    return Drawing(
        name=f"slice-{place}",
        title=axis.name,
        alt=f"Scatter plot of the {metric} against {axis.name}. {applies}"
        f"The best trial here has {setting(best.params[axis.name])}.",
        plot=figure,
        height=230,
        note=(applies + ("Logarithmic scale." if axis.is_logarithmic else "")).strip(),
        small=True,
    )


def _thinned(trials: list[Trial]) -> list[Trial]:
    """The best trials and some of the others, where there are too many to tell apart."""
    import numpy as np

    if len(trials) <= MOST_POINTS:
        return trials
    best, others = trials[: MOST_POINTS // 2], trials[MOST_POINTS // 2 :]
    chosen = np.linspace(0, len(others) - 1, MOST_POINTS - len(best)).astype(int)
    return [*best, *(others[place] for place in chosen)]


def _x_axis(axis: Axis) -> dict[str, Any]:
    if axis.choices:
        ticks = axis.ticks()
        n = len(axis.choices)
        ticks["tickvals"] = [value * n - 0.5 for value in ticks["tickvals"]]
        return {**ticks, "range": [-0.6, n - 0.4], "showgrid": False}
    low, high = map(float, (axis.parameter.ends[0], axis.parameter.ends[-1]))
    if not axis.is_logarithmic:
        return {"nticks": 6, "range": _with_margin(low, high)}
    scale = {"type": "log", "range": _with_margin(math.log10(low), math.log10(high))}
    if high / low >= _DECADES:
        return {**scale, "dtick": 1, "exponentformat": "e"}
    values = [axis.value(share) for share in (0.0, 0.5, 1.0)]
    return {**scale, "tickvals": values, "ticktext": list(map(setting, values))}


def _with_margin(low: float, high: float) -> list[float]:
    """The whole range that was searched, so that it shows where no trial has been."""
    margin = 0.05 * (high - low)
    return [low - margin, high + margin]


def _points(axis: Axis, trials: list[Trial]) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=compact(_x(axis, trials)),
        y=compact([trial.score for trial in trials]),
        mode="markers",
        customdata=[trial.number for trial in trials],
        marker={"color": BLUE, "size": 6, "opacity": 0.6 if len(trials) < _FEW else 0.35},
        **_hover(axis, trials),
    )


def _hover(axis: Axis, trials: list[Trial]) -> dict[str, Any]:
    """What a point tells: its trial, score and value; choices only where they are few."""
    told = "trial %{customdata}: %{y:.4~g}"
    if not axis.choices:
        return {"hovertemplate": f"{told}<br>{label(axis.name)} %{{x}}<extra></extra>"}
    if len(trials) > _FEW:
        return {"hovertemplate": f"{told}<extra></extra>"}
    values = [label(setting(trial.params[axis.name]), 40) for trial in trials]
    return {"text": values, "hovertemplate": f"{told}<br>%{{text}}<extra></extra>"}


def _x(axis: Axis, trials: list[Trial]) -> Any:
    """Values; those of choices are spread a little, so that trials do not hide each other."""
    import numpy as np

    if not axis.choices:
        return [trial.params[axis.name] for trial in trials]
    positions = axis.places(trials) * len(axis.choices) - 0.5
    spread = np.random.default_rng(0).uniform(-_JITTER, _JITTER, len(trials))
    return positions + spread


def _best(axis: Axis, best: Trial) -> Any:
    import plotly.graph_objects as go

    value = best.params[axis.name]
    x = (axis.place(value) or 0.0) * len(axis.choices) - 0.5 if axis.choices else value
    return go.Scatter(
        x=[x],
        y=compact([best.score]),
        mode="markers",
        hoverinfo="skip",
        marker={"color": ORANGE, "size": 13, "symbol": "star"},
    )
