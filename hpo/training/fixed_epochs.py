"""Trains a model for a given number of epochs on all of its samples: nothing is validated."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hpo.training.stage_run import StageRun, Training, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hpo.task import Params, Task
    from hpo.training import FoldArrays

_NOTHING_TO_MONITOR = (
    "Early stopping conditioned on metric",
    "Learning rate reduction is conditioned on metric",
    "Can save best model only with",
)


def train_for(
    task: Task,
    model: Any,
    fold: FoldArrays,
    params: Params,
    epochs: Sequence[int],
    *,
    seed: int,
    on_epoch: Callable[[], None] = lambda: None,
) -> None:
    """Train a model in place, through the stages of its task, for as many epochs as are given.

    Callbacks see the most epochs of a stage, as in the search, so that a schedule over epochs runs
    as it ran there. Their requests to stop are ignored: the number of epochs is decided. Those that
    monitor ``val_...`` find nothing and do nothing.

    Args:
        task: The task: stages, callbacks and defaults.
        model: Its compiled model.
        fold: The preprocessed samples, with an empty validation part.
        params: The configuration.
        epochs: Epochs of the first training and of every stage. A stage with none is prepared,
            since later ones may build on it, and not trained; after the last one that is
            trained, nothing is done.
        seed: Seed of the order of the batches.
        on_epoch: Called after every epoch.

    Raises:
        TrialFailedError: The loss became NaN or infinite.
        HPOError: A stage keeps the optimizer of the one before.
    """
    training = Training(task, model, [fold], params, seed)
    n_stages = max((place for place, number in enumerate(epochs, 1) if number), default=0)
    stages = task.plan(params).stages[:n_stages]
    done = 0
    for stage, number in zip(stages, epochs[:n_stages], strict=True):
        if stage.epochs:
            prepare(training, stage)
        if stage.epochs and number:
            run = StageRun(training, stage, epochs=number, epochs_before=done)
            with _nothing_to_monitor():
                left, choice = number, run.choose()
                while left:
                    for _epoch in run.run(choice, left):
                        left -= 1
                        on_epoch()
                run.end()
            run.load(run.states[0])
            done += number


@contextmanager
def _nothing_to_monitor() -> Iterator[None]:
    """Silence what Keras's callbacks say where no ``val_...`` metric is logged."""
    with warnings.catch_warnings():
        for message in _NOTHING_TO_MONITOR:
            warnings.filterwarnings("ignore", message=message)
        yield
