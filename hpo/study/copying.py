"""Copying a study from a folder into a database, and back."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hpo.errors import HPOError, UsageError
from hpo.study.artifacts import CACHED, Artifacts
from hpo.study.files import StudyFiles
from hpo.study.folder import existing_record, new_link, open_storage, stored_at
from hpo.study.keys import ARTIFACTS, ID, JOURNAL, LINK
from hpo.support import files

if TYPE_CHECKING:
    from collections.abc import Callable

    import optuna

    from hpo.study.study import Study

_NOT_COPIED = (JOURNAL, f"{JOURNAL}.lock", LINK, CACHED, "*.lock", "workers")


def copy_study(
    source: Study,
    runs: Path,
    storage: str | None = None,
    artifacts: str | None = None,
    on_trial: Callable[[int, int], None] = lambda _done, _of: None,
) -> Path:
    """Copy a study with its trials, arrays and models; numbers and times stay as they are.

    It is copied whole or not at all.

    Args:
        source: The study, which nobody may be searching.
        runs: The folder of studies that gets its files.
        storage: The database that gets its trials; by default a journal in the new folder does.
        artifacts: Where the arrays and models of a copy in a database are stored; by default the
            new folder is.
        on_trial: Called with how many of how many trials are copied.

    Returns:
        The folder of the copy.

    Raises:
        UsageError: There is such a study already, or the study is in use.
        HPOError: The copy cannot be written.
    """
    directory = runs / source.name
    if source.workers.is_in_use():
        raise UsageError(f"study {source.name!r} is being searched. Copy it when that has ended.")
    if directory.exists():
        raise UsageError(
            f"{directory} exists already. Name another folder of studies for the copy: --runs DIR."
        )
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".copy-", dir=runs) as temporary:
            made = Path(temporary) / source.name
            source.files.fetch_all()
            shutil.copytree(source.directory, made, ignore=shutil.ignore_patterns(*_NOT_COPIED))
            kept = open_storage(made, storage)
            record = _copied(source, kept, on_trial)
            if storage is not None:
                link = new_link(storage, record.study_name)
                files.write_json(made / LINK, link)
                if artifacts is not None:
                    stored = stored_at(artifacts, link)
                    StudyFiles(made, Artifacts(stored, made)).publish_all()
                    record.set_user_attr(ARTIFACTS, stored)
                record.set_user_attr(ID, link["id"])  # last: without it, the copy is not complete
            made.rename(directory)
    except OSError as error:
        raise HPOError(f"{directory}: cannot be written ({error.strerror}).") from error
    return directory


def _copied(
    source: Study, storage: optuna.storages.BaseStorage, on_trial: Callable[[int, int], None]
) -> optuna.Study:
    """A copy of the record of a study in another storage."""
    import optuna

    earlier = existing_record(storage, source.name)
    if earlier is not None:
        if ID in earlier.user_attrs:
            raise UsageError(f"the database has a study {source.name!r} already.")
        optuna.delete_study(study_name=source.name, storage=storage)  # of a copy that was stopped
    record = optuna.create_study(
        study_name=source.name, storage=storage, direction=source.settings.direction
    )
    for key, value in source.attributes.items():
        if key not in (ID, ARTIFACTS):
            record.set_user_attr(key, value)
    trials = source.storage.get_all_trials(source.storage_id, deepcopy=False)
    for done, trial in enumerate(trials, 1):
        record.add_trial(trial)
        on_trial(done, len(trials))
    return record
