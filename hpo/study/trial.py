"""A trial of a study, as it is stored and shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from hpo.space.ranges import exact
from hpo.study.keys import FAILURE, RESULT, RETRIED, RETRY_OF, SEED, WORKER
from hpo.study.renamed import TRIAL, by_old_name
from hpo.support.types import fits, fitting

if TYPE_CHECKING:
    from datetime import datetime

    import optuna

State = Literal["complete", "pruned", "failed", "interrupted", "running", "waiting"]
"""An interrupted trial was stopped with its search; its configuration is queued again."""

Cause = Literal["configuration", "outside", "interrupted"]
"""Why a trial failed: because of its own hyperparameters or code, because of something outside it
(a killed worker, a full disk), or because the search was stopped (it is then tried again)."""

_OF_RESULT = (
    "std_error",
    "fold_scores",
    "epochs",
    "stage_epochs",
    "epochs_trained",
    "model_size",
    "loss",
    "outputs",
    "compiled",
    "training",
)
"""What the result of an evaluation says of its trial."""

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
        reason: The reason, in one line.
        cause: What caused it.
        details: The traceback, or "".
    """

    reason: str
    cause: Cause
    details: str = ""


@dataclass(frozen=True)
class Trial:
    """What is known of a trial.

    Attributes:
        number: Its number within the study, from 0.
        state: Its state.
        params: Its hyperparameters, without those that do not apply.
        score: The objective, averaged over the folds; None unless complete.
        std_error: Standard error of ``score`` over the folds; None with a single fold.
        fold_scores: The objective of every fold.
        epochs: The epoch of ``score``, from 1: that with the best mean over the folds.
        stage_epochs: The same for each stage of training.
        epochs_trained: Number of epochs that were trained.
        reported: What was reported to the pruner: the best mean of the objective so far, by epoch.
        model_size: Number of parameters of the model.
        loss: Keras's name for the loss, or "".
        outputs: By output name, ``loss``: Keras's name for its loss, whatever its settings; and
            ``activation``: what makes probabilities of it if it predicts logits, else "". Empty
            in trials of version 0.1.0.
        compiled: What its model was compiled with, as
            :class:`hpo.scoring.compiled.Compiled` writes it; None in studies of version 0.1.0.
        training: How it was trained: "fused", "fused-xla" or "fit".
        seconds: Its duration.
        seed: The seed of its weights and batches.
        reason: Why it failed, or None.
        cause: What caused the failure, or None.
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
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    compiled: dict[str, Any] | None = None
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
    def activations(self) -> dict[str, str]:
        """What makes probabilities of the outputs that are logits, by their names."""
        found = {name: of.get("activation", "") for name, of in self.outputs.items()}
        return {name: activation for name, activation in found.items() if activation}

    def loss_of(self, output: str) -> str:
        """Keras's name for the loss of an output; "" if it is not known."""
        return self.outputs.get(output, {}).get("loss", "") or ("" if output else self.loss)

    @property
    def score_when_pruned(self) -> float | None:
        """The best mean of the objective when the trial was pruned; None unless pruned."""
        if self.state != "pruned" or not self.reported:
            return None
        return self.reported[max(self.reported)]

    @property
    def is_finished(self) -> bool:
        """Whether the trial ended by itself, and not because the search was stopped."""
        return self.state in ("complete", "pruned", "failed")

    @property
    def is_begun(self) -> bool:
        """Whether the trial is finished or running."""
        return self.is_finished or self.state == "running"

    if not TYPE_CHECKING:  # a type checker would accept every name otherwise

        def __getattr__(self, name: str) -> Any:
            return by_old_name(self, name, TRIAL)


def retried(record: optuna.Study) -> set[int]:
    """The numbers of the trials that were queued again."""
    trials = record.get_trials(deepcopy=False)
    earlier = record.user_attrs.get(RETRIED, ())
    repeated = (_if_fits(t.user_attrs.get(RETRY_OF), int) for t in trials)
    return {*earlier, *(number for number in repeated if number is not None)}


def from_optuna(frozen: optuna.trial.FrozenTrial) -> Trial:
    """Read a trial from Optuna's record of it."""
    attributes = frozen.user_attrs
    state = _STATES[frozen.state.name]
    failure = {}
    if state == "failed":  # a trial that was completed in the meantime may have a reason, too
        unknown = {"reason": "unknown: its worker recorded no reason", "cause": "outside"}
        failure = fitting(Failure, attributes.get(FAILURE, unknown))
        state = "interrupted" if failure.get("cause") == "interrupted" else state
    return Trial(
        number=frozen.number,
        state=state,
        params=_params(frozen) or _fixed(frozen),
        score=frozen.values[0] if state == "complete" and frozen.values else None,
        reported=dict(frozen.intermediate_values),
        seconds=frozen.duration.total_seconds() if frozen.duration else None,
        seed=_if_fits(attributes.get(SEED), int),
        reason=failure.get("reason"),
        cause=failure.get("cause"),
        details=failure.get("details", ""),
        worker=_if_fits(attributes.get(WORKER), str),
        started=frozen.datetime_start,
        ended=frozen.datetime_complete,
        **_result(attributes.get(RESULT)),
    )


def _result(stored: Any) -> dict[str, Any]:
    """What :meth:`Evaluation.summary` gave, without values that were damaged."""
    return {name: v for name, v in fitting(Trial, stored).items() if name in _OF_RESULT}


def _if_fits(value: Any, kind: type) -> Any:
    return value if fits(value, kind) else None


def _fixed(frozen: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """The configuration that was queued, or none."""
    fixed = frozen.system_attrs.get("fixed_params")
    return dict(fixed) if isinstance(fixed, dict) else {}


def _params(frozen: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """The configuration as it was evaluated; Optuna stores steps with rounding errors."""
    return {name: exact(frozen.distributions[name], value) for name, value in frozen.params.items()}
