"""Choosing an ensemble: its method, members and weights, with a cross-fitted score."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpo.ensembles.selection.combiners import Blend
from hpo.ensembles.selection.crossfitting import crossfit
from hpo.ensembles.selection.greedy import bagged_greedy
from hpo.ensembles.selection.stacking import stack
from hpo.ensembles.selection.uncertainty import interval
from hpo.ensembles.selection.weighted import nelder_mead, random_search
from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.ensembles.selection.candidates import Candidates
    from hpo.ensembles.selection.combiners import Combiner
    from hpo.ensembles.selection.crossfitting import Predictions, Way

AUTO = "auto"


def mean(candidates: Candidates, size: int) -> Blend:
    """Equal weights for the best candidates.

    Args:
        candidates: The candidates.
        size: The number of members.
    """
    return Blend.of(dict.fromkeys(candidates.members[:size], 1.0), size)


WAYS: Mapping[str, tuple[Way, ...]] = {
    "greedy": (bagged_greedy,),
    "weighted": (nelder_mead, random_search),
    "mean": (mean,),
    "stacking": (stack,),
}
"""The ways of each method; if there are several, the best is used."""

METHODS = tuple(WAYS)


@dataclass(frozen=True, eq=False)
class Choice:
    """A chosen ensemble.

    Attributes:
        method: The method that chose it, one of ``METHODS``.
        combiner: Its members, and how their predictions are combined, chosen on all samples.
        predictions: Cross-fitted predictions by output name, shape (n_predicted, ...) each.
        score: The objective of the cross-fitted predictions.
        interval: The 95% interval of the score, or None.
        apparent: The objective on the samples that the ensemble was chosen on, which is too good.
        by_method: Cross-fitted scores by method; None if a method cannot be used.
    """

    method: str
    combiner: Combiner
    predictions: Predictions
    score: float
    interval: tuple[float, float] | None
    apparent: float
    by_method: Mapping[str, float | None]


@dataclass(frozen=True, eq=False)
class _Tried:
    """A way of choosing, its cross-fitted predictions, its loss, and the loss without each part."""

    method: str
    way: Way
    predictions: Predictions
    loss: float
    losses_without_part: np.ndarray


def choose(method: str, candidates: Candidates, size: int) -> Choice:
    """Choose members and weights.

    Among several ways, the one with the best cross-fitted score is used. The best of several scores
    is slightly too good. Therefore, the claimed score uses, for each part of the samples, the way
    that did best on the other parts.

    Args:
        method: One of ``METHODS``, or "auto" for the best of them.
        candidates: The candidates.
        size: The maximum number of members.

    Raises:
        HPOError: The method cannot be used for these predictions.
    """
    names = METHODS if method == AUTO else (method,)
    tried: list[_Tried] = []
    for name in names:
        try:
            tried += [_try(name, way, candidates, size) for way in WAYS[name]]
        except HPOError:
            if method != AUTO:
                raise
    by_method: dict[str, float | None] = dict.fromkeys(names)
    for name in {one.method for one in tried}:
        of_method = [one for one in tried if one.method == name]
        by_method[name] = candidates.score(_predictions(of_method, candidates))
    best = min(tried, key=lambda one: one.loss)
    combiner = best.way(candidates, size)
    predictions = _predictions(tried, candidates)
    return Choice(
        method=best.method,
        combiner=combiner,
        predictions=predictions,
        score=candidates.score(predictions),
        interval=interval(candidates, predictions),
        apparent=candidates.score(combiner.combine(candidates.predictions)),
        by_method=by_method,
    )


def _try(method: str, way: Way, candidates: Candidates, size: int) -> _Tried:
    predictions = crossfit(way, candidates, size)
    loss = candidates.loss(predictions)
    without_part = [
        _loss_on(candidates, predictions, candidates.fold != part)
        for part in np.unique(candidates.fold)
    ]
    return _Tried(method, way, predictions, loss, np.array(without_part))


def _loss_on(candidates: Candidates, predictions: Predictions, rows: np.ndarray) -> float:
    if not rows.any():
        return math.inf
    return candidates.part(rows).loss({name: p[rows] for name, p in predictions.items()})


def _predictions(tried: list[_Tried], candidates: Candidates) -> Predictions:
    """For each part, the predictions of the way that did best on the other parts."""
    losses = np.stack([one.losses_without_part for one in tried])
    mixed = {name: array.copy() for name, array in tried[0].predictions.items()}
    for place, part in enumerate(np.unique(candidates.fold)):
        best = tried[int(np.argmin(losses[:, place]))]
        rows = candidates.fold == part
        for name, array in best.predictions.items():
            mixed[name][rows] = array[rows]
    return mixed
