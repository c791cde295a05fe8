"""This study beside others of the same task: how good their trials are, and how soon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import COLOURS, compact, new_figure
from hpo.reporting.html import formats
from hpo.reporting.html.escape import label
from hpo.reporting.html.formats import number
from hpo.reporting.html.section import Drawing, Section
from hpo.reporting.reading.rivals import Rival

if TYPE_CHECKING:
    from hpo.reporting.reading.snapshot import Snapshot

_DASHES = ("solid", "dash", "dot")


def others(snapshot: Snapshot) -> Section | None:
    """The section; None where the folder holds no other study of the task."""
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
    ways = {study.evaluation for study in studies}
    lead = (
        f"{formats.count(len(studies), 'study').replace('studys', 'studies')} of the task "
        f"{snapshot.settings.task_name} in the same folder searched for the same objective."
    )
    if len(ways) > 1:
        lead += " They were not all evaluated in the same way, so compare with care."
    return Section(
        anchor="others",
        title="Beside other studies",
        lead=lead,
        template="figures",
        drawings=(_distribution(snapshot, studies), _progress(snapshot, studies)),
    )


def _distribution(snapshot: Snapshot, studies: tuple[Rival, ...]) -> Drawing:
    import numpy as np

    metric = formats.metric(snapshot.settings.objective)
    figure = new_figure(metric, "share of the trials")
    better = "left" if snapshot.minimizes else "right"
    for place, study in enumerate(studies):
        scores = np.sort(np.array(study.scores))
        shares = np.arange(1, len(scores) + 1) / len(scores)
        figure.add_trace(_line(study, place, scores, shares, "score up to %{x:.4~g}: %{y:.0%}"))
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return Drawing(
        name="others-distribution",
        title="How the trials of each study are distributed",
        alt=f"Empirical distribution of the {metric}. " + _bests(snapshot, studies),
        plot=figure,
        note=f"The share of trials with a score up to that value; further {better} is better.",
    )


def _progress(snapshot: Snapshot, studies: tuple[Rival, ...]) -> Drawing:
    import numpy as np

    metric = formats.metric(snapshot.settings.objective)
    figure = new_figure("complete trials", metric)
    best = np.minimum if snapshot.minimizes else np.maximum
    for place, study in enumerate(studies):
        scores = best.accumulate(np.array(study.scores))
        numbers = np.arange(1, len(scores) + 1)
        hover = "best of %{x} trials: %{y:.4~g}"
        figure.add_trace(_line(study, place, numbers, scores, hover))
    return Drawing(
        name="others-progress",
        title="How soon each study found its best",
        alt=f"Best {metric} so far by number of trials. " + _bests(snapshot, studies),
        plot=figure,
        note="The best score among the first so many complete trials.",
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
            "color": COLOURS[place % len(COLOURS)],
            "dash": _DASHES[place // len(COLOURS) % len(_DASHES)],
            "width": 3 if study.own else 1.5,
            "shape": "hv",
        },
        hovertemplate=f"{label(study.name, 40)}<br>{hover}<extra></extra>",
    )


def _bests(snapshot: Snapshot, studies: tuple[Rival, ...]) -> str:
    pick = min if snapshot.minimizes else max
    return "Best scores: " + ", ".join(f"{s.name} {number(pick(s.scores))}" for s in studies)
