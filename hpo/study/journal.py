"""The journal of a study: Optuna's journal format, made safe against kills."""

from __future__ import annotations

import json
import os
import warnings
from typing import TYPE_CHECKING, Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend

from hpo.errors import HPOError, HPOWarning
from hpo.study.journal_lines import (
    RUNNING,
    DamagedLine,
    Operation,
    fill_in,
    numbers_of,
    parse_line,
    trial_in_place,
)
from hpo.support.locks import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def open_journal(path: Path) -> JournalStorage:
    """Open the journal file of a study; create it if it does not exist.

    A damaged line is set aside: what it says is lost, everything else is read. The file stays as
    it is.

    Args:
        path: The journal file; its folder exists.

    Returns:
        Optuna's storage on that file.

    Raises:
        HPOError: The file cannot be read, or so much is damaged that no study is left.
    """
    try:
        return _Storage(Journal(path))
    except OSError as error:
        raise HPOError(f"{path}: cannot be opened ({error.strerror}).") from error


class _Storage(JournalStorage):
    """Optuna's storage, which sets damaged lines aside.

    Args:
        journal: The journal file.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        super().__init__(journal)

    def _sync_with_backend(self) -> None:
        replay = self._replay_result
        entries = list(self._journal.read_logs(replay.log_number_read))
        line = replay.log_number_read + 1
        fill_in(entries, len(replay._trials), replay._next_study_id, self._journal.study, line)  # noqa: SLF001
        damaged_lines = []
        remaining = iter(entries)
        while True:
            try:
                replay.apply_logs(remaining)
                break
            except Exception as error:
                entry = entries[replay.log_number_read - line]
                if entry.get("worker_id") == replay.worker_id:
                    raise  # Optuna refuses what this process has just asked for
                damaged_lines.append(replay.log_number_read)
                cause = error
                self._read_in_its_place(entry)
        if not damaged_lines:
            return
        damage = self._journal.damage(damaged_lines)
        if not replay.get_all_studies():
            raise HPOError(
                f"{damage}, and no study can be read without that. Restore the file from a copy, "
                "or start another study with --study NAME."
            ) from cause
        warnings.warn(
            f"{damage}; everything else is read. To have all of it, restore the file from a copy.",
            HPOWarning,
            stacklevel=2,
        )

    def _read_in_its_place(self, entry: dict[str, Any]) -> None:
        replay = self._replay_result
        line = replay.log_number_read
        if isinstance(entry, DamagedLine):
            instead = entry.in_its_place
        elif entry["op_code"] == Operation.CREATE_TRIAL:
            instead = trial_in_place(line, entry["study_id"], RUNNING)
        else:
            instead = None
        if instead is not None:
            replay.apply_logs([instead])
            replay.log_number_read = line


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
        if not path.exists():
            path.touch()
        elif not path.is_file() and not path.is_dir():
            raise HPOError(f"{path}: is a device, a pipe or a socket, expected a file.")

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Read the complete entries, starting at a number; damaged ones are `DamagedLine`."""
        known = min(log_number_from, len(self._starts) - 1)
        with self._path.open("rb", buffering=0) as file:
            file.seek(self._starts[known])
            text = file.read(os.fstat(file.fileno()).st_size)  # at once: others may be writing
        lines = text.split(b"\n")[:-1]  # the part after the last newline is incomplete
        for number, line in enumerate(lines, start=known):
            if number + 1 == len(self._starts):
                self._starts.append(self._starts[number] + len(line) + 1)
            if number >= log_number_from:
                yield parse_line(line)

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

    @property
    def study(self) -> str:
        """The name of the study: that of its folder."""
        return self._path.parent.name

    def damage(self, lines: Sequence[int]) -> str:
        """Name damaged lines, by their numbers from 1."""
        verb = "is" if len(lines) == 1 else "are"
        return f"{self._path}: {numbers_of(lines)} {verb} damaged"


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
