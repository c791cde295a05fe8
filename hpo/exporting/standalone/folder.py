"""Reads the files of this folder: nothing outside of it, and nothing that could run code."""

from __future__ import annotations

import functools
import json
import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's notes on its own settings

import keras
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


def _is_of_interest(record: logging.LogRecord) -> bool:
    return "tf.function retracing" not in record.getMessage()  # several models predict in turn


logging.getLogger("tensorflow").addFilter(_is_of_interest)

FOLDER = Path(__file__).resolve().parent
MAX_REASON_LENGTH = 300
"""Characters of an exception's text that a message repeats."""


class RefusedError(ValueError):
    """A file was changed or is damaged, or samples do not fit the models."""


def inside(name: Any) -> Path:
    """The path of a file in this folder.

    Raises:
        RefusedError: It leads out of the folder, possibly through a link, or does not exist.
    """
    path = (FOLDER / str(name)).resolve()
    if Path(str(name)).is_absolute() or not path.is_relative_to(FOLDER):
        raise RefusedError(
            f"{name!r} leads out of the folder {FOLDER}. Somebody changed this export."
        )
    if not path.is_file():
        raise RefusedError(f"{name!r} is missing from {FOLDER}. Copy the whole folder.")
    return path


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn whatever goes wrong into one line.

    Args:
        what: What was done in vain, for the message.

    Raises:
        RefusedError: The block raised an exception. Damaged files raise almost any.
    """
    try:
        yield
    except RefusedError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        if len(reason) > MAX_REASON_LENGTH:  # some begin with the reason, some end with it
            half = MAX_REASON_LENGTH // 2
            reason = f"{reason[:half]} ... {reason[-half:]}"
        raise RefusedError(f"{what}: {type(error).__name__}: {reason}".rstrip(": ")) from error


@functools.cache
def read_json(name: str) -> Any:
    """The content of a JSON file."""
    with refusing(f"{name} cannot be read"):
        text = inside(name).read_text(encoding="utf-8")
        return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


@functools.cache
def read_arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` file of this folder; arrays of objects are refused."""
    return load_arrays(inside(name))


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of any ``.npz`` file; arrays of objects are refused rather than unpickled."""
    with refusing(f"{path} cannot be read"):
        if path.exists() and not path.is_file():
            raise RefusedError(f"{path} is not a file. Expected an .npz file.")
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
            return {key: np.asarray(archive[key]) for key in archive.files}


@functools.cache
def read_model(name: str) -> Any:
    """A model, loaded in safe mode: one that contains code (a Lambda layer) is refused."""
    with refusing(f"{name} cannot be loaded safely"):
        return keras.saving.load_model(inside(name), compile=False, safe_mode=True)
