"""Evaluates one configuration: all folds in lockstep, the epoch chosen on their mean."""

from __future__ import annotations

import dataclasses
import math
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.data import splits
from hpo.data.arrays import by_output, shapes, take
from hpo.data.gaps import describe_prepared
from hpo.data.preprocessing import FoldCache
from hpo.errors import HPOError
from hpo.scoring.compiled import Compiled
from hpo.training import compiled, lockstep, outputs
from hpo.training.losses import loss_name
from hpo.training.saving import save_model
from hpo.training.seeding import set_seeds
from hpo.training.stage_run import TrialFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from hpo.task import Data, Params, Task
    from hpo.training import FoldArrays
    from hpo.training.lockstep import Report
    from hpo.training.stage_run import OnFold


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result of evaluating a configuration.

    Attributes:
        score: The objective at the chosen epoch, averaged over the folds.
        fold_scores: The objective of every fold at that epoch.
        epochs: The chosen number of epochs in every stage of training.
        model_size: Number of parameters of the model.
        training: How the training ran: "fused", "fused-xla", "fused-jax" or "fit".
        loss: Keras's name for the loss; "" if it is not one of Keras's own with default settings.
        arrays: Curves and out-of-fold predictions.
        outputs: The loss of every output, and whether it predicts logits, as
            :func:`hpo.training.outputs.describe` gives them.
        compiled: What the model was compiled with, as far as it decides on the objective.
    """

    score: float
    fold_scores: list[float]
    epochs: list[int]
    model_size: int
    training: str
    loss: str
    arrays: TrialArrays
    outputs: outputs.Described = field(default_factory=dict)
    compiled: Compiled = field(default_factory=Compiled)

    @property
    def std_error(self) -> float | None:
        """Standard error of the score over the folds; None with a single fold."""
        n = len(self.fold_scores)
        return float(np.std(self.fold_scores, ddof=1) / math.sqrt(n)) if n > 1 else None

    def summary(self) -> dict[str, Any]:
        """Everything but the arrays, as the study stores it."""
        return {
            "std_error": self.std_error,
            "fold_scores": self.fold_scores,
            "epochs": sum(self.epochs),
            "stage_epochs": self.epochs,
            "epochs_trained": len(next(iter(self.arrays.curves.values()))),
            "model_size": self.model_size,
            "training": self.training,
            "loss": self.loss,
            "outputs": self.outputs,
            "compiled": self.compiled.to_json(),
        }


class Evaluator:
    """Evaluates configurations of one task on one data set, which is split once.

    Args:
        task: The task.
        data: Its data; the test set is dropped at once.
        cv: How the data is split; by default as the task says.
    """

    def __init__(self, task: Task, data: Data, cv: Any = None) -> None:
        self.task = task
        self.data = data.without_test()
        self.splits = splits.split(cv or task.cv, self.data, task.objective)
        self._folds = FoldCache(task, self.data, self.splits)

    @property
    def cached_bytes(self) -> int:
        """Memory of the preprocessed samples that are kept for later trials."""
        return self._folds.cached_bytes

    def folds(self, params: Params) -> list[FoldArrays]:
        """The samples of every fold as a configuration's preprocessor makes them."""
        return self._folds.get(params)

    def evaluate(
        self,
        params: Params,
        *,
        seed: int = 0,
        report: Report | None = None,
        on_fold: OnFold | None = None,
        rungs: Collection[int] = (),
        keep_models: Callable[[float], Path | None] = lambda _: None,
        on_built: Callable[[Any], None] = lambda _: None,
        on_model: Callable[[Any, list[FoldArrays], Evaluation], None] | None = None,
    ) -> Evaluation:
        """Train and validate one configuration on every fold.

        Args:
            params: The configuration.
            seed: Seed of the weights and of the order of the batches.
            report: Called with every epoch of all folds; may raise to end the trial.
            on_fold: Called whenever a fold has trained an epoch by itself, with both.
            rungs: Epochs after which ``report`` decides whether training continues.
            keep_models: Called with the score; returns the folder that the folds' models are
                saved in, or None.
            on_built: Called with the model before it is trained.
            on_model: Called with the model, which has the weights of the first fold at the chosen
                epoch, the folds, and the evaluation.

        Returns:
            Scores, curves and out-of-fold predictions.

        Raises:
            TrialFailedError: The loss or the objective became NaN or infinite.
            HPOError: The model does not log the objective, or the plugin returned no model.
        """
        model, folds = build(self.task, self.data, self._folds, params, seed)
        on_built(model)
        with _gaps_named(folds):
            course = lockstep.train(
                self.task,
                model,
                folds,
                params,
                seed=seed,
                report=report,
                on_fold=on_fold,
                rungs=rungs,
            )
        evaluation = self._evaluation(course, model, folds, params)
        if on_model is not None:
            model.set_weights(course.best.weights[0])
            on_model(model, folds, evaluation)
        directory = keep_models(evaluation.score)
        if directory is not None:
            _save_models(model, course.best.weights, directory)
        return evaluation

    def _evaluation(
        self, course: lockstep.Course, model: Any, folds: list[FoldArrays], params: Params
    ) -> Evaluation:
        return Evaluation(
            score=course.best.score,
            fold_scores=course.best.fold_scores,
            epochs=course.best.epochs,
            model_size=int(model.count_params()),
            training=course.path,
            loss=loss_name(model.loss),
            outputs=outputs.describe(model, course.best.predictions[0]),
            arrays=TrialArrays(course.curves, *_out_of_fold(folds, course.best.predictions)),
            compiled=compiled.record(
                self.task, model, folds, course.best, self.task.plan(params).batch_size
            ),
        )


