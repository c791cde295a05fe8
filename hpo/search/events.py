"""What a worker tells of its work while it goes on, as JSON that crosses a pipe."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from hpo.errors import HPOError, UsageError


@dataclass(frozen=True)
class TrialStarted:
    """A trial was begun.

    Attributes:
        worker: Who runs it.
        number: The trial.
        params: Its hyperparameters.
    """

    worker: str
    number: int
    params: dict[str, Any]


@dataclass(frozen=True)
class FoldEnded:
    """One fold of a trial trained one more epoch; told only now and then.

    Attributes:
        worker: Who runs it.
        number: The trial.
        epoch: The epoch, from 1.
        fold: The fold, from 1.
        folds: How many folds there are.
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
        worker: Who runs it.
        number: The trial.
        epoch: The epoch, from 1.
        epochs: The most epochs the trial trains.
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
        worker: Who ran it.
        number: The trial.
        state: How it ended: "complete", "pruned", "failed" or "interrupted".
        score: Its score, or None.
        seconds: How long it took.
        reason: Why it failed or was pruned, or None.
    """

    worker: str
    number: int
    state: str
    score: float | None
    seconds: float
    reason: str | None = None


@dataclass(frozen=True)
class Warned:
    """Something is not as it should be, and the worker goes on without it.

    Attributes:
        worker: Which one.
        message: What is wrong and what to do.
    """

    worker: str
    message: str


@dataclass(frozen=True)
class WorkerFailed:
    """A worker cannot work at all: the plugin or its data cannot be loaded.

    Attributes:
        worker: Which one.
        message: What is wrong and what to do.
        usage: Whether a wrong name or value is the cause.
    """

    worker: str
    message: str
    usage: bool = False


@dataclass(frozen=True)
class WorkerLeft:
    """A worker ends of its own accord: nothing is left to do, or its memory has grown.

    Attributes:
        worker: Which one.
    """

    worker: str


@dataclass(frozen=True)
class SearchStopping:
    """The search asks for no more trials and lets the running epochs end.

    Attributes:
        reason: Why.
        trials_run: Whether trials are running, whose epochs end first.
    """

    reason: str
    trials_run: bool = True


Event = (
    SearchStopping
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
    """Pass events on, except that a worker which cannot work raises.

    Raises:
        UsageError: A wrong name or value is the cause.
        HPOError: Something else is.
    """

    def notice(event: Event) -> None:
        if isinstance(event, WorkerFailed):
            raise (UsageError if event.usage else HPOError)(event.message)
        on_event(event)

    return notice


def to_line(event: Event) -> bytes:
    """Write an event as a line."""
    return json.dumps([type(event).__name__, dataclasses.asdict(event)]).encode() + b"\n"


def from_line(line: bytes) -> Event:
    """Read an event that ``to_line`` wrote."""
    kind, fields = json.loads(line)
    return _KINDS[kind](**fields)
