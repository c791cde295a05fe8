"""Loads a task's data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hpo.errors import HPOError, one_line
from hpo.task import Data

if TYPE_CHECKING:
    import os

    from hpo.task import Task


def load_data(task: Task, data_dir: str | os.PathLike[str] | None) -> Data:
    """Load all of a task's data.

    Args:
        task: The task.
        data_dir: Folder with data sets, or None.

    Raises:
        HPOError: The task cannot load it, with the error of the task's own code in one line.
    """
    try:
        data = task.load(Path(data_dir) if data_dir else None)
    except HPOError:
        raise
    except (Exception, SystemExit) as error:
        raise HPOError(
            f"task {task.name!r}: its data cannot be loaded: {one_line(error)}"
        ) from error
    if not isinstance(data, Data):
        raise HPOError(
            f"task {task.name!r}: load(data_dir) must return hpo.Data. "
            f"Received: {type(data).__name__}"
        )
    return data
