"""Hyperparameters: which of them mattered, and which values did well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.reporting.figures import importance
from hpo.reporting.figures.axes import searched
from hpo.reporting.figures.contour import contour
from hpo.reporting.figures.parallel import parallel
from hpo.reporting.figures.slices import slices
from hpo.reporting.html.section import Section
from hpo.study.importances import MIN_TRIALS_FOR_IMPORTANCE

if TYPE_CHECKING:
    from hpo.reporting.html.section import Drawing
    from hpo.reporting.reading.snapshot import Snapshot

_MIN_TRIALS_FOR_RELIABLE_IMPORTANCE = 50


def parameters(snapshot: Snapshot) -> Section | None:
    """Make the section; None with fewer than two scores, or if nothing was searched."""
    axes = searched(snapshot)
    if len(snapshot.ranking) < 2 or not axes:  # noqa: PLR2004
        return None
    drawings: list[Drawing | None] = []
    if snapshot.importances:
        drawings.append(importance.drawing(snapshot))
    if len(axes) > 1:
        drawings.append(parallel(snapshot, axes))
    drawings.append(contour(snapshot, axes))
    drawings += slices(snapshot, axes)
    return Section(
        anchor="parameters",
        title="Hyperparameters",
        lead=_lead(snapshot),
        template="figures",
        drawings=tuple(drawing for drawing in drawings if drawing is not None),
    )


def _lead(snapshot: Snapshot) -> str:
    complete = len(snapshot.ranking)
    lead = (
        "Which hyperparameters mattered, and which of their values did well. Each small figure "
        "shows the trials by one hyperparameter; the star marks the best trial."
    )
    if complete < MIN_TRIALS_FOR_IMPORTANCE:
        return (
            f"{lead} With fewer than {MIN_TRIALS_FOR_IMPORTANCE} complete trials, importances "
            "cannot be estimated."
        )
    if complete < _MIN_TRIALS_FOR_RELIABLE_IMPORTANCE:
        lead += f" Importances from {complete} trials are only a first hint."
    return lead
