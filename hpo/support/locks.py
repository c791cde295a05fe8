"""Locks between processes: what every kind can do, and those of files."""

from __future__ import annotations

import fcntl
import os
import weakref
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

_locks: weakref.WeakSet[FileLock] = weakref.WeakSet()


class Lock(Protocol):
    """What one process holds at a time, or several that share it."""

    def acquire(self, *, block: bool = True, shared: bool = False) -> bool:
        """Take the lock.

        Args:
            block: Whether to wait if another process holds the lock.
            shared: Whether others may hold the lock too, if they also share it.

        Returns:
            Whether the lock was taken.
        """

    def release(self) -> None:
        """Release the lock."""

    def is_held(self) -> bool:
        """Whether it is still held: who keeps the lock may have given it to another."""


class FileLock(Lock):
    """A lock that the operating system releases when its holder dies, however it dies.

    A killed holder of one of Optuna's own locks blocks everybody else for half a minute.

    Args:
        path: The lock file; it is created and stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        _locks.add(self)

    def acquire(self, *, block: bool = True, shared: bool = False) -> bool:
        """Take the lock; see :meth:`Lock.acquire`."""
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
        """Release the lock; does nothing if it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_held(self) -> bool:
        """Whether it was taken and not released: a file's lock is never given to another."""
        return self._descriptor is not None


def _release_after_fork() -> None:
    """Release a forked process's copies, which would keep them after the parent died."""
    for lock in list(_locks):
        lock.release()  # closes the copy only


os.register_at_fork(after_in_child=_release_after_fork)
