"""The commands that messages tell a user to run on a study, as a shell takes them from here."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from hpo.errors import HPOError
from hpo.plugins import file_reference
from hpo.study.keys import LINK
from hpo.support import files
from hpo.support.types import fits

_RUN_THE_TASK = ("confirm", "ensemble", "export", "predict")
"""The commands that need the task's code; a plugin file runs only where its user names it."""


def runs_directory(runs: str | os.PathLike[str] | None = None) -> Path:
    """The folder of studies: the one given, ``HPO_RUNS``, or ``runs`` in this folder."""
    return Path(runs or os.environ.get("HPO_RUNS") or "runs")


_chosen: str | None = None


def choose_storage(storage: str | None) -> None:
    """Use a database in this process where none is named, as a command does."""
    global _chosen  # noqa: PLW0603  (a command is a process)
    _chosen = storage


def storage_url(storage: str | None = None) -> str | None:
    """The database of studies: the one given, or ``HPO_STORAGE``; None if folders keep them."""
    return storage or _chosen or os.environ.get("HPO_STORAGE") or None


def linked(directory: Path) -> dict[str, str] | None:
    """What the folder of a study says of the database with its trials; None if it has a journal.

    Raises:
        HPOError: The file is damaged.
    """
    path = directory / LINK
    if not path.exists():
        return None
    link: dict[str, str] = files.read_json(path)
    if not fits(link, dict[str, str]) or not {"storage", "study", "id"} <= set(link):
        raise HPOError(f"{path}: is damaged. Restore it from a copy.")
    return link


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
    link = None if os.environ.get("HPO_STORAGE") else linked(directory)
    if link is not None:
        where += ["--storage", link["storage"]]
    file = name in _RUN_THE_TASK and file_reference(task) is not None
    return shlex.join(["hpo", name, directory.name, *words, *where, *(["--task", task] * file)])
