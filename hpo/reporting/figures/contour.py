"""The score over the two most important hyperparameters, where trials have been.

Source: the kernel-weighted mean of Nadaraya (1964, "On Estimating Regression") and Watson (1964,
"Smooth Regression Analysis"). It invents no peaks between trials, and where no trial is near, the
figure stays empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.reporting.figures.theme import GREY, ORANGE, compact, new_figure
from hpo.reporting.html import formats
from hpo.reporting.html.section import Drawing

if TYPE_CHECKING:
    from hpo.reporting.figures.axes import Axis
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

ENOUGH = 12
_STEPS = 36
_BANDWIDTH = 0.09
_NEAR = 0.35
"""Weight of all trials, where one at the very place weighs 1, below which nothing is drawn."""
_MOST_POINTS = 400


def contour(snapshot: Snapshot, axes: tuple[Axis, ...]) -> Drawing | None:
    """The drawing; None where no two hyperparameters apply together in enough trials.

    Args:
        snapshot: The study.
        axes: The hyperparameters.
    """
    pair = _pair(snapshot, axes)
    if pair is None:
        return None
    first, second = pair
    trials = _having(snapshot, first, second)
    metric = formats.metric(snapshot.settings.objective)
    figure = new_figure(first.name, second.name)
    figure.add_trace(_surface(snapshot, first, second, trials))
    figure.add_trace(_points(first, second, trials, metric))
    figure.add_trace(_star(first, second, trials[0]))
    figure.update_layout(
        margin={"t": 12},
        showlegend=False,
        xaxis={**first.ticks(), "range": [-0.03, 1.03], "showgrid": False},
        yaxis={**second.ticks(), "range": [-0.03, 1.03], "showgrid": False},
    )
    goal = "lower" if snapshot.minimizes else "higher"
    return Drawing(
        name="parameters-contour",
        title=f"Where {first.name} and {second.name} do well together",
        alt=f"Map of the {metric} over {first.name} and {second.name}, smoothed over "
        f"{formats.count(len(trials), 'trial')}; the best trial is marked.",
        plot=figure,
        height=440,
        note=f"Mean {metric} of the trials around each place; {goal} is better. Points are "
        "trials, the star is the best; where no trial is near, nothing is drawn.",
        wide=True,
    )


def _pair(snapshot: Snapshot, axes: tuple[Axis, ...]) -> tuple[Axis, Axis] | None:
    """The two most important that apply together in enough trials."""
    by_name = {axis.name: axis for axis in axes}
    ranked = [by_name[name] for name in snapshot.importances if name in by_name]
    pairs = [
        (low + high, ranked[low], ranked[high])
        for high in range(1, len(ranked))
        for low in range(high)
    ]
    for _rank, first, second in sorted(pairs, key=lambda pair: pair[0]):
        if len(_having(snapshot, first, second)) >= ENOUGH:
            return first, second
    return None


def _having(snapshot: Snapshot, first: Axis, second: Axis) -> list[Trial]:
    return [
        trial
        for trial in snapshot.ranking
        if first.place(trial.params.get(first.name)) is not None
        and second.place(trial.params.get(second.name)) is not None
    ]


def _grid(axis: Axis) -> np.ndarray:
    if axis.choices:
        n = len(axis.choices)
        return (np.arange(n) + 0.5) / n
    return np.linspace(0, 1, _STEPS)


def _kernel(axis: Axis, grid: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How near each place is to each trial, shape (n_grid, n_trials)."""
    apart = grid[:, None] - places[None, :]
    if axis.choices:
        near: np.ndarray = np.isclose(apart, 0.0)
        return near.astype(float)
    weights: np.ndarray = np.exp(-0.5 * (apart / _BANDWIDTH) ** 2)
    return weights


def _surface(snapshot: Snapshot, first: Axis, second: Axis, trials: list[Trial]) -> Any:
    import plotly.graph_objects as go

    x, y = _grid(first), _grid(second)
    across = _kernel(first, x, first.places(trials))
    along = _kernel(second, y, second.places(trials))
    scores = np.array([trial.score for trial in trials], dtype=float)
    # One very bad trial would otherwise take all the colours.
    worst = np.quantile(scores, 0.9 if snapshot.minimizes else 0.1)
    shown = np.minimum(scores, worst) if snapshot.minimizes else np.maximum(scores, worst)
    weights = along @ across.T
    means = (along * shown) @ across.T / np.maximum(weights, 1e-300)
    z = np.where(weights >= _NEAR, means, np.nan)
    both = not first.choices and not second.choices
    kind: Any = go.Contour if both else go.Heatmap
    extra = (
        {"line": {"width": 0.5, "color": GREY}, "connectgaps": False}
        if both
        else {"xgap": 1, "ygap": 1}
    )
    return kind(
        x=compact(x),
        y=compact(y),
        z=compact(z),
        reversescale=snapshot.minimizes,
        hoverinfo="skip",
        colorbar={"thickness": 12, "outlinewidth": 0, "tickformat": ".3~g"},
        **extra,
    )


def _points(first: Axis, second: Axis, trials: list[Trial], metric: str) -> Any:
    import plotly.graph_objects as go

    shown = trials[:_MOST_POINTS]
    spread = np.random.default_rng(2).uniform(-0.12, 0.12, (2, len(shown)))
    x = first.places(shown) + (spread[0] / len(first.choices) if first.choices else 0)
    y = second.places(shown) + (spread[1] / len(second.choices) if second.choices else 0)
    return go.Scatter(
        x=compact(x),
        y=compact(y),
        mode="markers",
        text=[f"trial {trial.number}: {formats.number(trial.score)}" for trial in shown],
        hovertemplate=f"%{{text}}<extra>{metric}</extra>",
        marker={"color": "rgba(134, 141, 151, 0.9)", "size": 5, "line": {"width": 0}},
    )


def _star(first: Axis, second: Axis, best: Trial) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=[first.place(best.params[first.name])],
        y=[second.place(best.params[second.name])],
        mode="markers",
        hoverinfo="skip",
        marker={"color": ORANGE, "size": 15, "symbol": "star"},
    )
