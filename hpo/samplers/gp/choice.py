"""The choice of a configuration: evenly spread ones first, then the most promising one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from hpo.samplers.gp.acquisition import Acquisition
from hpo.samplers.gp.features import Features
from hpo.samplers.gp.maximizer import Maximizer
from hpo.samplers.gp.model import Prior, fit
from hpo.samplers.gp.observations import Observations, feasibility
from hpo.samplers.sobol import spread

if TYPE_CHECKING:
    from hpo.samplers.joint import Question

N_SPREAD_TRIALS = 10
"""Number of evenly spread trials before the model is used."""

_MAX_INCUMBENTS = 8


def choose(question: Question) -> dict[str, Any]:
    """Choose a configuration, including values of parameters that do not apply."""
    axes, history = question.axes, question.history
    if history.begun < N_SPREAD_TRIALS:
        return axes.decode(spread(axes, 1, question.seed, skip=history.begun)[0])
    # Matrices this small gain nothing from threads, and lose much if others need the cores.
    with threadpool_limits(1, "blas"):
        observations = Observations.of(axes, history, question.rng)
        features = Features(axes)
        maximizer = Maximizer(
            features=features,
            acquisition=acquisition(features, observations),
            seed=int(question.rng.integers(2**31)),
            fixed=axes.encode([question.fixed])[0],
        )
        best = np.argsort(observations.targets, kind="stable")[:_MAX_INCUMBENTS]
        return axes.decode(maximizer.maximize(observations.scored[best], observations.tried))


def acquisition(features: Features, observations: Observations) -> Acquisition:
    """How promising configurations are, given the observations.

    Running trials count as if they had ended as expected (the kriging believer of Ginsbourger et
    al., 2010, "Kriging is well-suited to parallelize optimization"), so that other workers do not
    try the same.
    """
    process, best = None, 0.0
    if len(observations.scored):
        scored = features.of(observations.scored)
        fitted = fit(scored, observations.targets, features.columns, Prior(len(features.columns)))
        best = float(fitted.predict(scored)[0].min())
        process = fitted.with_fantasies(features.of(observations.running))
    return Acquisition(process, best, feasibility(features, observations))
