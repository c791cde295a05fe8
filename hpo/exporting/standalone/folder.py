"""Reads the files of this folder: nothing outside of it, and nothing that could run code."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

FOLDER = Path(__file__).resolve().parent


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


@functools.cache
def read_json(name: str) -> Any:
    """The content of a JSON file."""
    try:
        return json.loads(inside(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RefusedError(f"{name} cannot be read: {error}") from error


@functools.cache
def read_arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` file of this folder; arrays of objects are refused."""
    return load_arrays(inside(name))


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of any ``.npz`` file; arrays of objects are refused rather than unpickled."""
    try:
        with path.open("rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except Exception as error:  # a damaged archive raises almost anything
        raise RefusedError(f"{path} cannot be read: {error}") from error


@functools.cache
def read_model(name: str) -> Any:
    """A model, loaded in safe mode: one that contains code (a Lambda layer) is refused."""
    try:
        return keras.saving.load_model(inside(name), compile=False, safe_mode=True)
    except RefusedError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise RefusedError(f"{name} cannot be loaded safely: {reason}") from error
