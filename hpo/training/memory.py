"""Keeps a worker's memory from growing from trial to trial."""

from __future__ import annotations

import contextlib
import gc
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def freed_after() -> Iterator[None]:
    """Free everything that Keras and TensorFlow keep of the models of the block.

    TensorFlow registers the gradient function of every operation with a custom gradient under a
    new name and keeps it until the process ends, and Keras's optimizers use one such operation in
    every step that is traced. The function refers to the graph it was traced in, so every training
    graph would stay in memory: 7 MB per trial for a network of two small layers. So what was
    registered in the block is removed again.
    """
    import keras

    policy = keras.config.dtype_policy()
    registry = _gradient_registry()
    before = set(registry)
    try:
        yield
    finally:
        for name in set(registry) - before:
            if name.startswith("CustomGradient-"):
                del registry[name]
        keras.backend.clear_session(free_memory=False)
        keras.config.set_dtype_policy(policy)  # clearing the session resets it
        gc.collect()
        if "jax" in sys.modules:
            # What was compiled for this model's shapes; the cache on disk has it still.
            sys.modules["jax"].clear_caches()


@contextlib.contextmanager
def settled() -> Iterator[None]:
    """Look for garbage only among objects that are created in the block.

    A garbage collection visits all objects, and those of TensorFlow and Keras alone would take a
    tenth of a second after every trial.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def resident_bytes(pid: int | None = None) -> int:
    """Memory that a process occupies now, without shared memory such as mapped files.

    Args:
        pid: The process; by default this one.

    Returns:
        Bytes. If the system does not say, the maximum so far for this process, and 0 for others.
        0 for a process that has ended.
    """
    statm = Path(f"/proc/{'self' if pid is None else pid}/statm")
    with contextlib.suppress(OSError):
        resident, shared = map(int, statm.read_text().split()[1:3])
        return (resident - shared) * resource.getpagesize()
    if pid is not None:
        return 0
    maximum = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return maximum if sys.platform == "darwin" else maximum * 1024


def _gradient_registry() -> dict[str, Any]:
    if "tensorflow" not in sys.modules:
        return {}
    from tensorflow.python.framework import ops

    registry: dict[str, Any] = getattr(getattr(ops, "gradient_registry", None), "_registry", {})
    return registry
