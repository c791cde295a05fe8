"""Workers as child processes of this one: whatever becomes of them, the study goes on."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from hpo.errors import HPOError, UsageError
from hpo.events import TrialEnded, TrialStarted, WorkerFailed, from_line
from hpo.study import new_worker_name
from hpo.trial import Cause, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo.events import Event, OnEvent
    from hpo.study import Study
    from hpo.task import Task

POLL_SECONDS = 0.2
STARTS_IN_VAIN = 2  # workers that may die before their first trial, one after the other


class LocalExecutor:
    """Runs one worker in a child process and replaces it when it dies."""

    def run(
        self, study: Study, task: Task, *, on_event: OnEvent, stopping: Callable[[], bool]
    ) -> None:
        """Have the study's trials evaluated by a child, until it has enough or is stopped."""
        del task  # the child finds it by the study's settings
        in_vain = 0
        while not stopping() and study.counted < study.options.trials:
            with Child(study) as child:
                try:
                    child.watch(on_event, stopping)
                except KeyboardInterrupt:
                    child.kill()
                    study.fail_orphans(child.name)
                    raise
            if child.failure is not None:
                raise (UsageError if child.failure.usage else HPOError)(child.failure.message)
            _bury(study, child, on_event)
            if stopping() or study.counted >= study.options.trials:
                return
            in_vain = 0 if child.has_begun else in_vain + 1
            if in_vain == STARTS_IN_VAIN:
                raise HPOError(
                    f"{child.epitaph()}, {in_vain} times before its first trial. "
                    f"What it printed is in {child.log_path}"
                )


class Child:
    """A worker in a process of its own.

    It writes events to a pipe and reads commands from its standard input, which is also its
    lifeline: when this process dies, the worker reads the end of it and ends too.

    Args:
        study: The study it works for.
    """

    def __init__(self, study: Study) -> None:
        self.name = new_worker_name()
        self.log_path = study.directory / "worker.log"
        self.failure: WorkerFailed | None = None
        self.has_begun = False
        self._kill_after = _kill_after(study.options.trial_timeout)
        self.overtime = False
        self._running_since: float | None = None
        reading, writing = os.pipe()
        self._events = open(reading, "rb", buffering=0)  # noqa: PTH123, SIM115  (a descriptor)
        command = ["worker", str(study.directory), "--task", study.settings.task]
        command += ["--name", self.name, "--events", str(writing)]
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603  (this interpreter, this package)
                [sys.executable, "-P", "-m", "hpo", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[writing],
                start_new_session=True,  # Ctrl-C is for this process to handle
                env=_environment(),
            )
        os.close(writing)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is not None:
            self._process.kill()
        self._process.wait()
        self._events.close()
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()

    @property
    def exit_status(self) -> int:
        """How it ended; below 0 the signal that killed it."""
        return self._process.wait()

    def watch(self, on_event: OnEvent, stopping: Callable[[], bool]) -> None:
        """Pass its events on until it ends."""
        asked_to_stop = False
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._events, selectors.EVENT_READ)
            while True:
                if stopping() and not asked_to_stop:
                    asked_to_stop = True
                    self._ask_to_stop()
                self._kill_if_overtime()
                if not selector.select(POLL_SECONDS):
                    # A process that the plugin started may hold the pipe open.
                    if self._process.poll() is not None and not selector.select(0):
                        return
                    continue
                chunk = self._events.read(65536)
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._pass_on(from_line(line), on_event)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def epitaph(self) -> str:
        """What it died of, in one line."""
        status = self.exit_status
        if self.overtime:
            return "ran on long after --trial-timeout without ending an epoch, and was killed"
        if status < 0:
            name = signal.Signals(-status).name
            hint = " (out of memory, perhaps)" if name == "SIGKILL" else ""
            return f"its worker was killed by {name}{hint}"
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            printed = log.read().decode(errors="replace").strip()
        last = f"; it last printed: {printed.splitlines()[-1][:200]}" if printed else ""
        return f"its worker exited with status {status}{last}"

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101  (it was asked for)
        return self._process.stdin

    def _ask_to_stop(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(b"stop\n")
            self._stdin.flush()

    def _pass_on(self, event: Event, on_event: OnEvent) -> None:
        if isinstance(event, WorkerFailed):
            self.failure = event
            return
        if isinstance(event, TrialStarted):
            self.has_begun = True
            self._running_since = time.monotonic()
        elif isinstance(event, TrialEnded):
            self._running_since = None
        on_event(event)

    def _kill_if_overtime(self) -> None:
        if self._running_since is None or self._kill_after is None:
            return
        if time.monotonic() - self._running_since > self._kill_after:
            self.overtime = True
            self._process.kill()


def make() -> LocalExecutor:
    """Make the executor."""
    return LocalExecutor()


def _environment() -> dict[str, str]:
    """The environment of a child, which finds the modules that this process finds."""
    path = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
    return {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "PYTHONPATH": path}


def _kill_after(trial_timeout: float | None) -> float | None:
    """Seconds after which a trial that does not end by itself has to be killed."""
    return None if trial_timeout is None else trial_timeout + max(10.0, 0.5 * trial_timeout)


def _bury(study: Study, child: Child, on_event: OnEvent) -> None:
    """Fail the trial of a dead worker, which no heartbeat does in a journal."""
    reason = child.epitaph()
    cause: Cause = "configuration" if child.overtime else "outside"
    for number in study.fail_orphans(child.name, Failure(reason, cause)):
        seconds = study.trials[number].seconds or 0.0
        on_event(TrialEnded(child.name, number, "failed", None, seconds, reason))
