"""A study's task and data, found again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hpo.data.digests import fingerprint
from hpo.data.loading import load_data
from hpo.data.subset import take_part
from hpo.errors import HPOError, UsageError
from hpo.plugins import IN_CODE, file_reference, load_task
from hpo.task import Data, Task

if TYPE_CHECKING:
    from hpo.study.settings import Settings
    from hpo.study.study import Study


def of_study(whole: Data, settings: Settings, task: Task) -> Data:
    """The training data as a study searches on it, with the groups that its folds keep together.

    Whoever cuts the data of a study calls this first, so that all cut alike.

    Args:
        whole: All of the task's data.
        settings: The study's settings.
        task: The study's task.

    Returns:
        The data; the test set stays whole.

    Raises:
        UsageError: The part is larger than the data, or has no sample.
    """
    from hpo.data.duplicates import with_copies_grouped

    grouped = with_copies_grouped(whole) if settings.group_duplicates else whole
    return take_part(grouped, settings.train_size, settings.cv_for(task))


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


def task_of_study(study: str, settings: Settings, given: Task | str | None = None) -> Task:
    """Find the task that a study was searched with.

    A study may come from somebody else, so code that it names by a path does not run for that:
    the user names the file again.

    Args:
        study: The study's name.
        settings: Its settings.
        given: The task, or how to find it; by default as the study says.

    Raises:
        UsageError: The task has to be given, or it is another one.
    """
    if given is None and settings.task == IN_CODE:
        raise UsageError(
            f"study {study!r} was searched with a Task given in code. Give it again: "
            f"hpo.ensemble({study!r}, task=task), and likewise hpo.confirm"
        )
    if given is None and file_reference(settings.task) is not None:
        raise UsageError(
            f"study {study!r} was searched with a plugin file, and such a file runs only when "
            f"you name it: --task {settings.task}"
        )
    found = load_task(given or settings.task) if not isinstance(given, Task) else given
    if found.name != settings.task_name:
        raise UsageError(
            f"study {study!r} is of the task {settings.task_name!r}. Received: {found.name!r}"
        )
    return found
