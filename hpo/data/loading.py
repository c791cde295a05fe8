"""A task's data, loaded for a search or an ensemble."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hpo.data.digests import fingerprint
from hpo.errors import HPOError, one_line
from hpo.task import Data

if TYPE_CHECKING:
    from hpo.study import Study
    from hpo.task import Task


def load_data(task: Task, data_dir: str | os.PathLike[str] | None) -> Data:
    """Load all of a task's data.

    Args:
        task: The task.
        data_dir: Folder with data sets, or None.

    Raises:
        HPOError: The task cannot load it; whatever its own code raised, in one line.
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


def load_data_of(study: Study, task: Task, data_dir: str | os.PathLike[str] | None) -> Data:
    """Load all of the data of which a study searched the whole or a part.

    Args:
        study: A study with facts.
        task: Its task.
        data_dir: Folder with data sets; by default ``HPO_DATA_DIR``, or that of the search.

    Raises:
        HPOError: The task cannot load it, or it is other data than the study's.
    """
    named = data_dir or os.environ.get("HPO_DATA_DIR") or study.options.data_dir
    data = load_data(task, named)
    found, recorded = fingerprint((data.x, data.y)), study.facts["data"]["fingerprint"]
    if found != recorded:
        raise HPOError(
            f"study {study.name!r} was searched on other data (fingerprint {recorded}, now "
            f"{found}). Give the folder of that data with --data-dir."
        )
    return data
