"""Optimization history: the score of each trial in the order of the search, and the best so far.

Optuna's figure of this name shows neither standard errors nor failed trials and has its own
colors, so this module draws it anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import (
    BLUE,
    GRAY,
    ORANGE,
    RED,
    compact,
    count_axis,
    new_figure,
    set_scale,
    star,
)
from hpo.reporting.figures.timeline import timeline
from hpo.reporting.html import words
from hpo.reporting.html.escape import label
from hpo.reporting.html.section import Drawing, Section
from hpo.reporting.html.words import plus_minus
from hpo.support import formats
from hpo.support.formats import finite, number, setting

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

_MAX_TRIALS_WITH_ERROR_BARS = 150
"""The error bars of more trials would overlap."""
_MAX_TRIALS_WITH_PARAMS = 200
"""With more trials, hover texts leave out hyperparameters; the table of trials has them all."""
_STRIP_HEIGHT = 0.075
"""The share of the figure's height that one row of trials without a score takes."""


def history(snapshot: Snapshot) -> Section | None:
    """Make the section with the optimization history; None if no trial has a score."""
    if not snapshot.ranking:
        return None
    workers = timeline(snapshot)
    lead = (
        "Each point is the score of one trial, in the order of the search; the line shows the best "
        "score so far."
    )
    if _has_error_bars(snapshot.ranking):
        lead += " Error bars show one standard error over the folds."
    if any(reached(trial) is not None for trial in snapshot.trials):
        lead += (
            " A pruned trial was stopped early because it did not look promising; its cross shows "
            "the score it had reached."
        )
    if _unscored(snapshot):
        lead += " The marks below the plot are trials without a score."
    return Section(
        anchor="history",
        title="Optimization history",
        lead=lead,
        template="figures",
        drawings=(_drawing(snapshot), *([workers] if workers else [])),
    )


def _has_error_bars(scored: list[Trial]) -> bool:
    has_errors = any(finite(trial.std_error) is not None for trial in scored)
    return has_errors and len(scored) <= _MAX_TRIALS_WITH_ERROR_BARS


def _drawing(snapshot: Snapshot) -> Drawing:
    metric = words.metric(snapshot.settings.objective)
    scored = sorted(snapshot.ranking, key=lambda trial: trial.number)
    best = snapshot.ranking[0]
    figure = new_figure("trial", metric)
    figure.add_trace(_points(scored))
    figure.add_trace(_best_so_far(snapshot, scored))
    figure.add_trace(star(best.number, best.score, 14, name=f"best: trial {best.number}"))
    pruned = [trial for trial in snapshot.trials if reached(trial) is not None]
    if pruned:
        figure.add_trace(_pruned(pruned))
    set_scale(figure, [trial.score for trial in scored], metric)
    count_axis(figure, 0, snapshot.trials[-1].number)
    _add_strip(figure, snapshot)
    return Drawing(
        name="history-scores",
        title="Scores in the order of the search",
        alt=f"Scatter plot of the {metric} of {formats.count(len(scored), 'complete trial')}. "
        f"Trial {best.number} has the best score, {number(best.score)}.",
        plot=figure,
        height=400,
        wide=True,
    )


def reached(trial: Trial) -> float | None:
    """The score of a pruned trial when it was stopped, or None."""
    return finite(trial.score_when_pruned)


def _pruned(trials: list[Trial]) -> Any:
    import plotly.graph_objects as go

    return go.Scatter(
        x=[trial.number for trial in trials],
        y=compact([reached(trial) for trial in trials]),
        mode="markers",
        name="pruned",
        text=[_pruned_hover(trial) for trial in trials],
        hovertemplate="%{text}<extra></extra>",
        marker={"color": GRAY, "size": 7, "symbol": "x-thin-open", "opacity": 0.8},
    )


def _pruned_hover(trial: Trial) -> str:
    after = "" if trial.epochs_trained is None else f" after epoch {trial.epochs_trained}"
    return f"<b>trial {trial.number}</b><br>pruned{after} at {number(reached(trial))}"


def _points(scored: list[Trial]) -> Any:
    import plotly.graph_objects as go

    errors = None
    if _has_error_bars(scored):
        values = [finite(trial.std_error) or 0.0 for trial in scored]
        errors = {"array": compact(values), "width": 0, "thickness": 1}
    return go.Scatter(
        x=[trial.number for trial in scored],
        y=compact([trial.score for trial in scored]),
        error_y=errors,
        mode="markers",
        name="complete",
        **_hover_texts(scored),
        marker={"color": BLUE, "size": 7, "opacity": 0.7},
    )


def _hover_texts(scored: list[Trial]) -> dict[str, Any]:
    """Hover texts with hyperparameters if there are few trials, else with the score only."""
    if len(scored) > _MAX_TRIALS_WITH_PARAMS:
        return {"hovertemplate": "trial %{x}: %{y:.4~g}<extra></extra>"}
    return {
        "text": [_hover(trial) for trial in scored],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _hover(trial: Trial) -> str:
    lines = [f"<b>trial {trial.number}</b>", plus_minus(trial.score, trial.std_error)]
    lines += [f"{label(k)}: {label(setting(v), 40)}" for k, v in trial.params.items()]
    return "<br>".join(lines)


def _best_so_far(snapshot: Snapshot, scored: list[Trial]) -> Any:
    import numpy as np
    import plotly.graph_objects as go

    running = np.minimum if snapshot.minimizes else np.maximum
    scores = running.accumulate(np.array([trial.score for trial in scored], dtype=float))
    last = max(trial.number for trial in snapshot.trials)
    return go.Scatter(
        x=[*(trial.number for trial in scored), last],
        y=compact([*scores, scores[-1]]),
        mode="lines",
        name="best so far",
        hoverinfo="skip",
        line={"color": ORANGE, "width": 2, "shape": "hv"},
    )


def _unscored(snapshot: Snapshot) -> dict[str, list[Trial]]:
    by_state = {
        state: [t for t in snapshot.trials if t.state == state and reached(t) is None]
        for state in ("pruned", "failed")
    }
    return {state: trials for state, trials in by_state.items() if trials}


def _add_strip(figure: Any, snapshot: Snapshot) -> None:
    import plotly.graph_objects as go

    unscored = _unscored(snapshot)
    if not unscored:
        return
    for state, trials in unscored.items():
        figure.add_trace(
            go.Scatter(
                x=[trial.number for trial in trials],
                y=[state] * len(trials),
                yaxis="y2",
                mode="markers",
                name=state,
                showlegend=False,
                text=[label(_reason(trial), 160) for trial in trials],
                hovertemplate="<b>trial %{x}</b><br>%{text}<extra></extra>",
                marker={
                    "color": RED if state == "failed" else GRAY,
                    "symbol": "x-thin-open" if state == "failed" else "line-ns-open",
                    "size": 9,
                },
            )
        )
    height = _STRIP_HEIGHT * len(unscored)
    figure.update_layout(
        yaxis={"domain": [height + 0.04, 1]},
        yaxis2={"domain": [0, height], "type": "category", "showgrid": False, "fixedrange": True},
        xaxis={"anchor": "y2"},
    )


def _reason(trial: Trial) -> str:
    return trial.state if trial.reason is None else f"{trial.state}: {trial.reason}"
