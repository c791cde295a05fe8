"""One figure per hyperparameter: the scores of all trials by its value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import BLUE, compact, new_figure, set_scale, star
from hpo.reporting.html import words
from hpo.reporting.html.escape import label
from hpo.reporting.html.section import Drawing
from hpo.support import formats
from hpo.support.formats import setting

if TYPE_CHECKING:
    from hpo.reporting.figures.axes import Axis
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

_JITTER = 0.28
_MANY_TRIALS = 300
"""With more trials, points are fainter and their hover texts leave out choices."""
MAX_POINTS = 400
"""If there are more trials, half of the points are the best ones and half a selection of others."""
_MIN_RATIO_FOR_POWERS = 100
"""Ticks are powers of ten if the ends of a logarithmic range differ by this factor or more."""


def slices(snapshot: Snapshot, axes: tuple[Axis, ...]) -> tuple[Drawing, ...]:
    """Draw a figure for each hyperparameter, the most important first.

    Args:
        snapshot: The study.
        axes: The axes of its hyperparameters.
    """
    order = {name: place for place, name in enumerate(snapshot.importances)}
    ordered = sorted(axes, key=lambda axis: order.get(axis.name, len(order)))
    drawings = []
    for place, axis in enumerate(ordered):
        trials = [trial for trial in snapshot.ranking if axis.name in trial.params]
        if trials:
            drawings.append(_slice(snapshot, axis, trials, place))
    return tuple(drawings)


def _slice(snapshot: Snapshot, axis: Axis, trials: list[Trial], place: int) -> Drawing:
    metric = words.metric(snapshot.settings.objective)
    figure = new_figure("", metric)
    # The best trials are drawn last, so that no other point covers them.
    figure.add_trace(_points(axis, _thinned(trials)[::-1]))
    if trials[0] is snapshot.best:
        figure.add_trace(_best(axis, trials[0]))
    set_scale(figure, [trial.score for trial in trials], metric)
    figure.update_layout(margin={"t": 8, "b": 36}, showlegend=False, xaxis=_x_axis(axis))
    shown = ""
    if len(trials) < len(snapshot.ranking):
        shown += f"Applies in {formats.count(len(trials), 'trial')}. "
    if len(trials) > MAX_POINTS:
        shown += f"{MAX_POINTS} of {len(trials):,} trials drawn. "
    return Drawing(
        name=f"slice-{place}",
        title=axis.name,
        alt=f"Scatter plot of the {metric} by {axis.name}. {shown}"
        f"The best of these trials has {axis.name} = {setting(trials[0].params[axis.name])}.",
        plot=figure,
        height=230,
        note=(shown + ("Logarithmic scale." if axis.is_logarithmic else "")).strip(),
        small=True,
    )


def _thinned(trials: list[Trial]) -> list[Trial]:
    """The best trials and a selection of the others, if there are too many to tell apart."""
    import numpy as np

    if len(trials) <= MAX_POINTS:
        return trials
    best, others = trials[: MAX_POINTS // 2], trials[MAX_POINTS // 2 :]
    chosen = np.linspace(0, len(others) - 1, MAX_POINTS - len(best)).astype(int)
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
    if high / low >= _MIN_RATIO_FOR_POWERS:
        return {**scale, "dtick": 1, "exponentformat": "e"}
    values = [axis.value(share) for share in (0.0, 0.5, 1.0)]
    return {**scale, "tickvals": values, "ticktext": list(map(setting, values))}


def _with_margin(low: float, high: float) -> list[float]:
    """The whole range of the search, so that parts without trials are visible."""
    margin = 0.05 * (high - low)
    return [low - margin, high + margin]


def _points(axis: Axis, trials: list[Trial]) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=compact(_x(axis, trials)),
        y=compact([trial.score for trial in trials]),
        mode="markers",
        customdata=[trial.number for trial in trials],
        marker={
            "color": BLUE,
            "size": 6,
            "opacity": 0.6 if len(trials) < _MANY_TRIALS else 0.35,
        },
        **_hover(axis, trials),
    )


def _hover(axis: Axis, trials: list[Trial]) -> dict[str, Any]:
    """Hover texts: trial, score and value, without choices if there are many trials."""
    trial = "trial %{customdata}: %{y:.4~g}"
    if not axis.choices:
        return {"hovertemplate": f"{trial}<br>{label(axis.name)} %{{x}}<extra></extra>"}
    if len(trials) > _MANY_TRIALS:
        return {"hovertemplate": f"{trial}<extra></extra>"}
    values = [label(setting(t.params[axis.name]), 40) for t in trials]
    return {"text": values, "hovertemplate": f"{trial}<br>%{{text}}<extra></extra>"}


def _x(axis: Axis, trials: list[Trial]) -> Any:
    """The values; choices are spread a little, so that trials do not cover each other."""
    import numpy as np

    if not axis.choices:
        return [trial.params[axis.name] for trial in trials]
    positions = axis.places(trials) * len(axis.choices) - 0.5
    spread = np.random.default_rng(0).uniform(-_JITTER, _JITTER, len(trials))
    return positions + spread


def _best(axis: Axis, best: Trial) -> Any:
    value = best.params[axis.name]
    x = (axis.place(value) or 0.0) * len(axis.choices) - 0.5 if axis.choices else value
    return star(x, best.score, 13)
