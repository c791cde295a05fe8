"""Keras's backends: which are installed, which one a study takes, and which one runs here."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Literal, get_args

from hpo.errors import UsageError, suggestion

Backend = Literal["tensorflow", "jax", "torch"]
NAMES = get_args(Backend)

VARIABLE = "KERAS_BACKEND"
"""The environment variable that Keras reads when it is imported."""

_INSTALL = {
    "tensorflow": "pip install tensorflow",
    "jax": "pip install 'hpo-keras[jax]'",
    "torch": "pip install torch",
}


def check(name: str) -> None:
    """Refuse a backend that cannot be used in this process.

    Raises:
        UsageError: It does not exist, is not installed, or Keras runs on another one.
    """
    check_installed(name)
    running = in_use()
    if running not in (None, name):
        raise UsageError(
            f"backend {name}: Keras already uses {running} in this process. Set {VARIABLE}={name} "
            "before Keras is imported, or leave the evaluation to child processes."
        )


def check_installed(name: str) -> None:
    """Refuse a backend that does not exist or is not installed.

    Raises:
        UsageError: It cannot be imported.
    """
    if name not in NAMES:
        raise UsageError(f"no backend {name!r}. {suggestion(name, NAMES)}")
    if not is_installed(name):
        raise UsageError(f"backend {name} is not installed here. Install it: {_INSTALL[name]}")


def is_installed(name: str) -> bool:
    """Whether a backend can be imported, without importing it."""
    return importlib.util.find_spec(name) is not None


def usable(name: str | None) -> str | None:
    """A backend for models that run under any: this one, unless it cannot be used here.

    Args:
        name: The backend they were trained with, if it is known.

    Returns:
        The backend; None to leave the choice to Keras.
    """
    if name is None or name not in NAMES or not is_installed(name):
        return None
    return name if in_use() in (None, name) else None


def in_use() -> str | None:
    """The backend of this process; None as long as Keras is not imported."""
    keras = sys.modules.get("keras")
    return None if keras is None else str(keras.backend.backend())


def default(task_backend: str | None = None) -> str:
    """The backend of a new study for which none was asked.

    That of this process, if Keras is already imported; else ``KERAS_BACKEND``; else what the task
    asks for, if it is installed; else what Keras itself would choose.

    Args:
        task_backend: What the task asks for.
    """
    chosen = in_use() or os.environ.get(VARIABLE)
    if chosen:
        return chosen
    if task_backend and is_installed(task_backend):
        return task_backend
    return _of_keras()


def _of_keras() -> str:
    """The backend in Keras's own configuration file, or its default."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        settings = json.loads((home / "keras.json").read_text(encoding="utf-8"))
        name = settings.get("backend")
    except (OSError, ValueError, AttributeError):
        name = None
    return name if name in NAMES else "tensorflow"
