"""This study compared with others of the same task: the scores of trials, and the progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import COLORS, compact, new_figure
from hpo.reporting.html import words
from hpo.reporting.html.escape import label
from hpo.reporting.html.section import Drawing, Section
from hpo.reporting.reading.rivals import MAX_RIVALS, Rival
from hpo.support.formats import number

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot

_DASHES = ("solid", "dash", "dot")


def others(snapshot: Snapshot) -> Section | None:
    """Make the section; None if the folder contains no other study to compare with."""
    if not snapshot.rivals or not snapshot.ranking:
        return None
    options = snapshot.options
    in_order = sorted(snapshot.ranking, key=lambda trial: trial.number)
    own = Rival(
        snapshot.name,
        options.sampler if options else "",
        snapshot.settings.evaluation,
        tuple(trial.score for trial in in_order if trial.score is not None),
        own=True,
    )
    studies = (own, *snapshot.rivals)
    lead = (
        f"{len(studies)} studies of the task {snapshot.settings.task_name} in this folder have the "
        "same objective."
    )
    if len(studies) > MAX_RIVALS:
        lead += " If there are more, only the most recent ones are shown."
    if len({study.evaluation for study in studies}) > 1:
        lead += " Not all of them evaluate trials in the same way, so compare with care."
    return Section(
        anchor="others",
        title="Compared with other studies",
        lead=lead,
        template="figures",
        drawings=(_distribution(snapshot, studies), _progress(snapshot, studies)),
    )


def _distribution(snapshot: Snapshot, studies: tuple[Rival, ...]) -> Drawing:
    import numpy as np

    metric = words.metric(snapshot.settings.objective)
    figure = new_figure(metric, "share of trials")
    better = "left" if snapshot.minimizes else "right"
    for place, study in enumerate(studies):
        scores = np.sort(np.array(study.scores))
        shares = np.arange(1, len(scores) + 1) / len(scores)
        figure.add_trace(_line(study, place, scores, shares, "%{y:.0%} of trials up to %{x:.4~g}"))
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return Drawing(
        name="others-distribution",
        title="Distribution of scores",
        alt=f"Cumulative distribution of the {metric}. " + _best_scores(snapshot, studies),
        plot=figure,
        note=f"The share of trials with a score up to each value; farther {better} is better.",
    )


def _progress(snapshot: Snapshot, studies: tuple[Rival, ...]) -> Drawing:
    import numpy as np

    metric = words.metric(snapshot.settings.objective)
    figure = new_figure("complete trials", metric)
    best = np.minimum if snapshot.minimizes else np.maximum
    for place, study in enumerate(studies):
        scores = best.accumulate(np.array(study.scores))
        numbers = np.arange(1, len(scores) + 1)
        hover = "best of %{x} trials: %{y:.4~g}"
        figure.add_trace(_line(study, place, numbers, scores, hover))
    return Drawing(
        name="others-progress",
        title="Progress of each study",
        alt=f"Best {metric} so far by number of trials. " + _best_scores(snapshot, studies),
        plot=figure,
        note="The best score so far by number of complete trials.",
    )


def _line(study: Rival, place: int, x: Any, y: Any, hover: str) -> Any:
    import plotly.graph_objects as go

    name = study.name + (f" ({study.sampler})" if study.sampler else "")
    return go.Scatter(
        x=compact(x),
        y=compact(y),
        mode="lines",
        name=label(name, 40) + (", this study" if study.own else ""),
        line={
            "color": COLORS[place % len(COLORS)],
            "dash": _DASHES[place // len(COLORS) % len(_DASHES)],
            "width": 3 if study.own else 1.5,
            "shape": "hv",
        },
        hovertemplate=f"{label(study.name, 40)}<br>{hover}<extra></extra>",
    )


def _best_scores(snapshot: Snapshot, studies: tuple[Rival, ...]) -> str:
    pick = min if snapshot.minimizes else max
    return "Best scores: " + ", ".join(f"{s.name} {number(pick(s.scores))}" for s in studies)
