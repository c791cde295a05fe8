"""The workers of a study: which are alive, who may begin a trial, and what they printed."""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hpo.errors import HPOError
from hpo.study.keys import WORKER
from hpo.support.files import is_abandoned
from hpo.support.locks import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import optuna

    from hpo.study.database import AdvisoryLock, Database
    from hpo.support.locks import Lock


def new_worker_name() -> str:
    """A name that no other worker has, on this machine or another."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"


class StudyWorkers:
    """The locks and logs of the workers of a study.

    Args:
        directory: The study's folder.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._folder = directory / "workers"

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Mark the study as in use by a run; several runs may use it at a time."""
        with self._locked("run", shared=True):
            yield

    @contextmanager
    def confirming(self) -> Iterator[None]:
        """Hold the lock under which one process confirms configurations.

        Raises:
            HPOError: Another one does.
        """
        lock = self._lock("confirm")
        if not lock.acquire(block=False):
            raise HPOError(
                f"{self._directory}: is being confirmed by another process. Wait for it; to have "
                "it done faster, give it --workers."
            )
        try:
            yield
        finally:
            lock.release()

    def is_in_use(self) -> bool:
        """Whether a run or a worker uses the study."""
        lock = self._lock("run")
        if not lock.acquire(block=False):
            return True
        lock.release()
        return self.n_alive() > 0

    @contextmanager
    def working(self, worker: str) -> Iterator[None]:
        """Count a worker as alive."""
        path = self.lock_path(worker)
        lock = FileLock(path)
        with self.asking():  # or it might be removed before it is held
            lock.acquire()
        try:
            yield
        finally:
            lock.release()
            path.unlink(missing_ok=True)

    @contextmanager
    def asking(self) -> Iterator[Lock]:
        """Hold the lock under which a trial is begun and gets the name of its worker.

        So a running trial without a worker belongs to a worker that died.

        Yields:
            The lock, which a database may take back.
        """
        with self._locked("ask") as lock:
            yield lock

    @contextmanager
    def recording_facts(self) -> Iterator[None]:
        """Hold the lock under which one worker records the facts; others compare theirs."""
        with self._locked("facts"):
            yield

    @contextmanager
    def _locked(self, name: str, *, shared: bool = False) -> Iterator[Lock]:
        lock = self._lock(name)
        lock.acquire(shared=shared)
        try:
            yield lock
        finally:
            lock.release()

    def _lock(self, name: str) -> Lock:
        return FileLock(self._directory / f"{name}.lock")

    def lock_path(self, worker: str) -> Path:
        """The file that a worker keeps locked as long as it is alive."""
        return self._folder / f"{worker}.lock"

    def is_alive(self, worker: str | None) -> bool:
        """Whether a worker still holds its lock."""
        if worker is None or not self.lock_path(worker).exists():
            return False
        lock = FileLock(self.lock_path(worker))
        if not lock.acquire(block=False):
            return True
        lock.release()
        return False

    def lost(self, record: optuna.Study, running: list[optuna.trial.FrozenTrial]) -> list[int]:
        """The numbers of those running trials whose workers are dead."""
        del record
        return [t.number for t in running if not self.is_alive(t.user_attrs.get(WORKER))]

    @property
    def log_path(self) -> Path:
        """The file with the output of all workers that have ended."""
        return self._directory / "worker.log"

    def own_log_path(self, worker: str) -> Path:
        """The file for the output of a worker while it is alive; its folder is created."""
        self._folder.mkdir(exist_ok=True)
        return self._folder / f"{worker}.log"

    def keep_log(self, worker: str) -> bytes:
        """Move the output of a worker to the end of the log of all workers.

        Returns:
            The output, as far as it could be read and written.
        """
        own, printed = self.own_log_path(worker), b""
        with contextlib.suppress(OSError):
            printed = own.read_bytes()
            with self.log_path.open("ab") as file:
                file.write(printed)
            own.unlink()
        return printed

    def sweep(self) -> None:
        """Remove the files of workers that were killed; their output is kept in the log.

        A worker that is just starting has a log and no lock yet.
        """
        with self.asking():
            for lock in self._locks():
                if not self.is_alive(lock.stem):
                    self.keep_log(lock.stem)
                    lock.unlink(missing_ok=True)
            for log in self._folder.glob("*.log"):
                if not self.lock_path(log.stem).exists() and is_abandoned(log):
                    self.keep_log(log.stem)

    def n_alive(self) -> int:
        """Number of workers that hold their locks."""
        return sum(self.is_alive(lock.stem) for lock in self._locks())

    def _locks(self) -> list[Path]:
        return list(self._folder.glob("*.lock"))


class DatabaseWorkers(StudyWorkers):
    """The workers of a study whose trials a database keeps: on any machines that reach it.

    Their logs are files like those of other workers.

    Args:
        directory: The study's folder.
        database: The database.
        name: The study's name there.
    """

    def __init__(self, directory: Path, database: Database, name: str) -> None:
        super().__init__(directory)
        self._database = database
        self._name = name

    @contextmanager
    def working(self, worker: str) -> Iterator[None]:
        """Count a worker as alive."""
        del worker  # the database knows its trial by its heartbeats
        with self._locked("work", shared=True):
            yield

    def n_alive(self) -> int:
        """Number of workers that are connected."""
        return self._lock("work").n_holders

    def lost(self, record: optuna.Study, running: list[optuna.trial.FrozenTrial]) -> list[int]:
        """The numbers of those running trials that have missed too many heartbeats."""
        stale = set(self._database.storage._get_stale_trial_ids(record._study_id))  # noqa: SLF001
        return [
            trial.number
            for trial in running
            if trial._trial_id in stale or WORKER not in trial.user_attrs  # noqa: SLF001
        ]

    def _lock(self, name: str) -> AdvisoryLock:
        return self._database.lock(f"{self._name}/{name}")
