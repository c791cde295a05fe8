"""Training: one compiled model, several folds, one epoch at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.data.folds import FoldArrays
from hpo.errors import HPOError
from hpo.training.trainer import Logs, State, Trainer

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FoldArrays", "Logs", "State", "Trainer", "make_trainer"]


def make_trainer(
    model: Any,
    folds: Sequence[FoldArrays],
    *,
    batch_size: int,
    epochs: int,
    callbacks: Sequence[Sequence[Any]] = (),
) -> Trainer:
    """Choose the fastest way to train a model that means the same as ``model.fit``.

    Args:
        model: A compiled Keras model.
        folds: The folds it is trained on.
        batch_size: Samples per step.
        epochs: The most epochs that each fold will be trained.
        callbacks: The callbacks of every fold, of which ``run_epoch`` calls only hooks on batches.

    Returns:
        The fused loop of the backend; ``fit`` if the backend has none, or if the model, the data
        or a callback does not allow it.

    Raises:
        HPOError: The optimizer averages weights but never uses the average.
    """
    import keras

    from hpo.training import variables
    from hpo.training.fusing import why_not_fused

    _refuse_unused_average(model.optimizer)
    variables.build(model, folds[0], batch_size)
    if keras.backend.backend() == "tensorflow" and not why_not_fused(
        model, [c for of_fold in callbacks for c in of_fold]
    ):
        from hpo.training.tensorflow import FusedTrainer
        from hpo.training.xla import pays_off

        steps = sum(len(fold.train) for fold in folds) * epochs // batch_size
        return FusedTrainer(model, folds, batch_size=batch_size, xla=pays_off(model, steps))
    # A loop for JAX (lax.scan over model.stateless_call) takes its place here.
    from hpo.training.fit import FitTrainer

    return FitTrainer(model, folds, batch_size=batch_size, callbacks=callbacks)


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
