"""The sections of a study's page, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.reporting.figures.curves import curves
from hpo.reporting.figures.folds import folds
from hpo.reporting.figures.history import history
from hpo.reporting.figures.others import others
from hpo.reporting.sections.confirmation import confirmation
from hpo.reporting.sections.leaderboard import leaderboard
from hpo.reporting.sections.members import members
from hpo.reporting.sections.parameters import parameters
from hpo.reporting.sections.predictions import predictions
from hpo.reporting.sections.reproduction import reproduction
from hpo.reporting.sections.search_space import search_space
from hpo.reporting.sections.verdict import summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo.reporting.html.section import Section
    from hpo.reporting.reading.snapshot import Snapshot

SECTIONS: tuple[Callable[[Snapshot], Section | None], ...] = (
    summary,
    confirmation,
    history,
    parameters,
    others,
    curves,
    folds,
    predictions,
    members,
    leaderboard,
    search_space,
    reproduction,
)
"""Each function makes one section, or returns None if the study has nothing to show in it."""


def sections(snapshot: Snapshot) -> tuple[Section, ...]:
    """Make the sections of a study's page, in order."""
    made = (make(snapshot) for make in SECTIONS)
    return tuple(section for section in made if section is not None)
