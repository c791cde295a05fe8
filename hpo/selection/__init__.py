"""Which trials an ensemble is made of, and how: chosen on out-of-fold predictions."""

from __future__ import annotations

from hpo.selection.candidates import Candidates
from hpo.selection.choice import AUTO, METHODS, Choice, choose
from hpo.selection.combiners import Blend, Combiner, from_json, to_json
from hpo.selection.crossfitting import parts

__all__ = [
    "AUTO",
    "METHODS",
    "Blend",
    "Candidates",
    "Choice",
    "Combiner",
    "choose",
    "from_json",
    "parts",
    "to_json",
]
