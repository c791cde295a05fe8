"""Where the trials of a study are kept: Optuna's journal file, made safe against kills."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no flock
    fcntl = None  # type: ignore[assignment]


def open_journal(path: Path) -> JournalStorage:
    """Open the journal file of a study, making it where there is none.

    Args:
        path: The journal file; its folder exists.

    Returns:
        Optuna's storage on that file.

    Raises:
        HPOError: The file is damaged or cannot be read.
    """
    try:
        storage = JournalStorage(Journal(path))
        # Optuna takes a last line that it cannot read for one that is still being written.
        json.loads(path.read_bytes().rpartition(b"\n")[0].rpartition(b"\n")[2] or b"{}")
    except OSError as error:
        raise HPOError(f"{path}: cannot be opened ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise HPOError(
            f"{path}: {_first_damaged_line(path)} is damaged. Restore the file from a copy, or "
            f"delete that line (its entry is lost), or start another study with --study NAME."
        ) from error
    return storage


class Journal(JournalFileBackend):
    """Optuna's journal file, of which a killed writer can spoil no more than its own last line.

    A writer that dies, or finds the disk full, in the middle of a line leaves the line without
    its end. Optuna's backend would append the next entry to that stump and lose both; this one
    removes the stump first, while it holds the lock.

    Args:
        path: The journal file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path
        self._mutex = FileLock(path.with_name(path.name + ".lock")) if fcntl else None

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append entries, each on a line of its own, and see them onto the disk."""
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with self._locked(), self._path.open("rb+") as file:
            file.truncate(_end_of_last_line(file))
            file.seek(0, os.SEEK_END)
            file.write(lines.encode())
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._mutex or JournalFileOpenLock(str(self._path))
        lock.acquire()
        try:
            yield
        finally:
            lock.release()


class FileLock:
    """A lock that the operating system releases when its holder dies, however it dies.

    Optuna's own locks are files that a killed holder leaves behind for half a minute.

    Args:
        path: The lock file; it is made and stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self, *, block: bool = True) -> bool:
        """Take the lock; without ``block``, return False where somebody else holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if block else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back; without effect where it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _end_of_last_line(file: Any) -> int:
    size: int = file.seek(0, os.SEEK_END)
    position = size
    while position > 0:
        start = max(0, position - 65536)
        file.seek(start)
        newline = file.read(position - start).rfind(b"\n")
        if newline >= 0:
            return start + int(newline) + 1
        position = start
    return 0


def _first_damaged_line(path: Path) -> str:
    lines = path.read_bytes().split(b"\n")[:-1]  # what stands behind the last newline is a stump
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict) or "op_code" not in entry:
            return f"line {number} of {len(lines)}"
    return "an entry"
