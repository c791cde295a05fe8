"""Other studies of the same task in the same folder, to compare a study with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.errors import HPOError
from hpo.reporting.html.formats import finite
from hpo.study.keys import JOURNAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hpo.study.study import Study

MOST = 11
"""Of so many other studies, those last changed, the scores are shown."""
_BEGINNING = 200_000
"""Characters of a journal that are searched for its settings."""


@dataclass(frozen=True)
class Rival:
    """Another study of the task, or this one.

    Attributes:
        name: Its name.
        sampler: Its sampler; "" where it is not known.
        evaluation: How its trials are evaluated.
        scores: The finite scores of its complete trials, in the order of the search.
        own: Whether it is the study of the page.
    """

    name: str
    sampler: str
    evaluation: str
    scores: tuple[float, ...]
    own: bool = False


def rivals(study: Study, opened: Mapping[str, Study]) -> tuple[Rival, ...]:
    """The other studies beside a study that searched the same task for the same objective.

    Args:
        study: The study.
        opened: Studies that were opened already, by the name of their folder.

    Returns:
        Those with scores, by name; one that cannot be read is left out.
    """
    from hpo.study.folder import load_study

    folder = study.directory.parent
    journals = [p for p in folder.glob(f"*/{JOURNAL}") if p.parent != study.directory]
    journals.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    found: list[Rival] = []
    for journal in journals:
        if len(found) == MOST:
            break
        if not _mentions(journal, study.settings.task_name):
            continue
        try:
            rival = as_rival(opened.get(journal.parent.name) or load_study(journal.parent), study)
        except HPOError:
            continue
        if rival is not None and rival.scores:
            found.append(rival)
    return tuple(sorted(found, key=lambda rival: rival.name))


def as_rival(other: Study, study: Study) -> Rival | None:
    """A study as another is compared with it; None where the two cannot be compared."""
    ours, theirs = study.settings, other.settings
    same = ("task_name", "objective", "direction")
    if any(getattr(ours, name) != getattr(theirs, name) for name in same):
        return None
    try:
        sampler = other.options.sampler
    except HPOError:
        sampler = ""
    scores = tuple(score for t in other.trials if (score := finite(t.score)) is not None)
    return Rival(other.name, sampler, theirs.evaluation, scores)


def _mentions(journal: Path, task: str) -> bool:
    """Whether the beginning of a journal, where its settings stand, names a task.

    That is far cheaper than replaying it.
    """
    try:
        with journal.open(encoding="utf-8", errors="replace") as file:
            return json.dumps(task) in file.read(_BEGINNING)
    except OSError:
        return False
