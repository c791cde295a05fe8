"""The task and the data of a study."""

from __future__ import annotations

import dataclasses
import os
import shlex
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from hpo.data.digests import fingerprint
from hpo.data.loading import is_same_again, load_data
from hpo.data.subset import take_part
from hpo.errors import HPOError, HPOWarning, UsageError
from hpo.plugins import IN_CODE, file_reference, load_task, load_task_afresh
from hpo.study.code import Code
from hpo.study.facts import DataFacts
from hpo.task import Data, Task

if TYPE_CHECKING:
    from hpo.options import Options
    from hpo.study.facts import Facts
    from hpo.study.settings import Settings


MAX_SECONDS_TO_LOAD_AGAIN = 20.0
MAX_BYTES_TO_LOAD_AGAIN = 1 << 30


class Opened(Protocol):
    """What has to be known of a study to load its data: a Study, or what a worker is told."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def settings(self) -> Settings:
        """What must not change while it exists."""

    @property
    def options(self) -> Options:
        """How it is searched."""

    @property
    def code(self) -> Code | None:
        """The task's code as it was accepted last."""

    @property
    def facts(self) -> Facts | None:
        """What is recorded of its data."""

    @property
    def has_begun(self) -> bool:
        """Whether a trial was ever begun."""


@dataclass(frozen=True)
class DataSource:
    """Where a study's data was loaded from.

    Attributes:
        reference: How the task was found; see :func:`hpo.plugins.load_task`.
        folder: The folder with data sets, "" if none was named.
        seconds: How long loading took.
    """

    reference: str
    folder: str
    seconds: float


@dataclass(frozen=True, eq=False)
class StudyData:
    """The task and the data of a study.

    Attributes:
        task: The task.
        whole: All of the task's data.
        searched: The training data that the study searches on, with the groups that stay in one
            fold, and the whole test set.
        fingerprint: A digest of all training samples and targets.
        source: Where it was loaded from.
    """

    task: Task
    whole: Data
    searched: Data
    fingerprint: str
    source: DataSource

    def without_test(self) -> StudyData:
        """The same without the test set."""
        return dataclasses.replace(
            self, whole=self.whole.without_test(), searched=self.searched.without_test()
        )


def open_data(
    study: Opened,
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
    loaded = task_of_study(study.name, study.settings, task)
    reference = IN_CODE if isinstance(task, Task) else task or study.settings.task
    _compare_code(study, loaded, reference, refuse=for_scores)
    folder = data_dir or os.environ.get("HPO_DATA_DIR") or study.options.data_dir
    began = time.monotonic()
    whole = load_data(loaded, folder)
    source = DataSource(reference, str(folder or ""), time.monotonic() - began)
    searched = searched_part(whole, study.settings, loaded)
    data = StudyData(loaded, whole, searched, fingerprint((whole.x, whole.y)), source)
    if study.has_begun:
        check_same_data(study, data)
    return data


def _compare_code(study: Opened, task: Task, reference: str, *, refuse: bool) -> None:
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
            f"{message}Undo the change, or accept it: hpo run TASK --study "
            f"{shlex.quote(study.name)} "
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


def check_repeatable(data: StudyData) -> None:
    """Refuse a task whose ``load`` gives other data when it is called again.

    Where loading takes long or much memory, it is not; the data of workers is compared then.

    Raises:
        HPOError: It gives other data.
    """
    if (
        data.source.seconds > MAX_SECONDS_TO_LOAD_AGAIN
        or _size(data.whole) > MAX_BYTES_TO_LOAD_AGAIN
    ):
        return
    try:
        is_same = is_same_again(data.whole, lambda: _load_again(data))
    except HPOError:  # it works only once in a process, which is enough
        return
    if not is_same:
        raise HPOError(
            f"task {data.task.name!r}: `load` must give the same data every time, but a second "
            "call gave other data. Give its random choices a seed inside `load`, for example "
            "train_test_split(..., random_state=0) or numpy.random.default_rng(0)."
        )


def _load_again(data: StudyData) -> Data:
    source = data.source
    task = data.task if source.reference == IN_CODE else load_task_afresh(source.reference)
    return load_data(task, source.folder or None)


def _size(data: Data) -> int:
    parts = (data.x, data.y, data.x_test, data.y_test)
    arrays = (part.values() if isinstance(part, Mapping) else [part] for part in parts)
    return sum(getattr(array, "nbytes", 0) for part in arrays for array in part)


def check_same_data(study: Opened, data: StudyData) -> None:
    """Refuse data other than the data that a study recorded.

    Raises:
        HPOError: It is other data, or ``load`` gives other data every time.
    """
    recorded = study.facts.data if study.facts else DataFacts()
    if recorded.fingerprint in (None, data.fingerprint):
        return
    check_repeatable(data)
    message = (
        f"study {study.name!r} was searched on other data (fingerprint {recorded.fingerprint}, now "
        f"{data.fingerprint}). "
    )
    if recorded.folder == data.source.folder:
        raise HPOError(
            f"{message}Either the data has changed: start another study with --study NAME. Or "
            "`load` does not give the same data every time: give its random choices a seed, and "
            "sort what it takes from a set."
        )
    raise HPOError(
        f"{message}Name the folder of that data with --data-dir, or start another study with "
        "--study NAME."
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
            f"study {study!r} was searched with a Task in code. Pass it again: task=task in a "
            "call, --task FILE on the command line"
        )
    if task is None and file_reference(settings.task) is not None:
        raise UsageError(
            f"study {study!r} was searched with a plugin file, which runs only if you name it: "
            f"--task {shlex.quote(settings.task)}"
        )
    loaded = task if isinstance(task, Task) else load_task(task or settings.task)
    if loaded.name != settings.task_name:
        raise UsageError(
            f"study {study!r} was searched with the task {settings.task_name!r}. Received: "
            f"{loaded.name!r}"
        )
    return loaded
