"""Fold scores of the best trials: how much a score depends on which samples are held out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import BLUE, COLORS, compact, new_figure, set_scale
from hpo.reporting.html import words
from hpo.reporting.html.section import Drawing, Section
from hpo.support.formats import finite, number

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

MAX_TRIALS = 10


def folds(snapshot: Snapshot) -> Section | None:
    """Make the section with the fold scores; None if no trial has any."""
    shown = [trial for trial in snapshot.ranking[:MAX_TRIALS] if _finite(trial)]
    if not shown:
        return None
    return Section(
        anchor="folds",
        title="Fold scores",
        lead="Each point is the score on one fold; each bar is the mean of a trial. If the points "
        "of neighboring trials overlap widely, their order is mostly chance.",
        template="figures",
        drawings=(_drawing(snapshot, shown),),
    )


def _drawing(snapshot: Snapshot, shown: list[Trial]) -> Drawing:
    metric = words.metric(snapshot.settings.objective)
    figure = new_figure("trial, best first", metric)
    n_folds = max(len(trial.fold_scores) for trial in shown)
    for fold in range(n_folds):
        figure.add_trace(_fold(fold, shown, colored=1 < n_folds <= len(COLORS)))
    figure.add_trace(_means(shown))
    set_scale(figure, [score for trial in shown for score in _finite(trial)], metric)
    figure.update_xaxes(type="category")
    low = min(min(_finite(trial)) for trial in shown)
    high = max(max(_finite(trial)) for trial in shown)
    return Drawing(
        name="folds-scores",
        title=f"Fold scores of the {len(shown)} best trials"
        if len(shown) > 1
        else "Fold scores of the best trial",
        alt=f"Dot plot of the {metric} on each fold; values range from {number(low)} to "
        f"{number(high)}.",
        plot=figure,
    )


def _fold(fold: int, shown: list[Trial], *, colored: bool) -> Any:
    import plotly.graph_objects as go

    trials = [trial for trial in shown if len(trial.fold_scores) > fold]
    return go.Scatter(
        x=[str(trial.number) for trial in trials],
        y=compact([finite(trial.fold_scores[fold]) for trial in trials]),
        mode="markers",
        name=f"fold {fold + 1}",
        showlegend=colored,
        marker={"color": COLORS[fold] if colored else BLUE, "size": 8, "opacity": 0.85},
        hovertemplate=f"trial %{{x}}, fold {fold + 1}: %{{y:.4~g}}<extra></extra>",
    )


def _means(shown: list[Trial]) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=[str(trial.number) for trial in shown],
        y=compact([trial.score for trial in shown]),
        mode="markers",
        name="mean",
        marker={"symbol": "line-ew-open", "size": 16, "line": {"width": 2.5}, "color": BLUE},
        hovertemplate="trial %{x}, mean: %{y:.4~g}<extra></extra>",
    )


def _finite(trial: Trial) -> list[float]:
    return [x for score in trial.fold_scores if (x := finite(score)) is not None]
