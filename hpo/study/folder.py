"""The folder of studies: creating, finding and opening them."""

from __future__ import annotations

import dataclasses
import os
import re
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hpo.errors import HPOError, UsageError, suggestion
from hpo.study.code import Code
from hpo.study.commands import runs_directory
from hpo.study.differences import EVERY_SETTING, differences
from hpo.study.keys import JOURNAL, SETTINGS
from hpo.study.study import Study
from hpo.study.workers import StudyWorkers
from hpo.support import formats

if TYPE_CHECKING:
    from collections.abc import Iterator

    import optuna

    from hpo.study.settings import Settings
    from hpo.task import Task

_IDENTITY = tuple(name for name in EVERY_SETTING if name != "task")
"""The settings that must not change. Where the task is found may change."""


@contextmanager
def opened_study(
    runs: Path,
    name: str,
    settings: Settings,
    task: Task | None = None,
    *,
    keep_code: bool = False,
    keep_backend: bool = False,
) -> Iterator[Study]:
    """Open a study for a run of it, or create it.

    A study without a single trial, because its first run was refused, is created again, unless
    another run uses it. So the study is in use from before this decision until the run ends.

    Args:
        runs: The folder that contains one folder per study.
        name: The study's name.
        settings: What must not change while the study exists, apart from the code.
        task: The task, whose code is compared; None if the code does not matter.
        keep_code: Whether a study whose trials were evaluated with other code continues.
        keep_backend: Whether an earlier study continues with its own backend, whatever the
            settings say.

    Yields:
        The study.

    Raises:
        UsageError: The name cannot be the name of a folder.
        HPOError: A study of this name has other settings, other code, or cannot be read.
    """
    directory = _directory(runs, name)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HPOError(f"{directory}: cannot be created ({error.strerror}).") from error
    workers = StudyWorkers(directory)
    with ExitStack() as stack:
        with workers.asking():
            storage = _storage(directory)
            study = _earlier_study(directory, storage, is_in_use=workers.is_in_use())
            if study is None:
                study = _new_study(directory, storage, settings)
            elif keep_backend:
                settings = dataclasses.replace(settings, backend=study.settings.backend)
            _check_same(study, settings)
            if task is not None:
                _check_code(study, task, settings.task, keep=keep_code)
            stack.enter_context(workers.in_use())
        yield study


def create_study(runs: Path, name: str, settings: Settings) -> Study:
    """Create a study, or open the one of this name if it has the same settings.

    Args:
        runs: The folder that contains one folder per study.
        name: The study's name.
        settings: What must not change while the study exists.

    Raises:
        UsageError: The name cannot be the name of a folder.
        HPOError: A study of this name has other settings, or cannot be read.
    """
    with opened_study(runs, name, settings) as study:
        return study


def load_study(name: str | os.PathLike[str], runs: str | os.PathLike[str] | None = None) -> Study:
    """Open a study.

    Args:
        name: Its name, or the path of its folder.
        runs: The folder of studies; by default ``HPO_RUNS``, or ``runs`` in this folder.

    Raises:
        UsageError: There is no such study.
        HPOError: It cannot be read.
    """
    directory = _find(os.fspath(name), runs_directory(runs))
    record = _record(directory, _storage(directory))
    if record is None:
        raise HPOError(
            f"{directory / JOURNAL}: does not contain a study of hpo. Search again, or delete the "
            "folder."
        )
    return Study(record, directory)


def list_studies(runs: str | os.PathLike[str] | None = None) -> list[str]:
    """Names of the studies in a folder, sorted."""
    return sorted(path.parent.name for path in runs_directory(runs).glob(f"*/{JOURNAL}"))


def _directory(runs: Path, name: str) -> Path:
    if not re.fullmatch(r"\w[\w. -]*", name):
        raise UsageError(
            f"study name {name!r} cannot be a folder's name. "
            "Use letters, digits, '_', '-', '.' and spaces: --study NAME."
        )
    return runs / name


