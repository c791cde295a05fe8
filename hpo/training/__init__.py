"""Training: one compiled model, several folds, a stretch of epochs at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.data.folds import FoldArrays
from hpo.errors import HPOError
from hpo.training.trainer import FoldTrainer, Logs, State, StretchTrainer, Trainer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = [
    "FoldArrays",
    "FoldTrainer",
    "Logs",
    "State",
    "StretchTrainer",
    "Trainer",
    "make_trainer",
]


def make_trainer(
    model: Any,
    folds: Sequence[FoldArrays],
    *,
    batch_size: int,
    epochs: int,
    callbacks: Sequence[Sequence[Any]] = (),
    find_objective: Callable[[Collection[str]], str | None] = lambda _names: None,
) -> FoldTrainer | StretchTrainer:
    """Choose the fastest way to train a model that means the same as ``model.fit``.

    Args:
        model: A compiled Keras model.
        folds: The folds it is trained on.
        batch_size: Samples per step.
        epochs: The most epochs that each fold will be trained.
        callbacks: The callbacks of every fold, of which the trainer calls only hooks on batches.
        find_objective: Returns the objective's name among names of logs, or None.

    Returns:
        The fused loop of the backend; ``fit`` if the backend has none, or if the model, the data
        or a callback does not allow it.

    Raises:
        HPOError: The optimizer averages weights but never uses the average.
    """
    from hpo.training import variables
    from hpo.training.fusing import why_not_fused

    _refuse_unused_average(model.optimizer)
    variables.build(model, folds[0], batch_size)
    fused = None
    if not why_not_fused(model, [c for of_fold in callbacks for c in of_fold]):
        fused = _fused(model, folds, batch_size, epochs, find_objective)
    if fused is not None:
        return fused
    from hpo.training.fit import FitTrainer

    return FitTrainer(model, folds, batch_size=batch_size, callbacks=callbacks)


def _fused(
    model: Any,
    folds: Sequence[FoldArrays],
    batch_size: int,
    epochs: int,
    find_objective: Callable[[Collection[str]], str | None],
) -> FoldTrainer | StretchTrainer | None:
    """The fused loop of the backend; None if it has none, or none for this model or data."""
    import keras

    from hpo.training import xla
    from hpo.training.fusing import holds_numbers

    if keras.backend.backend() == "tensorflow":
        from hpo.training.tensorflow import FusedTrainer

        steps = sum(len(fold.train) for fold in folds) * epochs // batch_size
        return FusedTrainer(model, folds, batch_size=batch_size, xla=xla.pays_off(model, steps))
    if keras.backend.backend() != "jax" or not all(map(holds_numbers, folds)):
        return None
    from hpo.training.jax import JaxTrainer, runs_on_cpu

    if runs_on_cpu() and xla.loops_are_slow(model):
        return None
    together = xla.gains_together(model)
    try:
        return JaxTrainer(
            model, folds, batch_size=batch_size, together=together, find_objective=find_objective
        )
    except Exception:  # noqa: BLE001  (what JAX cannot trace; an error of the model's comes again)
        return None


def _refuse_unused_average(optimizer: Any) -> None:
    """Refuse an average that would replace the weights after they were validated.

    ``fit`` applies the average when it ends; the score would be that of other weights.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # that of a LossScaleOptimizer
    if getattr(inner, "use_ema", False) and not inner.ema_overwrite_frequency:
        raise HPOError(
            "the optimizer averages weights (use_ema=True), but the average would never be "
            "validated. Set ema_overwrite_frequency to a number of steps. Received: "
            "ema_overwrite_frequency=None"
        )
