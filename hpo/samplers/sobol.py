"""A Sobol sequence over the whole space (Sobol, 1967), scrambled (Owen, 1998).

Optuna's own draws conditional parameters at random, and needs the one sampler to be kept. Here
the study's seed and the number of trials say which point of the sequence is next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.samplers.joint import JointSampler
from hpo.samplers.starting import spread

if TYPE_CHECKING:
    from hpo.samplers.joint import Question


def make(seed: int) -> JointSampler:
    """Make the sampler, with a seed of its own."""
    return JointSampler(choose, seed)


def choose(question: Question) -> dict[str, Any]:
    """Choose the next point of the sequence."""
    point = spread(question.axes, 1, question.seed, skip=question.history.begun)
    return question.axes.decode(point[0])
