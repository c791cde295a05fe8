"""What workers report while they work: objects in code, JSON lines in a pipe."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from hpo.errors import HPOError, UsageError


@dataclass(frozen=True)
class WorkerPlaced:
    """A worker runs on another machine.

    Attributes:
        worker: Name of the worker.
        node: The machine's address.
    """

    worker: str
    node: str


@dataclass(frozen=True)
class TrialStarted:
    """A trial has started.

    Attributes:
        worker: Name of the worker.
        number: The trial.
        params: Its hyperparameters.
    """

    worker: str
    number: int
    params: dict[str, Any]


@dataclass(frozen=True)
class FoldEnded:
    """One fold of a trial trained one more epoch; not every one is reported.

    Attributes:
        worker: Name of the worker.
        number: The trial.
        epoch: The epoch, from 1.
        fold: The fold, from 1.
        folds: Number of folds.
    """

    worker: str
    number: int
    epoch: int
    fold: int
    folds: int


@dataclass(frozen=True)
class EpochEnded:
    """All folds of a trial trained one more epoch.

    Attributes:
        worker: Name of the worker.
        number: The trial.
        epoch: The epoch, from 1.
        epochs: Largest number of epochs of the trial.
        score: The mean of the objective over the folds.
    """

    worker: str
    number: int
    epoch: int
    epochs: int
    score: float


@dataclass(frozen=True)
class TrialEnded:
    """A trial ended.

    Attributes:
        worker: Name of the worker.
        number: The trial.
        state: How it ended: "complete", "pruned", "failed" or "interrupted".
        score: Its score, or None.
        seconds: Duration in seconds.
        reason: Why it failed, or when it was pruned, or None.
    """

    worker: str
    number: int
    state: str
    score: float | None
    seconds: float
    reason: str | None = None


@dataclass(frozen=True)
class Warned:
    """Something is wrong, and the worker continues without it.

    Attributes:
        worker: Name of the worker.
        message: What is wrong and what to do.
    """

    worker: str
    message: str


@dataclass(frozen=True)
class WorkerFailed:
    """A worker cannot work at all, for example because the plugin cannot be loaded.

    Attributes:
        worker: Name of the worker.
        message: What is wrong and what to do.
        usage: Whether the cause is a wrong name or value.
    """

    worker: str
    message: str
    usage: bool = False


@dataclass(frozen=True)
class WorkerLeft:
    """A worker ends by itself: nothing is left to do, or its memory has grown.

    Attributes:
        worker: Name of the worker.
    """

    worker: str


@dataclass(frozen=True)
class SearchStopping:
    """The search starts no more trials and lets the running epochs end.

    Attributes:
        reason: Why it stops.
        trials_run: Whether trials are running, whose current epochs end first.
    """

    reason: str
    trials_run: bool = True


Event = (
    SearchStopping
    | WorkerPlaced
    | TrialStarted
    | FoldEnded
    | EpochEnded
    | TrialEnded
    | Warned
    | WorkerFailed
    | WorkerLeft
)

OnEvent = Callable[[Event], None]

_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


def raising(on_event: OnEvent) -> OnEvent:
    """Pass on all events, but raise the error of a worker that cannot work.

    Raises:
        UsageError: The cause is a wrong name or value.
        HPOError: The cause is something else.
    """

    def notice(event: Event) -> None:
        if isinstance(event, WorkerFailed):
            raise error_of(event)
        on_event(event)

    return notice


def error_of(event: WorkerFailed) -> HPOError:
    """The error that tells of a worker that cannot work."""
    return (UsageError if event.usage else HPOError)(event.message)


def to_line(event: Event) -> bytes:
    """Write an event as a line."""
    return json.dumps([type(event).__name__, dataclasses.asdict(event)]).encode() + b"\n"


def from_line(line: bytes) -> Event:
    """Read an event from a line of ``to_line``."""
    kind, fields = json.loads(line)
    return _KINDS[kind](**fields)
