"""The task and the data of a study."""

from __future__ import annotations

import dataclasses
import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo.data.digests import fingerprint
from hpo.data.loading import load_data
from hpo.data.subset import take_part
from hpo.errors import HPOError, HPOWarning, UsageError
from hpo.plugins import IN_CODE, file_reference, load_task
from hpo.study.code import Code
from hpo.task import Data, Task

if TYPE_CHECKING:
    from hpo.study.settings import Settings
    from hpo.study.study import Study


@dataclass(frozen=True, eq=False)
class StudyData:
    """The task and the data of a study.

    Attributes:
        task: The task.
        whole: All of the task's data.
        searched: The training data that the study searches on, with the groups that stay in one
            fold, and the whole test set.
        fingerprint: A digest of all training samples and targets.
    """

    task: Task
    whole: Data
    searched: Data
    fingerprint: str

    def without_test(self) -> StudyData:
        """The same without the test set."""
        return dataclasses.replace(
            self, whole=self.whole.without_test(), searched=self.searched.without_test()
        )


def open_data(
    study: Study,
    task: Task | str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    *,
    for_scores: bool = False,
) -> StudyData:
    """Find the task of a study and load its data.

    Args:
        study: The study.
        task: Its task, or how to find it; see :func:`task_of_study`.
        data_dir: Folder of data sets; by default ``HPO_DATA_DIR``, else the one of the search.
        for_scores: Whether configurations are evaluated, whose scores must be comparable: changed
            code is then refused instead of warned about.

    Raises:
        UsageError: The task has to be given, it is another task, or the study searches on more
            samples than there are.
        HPOError: The task cannot load its data, or the study was begun with other data or code.
    """
    found = task_of_study(study.name, study.settings, task)
    reference = IN_CODE if isinstance(task, Task) else task or study.settings.task
    _compare_code(study, found, reference, refuse=for_scores)
    folder = data_dir or os.environ.get("HPO_DATA_DIR") or study.options.data_dir
    whole = load_data(found, folder)
    searched = searched_part(whole, study.settings, found)
    data = StudyData(found, whole, searched, fingerprint((whole.x, whole.y)))
    if study.has_begun:
        check_same_data(study, data)
    return data


def _compare_code(study: Study, task: Task, reference: str, *, refuse: bool) -> None:
    """Refuse, or warn of, code that is not what a study's trials were evaluated with."""
    earlier = study.code
    changes = Code.of(task, reference, earlier).changes_since(earlier) if earlier else []
    if not changes:
        return
    message = (
        f"study {study.name!r}: the code of its task has changed since its trials were evaluated: "
        f"{', '.join(changes)}. "
    )
    if refuse:
        raise HPOError(
            f"{message}Undo the change, or accept it: hpo run TASK --study {study.name} "
            "--code-changed keep"
        )
    warnings.warn(
        f"{message}Models that are built or trained again may differ from those of the search.",
        HPOWarning,
        stacklevel=4,
    )


def searched_part(whole: Data, settings: Settings, task: Task) -> Data:
    """The training data that a study searches on, with the groups that stay in one fold.

    All code that cuts the data of a study calls this first, so that all cuts agree.

    Args:
        whole: All of the task's data.
        settings: The study's settings.
        task: The study's task.

    Returns:
        The data, with the whole test set.

    Raises:
        UsageError: The part is larger than the data, or has no sample.
    """
    from hpo.data.duplicates import with_copies_grouped

    grouped = with_copies_grouped(whole) if settings.group_duplicates else whole
    return take_part(grouped, settings.train_size, settings.cv_for(task), settings.objective)


def check_same_data(study: Study, data: StudyData) -> None:
    """Refuse data other than the data that a study recorded.

    Raises:
        HPOError: The fingerprints differ.
    """
    recorded = study.facts.data.fingerprint if study.facts else None
    if recorded not in (None, data.fingerprint):
        raise HPOError(
            f"study {study.name!r} was searched on other data (fingerprint {recorded}, now "
            f"{data.fingerprint}). Name the folder of that data with --data-dir, or start another "
            "study with --study NAME."
        )


def task_of_study(study: str, settings: Settings, task: Task | str | None = None) -> Task:
    """Find the task that a study was searched with.

    A study may come from somebody else, so a plugin file that it names does not run until the user
    names the file, too.

    Args:
        study: The study's name.
        settings: Its settings.
        task: The task, or how to find it; by default as the settings say.

    Raises:
        UsageError: The task has to be given, or it is another task.
    """
    if task is None and settings.task == IN_CODE:
        raise UsageError(
            f"study {study!r} was searched with a Task in code. Pass it again, as in "
            f"hpo.ensemble({study!r}, task=task)"
        )
    if task is None and file_reference(settings.task) is not None:
        raise UsageError(
            f"study {study!r} was searched with a plugin file, which runs only if you name it: "
            f"--task {settings.task}"
        )
    found = task if isinstance(task, Task) else load_task(task or settings.task)
    if found.name != settings.task_name:
        raise UsageError(
            f"study {study!r} was searched with the task {settings.task_name!r}. Received: "
            f"{found.name!r}"
        )
    return found
