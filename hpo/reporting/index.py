"""The index: all studies of a folder, with links to their pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from hpo.reporting.html import formats
from hpo.reporting.html.formats import MISSING, number, plus_minus
from hpo.reporting.html.render import render
from hpo.reporting.page import now, trial_counts
from hpo.reporting.sections.comparisons import primary

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hpo.reporting.reading.snapshot import Snapshot


@dataclass(frozen=True)
class Entry:
    """A study in the index.

    Attributes:
        name: Its name.
        link: The address of its page, relative to the index.
        task: Its task's name.
        objective: What was optimised, in words.
        score: Its best score, as shown.
        key: What the score is sorted by.
        baseline: The common-sense baseline, as shown.
        test: The ensemble's result on the test set, as shown.
        last: When its last trial ended, as shown.
        trials: How many trials there are of each state.
        count: How many trials there are.
    """

    name: str
    link: str
    task: str
    objective: str
    score: str
    key: str
    baseline: str
    test: str
    last: str
    trials: str
    count: int


def entry(snapshot: Snapshot, page: Path, index: Path) -> Entry:
    """What the index says of a study.

    Args:
        snapshot: The study.
        page: Its page.
        index: The index, in a folder above the page's.
    """
    best = snapshot.chosen
    test = primary(snapshot, (snapshot.ensemble or {}).get("test"))
    ends = [trial.ended for trial in snapshot.trials if trial.ended]
    return Entry(
        name=snapshot.name,
        link=quote(page.relative_to(index.parent).as_posix()),
        task=snapshot.settings.task_name,
        objective=formats.metric(snapshot.settings.objective),
        score=plus_minus(best.score, best.std_error) if best else MISSING,
        key=repr(best.score) if best else "",
        baseline=number(snapshot.facts.get("baseline")),
        test=number(test[1]) if test else MISSING,
        last=max(ends).strftime("%Y-%m-%d %H:%M") if ends else MISSING,
        trials=trial_counts(snapshot).removeprefix("trials: "),
        count=len(snapshot.trials),
    )


def index_page(entries: Iterable[Entry], unreadable: dict[str, str]) -> str:
    """The HTML of the index.

    Args:
        entries: The studies.
        unreadable: Why a study could not be read, by its name.
    """
    return render("index.html.j2", entries=list(entries), unreadable=unreadable, written=now())
