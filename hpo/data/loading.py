"""Loads a task's data."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hpo.data.digests import fingerprint
from hpo.data.types import settled
from hpo.errors import HPOError, located
from hpo.task import Data

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from hpo.task import Task

_OTHER_SEED = 0xDA7A


def load_data(task: Task, data_dir: str | os.PathLike[str] | None) -> Data:
    """Load all of a task's data.

    Args:
        task: The task.
        data_dir: Folder with data sets, or None.

    Raises:
        HPOError: The task cannot load it, with the error of the task's own code in one line, or
            its arrays hold what cannot be learned from.
    """
    try:
        data = task.load(Path(data_dir) if data_dir else None)
    except HPOError:
        raise
    except (Exception, SystemExit) as error:
        raise HPOError(
            f"task {task.name!r}: its data cannot be loaded: {located(error)}"
        ) from error
    if not isinstance(data, Data):
        raise HPOError(
            f"task {task.name!r}: load(data_dir) must return hpo.Data. "
            f"Received: {type(data).__name__}"
        )
    return settled(task, data)


def is_same_again(data: Data, load_again: Callable[[], Data]) -> bool:
    """Whether a second call of ``load`` gives the same training data.

    It is called with other states of Python's and NumPy's global random generators, as another
    process may have them; both are put back.

    Args:
        data: What the first call gave.
        load_again: Calls it again.
    """
    state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    random.seed(_OTHER_SEED)
    np.random.seed(_OTHER_SEED)  # noqa: NPY002
    try:
        return _content(load_again()) == _content(data)
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)  # noqa: NPY002


def _content(data: Data) -> str:
    """A digest of all that a search sees of the data."""
    settings = (data.sample_weight, data.groups, data.folds)
    return fingerprint((data.x, data.y, *(part for part in settings if part is not None)))
