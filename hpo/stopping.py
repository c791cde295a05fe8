"""When a search ends before it has all its trials."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hpo.events import SearchStopping, TrialEnded

if TYPE_CHECKING:
    import threading

    from hpo.events import Event, OnEvent
    from hpo.study import Study


class Stopping:
    """Whether a search is to stop: it was interrupted, its time is over, or nothing gets better.

    Args:
        study: The study; its options hold the time and the patience.
        interrupted: Set when somebody stops the search.
        on_event: Told once that the search stops, and passed what is noticed.
    """

    def __init__(self, study: Study, interrupted: threading.Event, on_event: OnEvent) -> None:
        self._study = study
        self._interrupted = interrupted
        self._on_event = on_event
        timeout = study.options.timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._patience = study.options.patience
        self._patient = self._is_patient()
        self._told = False

    def notice(self, event: Event) -> None:
        """Take an event into account, and pass it on."""
        if isinstance(event, TrialEnded):
            self._patient = self._is_patient()
        self._on_event(event)

    def __call__(self) -> bool:
        """Whether to stop; the first time, the reason is told."""
        reason = self._reason()
        if reason and not self._told:
            self._told = True
            self._on_event(SearchStopping(reason))
        return bool(reason)

    def _is_patient(self) -> bool:
        return self._patience is None or _in_vain(self._study) < self._patience

    def _reason(self) -> str:
        if self._interrupted.is_set():
            return "interrupted"
        if self._deadline is not None and time.monotonic() > self._deadline:
            return "the time is over"
        return "" if self._patient else f"no better score in {self._patience} trials"


def _in_vain(study: Study) -> int:
    """How many trials have been had since the best one."""
    best = study.best
    if best is None or best.ended is None:
        return study.counted
    # By the time they ended: trials of other workers have higher numbers and end earlier.
    return sum(
        trial.counts and trial.ended is not None and trial.ended > best.ended
        for trial in study.trials
    )
