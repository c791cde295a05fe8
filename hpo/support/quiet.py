"""Keeps the messages of TensorFlow and its libraries off the terminal."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hpo.errors import HPOError, one_line
from hpo.support import backends, compilation_cache

if TYPE_CHECKING:
    from collections.abc import Iterator


def import_keras(backend: str | None = None) -> None:
    """Import Keras and its backend without the lines that their C++ code writes to standard error.

    From then on TensorFlow's warnings are hidden, but not its errors. If the import fails, the
    lines that it printed are shown.

    Args:
        backend: Keras's backend; by default the one it would choose itself.

    Raises:
        UsageError: The backend is not installed, or another one already runs in this process.
        HPOError: The import fails.
    """
    if backend is not None:
        backends.check(backend)
        os.environ[backends.VARIABLE] = backend
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # It warns of predicting with several models in turn, which hpo does on purpose.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        with _stderr_hidden(), _only_its_backend():
            import keras

            if keras.backend.backend() == "jax":
                compilation_cache.enable()
            elif keras.backend.backend() == "tensorflow":
                _find_devices()
    except Exception as error:
        raise HPOError(f"Keras cannot be imported: {one_line(error)}") from error


def _find_devices() -> None:
    """Have TensorFlow look for GPUs, which prints an error where drivers find none."""
    import tensorflow as tf

    tf.config.list_physical_devices()


@contextmanager
def _only_its_backend() -> Iterator[None]:
    """TensorFlow imports JAX where it is installed, which nothing here needs: 0.7 s, 110 MB."""
    if backends.default() != "tensorflow" or "jax" in sys.modules:
        yield
        return
    sys.modules["jax"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["jax"]


@contextmanager
def _stderr_hidden() -> Iterator[None]:
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        except BaseException:
            hidden.seek(0)
            os.write(terminal, hidden.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
