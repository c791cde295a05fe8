"""A worker in a child process, seen from its parent."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING

from hpo.placement.children import cause_of_death, environment_of_children
from hpo.search.events import from_line
from hpo.search.executors.member import Member
from hpo.study.workers import new_worker_name
from hpo.support import formats
from hpo.support.processes import MARK, kill_marked
from hpo.training.memory import resident_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.search.events import OnEvent
    from hpo.study.study import Study

CLEANUP_SECONDS = 1.0


class Child(Member):
    """A worker in a process of its own.

    It writes events to a pipe and reads commands from its standard input, which is also its
    lifeline: when this process dies, the worker reads the end of its input and ends, too.

    Args:
        study: The study it works for.
        task: How it finds the study's task.
        environment: Variables to add to the environment of this process.

    Attributes:
        environment: The variables added to its environment.
    """

    def __init__(
        self, study: Study, task: str, environment: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(study, new_worker_name())
        self.environment = dict(environment or {})
        self._workers = study.workers
        self._max_bytes = study.options.worker_memory
        self._asked_to_stop = False
        self._rest = b""
        self._printed = b""
        reading, writing = os.pipe()
        self._events = open(reading, "rb", buffering=0)  # noqa: PTH123, SIM115  (a descriptor)
        command = ["worker", str(study.directory), "--task", task]
        command += ["--name", self.name, "--events", str(writing)]
        command += ["--options", json.dumps(dataclasses.asdict(study.options))]
        with study.workers.own_log_path(self.name).open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  (this interpreter, this package)
                [sys.executable, "-P", "-m", "hpo", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[writing],
                start_new_session=True,  # Ctrl-C is for this process to handle
                env={
                    **environment_of_children(),
                    **_storage_of(study),
                    **self.environment,
                    MARK: self.name,
                },
            )
        os.close(writing)

    @property
    def exit_status(self) -> int:
        """Its exit status; if negative, the signal that killed it."""
        return self._process.wait()

    def fileno(self) -> int:
        """The descriptor of its events, for a selector."""
        return self._events.fileno()

    def read(self, on_event: OnEvent) -> bool:
        """Wait for events and pass them on.

        Returns:
            Whether more may follow.
        """
        chunk = self._events.read(65536)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self.notice(from_line(line), on_event)
        return bool(chunk)

    def is_alive(self) -> bool:
        """Whether its process runs. Processes it started may outlive it and hold the pipe open."""
        return self._process.poll() is None

    def ask_to_stop(self) -> None:
        """Ask it to end after the running epoch."""
        if not self._asked_to_stop:
            self._asked_to_stop = True
            with contextlib.suppress(BrokenPipeError):
                self._stdin.write(b"stop\n")
                self._stdin.flush()

    def kill_if_it_takes_too_much_memory(self) -> None:
        """Kill it if its process takes too much memory."""
        if self._max_bytes and resident_bytes(self._process.pid) > self._max_bytes:
            self.exceeded = (
                f"out of memory: its worker took more than the "
                f"{formats.memory(self._max_bytes)} of --worker-memory, and was killed"
            )
            self.kill()

    def close(self) -> None:
        """Release a process that has ended or is about to, and keep what it printed."""
        self._process.wait()
        self._end_what_it_started()
        self._printed = self._workers.keep_log(self.name)
        self._events.close()
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()

    def kill(self) -> None:
        """Kill it with everything that it started."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        kill_marked(self.name)
        self._process.wait()

    def _end_what_it_started(self) -> None:
        """Kill it, after a moment in which Python's own helper processes can clean up."""
        deadline = time.monotonic() + CLEANUP_SECONDS
        with contextlib.suppress(OSError):  # once nothing is left
            while time.monotonic() < deadline:
                os.killpg(self._process.pid, 0)
                time.sleep(0.02)
        self.kill()

    def cause_of_death(self) -> str:
        """Why it died, in one line."""
        return self.exceeded or cause_of_death(self.exit_status, self._printed)

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101  (it is a pipe)
        return self._process.stdin


def _storage_of(study: Study) -> dict[str, str]:
    """Where the trials are: in the environment, since anybody can read command lines."""
    return {} if study.database is None else {"HPO_STORAGE": study.database.url}
