"""A Sobol sequence over the whole space (Sobol, 1967), scrambled (Owen, 1998).

Optuna's own sampler draws conditional parameters at random, and one sampler object has to draw the
whole sequence. Here the study's seed and the number of trials determine the next point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.samplers.joint import JointSampler

if TYPE_CHECKING:
    from hpo.samplers.joint import Question
    from hpo.space.axes import Axes


def make(seed: int) -> JointSampler:
    """Make the sampler with a seed."""
    return JointSampler(choose, seed)


def choose(question: Question) -> dict[str, Any]:
    """Choose the next point of the sequence."""
    point = spread(question.axes, 1, question.seed, skip=question.history.begun)
    return question.axes.decode(point[0])


def spread(axes: Axes, n: int, seed: int, *, skip: int = 0) -> np.ndarray:
    """Codes of points of a scrambled Sobol sequence.

    Args:
        axes: The axes of the search.
        n: Number of points.
        seed: Seed of the scrambling (Owen, 1998).
        skip: Number of points at the beginning of the sequence to leave out.

    Returns:
        Shape (n, n_axes).
    """
    from scipy.stats.qmc import Sobol

    width = len(axes.searched)
    if width == 0:
        return np.zeros((n, len(axes)))
    sequence = Sobol(width, scramble=True, seed=np.random.default_rng(seed))
    # Powers of two keep the sequence balanced.
    unit = sequence.random_base2((skip + n - 1).bit_length())[skip : skip + n]
    return axes.from_unit(np.minimum(unit, np.nextafter(1.0, 0.0)))
