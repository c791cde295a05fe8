"""How a configuration is chosen: spread out first, then what promises most to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from hpo.samplers.gp.acquisition import Acquisition
from hpo.samplers.gp.features import Features
from hpo.samplers.gp.maximising import Maximiser
from hpo.samplers.gp.model import Prior, fit
from hpo.samplers.gp.observed import Observed, feasibility
from hpo.samplers.sobol import spread

if TYPE_CHECKING:
    from hpo.samplers.joint import Question

N_START = 10
"""How many trials are spread evenly before the model is asked."""

_N_INCUMBENTS = 8


def choose(question: Question) -> dict[str, Any]:
    """Choose a configuration; it has values also for parameters that do not apply."""
    axes, history = question.axes, question.history
    if history.begun < N_START:
        return axes.decode(spread(axes, 1, question.seed, skip=history.begun)[0])
    # Matrices this small gain nothing from threads, and lose much where others want the cores.
    with threadpool_limits(1, "blas"):
        observed = Observed.of(axes, history, question.rng)
        features = Features(axes)
        maximiser = Maximiser(
            features=features,
            acquisition=acquisition(features, observed),
            seed=int(question.rng.integers(2**31)),
            fixed=axes.encode([question.fixed])[0],
        )
        best = np.argsort(observed.targets, kind="stable")[:_N_INCUMBENTS]
        return axes.decode(maximiser.maximise(observed.scored[best], observed.seen))


def acquisition(features: Features, observed: Observed) -> Acquisition:
    """What configurations promise after what was observed.

    Trials that run count as if they had come out as expected (the constant liar of Ginsbourger et
    al., 2010, "Kriging is well-suited to parallelize optimization"), so that other workers do not
    try the same.
    """
    process, best = None, 0.0
    if len(observed.scored):
        scored = features.of(observed.scored)
        fitted = fit(scored, observed.targets, features.columns, Prior(len(features.columns)))
        best = float(fitted.predict(scored)[0].min())
        process = fitted.with_fantasies(features.of(observed.running))
    return Acquisition(process, best, feasibility(features, observed))
