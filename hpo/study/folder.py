"""The folder of studies: creating, finding and opening them."""

from __future__ import annotations

import dataclasses
import os
import re
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hpo.errors import HPOError, UsageError, suggestion
from hpo.study.artifacts import Artifacts
from hpo.study.code import Code
from hpo.study.commands import linked, runs_directory, storage_url
from hpo.study.differences import EVERY_SETTING, differences
from hpo.study.keys import ARTIFACTS, ID, JOURNAL, LINK, SETTINGS
from hpo.study.study import Study
from hpo.study.workers import DatabaseWorkers, StudyWorkers
from hpo.support import files, formats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import optuna

    from hpo.study.database import Database
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
    storage: str | None = None,
    artifacts: str | None = None,
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
        storage: The database that keeps its trials; by default ``HPO_STORAGE``, else a journal
            in the study's folder does.
        artifacts: Where the arrays and models of a study in a database are stored; by default
            the folder is, which all machines share.
        keep_code: Whether a study whose trials were evaluated with other code continues.
        keep_backend: Whether an earlier study continues with its own backend, whatever the
            settings say.

    Yields:
        The study.

    Raises:
        UsageError: The name cannot be the name of a folder.
        HPOError: A study of this name has other settings, other code, or cannot be read.
    """
    directory = _made(_directory(runs, name))
    database = _database_for(directory, storage_url(storage))
    workers = (
        StudyWorkers(directory)
        if database is None
        else DatabaseWorkers(directory, database, _name_of(directory))
    )
    with ExitStack() as stack:
        with workers.asking():
            record = _record(directory, database)
            study = _earlier_study(record, directory, database, is_in_use=workers.is_in_use())
            if study is None:
                study = _new_study(directory, settings, database, artifacts)
            _check_artifacts(study, artifacts)
            if keep_backend:
                settings = dataclasses.replace(settings, backend=study.settings.backend)
            _check_same(study, settings)
            if task is not None:
                _check_code(study, task, settings.task, keep=keep_code)
            stack.enter_context(workers.in_use())
        yield study


def create_study(runs: Path, name: str, settings: Settings, storage: str | None = None) -> Study:
    """Create a study, or open the one of this name if it has the same settings.

    Args:
        runs: The folder that contains one folder per study.
        name: The study's name.
        settings: What must not change while the study exists.
        storage: The database that keeps its trials; see :func:`opened_study`.

    Raises:
        UsageError: The name cannot be the name of a folder.
        HPOError: A study of this name has other settings, or cannot be read.
    """
    with opened_study(runs, name, settings, storage=storage) as study:
        return study


def load_study(
    name: str | os.PathLike[str],
    runs: str | os.PathLike[str] | None = None,
    storage: str | None = None,
) -> Study:
    """Open a study.

    Args:
        name: Its name, or the path of its folder.
        runs: The folder of studies; by default ``HPO_RUNS``, or ``runs`` in this folder.
        storage: The database with the trials of studies that were begun with one; by default
            ``HPO_STORAGE``.

    Raises:
        UsageError: There is no such study, or its database has to be given.
        HPOError: It cannot be read.
    """
    url = storage_url(storage)
    directory = _find(os.fspath(name), runs_directory(runs), url)
    database = None if (directory / JOURNAL).exists() else _database_for(directory, url)
    record = _record(directory, database)
    if record is None:
        place = directory / JOURNAL if database is None else database.name
        raise HPOError(
            f"{place}: does not contain a study of hpo. Search again, or delete the folder."
        )
    return Study(record, directory, database)


def list_studies(
    runs: str | os.PathLike[str] | None = None, storage: str | None = None
) -> list[str]:
    """Names of the studies that can be loaded, sorted.

    Args:
        runs: The folder of studies; by default ``HPO_RUNS``, or ``runs`` in this folder.
        storage: A database, whose studies with an object store need no folder here.
    """
    found = {path.name for path in runs_directory(runs).glob("*") if _is_study(path)}
    if storage is not None:
        stored = _open(storage).storage.get_all_studies()
        found |= {one.study_name for one in stored if ARTIFACTS in one.user_attrs}
    return sorted(found)


def last_changed(directory: Path) -> float:
    """When a study in a folder changed last, as far as its files say, in seconds."""
    times = [p.stat().st_mtime for name in (JOURNAL, LINK) if (p := directory / name).exists()]
    return max(times, default=0.0)


def _is_study(directory: Path) -> bool:
    return (directory / JOURNAL).exists() or (directory / LINK).exists()


def _directory(runs: Path, name: str) -> Path:
    if not re.fullmatch(r"\w[\w. -]*", name):
        raise UsageError(
            f"study name {name!r} cannot be a folder's name. "
            "Use letters, digits, '_', '-', '.' and spaces: --study NAME."
        )
    return runs / name


def _made(directory: Path) -> Path:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HPOError(f"{directory}: cannot be created ({error.strerror}).") from error
    return directory


def _find(name: str, runs: Path, url: str | None) -> Path:
    for directory in (runs / name, Path(name)):
        if _is_study(directory):
            return directory
    known = list_studies(runs)
    hint = suggestion(name, known) if known else "Make one first: hpo run TASK."
    record = None if url is None else existing_record(_open(url).storage, name)
    if url is not None and record is not None:
        if ARTIFACTS in record.user_attrs:
            directory = _directory(runs, name)
            _link_here(directory, record, _open(url))
            return directory
        raise UsageError(
            f"study {name!r} is in {_shown(url)}, but the folder with its arrays and models "
            f"is not here: {runs / name}. Name the folder of studies, which all machines must "
            "share: --runs DIR."
        )
    raise UsageError(f"no study {name!r} in {runs}. {hint}")


def _database_for(directory: Path, url: str | None) -> Database | None:
    """The database of the study in a folder, which may be new; None if it has a journal.

    A folder may come from somebody else, so its database is not connected to until it is named.
    """
    link = linked(directory)
    if url is None:
        if link is not None:
            raise UsageError(
                f"{directory}: the trials of this study are in a database. Add "
                f"--storage {link['storage']}, or set HPO_STORAGE."
            )
        return None
    if (directory / JOURNAL).exists():
        raise UsageError(
            f"{directory}: the trials of this study are in its own journal, not in "
            f"{_shown(url)}. Choose another name with --study NAME, or leave out --storage "
            "and unset HPO_STORAGE."
        )
    if link is not None and link["storage"] != _shown(url):
        raise UsageError(
            f"{directory}: the trials of this study are in {link['storage']}. Received: --storage "
            f"{_shown(url)}"
        )
    return _open(url)


def _open(url: str) -> Database:
    from hpo.study.database import open_database  # takes a moment to import

    _quiet_optuna("ERROR")  # a lost connection is dealt with
    return open_database(url)


def _shown(url: str) -> str:
    from hpo.study.database import public_name

    return public_name(url)


def new_link(url: str, name: str) -> dict[str, str]:
    """What the folder of a new study says of the database with its trials.

    Args:
        url: The database.
        name: The study's name in it.
    """
    return {"storage": _shown(url), "study": name, "id": uuid.uuid4().hex}


def open_storage(directory: Path, url: str | None) -> optuna.storages.BaseStorage:
    """Optuna's storage in a database, or by default that of the journal in a folder."""
    return _journal(directory) if url is None else _open(url).storage


