"""The index: all studies in a folder, with links to their pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from hpo.reporting.html import words
from hpo.reporting.html.render import render
from hpo.reporting.html.words import plus_minus
from hpo.reporting.page import now, trial_counts
from hpo.reporting.sections.comparisons import primary
from hpo.support.formats import MISSING, number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hpo.reporting.reading.snapshot import Snapshot


@dataclass(frozen=True)
class Entry:
    """A study in the index. All values are texts as shown, unless stated otherwise.

    Attributes:
        name: The name of the study.
        link: The address of its page, relative to the index.
        task: The name of its task.
        objective: The metric that was optimized.
        score: The best score with its standard error.
        sort_key: The score in full precision, to sort by; "" if there is none.
        baseline: The score of the best constant prediction.
        test_score: The ensemble's score on the test set.
        last_ended: When the last trial ended.
        trials: The number of trials in each state.
        n_trials: The number of trials, as a number.
    """

    name: str
    link: str
    task: str
    objective: str
    score: str
    sort_key: str
    baseline: str
    test_score: str
    last_ended: str
    trials: str
    n_trials: int


def entry(snapshot: Snapshot, page: Path, index: Path) -> Entry:
    """Summarize a study for the index.

    Args:
        snapshot: The study.
        page: The path of its page.
        index: The path of the index, in the same folder as the page or above it.
    """
    best = snapshot.chosen
    test = primary(snapshot, snapshot.test)
    ends = [trial.ended for trial in snapshot.trials if trial.ended]
    return Entry(
        name=snapshot.name,
        link=quote(page.relative_to(index.parent).as_posix()),
        task=snapshot.settings.task_name,
        objective=words.metric(snapshot.settings.objective),
        score=plus_minus(best.score, best.std_error) if best else MISSING,
        sort_key=repr(best.score) if best else "",
        baseline=number(snapshot.facts.baseline),
        test_score=number(test[1]) if test else MISSING,
        last_ended=max(ends).strftime("%Y-%m-%d %H:%M") if ends else MISSING,
        trials=trial_counts(snapshot) or "no trials",
        n_trials=len(snapshot.trials),
    )


def index_page(entries: Iterable[Entry], unreadable: dict[str, str]) -> str:
    """Make the HTML of the index.

    Args:
        entries: The studies.
        unreadable: Why a study could not be read, by study name.
    """
    return render("index.html.j2", entries=list(entries), unreadable=unreadable, written_at=now())