def _find(name: str, runs: Path) -> Path:
    for directory in (runs / name, Path(name)):
        if (directory / JOURNAL).exists():
            return directory
    known = list_studies(runs)
    hint = suggestion(name, known) if known else "Make one first: hpo run TASK."
    raise UsageError(f"no study {name!r} in {runs}. {hint}")


def _storage(directory: Path) -> optuna.storages.BaseStorage:
    import optuna

    from hpo.study.journal import open_journal

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return open_journal(directory / JOURNAL)


def _record(directory: Path, storage: optuna.storages.BaseStorage) -> optuna.Study | None:
    """The study in a journal, whatever its name; None if there is none.

    Version 0.1.0 could add a second one, without trials, to a copied study; that is left out.
    """
    import optuna

    stored = storage.get_all_studies()
    if len(stored) > 1:
        waiting = optuna.trial.TrialState.WAITING
        stored = [
            one
            for one in stored
            if any(trial.state != waiting for trial in storage.get_all_trials(one._study_id))  # noqa: SLF001
        ]
        if len(stored) != 1:
            raise HPOError(
                f"{directory / JOURNAL}: holds several Optuna studies, expected one. Restore the "
                "file from a copy, or start another study with --study NAME."
            )
    if not stored:
        return None
    return optuna.load_study(study_name=stored[0].study_name, storage=storage)


def _earlier_study(
    directory: Path, storage: optuna.storages.BaseStorage, *, is_in_use: bool
) -> Study | None:
    """The study in a folder, unless it was never begun and may therefore be created again."""
    import optuna

    record = _record(directory, storage)
    if record is None:
        return None
    study = Study(record, directory)
    if SETTINGS not in record.user_attrs:
        _check_empty(record, directory)
    elif study.has_begun or is_in_use:
        return study
    else:
        _ = study.settings  # only a study of hpo's is deleted, not one that merely looks like it
    optuna.delete_study(study_name=record.study_name, storage=storage)
    return None


def _check_empty(record: optuna.Study, directory: Path) -> None:
    """Refuse somebody else's study; an empty one is what a killed run of hpo left."""
    n_trials = len(record.trials)
    if n_trials or record.user_attrs or record.study_name != directory.name:
        raise HPOError(
            f"{directory / JOURNAL}: holds an Optuna study that hpo did not make: "
            f"{record.study_name!r}, {formats.count(n_trials, 'trial')}. Choose another name with "
            "--study NAME, or move the folder away."
        )


def _new_study(directory: Path, storage: optuna.storages.BaseStorage, settings: Settings) -> Study:
    import optuna

    record = optuna.create_study(
        study_name=directory.name, storage=storage, direction=settings.direction
    )
    study = Study(record, directory)
    study.settings = settings
    return study


def _check_same(study: Study, settings: Settings) -> None:
    """Refuse other settings; where the task is found may have changed, and is recorded."""
    earlier = study.settings
    changes = differences(settings, earlier, _IDENTITY)
    if changes:
        raise HPOError(
            f"study {study.name!r} in {study.directory.parent} continues only with the settings it "
            f"was begun with; now {'; '.join(changes)}. Start another study with --study NAME."
        )
    if settings.task != earlier.task:
        study.settings = dataclasses.replace(earlier, task=settings.task)


def _check_code(study: Study, task: Task, reference: str, *, keep: bool) -> None:
    """Record the code of a study's task, or refuse a study whose trials had other code."""
    earlier = study.code
    code = Code.of(task, reference, earlier)
    has_scores = bool(study.ranking)  # else there is nothing that the new code mixes with
    changes = code.changes_since(earlier) if earlier and has_scores else []
    if changes and not keep:
        raise HPOError(
            f"study {study.name!r} in {study.directory.parent}: the code of its task has changed "
            f"since its trials were evaluated: {', '.join(changes)}. Start another study with "
            "--study NAME, or continue this one with --code-changed keep, which ranks trials of "
            "the old and the new code together."
        )
    if changes:
        study.accept_code(code, changes)
    elif code != earlier:  # it had none, or its files have other names
        study.code = code
