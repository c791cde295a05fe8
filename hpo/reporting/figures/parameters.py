"""Hyperparameters: which of them mattered, and which values did well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.reporting.figures import importance
from hpo.reporting.figures.axes import searched
from hpo.reporting.figures.contour import contour
from hpo.reporting.figures.parallel import parallel
from hpo.reporting.figures.slices import slices
from hpo.reporting.html.section import Section
from hpo.reporting.reading import importances

if TYPE_CHECKING:
    from hpo.reporting.html.section import Drawing
    from hpo.reporting.reading.snapshot import Snapshot

_FEW_FOR_IMPORTANCE = 50


def parameters(snapshot: Snapshot) -> Section | None:
    """The section; None with fewer than two scores, or nothing that was searched."""
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
        "Which settings mattered, and which of their values did well. The small figures show every "
        "trial by one hyperparameter at a time; the star is the best trial."
    )
    if complete < importances.ENOUGH:
        return (
            lead + f" With fewer than {importances.ENOUGH} trials nothing can be said about which "
            "hyperparameter is important."
        )
    if complete < _FEW_FOR_IMPORTANCE:
        lead += f" Importances out of {complete} trials are a first hint, no more."
    return lead
