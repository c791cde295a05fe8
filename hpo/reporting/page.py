"""The page of one study."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from hpo.reporting.contents import sections
from hpo.reporting.html import formats
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
        study: The study's name.
        task: The task's name.
        about: Objective, evaluation, sampler and trials, a few words each.
        written: When the page was written.
        sections: Its sections, in order.
    """

    study: str
    task: str
    about: tuple[str, ...]
    written: str
    sections: tuple[Section, ...]


def collect(snapshot: Snapshot) -> Page:
    """What the page of a study shows."""
    return Page(
        study=snapshot.name,
        task=snapshot.settings.task_name,
        about=_about(snapshot),
        written=now(),
        sections=sections(snapshot),
    )


def study_page(snapshot: Snapshot, plotly: Plotly) -> str:
    """The HTML of a study's page.

    Args:
        snapshot: The study.
        plotly: Where the page has plotly.js from.
    """
    page = collect(snapshot)
    drawings = [drawing for section in page.sections for drawing in section.drawings]
    trials = trial_details(snapshot)
    return render("report.html.j2", drawings, plotly=plotly, trials=trials, page=page)


def now() -> str:
    """The time, to the minute, in this machine's zone."""
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")


def _about(snapshot: Snapshot) -> tuple[str, ...]:
    settings, options = snapshot.settings, snapshot.options
    goal = "lowest" if snapshot.minimizes else "highest"
    return (
        f"{goal} {formats.metric(settings.objective)}",
        formats.evaluation(settings.evaluation),
        *([f"{options.sampler} sampler"] if options else []),
        trial_counts(snapshot),
    )


def trial_counts(snapshot: Snapshot) -> str:
    """How many trials there are of each state: ``48 complete, 2 failed``."""
    states = ("complete", "pruned", "failed", "running", "waiting")
    amounts = {state: sum(t.state == state for t in snapshot.trials) for state in states}
    found = [f"{amount:,} {state}" for state, amount in amounts.items() if amount]
    return "trials: " + ", ".join(found) if found else "no trials"