@contextmanager
def _gaps_named(folds: Sequence[FoldArrays]) -> Iterator[None]:
    """Add to the failure of a trial that its samples have gaps, if they do."""
    try:
        yield
    except TrialFailedError as error:
        gaps = describe_prepared(folds[0].x)
        if not gaps:
            raise
        raise TrialFailedError(f"{str(error).rstrip('.')}. {gaps}") from error


def build(
    task: Task, data: Data, folds: FoldCache, params: Params, seed: int
) -> tuple[Any, list[FoldArrays]]:
    """Build a configuration's model and the folds that it is trained on.

    Args:
        task: The task.
        data: Its data.
        folds: Preprocesses the folds of this data.
        params: The configuration.
        seed: Seed of the weights, and of transformers that draw random numbers.

    Returns:
        The compiled model, and the folds.

    Raises:
        HPOError: The plugin returned no compiled model, or one without an output for every class.
    """
    set_seeds(seed)
    arrays = folds.get(params)
    _check_widths(arrays)
    # Transformers may have drawn random numbers, or found their result in a cache.
    set_seeds(seed)
    model = _build_model(task, params, data, arrays[0])
    outputs.check_classes(task.name, model, by_output(data))
    return model, arrays


def _build_model(task: Task, params: Params, data: Data, fold: FoldArrays) -> Any:
    """Build a configuration's model; the factory sees only the training part of a fold."""
    is_whole = not len(fold.validation)  # no copy is needed then
    seen = dataclasses.replace(
        data.without_test(),
        x=fold.x if is_whole else take(fold.x, fold.train),
        y=fold.y if is_whole else take(fold.y, fold.train),
        sample_weight=None,
        groups=None,
        folds=None,
    )
    model = task.model(params, seen)
    if not getattr(model, "compiled", False):
        hint = " Call its compile() before." if hasattr(model, "compile") else ""
        raise HPOError(
            f"Task {task.name!r}: model(params, data) must return a compiled "
            f"keras.Model. Received: {type(model).__name__}.{hint}"
        )
    return model


def _check_widths(folds: list[FoldArrays]) -> None:
    """Refuse folds of different widths, since one model is trained on all of them.

    Raises:
        HPOError: A preprocessor made them so.
    """
    first = _of_samples(folds[0].x)
    for number, fold in enumerate(folds):
        found = _of_samples(fold.x)
        if found != first:
            raise HPOError(
                f"the preprocessor makes samples of shape {_shown(first)} in fold 0 and of shape "
                f"{_shown(found)} in fold {number}, so no model fits both. Perhaps a category is "
                "missing from the training part of a fold: name all of them, as "
                "OneHotEncoder(categories=...) does."
            )


def _of_samples(arrays: Any) -> dict[str, tuple[int, ...]]:
    return {name: shape[1:] for name, shape in shapes(arrays).items()}


def _shown(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}".strip() for name, shape in shapes.items())


def _out_of_fold(
    folds: list[FoldArrays], predictions: list[dict[str, np.ndarray]]
) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Join the folds' predictions, and average those of a sample that several folds predict.

    Returns:
        Positions of the predicted samples, shape (m,), their predictions by output name, shape
        (m, ...), and the first fold that predicted each, shape (m,).
    """
    parts = [fold.validation for fold in folds]
    index, first_fold = splits.validated_by(parts)
    place = np.searchsorted(index, np.concatenate(parts))
    count = np.bincount(place)
    means = {}
    for name in predictions[0]:
        stacked = np.concatenate([part[name] for part in predictions])
        total = np.zeros((len(index), *stacked.shape[1:]), "float64")
        np.add.at(total, place, stacked)
        weight = count.reshape(-1, *[1] * (stacked.ndim - 1))
        means[name] = (total / weight).astype("float32")
    return index, means, first_fold


def _save_models(model: Any, weights: list[list[np.ndarray]], directory: Path) -> None:
    for fold, of_fold in enumerate(weights):
        model.set_weights(of_fold)
        save_model(model, directory / f"fold-{fold}.keras")


@dataclass(frozen=True)
class TrialArrays:
    """The arrays of one complete trial.

    Attributes:
        curves: Every metric that was logged, by Keras's name for it, shape
            (n_epochs_trained, n_folds); validation metrics start with ``val_``.
        index: Training samples that were predicted out of fold, shape (n_predicted,), ascending.
        predictions: Their out-of-fold predictions, shape (n_predicted, ...), by output name;
            a model with one output has the single name ``""``.
        fold: The (first) fold that predicted each, shape (n_predicted,).
    """

    curves: dict[str, np.ndarray]
    index: np.ndarray
    predictions: dict[str, np.ndarray]
    fold: np.ndarray
