"""Choosing the members of an ensemble, and how they are combined, on out-of-fold predictions."""

from __future__ import annotations

from hpo.ensembles.selection.candidates import Candidates
from hpo.ensembles.selection.choice import AUTO, METHODS, Choice, choose
from hpo.ensembles.selection.combiners import Blend, Combiner, combiner_of
from hpo.ensembles.selection.crossfitting import parts

__all__ = [
    "AUTO",
    "METHODS",
    "Blend",
    "Candidates",
    "Choice",
    "Combiner",
    "choose",
    "combiner_of",
    "parts",
]
