"""The commands that messages tell a user to run on a study, as a shell takes them from here."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from hpo.plugins import file_reference

_RUN_THE_TASK = ("confirm", "ensemble", "export", "predict")
"""The commands that need the task's code; a plugin file runs only where its user names it."""


def runs_directory(runs: str | os.PathLike[str] | None = None) -> Path:
    """The folder of studies: the one given, ``HPO_RUNS``, or ``runs`` in this folder."""
    return Path(runs or os.environ.get("HPO_RUNS") or "runs")


def command(directory: Path, name: str, *words: str, task: str = "") -> str:
    """A command on a study.

    Args:
        directory: The study's folder.
        name: The command, such as ``"ensemble"``.
        words: What follows the study's name.
        task: How the study finds its task, if that is known.
    """
    runs = directory.parent
    where = [] if runs == runs_directory() else ["--runs", str(runs)]
    file = name in _RUN_THE_TASK and file_reference(task) is not None
    return shlex.join(["hpo", name, directory.name, *words, *where, *(["--task", task] * file)])
