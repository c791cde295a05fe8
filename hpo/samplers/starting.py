"""Points spread evenly over a space (Sobol, 1967), for sobol search and the start of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hpo.space.axes import Axes


def spread(axes: Axes, n: int, seed: int, *, skip: int = 0) -> np.ndarray:
    """Codes of points of a scrambled Sobol sequence.

    Args:
        axes: The axes.
        n: How many points.
        seed: Seed of the scrambling (Owen, 1998).
        skip: How many points of the sequence come before them.

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
