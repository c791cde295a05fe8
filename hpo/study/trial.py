"""One trial of a study, as it is stored and shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from hpo.space.ranges import exact
from hpo.study.keys import FAILURE, RESULT, SEED, WORKER
from hpo.study.renamed import TRIAL, by_earlier_name

if TYPE_CHECKING:
    from datetime import datetime

    import optuna

State = Literal["complete", "pruned", "failed", "interrupted", "running", "waiting"]
"""An interrupted trial was stopped with its search; its configuration waits to be tried again."""

Cause = Literal["configuration", "outside", "interrupted"]
"""Why a trial failed: through its own hyperparameters or code, through something outside of it
(a killed worker, a full disk), or because the search was stopped (it is then tried again)."""

_STATES: dict[str, State] = {
    "COMPLETE": "complete",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "waiting",
}


@dataclass(frozen=True)
class Failure:
    """Why a trial failed.

    Attributes:
        reason: In one line.
        cause: What kind of failure it is.
        details: The traceback, or "".
    """

    reason: str
    cause: Cause
    details: str = ""


@dataclass(frozen=True)
class Trial:
    """What is known of one trial.

    Attributes:
        number: Its number within the study, from 0.
        state: How it stands.
        params: Its hyperparameters; one that does not apply is absent.
        score: The objective, averaged over the folds; None unless complete.
        std_error: Standard error of ``score`` over the folds; None with a single fold.
        fold_scores: The objective of every fold.
        epochs: The epoch, from 1, with the best mean over the folds: that of the score.
        stage_epochs: The same, told apart by the stages of training.
        epochs_trained: How many epochs were trained.
        reported: The best mean of the objective so far, by the epoch at which a pruner looked.
        model_size: Number of parameters of the model.
        loss: Keras's name for the loss, or "".
        training: How it was trained: "fused", "fused-xla" or "fit".
        seconds: How long it took.
        seed: The seed of its weights and batches.
        reason: Why it failed, or None.
        cause: What kind of failure that was, or None.
        details: The traceback of the failure, or "".
        worker: The worker that ran it.
        started: When it started.
        ended: When it ended.
    """

    number: int
    state: State
    params: dict[str, Any]
    score: float | None = None
    std_error: float | None = None
    fold_scores: list[float] = field(default_factory=list)
    epochs: int | None = None
    stage_epochs: list[int] = field(default_factory=list)
    epochs_trained: int | None = None
    reported: dict[int, float] = field(default_factory=dict)
    model_size: int | None = None
    loss: str = ""
    training: str | None = None
    seconds: float | None = None
    seed: int | None = None
    reason: str | None = None
    cause: Cause | None = None
    details: str = ""
    worker: str | None = None
    started: datetime | None = None
    ended: datetime | None = None

    @property
    def score_when_pruned(self) -> float | None:
        """The best mean of the objective that a pruned trial had; None unless pruned."""
        if self.state != "pruned" or not self.reported:
            return None
        return self.reported[max(self.reported)]

    @property
    def is_finished(self) -> bool:
        """Whether the trial ended by itself, and not because the search was stopped."""
        return self.state in ("complete", "pruned", "failed")

    if not TYPE_CHECKING:  # or every name would be a name of a trial's

        def __getattr__(self, name: str) -> Any:
            return by_earlier_name(self, name, TRIAL)


def from_optuna(frozen: optuna.trial.FrozenTrial) -> Trial:
    """Read a trial of ours out of Optuna's record of it."""
    attributes = frozen.user_attrs
    state = _STATES[frozen.state.name]
    failure = {}
    if state == "failed":  # a trial that was completed meanwhile may have a reason too
        unknown = {"reason": "unknown: its worker left no reason", "cause": "outside"}
        failure = attributes.get(FAILURE, unknown)
        state = "interrupted" if failure.get("cause") == "interrupted" else state
    return Trial(
        number=frozen.number,
        state=state,
        params=_params(frozen) or dict(frozen.system_attrs.get("fixed_params", {})),
        score=frozen.values[0] if state == "complete" and frozen.values else None,
        reported=dict(frozen.intermediate_values),
        seconds=frozen.duration.total_seconds() if frozen.duration else None,
        seed=attributes.get(SEED),
        reason=failure.get("reason"),
        cause=failure.get("cause"),
        details=failure.get("details", ""),
        worker=attributes.get(WORKER),
        started=frozen.datetime_start,
        ended=frozen.datetime_complete,
        **attributes.get(RESULT, {}),
    )


def _params(frozen: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """The configuration as it was evaluated: Optuna keeps steps with their rounding errors."""
    return {name: exact(frozen.distributions[name], value) for name, value in frozen.params.items()}
