"""Fold scores of the best trials: how much a score depends on which samples were held out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import BLUE, COLOURS, compact, new_figure, set_scale
from hpo.reporting.html import formats
from hpo.reporting.html.formats import finite, number
from hpo.reporting.html.section import Drawing, Section

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

SHOWN = 10


def folds(snapshot: Snapshot) -> Section | None:
    """The section with the fold scores; None where no trial has any."""
    shown = [trial for trial in snapshot.ranking[:SHOWN] if _finite(trial)]
    if not shown:
        return None
    return Section(
        anchor="folds",
        title="Fold scores",
        lead="Each point is the score on one fold, each bar the mean of a trial. Where the points "
        "of neighbouring trials overlap widely, their ranking is a matter of luck.",
        template="figures",
        drawings=(_drawing(snapshot, shown),),
    )


def _drawing(snapshot: Snapshot, shown: list[Trial]) -> Drawing:
    metric = formats.metric(snapshot.settings.objective)
    figure = new_figure("trial, best first", metric)
    number_of_folds = max(len(trial.fold_scores) for trial in shown)
    for fold in range(number_of_folds):
        figure.add_trace(_fold(fold, shown, coloured=1 < number_of_folds <= len(COLOURS)))
    figure.add_trace(_means(shown))
    set_scale(figure, [score for trial in shown for score in _finite(trial)], metric)
    figure.update_xaxes(type="category")
    low = min(min(_finite(trial)) for trial in shown)
    high = max(max(_finite(trial)) for trial in shown)
    return Drawing(
        name="folds-scores",
        title=f"Fold scores of the {formats.count(len(shown), 'best trial')}",
        alt=f"Dot plot of the {metric} on every fold; values lie between {number(low)} and "
        f"{number(high)}.",
        plot=figure,
    )


def _fold(fold: int, shown: list[Trial], *, coloured: bool) -> Any:
    import plotly.graph_objects as go

    having = [trial for trial in shown if len(trial.fold_scores) > fold]
    return go.Scatter(
        x=[str(trial.number) for trial in having],
        y=compact([finite(trial.fold_scores[fold]) for trial in having]),
        mode="markers",
        name=f"fold {fold + 1}",
        showlegend=coloured,
        marker={"color": COLOURS[fold] if coloured else BLUE, "size": 8, "opacity": 0.85},
        hovertemplate=f"trial %{{x}}, fold {fold + 1}: %{{y:.4~g}}<extra></extra>",
    )


def _means(shown: list[Trial]) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=[str(trial.number) for trial in shown],
        y=compact([trial.score for trial in shown]),
        mode="markers",
        name="mean",
        marker={"symbol": "line-ew-open", "size": 26, "line": {"width": 2.5}, "color": BLUE},
        hovertemplate="trial %{x}, mean: %{y:.4~g}<extra></extra>",
    )


def _finite(trial: Trial) -> list[float]:
    return [found for score in trial.fold_scores if (found := finite(score)) is not None]
