import numpy as np

from hpo import Data


def samples(n=40, **more):
    """A regression of n samples."""
    return Data(x=np.arange(2.0 * n).reshape(n, 2), y=np.linspace(0, 1, n), **more)


GROUPS = np.repeat(np.arange(10), 4)
