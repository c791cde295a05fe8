"""CMA-ES: evolution of a normal distribution (Hansen, 2016, "The CMA evolution strategy").

Optuna's CMA-ES keeps its state in the study as a pickle, but a study may come from somebody else,
and unpickling can run any code. Here every ask computes the state from the study's trials, one
generation after the other, which takes milliseconds. So nothing has to be stored, and no package
is needed.

Numbers evolve together. Categories have probabilities that move toward those of the better half of
each generation, as in Hamano et al. (2024), "CatCMA". A trial says nothing about a parameter that
did not apply to it. Configurations that failed are the worst of their generation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hpo.samplers.evolution import Strategy
from hpo.samplers.joint import JointSampler

if TYPE_CHECKING:
    from datetime import datetime

    from hpo.samplers.history import History
    from hpo.samplers.joint import Question
    from hpo.space.axes import Axes


def make(seed: int) -> JointSampler:
    """Make the sampler with a seed."""
    return JointSampler(choose, seed)


def choose(question: Question) -> dict[str, Any]:
    """Draw a configuration from the distribution that has evolved from the study's trials."""
    axes = question.axes
    strategy = Strategy(axes)
    state = strategy.first()
    codes, rankings = _generations(axes, question.history, strategy.population)
    for generation, ranking in enumerate(rankings):
        rows = slice(generation * strategy.population, (generation + 1) * strategy.population)
        # Each generation has its own random numbers, so that all asks compute the same state.
        rng = np.random.default_rng([question.seed, generation])
        state = strategy.evolved(state, codes[rows][ranking], rng)
    return axes.decode(strategy.draw(state, question.rng))


def _generations(
    axes: Axes, history: History, population: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Codes of all trials in the order of their ends, and the ranking of each full generation.

    The order is by end, not by number, since a slow trial of a low number would shift all
    generations when it ends. A ranking has positions within its generation, best first.
    """
    pairs = list(zip(history.scored, history.scores, strict=True))
    pairs += [(trial, math.inf) for trial in history.failed]
    pairs = [pair for pair in pairs if axes.holds(pair[0].params)]
    pairs.sort(key=lambda pair: (cast("datetime", pair[0].datetime_complete), pair[0].number))
    codes = axes.encode([trial.params for trial, _ in pairs])
    scores = np.array([score for _, score in pairs])
    n_full = len(pairs) // population
    generations = scores[: n_full * population].reshape(n_full, population)
    return codes, [np.argsort(generation, kind="stable") for generation in generations]
