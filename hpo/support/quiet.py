"""Keeps the messages of TensorFlow and its libraries off the terminal."""

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
    """Import Keras and its backend without the lines that their C++ code writes to standard error.

    From then on TensorFlow's warnings are hidden, but not its errors. If the import fails, the
    lines that it printed are shown.

    Raises:
        HPOError: The import fails.
    """
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # It warns of predicting with several models in turn, which hpo does on purpose.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    try:
        with _stderr_hidden():
            import keras

            keras.backend.backend()
    except Exception as error:
        raise HPOError(f"Keras cannot be imported: {one_line(error)}") from error


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
