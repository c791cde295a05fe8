"""Keeps what TensorFlow and its libraries have to say away from the terminal."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hpo.errors import HPOError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator


def import_keras() -> None:
    """Import Keras and its backend without the lines their C++ code writes to standard error.

    TensorFlow's warnings are left out from then on; its errors are not.

    What an import that fails has printed is shown.

    Raises:
        HPOError: It fails.
    """
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Predicting with one model after the other is no mistake that wants a warning.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        with _stderr_held_back():
            import keras

            keras.backend.backend()
    except Exception as error:
        raise HPOError(f"Keras cannot be imported: {one_line(error)}") from error


@contextmanager
def _stderr_held_back() -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
