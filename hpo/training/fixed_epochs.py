"""Trains a model for a given number of epochs on all it is given: nothing is validated."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.task import Stage
from hpo.training import make_trainer
from hpo.training.lockstep import TrialFailedError, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

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

    Callbacks are told the epochs that a stage may have, as in the search, so that a schedule over
    epochs runs as it ran there. Those that would stop training are not obeyed: the number of
    epochs is decided. Those that monitor ``val_...`` find nothing and do nothing.

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
    first = Stage("", int(params.get("epochs", task.epochs)), lambda _model, _params: None)
    last = max((place for place, number in enumerate(epochs) if number), default=-1)
    done = 0
    for stage, number in zip((first, *task.stages)[: last + 1], epochs[: last + 1], strict=True):
        most = stage.epochs_for(params)
        if most == 0:
            continue
        prepare(task, stage, model, params)
        if number == 0:
            continue
        orders = (
            np.random.default_rng([seed, 0, epoch]).permutation(fold.train)
            for epoch in range(done, done + number)
        )
        with warnings.catch_warnings():
            for message in _NOTHING_TO_MONITOR:
                warnings.filterwarnings("ignore", message=message)
            for _epoch in _train_stage(task, model, fold, params, orders, most=most, number=number):
                on_epoch()
        done += number


def _train_stage(
    task: Task,
    model: Any,
    fold: FoldArrays,
    params: Params,
    orders: Iterable[np.ndarray],
    *,
    most: int,
    number: int,
) -> Iterator[int]:
    """Train one stage, epoch by epoch, counted from 1."""
    import keras

    batch_size = int(params.get("batch_size", task.batch_size))
    own = list(task.callbacks(params)) if task.callbacks else []
    trainer = make_trainer(model, [fold], batch_size=batch_size, epochs=number, callbacks=[own])
    callbacks = keras.callbacks.CallbackList(
        own,
        model=model,
        epochs=most,
        steps=math.ceil(len(fold.train) / batch_size),
        verbose=0,
    )
    callbacks.on_train_begin()
    for epoch, order in enumerate(orders):
        callbacks.on_epoch_begin(epoch)
        logs = trainer.run_epoch(0, order)
        if not math.isfinite(logs.get("loss", 0.0)):
            raise TrialFailedError(f"loss became {logs['loss']} in epoch {epoch + 1}")
        callbacks.on_epoch_end(epoch, logs)
        yield epoch + 1
    # What a callback does to the weights at the end was not part of what the search scored.
    trained = trainer.save()
    callbacks.on_train_end()
    trainer.load(trained)
