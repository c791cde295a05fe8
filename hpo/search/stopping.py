"""When a search stops before it has all its trials."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from hpo.search.events import SearchStopping, TrialEnded, TrialStarted, WorkerLeft

if TYPE_CHECKING:
    from hpo.search.events import Event, OnEvent
    from hpo.study.study import Study
    from hpo.support.interrupts import Interrupted


MAX_ALIKE_FAILURES = 10
"""A run whose first trials all fail for one reason ends after this many."""


class Stopping:
    """Stops a search on Ctrl-C, at its time limit, or when there is nothing to hope for.

    That is when scores no longer improve, or all trials from the start fail for one reason.

    Args:
        study: The study; its options hold the time limit and the patience.
        interrupted: Set when somebody stops the search.
        on_event: Gets all events, and one when the search stops.
    """

    def __init__(self, study: Study, interrupted: Interrupted, on_event: OnEvent) -> None:
        self._study = study
        self._interrupted = interrupted
        self._on_event = on_event
        timeout = study.options.timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._patience = study.options.patience
        self._patient = self._is_patient()
        self._running: set[int] = set()
        self._stops = False
        self._failures: list[str] | None = []

    def notice(self, event: Event) -> None:
        """Take an event into account, and pass it on."""
        match event:
            case TrialStarted():
                self._running.add(event.number)
            case TrialEnded():
                self._running.discard(event.number)
                self._patient = self._is_patient()
                self._count_failure(event)
            case WorkerLeft():  # perhaps since the patience ended with a trial of another run
                self._patient = self._is_patient()
        self._on_event(event)

    def __call__(self) -> bool:
        """Whether to stop. Once it is, it stays so; the first time, the reason is reported."""
        if not self._stops and (reason := self._reason()):
            self._stops = True
            self._interrupted.next_raises = True
            self._on_event(SearchStopping(reason, trials_run=bool(self._running)))
        return self._stops

    def _is_patient(self) -> bool:
        return self._patience is None or self._study.trials_since_best < self._patience

    def _count_failure(self, event: TrialEnded) -> None:
        """Keep the reasons of failures until a trial succeeds, or fails for another reason."""
        if self._failures is None or event.state == "interrupted":
            return
        # Shapes, losses and addresses differ from trial to trial.
        reason = re.sub(r"0x[0-9a-f]+|\d+", "N", event.reason or "")
        is_alike = event.state == "failed" and {*self._failures, reason} == {reason}
        self._failures = [*self._failures, reason] if is_alike else None

    def _reason(self) -> str:
        if self._interrupted.is_set():
            return "interrupted"
        if self._deadline is not None and time.monotonic() > self._deadline:
            return "time limit reached"
        if self._failures is not None and len(self._failures) >= MAX_ALIKE_FAILURES:
            return f"the first {MAX_ALIKE_FAILURES} trials failed for the same reason"
        return "" if self._patient else f"no better score in {self._patience} trials"