def existing_record(storage: optuna.storages.BaseStorage, name: str) -> optuna.Study | None:
    """The study of a name in a storage, or None."""
    import optuna

    try:
        return optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        return None


def _name_of(directory: Path) -> str:
    """The name in its storage of the study in a folder, which may have been renamed."""
    link = linked(directory)
    return link["study"] if link else directory.name


def _record(directory: Path, database: Database | None) -> optuna.Study | None:
    """The study of a folder in its storage, or None."""
    if database is None:
        return _record_of_journal(directory, _journal(directory))
    record = existing_record(database.storage, _name_of(directory))
    _check_link(directory, record, database)
    return record


def _link_here(directory: Path, record: optuna.Study, database: Database) -> None:
    """Make the folder on this machine of a study whose arrays and models are stored elsewhere."""
    link = {"storage": database.name, "study": record.study_name, "id": record.user_attrs[ID]}
    files.write_json(directory / LINK, link)


def _check_link(directory: Path, record: optuna.Study | None, database: Database) -> None:
    """Refuse the folder of another study than the one in the database."""
    link = linked(directory)
    if link is None:
        if record is None or ID not in record.user_attrs:
            return
        if ARTIFACTS in record.user_attrs:
            _link_here(directory, record, database)
            return
        raise UsageError(
            f"study {record.study_name!r} exists in the database, but {directory} does not hold "
            "its files. Name the folder of studies that its machines share with --runs DIR, or "
            "choose another name with --study NAME."
        )
    if record is None and not (directory / "trials").exists():
        return
    if record is None or record.user_attrs.get(ID, link["id"]) != link["id"]:
        raise HPOError(
            f"{directory} holds the files of a study {link['study']!r} that is not in the "
            f"database {link['storage']} any more. Choose another name with --study NAME, or move "
            "the folder away."
        )


