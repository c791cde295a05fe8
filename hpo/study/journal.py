"""The journal of a study: Optuna's journal format, made safe against kills."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend

from hpo.errors import HPOError
from hpo.support.locks import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def open_journal(path: Path) -> JournalStorage:
    """Open the journal file of a study; create it if it does not exist.

    Args:
        path: The journal file; its folder exists.

    Returns:
        Optuna's storage on that file.

    Raises:
        HPOError: The file is damaged or cannot be read.
    """
    try:
        journal = Journal(path)
        return JournalStorage(journal)
    except OSError as error:
        raise HPOError(f"{path}: cannot be opened ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise journal.damage() from error


class Journal(BaseJournalBackend):
    """A file of Optuna's journal entries, one JSON object per line.

    A writer that dies in the middle of a line, or finds the disk full, leaves a line without an
    end. Optuna's own backend appends the next entry to that line and loses both; this one first
    removes the incomplete line, while it holds the lock.

    Args:
        path: The journal file; it is created if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        self._starts = [0]  # where the lines begin, as far as they have been read
        self._line = 0
        if not path.exists():
            path.touch()

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Read the complete entries, starting at a number.

        Raises:
            HPOError: A line is damaged.
        """
        known = min(log_number_from, len(self._starts) - 1)
        with self._path.open("rb", buffering=0) as file:
            file.seek(self._starts[known])
            text = file.read(os.fstat(file.fileno()).st_size)  # at once: others may be writing
        lines = text.split(b"\n")[:-1]  # the part after the last newline is incomplete
        for number, line in enumerate(lines, start=known):
            if number + 1 == len(self._starts):
                self._starts.append(self._starts[number] + len(line) + 1)
            self._line = number + 1
            if number >= log_number_from:
                yield self._parse(line)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append entries, one per line, and wait until they are on the disk."""
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        self._lock.acquire()
        try:
            with self._path.open("rb+") as file:
                file.truncate(_end_of_last_line(file))
                file.seek(0, os.SEEK_END)
                file.write(lines.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error
        finally:
            self._lock.release()

    def damage(self) -> HPOError:
        """The error that names the line that was read last, which is damaged."""
        return HPOError(
            f"{self._path}: line {self._line} is damaged. Restore the file from a copy, or delete "
            "that line (its entry is lost), or start another study with --study NAME."
        )

    def _parse(self, line: bytes) -> dict[str, Any]:
        try:
            return json.loads(line)  # type: ignore[no-any-return]
        except ValueError as error:
            raise self.damage() from error


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
