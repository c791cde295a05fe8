"""Locks on files that the operating system releases when their holder dies."""

from __future__ import annotations

import fcntl
import os
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_locks: weakref.WeakSet[FileLock] = weakref.WeakSet()


class FileLock:
    """A lock that the operating system releases when its holder dies, however it dies.

    Optuna's own locks are files that a killed holder leaves behind for half a minute.

    Args:
        path: The lock file; it is made and stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        _locks.add(self)

    def acquire(self, *, block: bool = True, shared: bool = False) -> bool:
        """Take the lock.

        Args:
            block: Whether to wait for it where somebody else holds it.
            shared: Whether others may hold it too, if they share it.

        Returns:
            Whether it was taken.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(descriptor, kind | (0 if block else fcntl.LOCK_NB))
        except BaseException as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                return False
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back; without effect where it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _let_go_after_fork() -> None:
    """Leave the locks to this process: one that it forks off would hold them beyond its death."""
    for lock in list(_locks):
        lock.release()  # closes the copy only


os.register_at_fork(after_in_child=_let_go_after_fork)
