"""A worker, seen from the process that placed it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from hpo.placement.serving import kill_after
from hpo.search.events import TrialEnded, TrialStarted, WorkerFailed, WorkerLeft

if TYPE_CHECKING:
    from pathlib import Path

    from hpo.search.events import Event, OnEvent
    from hpo.study.study import Study


class Member(ABC):
    """A worker of a crew.

    Args:
        study: The study it works for.
        name: The worker's name.

    Attributes:
        name: The worker's name.
        log_path: Where the study keeps what its workers printed.
        failure: Why it cannot work at all, or None.
        has_begun: Whether it has started a trial.
        has_left: Whether it said that it ends by itself.
        exceeded: Which limit its trial exceeded, for which it was killed; "" if none.
    """

    def __init__(self, study: Study, name: str) -> None:
        self.name = name
        self.log_path: Path = study.workers.log_path
        self.failure: WorkerFailed | None = None
        self.has_begun = False
        self.has_left = False
        self.exceeded = ""
        self._kill_after = kill_after(study.options.trial_timeout)
        self._running_since: float | None = None

    def notice(self, event: Event, on_event: OnEvent) -> None:
        """Take an event of this worker into account, and pass it on."""
        if isinstance(event, WorkerFailed):
            self.failure = event
            return
        if isinstance(event, WorkerLeft):
            self.has_left = True
        if isinstance(event, TrialStarted):
            self.has_begun = True
            self._running_since = time.monotonic()
        elif isinstance(event, TrialEnded):
            self._running_since = None
        on_event(event)

    def kill_if_it_takes_too_long(self) -> None:
        """Kill it if its trial takes far too long; read all its events before."""
        since, limit = self._running_since, self._kill_after
        if since is not None and limit is not None and time.monotonic() - since > limit:
            self.exceeded = (
                "ran far longer than --trial-timeout without ending an epoch, and was killed"
            )
            self.kill()

    @abstractmethod
    def ask_to_stop(self) -> None:
        """Ask it to end after the running epoch."""

    @abstractmethod
    def kill(self) -> None:
        """Kill it with everything that it started."""

    @abstractmethod
    def close(self) -> None:
        """Release what it used, once it has ended or is about to."""

    @abstractmethod
    def cause_of_death(self) -> str:
        """Why it died, in one line."""
