"""The workers of a study: which are alive, who may begin a trial, and what they printed."""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hpo.support.files import is_abandoned
from hpo.support.locks import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
        self._run_lock = directory / "run.lock"

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Mark the study as in use by a run; several runs may use it at a time."""
        lock = FileLock(self._run_lock)
        lock.acquire(shared=True)
        try:
            yield
        finally:
            lock.release()

    def is_in_use(self) -> bool:
        """Whether a run or a worker uses the study."""
        lock = FileLock(self._run_lock)
        if not lock.acquire(block=False):
            return True
        lock.release()
        return any(self.is_alive(path.stem) for path in self._locks())

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Hold the lock under which a trial is begun and gets the name of its worker.

        So a running trial without a worker belongs to a worker that died.
        """
        with self._locked("ask.lock"):
            yield

    @contextmanager
    def recording_facts(self) -> Iterator[None]:
        """Hold the lock under which one worker records the facts; others compare theirs."""
        with self._locked("facts.lock"):
            yield

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        lock = FileLock(self._directory / name)
        lock.acquire()
        try:
            yield
        finally:
            lock.release()

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
