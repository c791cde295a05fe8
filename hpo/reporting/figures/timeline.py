"""The timeline of the workers: which trial each one evaluated when."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from hpo.reporting.figures.theme import BLUE, GRAY, RED, new_figure
from hpo.reporting.html.section import Drawing
from hpo.support import formats
from hpo.support.formats import number

if TYPE_CHECKING:
    from datetime import datetime

    from hpo.reporting.reading.snapshot import Snapshot
    from hpo.study.trial import Trial

_COLORS = {"complete": BLUE, "pruned": GRAY, "failed": RED}
_ROW_PIXELS = 30


def timeline(snapshot: Snapshot) -> Drawing | None:
    """Draw the timeline; None with fewer than two trials that have a start and an end."""
    timed = [t for t in snapshot.trials if t.started and t.ended and t.state in _COLORS]
    if not timed or len({trial.started for trial in timed}) < 2:  # noqa: PLR2004
        return None
    lanes = _lanes(timed)
    figure = new_figure("time", "")
    for state, color in _COLORS.items():
        trials = [trial for trial in timed if trial.state == state]
        if trials:
            figure.add_trace(_bars(trials, lanes, state, color))
    n = len(set(lanes.values()))
    figure.update_layout(
        barmode="overlay",
        bargap=0.25,
        xaxis={"type": "date", "nticks": 4, "tickangle": 0},
        yaxis={
            "tickvals": list(range(1, n + 1)),
            "range": [n + 0.6, 0.4],
            "showgrid": False,
            "title": {"text": "worker"},
        },
    )
    first = min(trial.started for trial in timed if trial.started)
    last = max(trial.ended for trial in timed if trial.ended)
    busy = sum(trial.seconds or 0.0 for trial in timed)
    elapsed = (last - first).total_seconds()
    verb = "was" if n == 1 else "were"
    summary = (
        f"{formats.duration(elapsed)} from the first trial to the last; "
        f"{formats.count(n, 'worker')} {verb} busy {number(100 * busy / (n * elapsed), 3)}% of "
        "the time."
        if elapsed > 0
        else ""
    )
    return Drawing(
        name="history-timeline",
        title="When each worker was busy",
        alt=f"Timeline of {formats.count(len(timed), 'trial')}. {summary}",
        plot=figure,
        height=130 + _ROW_PIXELS * n,
        note=summary,
        wide=True,
    )


def _lanes(timed: list[Trial]) -> dict[str | None, int]:
    """The row of each worker, from 1. Workers that never ran at the same time may share a row."""
    spans: dict[str | None, tuple[datetime, datetime]] = {}
    for trial in timed:
        if trial.started and trial.ended:
            begin, end = spans.get(trial.worker, (trial.started, trial.ended))
            spans[trial.worker] = (min(begin, trial.started), max(end, trial.ended))
    free_from: list[datetime] = []
    lanes = {}
    for worker, (begin, end) in sorted(spans.items(), key=lambda item: item[1][0]):
        lane = next((n for n, free in enumerate(free_from) if free <= begin), len(free_from))
        free_from[lane : lane + 1] = [end]
        lanes[worker] = lane + 1
    return lanes


def _bars(trials: list[Trial], lanes: dict[str | None, int], state: str, color: str) -> Any:
    import numpy as np
    import plotly.graph_objects as go

    # Times have no zone: the page shows those of the machine that ran the search.
    begins = [t.started.replace(tzinfo=UTC).timestamp() for t in trials if t.started]
    return go.Bar(
        base=1000 * np.array(begins),
        x=[round(1000 * (trial.seconds or 0.0)) for trial in trials],
        y=[lanes[trial.worker] for trial in trials],
        orientation="h",
        name=state,
        customdata=[trial.number for trial in trials],
        marker={"color": color, "line": {"width": 0.5, "color": "rgba(255, 255, 255, 0.7)"}},
        hovertemplate="trial %{customdata}, from %{base|%H:%M:%S}<extra></extra>",
    )
