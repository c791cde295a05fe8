"""When a search ends before it has all its trials."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hpo.search.events import SearchStopping, TrialEnded, TrialStarted, WorkerLeft

if TYPE_CHECKING:
    from hpo.search.events import Event, OnEvent
    from hpo.study.study import Study
    from hpo.support.interrupts import Interrupted


class Stopping:
    """Whether a search is to stop: it was interrupted, its time is over, or nothing gets better.

    Args:
        study: The study; its options hold the time and the patience.
        interrupted: Set when somebody stops the search.
        on_event: Told once that the search stops, and passed what is noticed.
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
        self._told = False

    def notice(self, event: Event) -> None:
        """Take an event into account, and pass it on."""
        if isinstance(event, TrialStarted):
            self._running.add(event.number)
        if isinstance(event, TrialEnded):
            self._running.discard(event.number)
        if isinstance(event, TrialEnded | WorkerLeft):  # for want of patience with others' trials
            self._patient = self._is_patient()
        self._on_event(event)

    def __call__(self) -> bool:
        """Whether to stop, from then on for good; the first time, the reason is told."""
        if not self._told and (reason := self._reason()):
            self._told = True
            self._interrupted.next_raises = True
            self._on_event(SearchStopping(reason, trials_run=bool(self._running)))
        return self._told

    def _is_patient(self) -> bool:
        return self._patience is None or self._study.trials_since_best < self._patience

    def _reason(self) -> str:
        if self._interrupted.is_set():
            return "interrupted"
        if self._deadline is not None and time.monotonic() > self._deadline:
            return "the time is over"
        return "" if self._patient else f"no better score in {self._patience} trials"
