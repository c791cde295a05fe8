"""How many threads an operation may use: small ones lose more than they gain by sharing work."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hpo.errors import UsageError

if TYPE_CHECKING:
    from hpo.task import Data

# The environment variable with the number of threads that a worker may use.
THREADS = "HPO_THREADS"

# Measured on two cores: a step of a network with three layers of 64 units on batches of 16 takes
# half as long with one thread as with two (TF_NUM_INTRAOP_THREADS=1 python benchmarks/kfold.py).
SMALL_BYTES = 1 << 20


def use_few_for(data: Data) -> None:
    """Let operations use a single thread if the data is small.

    TensorFlow allows this only before its first operation; in a process that has used TensorFlow
    already, nothing changes. Nothing changes either if ``TF_NUM_INTRAOP_THREADS`` is set.

    Args:
        data: The data of the task that will be trained.

    Raises:
        UsageError: ``HPO_THREADS`` is not a number.
    """
    import keras

    threads = 1 if _is_small(data) else _share_of_worker()
    is_set = "TF_NUM_INTRAOP_THREADS" in os.environ
    if keras.backend.backend() != "tensorflow" or is_set or not threads:
        return
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(threads)


def _share_of_worker() -> int:
    """The number of threads that this worker may use; 0 if it is not limited."""
    text = os.environ.get(THREADS, "0")
    if not text.isdecimal():
        raise UsageError(f"{THREADS}={text}: expected a number of threads. Correct it or unset it.")
    return int(text)


def _is_small(data: Data) -> bool:
    arrays = data.x.values() if isinstance(data.x, Mapping) else [data.x]
    return all(
        array.dtype.kind in "biuf" and array.nbytes < SMALL_BYTES
        for array in map(np.asarray, arrays)
    )
