"""A map of the score over the two most important hyperparameters.

Source: the kernel-weighted mean of Nadaraya (1964, "On Estimating Regression") and Watson (1964,
"Smooth Regression Analysis"). It adds no peaks between trials, and areas without nearby trials
stay empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.reporting.figures.theme import GRAY, compact, new_figure, star
from hpo.reporting.html import words
from hpo.reporting.html.section import Drawing
from hpo.support import formats

if TYPE_CHECKING:
    from hpo.reporting.figures.axes import Axis
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

MIN_TRIALS = 12
_GRID_STEPS = 36
_BANDWIDTH = 0.09
_MIN_WEIGHT = 0.35
"""Where all trials together weigh less, nothing is drawn; a trial at the very spot weighs 1."""
_MAX_POINTS = 400


def contour(snapshot: Snapshot, axes: tuple[Axis, ...]) -> Drawing | None:
    """Draw the map; None if no two hyperparameters apply together in enough trials.

    Args:
        snapshot: The study.
        axes: The axes of its hyperparameters.
    """
    pair = _pair(snapshot, axes)
    if pair is None:
        return None
    first, second = pair
    trials = _with_both(snapshot, first, second)
    metric = words.metric(snapshot.settings.objective)
    figure = new_figure(first.name, second.name)
    figure.add_trace(_surface(snapshot, first, second, trials))
    figure.add_trace(_points(first, second, trials, metric))
    best = trials[0].params
    figure.add_trace(star(first.place(best[first.name]), second.place(best[second.name]), 15))
    figure.update_layout(
        margin={"t": 12},
        showlegend=False,
        xaxis={**first.ticks(), "range": [-0.03, 1.03], "showgrid": False},
        yaxis={**second.ticks(), "range": [-0.03, 1.03], "showgrid": False},
    )
    goal = "lower" if snapshot.minimizes else "higher"
    return Drawing(
        name="parameters-contour",
        title=f"Score over {first.name} and {second.name}",
        alt=f"Map of the {metric} over {first.name} and {second.name}, smoothed over "
        f"{formats.count(len(trials), 'trial')}; the best trial is marked.",
        plot=figure,
        height=440,
        note=f"Colors show the mean {metric} of nearby trials; {goal} is better. Points are "
        "trials; the star is the best one. Areas without nearby trials are left empty.",
        wide=True,
    )


def _pair(snapshot: Snapshot, axes: tuple[Axis, ...]) -> tuple[Axis, Axis] | None:
    """The two most important hyperparameters that apply together in enough trials."""
    by_name = {axis.name: axis for axis in axes}
    ranked = [by_name[name] for name in snapshot.importances if name in by_name]
    pairs = [
        (low + high, ranked[low], ranked[high])
        for high in range(1, len(ranked))
        for low in range(high)
    ]
    for _rank, first, second in sorted(pairs, key=lambda pair: pair[0]):
        if len(_with_both(snapshot, first, second)) >= MIN_TRIALS:
            return first, second
    return None


def _with_both(snapshot: Snapshot, first: Axis, second: Axis) -> list[Trial]:
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
    return np.linspace(0, 1, _GRID_STEPS)


def _kernel(axis: Axis, grid: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The weight of each trial at each point of the grid, shape (n_grid, n_trials)."""
    distances = grid[:, None] - places[None, :]
    if axis.choices:
        same: np.ndarray = np.isclose(distances, 0.0)
        return same.astype(float)
    weights: np.ndarray = np.exp(-0.5 * (distances / _BANDWIDTH) ** 2)
    return weights


def _surface(snapshot: Snapshot, first: Axis, second: Axis, trials: list[Trial]) -> Any:
    import plotly.graph_objects as go

    x, y = _grid(first), _grid(second)
    x_weights = _kernel(first, x, first.places(trials))
    y_weights = _kernel(second, y, second.places(trials))
    scores = np.array([trial.score for trial in trials], dtype=float)
    # Without a limit, one very bad trial would take up the color scale.
    limit = np.quantile(scores, 0.9 if snapshot.minimizes else 0.1)
    limited = np.minimum(scores, limit) if snapshot.minimizes else np.maximum(scores, limit)
    weights = y_weights @ x_weights.T
    means = (y_weights * limited) @ x_weights.T / np.maximum(weights, 1e-300)
    z = np.where(weights >= _MIN_WEIGHT, means, np.nan)
    is_continuous = not first.choices and not second.choices
    kind: Any = go.Contour if is_continuous else go.Heatmap
    look = (
        {"line": {"width": 0.5, "color": GRAY}, "connectgaps": False}
        if is_continuous
        else {"xgap": 1 if first.choices else 0, "ygap": 1 if second.choices else 0}
    )
    return kind(
        x=compact(x),
        y=compact(y),
        z=compact(z),
        reversescale=snapshot.minimizes,
        hoverinfo="skip",
        colorbar={"thickness": 12, "outlinewidth": 0, "tickformat": ".3~g"},
        **look,
    )


def _points(first: Axis, second: Axis, trials: list[Trial], metric: str) -> Any:
    import plotly.graph_objects as go

    shown = trials[:_MAX_POINTS]
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
