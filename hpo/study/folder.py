"""The folder of studies: making, finding and opening them."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from hpo.errors import HPOError, UsageError, suggestion
from hpo.study.differences import differences
from hpo.study.keys import JOURNAL, SETTINGS
from hpo.study.study import Study

if TYPE_CHECKING:
    import optuna

    from hpo.study.settings import Settings


def create_study(runs: Path, name: str, settings: Settings) -> Study:
    """Make a study, or open the one of this name if it has the same settings.

    One of which no trial was ever begun, since its first run was refused, is made anew, unless
    another run is about to begin one.

    Args:
        runs: The folder that holds one folder per study.
        name: The study's name.
        settings: What makes the study the study it is.

    Raises:
        UsageError: The name cannot be a folder's.
        HPOError: A study of this name has other settings, or cannot be read.
    """
    import optuna

    directory = _directory(runs, name)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HPOError(f"{directory}: cannot be made ({error.strerror}).") from error
    storage = _storage(directory)

    def make() -> optuna.Study:
        return optuna.create_study(
            study_name=name, storage=storage, direction=settings.direction, load_if_exists=True
        )

    record = make()
    study = Study(record, directory)
    with study.workers.asking():
        if SETTINGS in record.user_attrs and (study.has_begun or study.workers.is_in_use()):
            _check_same(study, settings)
            return study
        if record.user_attrs:
            optuna.delete_study(study_name=name, storage=storage)
            record = make()
        record.set_user_attr(SETTINGS, dataclasses.asdict(settings))
    return Study(record, directory)


def load_study(name: str | os.PathLike[str], runs: str | os.PathLike[str] | None = None) -> Study:
    """Open a study.

    Args:
        name: Its name, or the path of its folder.
        runs: The folder of studies; by default ``HPO_RUNS``, or ``runs`` in this folder.

    Raises:
        UsageError: There is no such study.
        HPOError: It cannot be read.
    """
    import optuna

    directory = _find(os.fspath(name), runs_directory(runs))
    try:
        record = optuna.load_study(study_name=None, storage=_storage(directory))
    except ValueError as error:
        raise HPOError(
            f"{directory / JOURNAL}: holds no study of hpo's. Run it anew, or delete the folder."
        ) from error
    return Study(record, directory)


def list_studies(runs: str | os.PathLike[str] | None = None) -> list[str]:
    """Names of the studies in a folder, sorted."""
    return sorted(path.parent.name for path in runs_directory(runs).glob(f"*/{JOURNAL}"))


def runs_directory(runs: str | os.PathLike[str] | None = None) -> Path:
    """The folder of studies: the one given, ``HPO_RUNS``, or ``runs`` in this folder."""
    return Path(runs or os.environ.get("HPO_RUNS") or "runs")


def _directory(runs: Path, name: str) -> Path:
    if not re.fullmatch(r"\w[\w. -]*", name):
        raise UsageError(
            f"study name {name!r} cannot be a folder's name. "
            "Use letters, digits, '_', '-', '.' and spaces: --study NAME."
        )
    return runs / name


def _find(name: str, runs: Path) -> Path:
    for directory in (runs / name, Path(name)):
        if (directory / JOURNAL).is_file():
            return directory
    known = list_studies(runs)
    hint = suggestion(name, known) if known else "Make one first: hpo run TASK."
    raise UsageError(f"no study {name!r} in {runs}. {hint}")


def _storage(directory: Path) -> optuna.storages.BaseStorage:
    import optuna

    from hpo.study.journal import open_journal

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return open_journal(directory / JOURNAL)


def _check_same(study: Study, settings: Settings) -> None:
    changes = differences(settings, study.settings)
    if changes:
        raise HPOError(
            f"study {study.name!r} in {study.directory.parent} continues only with the settings it "
            f"was begun with; now {'; '.join(changes)}. Start another study with --study NAME."
        )
