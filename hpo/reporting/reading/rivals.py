"""Other studies of the same task in the same folder, to compare a study with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.errors import HPOError
from hpo.study.keys import JOURNAL
from hpo.support.files import check_is_file
from hpo.support.formats import finite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hpo.study.study import Study

MAX_RIVALS = 11
"""The report compares a study with at most this many others, the most recently changed ones."""
_MAX_CHARACTERS_TO_SETTINGS = 200_000
"""A journal holds its settings within this many characters from its start."""


@dataclass(frozen=True)
class Rival:
    """A study in the comparison.

    Attributes:
        name: The name of the study.
        sampler: The sampler; "" if it is not known.
        evaluation: How the trials are evaluated.
        scores: The finite scores of the complete trials, in the order of the search.
        own: Whether it is the study of the page.
    """

    name: str
    sampler: str
    evaluation: str
    scores: tuple[float, ...]
    own: bool = False


def rivals(study: Study, opened: Mapping[str, Study]) -> tuple[Rival, ...]:
    """Find the other studies in the folder that optimize the same objective of the same task.

    Args:
        study: The study to compare with others.
        opened: Studies that are open already, by the name of their folder.

    Returns:
        Those with scores, sorted by name, without those that cannot be read.
    """
    from hpo.study.folder import last_changed, list_studies, load_study

    folder = study.directory.parent
    url = study.database.url if study.database else None
    others = [folder / name for name in list_studies(folder) if folder / name != study.directory]
    others.sort(key=last_changed, reverse=True)
    comparable: list[Rival] = []
    for other in others:
        if len(comparable) == MAX_RIVALS:
            break
        journal = other / JOURNAL
        if journal.exists() and not _mentions(journal, study.settings.task_name):
            continue
        try:
            rival = as_rival(opened.get(other.name) or load_study(other, storage=url), study)
        except HPOError:
            continue
        if rival is not None and rival.scores:
            comparable.append(rival)
    return tuple(sorted(comparable, key=lambda rival: rival.name))


def as_rival(other: Study, study: Study) -> Rival | None:
    """Summarize another study for the comparison; None if its objective or task differs."""
    settings, other_settings = study.settings, other.settings
    same = ("task_name", "objective", "direction")
    if any(getattr(settings, name) != getattr(other_settings, name) for name in same):
        return None
    try:
        sampler = other.options.sampler
    except HPOError:
        sampler = ""
    scores = tuple(score for t in other.trials if (score := finite(t.score)) is not None)
    return Rival(other.name, sampler, other_settings.evaluation, scores)


def _mentions(journal: Path, task: str) -> bool:
    """Whether the start of a journal, which holds its settings, names a task.

    Reading it is far cheaper than replaying the journal.
    """
    try:
        check_is_file(journal)
        with journal.open(encoding="utf-8", errors="replace") as file:
            return json.dumps(task) in file.read(_MAX_CHARACTERS_TO_SETTINGS)
    except OSError:
        return False
