"""Learning curves of the best trials."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import (
    BLUE,
    BLUE_BAND,
    GRAY,
    GRAY_BAND,
    compact,
    count_axis,
    new_figure,
    set_scale,
)
from hpo.reporting.html import words
from hpo.reporting.html.section import Drawing, Panel, Section
from hpo.reporting.html.words import plus_minus
from hpo.reporting.reading.epochs import chosen_epoch
from hpo.support import formats
from hpo.support.formats import number

if TYPE_CHECKING:
    import numpy as np

    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial
    from hpo.training.evaluation import TrialArrays

_MAX_POINTS = 300


def curves(snapshot: Snapshot) -> Section | None:
    """Make the section with the learning curves; None if there are none."""
    panels = tuple(
        Panel(
            f"Trial {trial.number}: {plus_minus(trial.score, trial.std_error)}",
            _drawings(snapshot, trial, snapshot.arrays[trial.number]),
        )
        for trial in snapshot.ranking
        if trial.number in snapshot.arrays and snapshot.arrays[trial.number].curves
    )
    if not panels:
        return None
    return Section(
        anchor="curves",
        title="Learning curves",
        lead="Training and validation by epoch for the best trials. Lines are means over the "
        "folds, shaded bands span the lowest to the highest fold, and the dotted line marks the "
        "chosen epoch, whose score counts. Smoothed lines are exponential moving averages in "
        "which each epoch weighs 0.6 times as much as the next.",
        template="panels",
        content=panels,
        drawings=tuple(drawing for panel in panels for drawing in panel.drawings),
    )


def _drawings(snapshot: Snapshot, trial: Trial, arrays: TrialArrays) -> tuple[Drawing, ...]:
    objective = snapshot.settings.objective
    epoch = chosen_epoch(trial, arrays.curves.get(objective))
    names = dict.fromkeys((objective.removeprefix("val_"), "loss"))
    return tuple(
        _drawing(trial, arrays, name, epoch)
        for name in names
        if name in arrays.curves or f"val_{name}" in arrays.curves
    )


def _drawing(trial: Trial, arrays: TrialArrays, name: str, epoch: int | None) -> Drawing:
    metric = words.metric(name)
    figure = new_figure("epoch", metric)
    shown = {
        kind: arrays.curves[key]
        for kind, key in (("training", name), ("validation", f"val_{name}"))
        if key in arrays.curves
    }
    for kind, curve in shown.items():
        for trace in _traces(kind, curve):
            figure.add_trace(trace)
    set_scale(figure, [value for curve in shown.values() for value in _mean(curve)], metric)
    length = len(next(iter(shown.values())))
    count_axis(figure, 1, length)
    if epoch is not None:
        _mark(figure, epoch, length)
    return Drawing(
        name=f"curves-{trial.number}-{'loss' if name == 'loss' else 'objective'}",
        title=f"{words.sentence(metric)}, trial {trial.number}",
        alt=_alt(metric, shown, epoch),
        plot=figure,
        height=340,
    )


def _mark(figure: Any, epoch: int, length: int) -> None:
    in_second_half = epoch > length / 2
    figure.add_vline(x=epoch)
    figure.add_annotation(
        x=epoch,
        y=1,
        yref="paper",
        yanchor="top",
        xanchor="right" if in_second_half else "left",
        xshift=-4 if in_second_half else 4,
        text=f"epoch {epoch}",
        showarrow=False,
    )


def _traces(kind: str, curve: np.ndarray) -> list[Any]:
    import numpy as np
    import plotly.graph_objects as go

    color, band = (BLUE, BLUE_BAND) if kind == "validation" else (GRAY, GRAY_BAND)
    rows = np.unique(np.linspace(0, len(curve) - 1, _MAX_POINTS).round().astype(int))
    epochs, curve = (rows + 1).astype(np.int32), curve[rows]
    traces = []
    if curve.shape[1] > 1:
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        low, high = compact(curve.min(axis=1)), compact(curve.max(axis=1))
        traces.append(go.Scatter(x=epochs, y=low, **edge))
        traces.append(go.Scatter(x=epochs, y=high, fill="tonexty", fillcolor=band, **edge))
    traces.append(
        go.Scatter(
            x=epochs,
            y=rounded(_mean(curve)),
            meta="smooth",
            mode="lines" if len(rows) > 1 else "markers",
            name=kind,
            line={"color": color, "width": 2, "dash": "dash" if kind == "training" else "solid"},
            hovertemplate="epoch %{x}: %{y:.4~g}",
        )
    )
    return traces


def rounded(values: np.ndarray) -> list[float | None]:
    """Round to four digits, which look the same in a figure; None, for a gap, if not finite."""
    return [float(f"{v:.4g}") if math.isfinite(v) else None for v in values.tolist()]


def _mean(curve: np.ndarray) -> np.ndarray:
    mean: np.ndarray = curve.mean(axis=1)
    return mean


def _alt(metric: str, shown: dict[str, np.ndarray], epoch: int | None) -> str:
    ends = "; ".join(
        f"{kind} from {number(float(_mean(c)[0]))} to {number(float(_mean(c)[-1]))}"
        for kind, c in shown.items()
    )
    length = len(next(iter(shown.values())))
    chosen = "" if epoch is None else f" The chosen epoch is {epoch}."
    return f"Line plot of the {metric} over {formats.count(length, 'epoch')}: {ends}.{chosen}"
