"""Seeds everything random that a model may draw from."""

from __future__ import annotations

import random
import sys

import numpy as np


def set_seeds(seed: int) -> None:
    """Do what ``keras.utils.set_random_seed`` does, without importing TensorFlow for it.

    Args:
        seed: From 0 to 2**32 - 1.
    """
    import keras

    if keras.backend.backend() != "jax" or "tensorflow" in sys.modules:
        keras.utils.set_random_seed(seed)
        return
    from keras.src.backend.common import global_state

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (layers and plugins may draw from it)
    global_state.set_global_attribute("global_random_seed", seed)
    global_state.set_global_attribute("global_seed_generator", None)