def _quiet_optuna(level: str = "WARNING") -> None:
    import optuna

    optuna.logging.set_verbosity(getattr(optuna.logging, level))


def _journal(directory: Path) -> optuna.storages.BaseStorage:
    from hpo.study.journal import open_journal

    _quiet_optuna()
    return open_journal(directory / JOURNAL)


def _record_of_journal(
    directory: Path, storage: optuna.storages.BaseStorage
) -> optuna.Study | None:
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
    record: optuna.Study | None, directory: Path, database: Database | None, *, is_in_use: bool
) -> Study | None:
    """A study, unless it was never begun and may therefore be created again."""
    import optuna

    if record is None:
        return None
    study = Study(record, directory, database)
    if SETTINGS not in record.user_attrs:
        _check_empty(record, study)
    elif study.has_begun or is_in_use:
        return study
    else:
        _ = study.settings  # only a study of hpo's is deleted, not one that merely looks like it
    optuna.delete_study(study_name=record.study_name, storage=study.storage)
    return None


def _check_empty(record: optuna.Study, study: Study) -> None:
    """Refuse somebody else's study; an empty one is what a killed run of hpo left."""
    n_trials = len(record.trials)
    if n_trials or record.user_attrs or record.study_name != study.directory.name:
        raise HPOError(
            f"{study.place}: holds an Optuna study that hpo did not make: "
            f"{record.study_name!r}, {formats.count(n_trials, 'trial')}. Choose another name with "
            "--study NAME, or move the folder away."
        )


def _new_study(
    directory: Path, settings: Settings, database: Database | None, artifacts: str | None
) -> Study:
    import optuna

    if artifacts is not None and database is None:
        raise UsageError(
            "--artifacts needs a database, which says where they are. Add --storage URL."
        )
    link = None if database is None else new_link(database.url, directory.name)
    if link is not None:
        files.write_json(directory / LINK, link)
    if link is not None and artifacts is not None:
        artifacts = stored_at(artifacts, link)
        try:
            Artifacts(artifacts, directory, patience=0).publish([directory / LINK])
        except HPOError:
            (directory / LINK).unlink()  # nothing is begun where nothing can be stored
            raise

    storage = _journal(directory) if database is None else database.storage
    record = optuna.create_study(
        study_name=directory.name, storage=storage, direction=settings.direction
    )
    if artifacts is not None:
        record.set_user_attr(ARTIFACTS, artifacts)
    study = Study(record, directory, database)
    study.settings = settings
    if link is not None:
        record.set_user_attr(ID, link["id"])  # last: without it, the study is not complete
    return study


def stored_at(url: str, link: Mapping[str, str]) -> str:
    """Where the files of a study are below the URL that its user names.

    Args:
        url: That URL.
        link: What the study's folder says of its database.
    """
    return f"{url.rstrip('/')}/{link['study']}-{link['id'][:8]}"


def _check_artifacts(study: Study, artifacts: str | None) -> None:
    """Refuse to store arrays and models elsewhere than those of earlier trials."""
    stored = study.attributes.get(ARTIFACTS)
    if artifacts is None or (stored and stored.rpartition("/")[0] == artifacts.rstrip("/")):
        return
    raise UsageError(
        f"study {study.name!r}: its arrays and models are in {stored or study.directory}. "
        f"Received: --artifacts {artifacts}. Leave it out, or choose another name with "
        "--study NAME."
    )


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
