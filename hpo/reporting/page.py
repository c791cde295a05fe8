"""The page of one study."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from hpo.reporting.contents import sections
from hpo.reporting.figures.theme import templates
from hpo.reporting.html import words
from hpo.reporting.html.render import render
from hpo.reporting.sections.trial_details import trial_details

if TYPE_CHECKING:
    from hpo.reporting.html.assets import Plotly
    from hpo.reporting.html.section import Section
    from hpo.reporting.reading.snapshot import Snapshot


@dataclass(frozen=True)
class Page:
    """What the template of a study's page shows.

    Attributes:
        study: The name of the study.
        task: The name of its task.
        about: Objective, evaluation, sampler and number of trials, a few words each.
        written_at: When the page was written.
        sections: The sections, in order.
    """

    study: str
    task: str
    about: tuple[str, ...]
    written_at: str
    sections: tuple[Section, ...]


def collect(snapshot: Snapshot) -> Page:
    """Collect what the page of a study shows."""
    return Page(
        study=snapshot.name,
        task=snapshot.settings.task_name,
        about=_about(snapshot),
        written_at=now(),
        sections=sections(snapshot),
    )


def study_page(snapshot: Snapshot, plotly: Plotly) -> str:
    """Make the HTML of a study's page.

    Args:
        snapshot: The study.
        plotly: Where the page gets plotly.js from.
    """
    page = collect(snapshot)
    drawings = (drawing for section in page.sections for drawing in section.drawings)
    script_data = {
        "templates": templates(),
        "figures": {drawing.name: drawing.specification for drawing in drawings},
        "trials": trial_details(snapshot),
    }
    return render("report.html.j2", script_data=script_data, plotly=plotly, page=page)


def now() -> str:
    """The current time to the minute, in the time zone of this machine."""
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")


def _about(snapshot: Snapshot) -> tuple[str, ...]:
    settings, options = snapshot.settings, snapshot.options
    counts = trial_counts(snapshot)
    return (
        f"{settings.direction} {words.metric(settings.objective)}",
        words.evaluation(settings.evaluation),
        *([f"{options.sampler} sampler"] if options else []),
        f"trials: {counts}" if counts else "no trials",
    )


def trial_counts(snapshot: Snapshot) -> str:
    """The number of trials in each state: ``48 complete, 2 failed``; "" if there are none."""
    states = ("complete", "pruned", "failed", "running", "waiting")
    amounts = {state: sum(t.state == state for t in snapshot.trials) for state in states}
    return ", ".join(f"{n:,}\u00a0{state}" for state, n in amounts.items() if n)
