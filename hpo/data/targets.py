"""What the targets of a task are: quantities, classes or labels. Decided here for all who ask.

The name of the objective, the loss, the predictions and the values of the targets decide together,
as far as they are known: before training, only the objective and the targets are.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.task import Data

Kind = Literal["quantity", "two classes", "one class", "labels"]
"""Two classes have one number, the probability of the second. "One class" is one of several, with a
probability for each. Labels are independent of each other: a sample has any number of them."""

Meaning = Literal["classes", "quantity", ""]

# fmt: off
_OF_CLASSES = (
    "accuracy", "acc", "auc", "precision", "recall", "f1", "fbeta", "iou", "io_u", "dice",
    "tversky", "kappa", "mcc", "matthews", "jaccard", "crossentropy", "cross_entropy", "logloss",
    "log_loss", "hinge", "sensitivity", "specificity", "positives", "negatives", "perplexity",
)
_OF_QUANTITIES = (
    "mae", "mse", "rmse", "mape", "msle", "rmsle", "smape", "wmape", "nrmse", "absolute_error",
    "squared_error", "percentage_error", "logarithmic_error", "huber", "logcosh", "log_cosh", "r2",
    "poisson", "pinball", "quantile", "explained_variance", "pearson", "spearman",
)
# fmt: on

_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Target:
    """What the targets of one output are.

    Attributes:
        kind: What a target says.
        names: The names of the classes or labels; empty for quantities.
        per_step: Whether every step or pixel of a sample has its own class or labels.
        one_hot: Whether the targets of exclusive classes are rows with a column per class.
        are_probabilities: Whether predictions are probabilities; else they are scores of the
            classes or labels, on a scale that is not known.
    """

    kind: Kind = "quantity"
    names: tuple[str, ...] = ()
    per_step: bool = False
    one_hot: bool = False
    are_probabilities: bool = True

    @property
    def is_exclusive(self) -> bool:
        """Whether every sample, or every step of it, has exactly one class."""
        return self.kind in ("two classes", "one class")

    @property
    def width(self) -> int:
        """The number of columns of predictions of classes or labels."""
        return 1 if self.kind == "two classes" else len(self.names)

    @property
    def threshold(self) -> float:
        """The prediction above which the second of two classes, or a label, is predicted."""
        return 0.5 if self.are_probabilities else 0.0

    def classes(self, y: np.ndarray) -> np.ndarray:
        """The class numbers of targets of exclusive classes.

        Args:
            y: Targets, shape (n, ...).

        Returns:
            Class numbers, shape (n, ...), without a last axis of width 1 or of one-hot rows.
        """
        numbers = y.argmax(axis=-1) if self.one_hot else y
        if not self.one_hot and y.ndim > 1 and y.shape[-1] == 1:
            numbers = y[..., 0]
        return np.asarray(numbers).astype(int)


QUANTITY = Target()


def decide(
    y: np.ndarray,
    *,
    metric: str = "",
    loss: str = "",
    names: Sequence[str] | None = None,
    predictions: np.ndarray | None = None,
) -> Target:
    """Decide what the targets of one output are.

    Args:
        y: The targets, shape (n, ...).
        metric: The objective, see :func:`metric_of`; "" if it measures another output.
        loss: Keras's name for the loss of this output; "" if it is unknown.
        names: The names of the classes, if the data has them.
        predictions: Predictions of this output, of these samples or of others, shape (m, ...);
            None before training.
    """
    y = np.asarray(y)
    meaning = _meaning(metric, loss, names)
    # More columns than values can only be classes.
    is_wider = predictions is not None and y.size and predictions[:1].size > y[0].size
    if not y.size or (meaning == "quantity" and not is_wider):
        return QUANTITY
    if predictions is None:
        return _by_values(y, meaning, names)
    target = _by_predictions(y, predictions, meaning, names)
    return dataclasses.replace(target, are_probabilities=are_probabilities(predictions))


def decide_all(data: Data, objective: str) -> dict[str, Target]:
    """Decide what the targets of every output are, as far as this is known before training.

    Args:
        data: The data; class names belong to a single output.
        objective: The name of the task's objective.
    """
    if not isinstance(data.y, Mapping):
        return {"": decide(data.y, metric=metric_of(objective), names=data.class_names)}
    several = len(data.y) > 1
    return {
        name: decide(y, metric=metric_of(objective, name, several=several))
        for name, y in data.y.items()
    }


def metric_of(objective: str, output: str = "", *, several: bool = False) -> str:
    """The metric by which an objective measures an output; "" if it measures another output.

    Args:
        objective: The name of the objective, with or without ``val_``.
        output: The name of the output; "" if there is only one.
        several: Whether the model has several outputs.
    """
    name = objective.removeprefix("val_")
    if output and name.startswith(f"{output}_"):
        return name.removeprefix(f"{output}_")
    return "" if several else name


def meaning_of(name: str) -> Meaning:
    """Whether a metric or loss measures classes or quantities; "" if its name does not tell.

    The last word that tells counts: ``recall_time_mae`` is an error of quantities.
    """
    places = {
        meaning: max(_end_of(word, name.lower()) for word in words)
        for meaning, words in (("classes", _OF_CLASSES), ("quantity", _OF_QUANTITIES))
    }
    if places["classes"] == places["quantity"]:
        return ""
    return "classes" if places["classes"] > places["quantity"] else "quantity"


def strata(data: Data, objective: str = "") -> np.ndarray | None:
    """The class of every training sample, by which splits are stratified.

    If the objective does not tell, whole numbers that can be class numbers are taken for classes,
    also those of type float: it does no harm to stratify quantities.

    Args:
        data: The data.
        objective: The name of the task's objective.

    Returns:
        Class numbers, shape (n_samples,), of the first output that has one class per sample; None
        if there is none.
    """
    targets = data.y if isinstance(data.y, Mapping) else {"": data.y}
    for name, target in decide_all(data, objective).items():
        y = np.asarray(targets[name])
        if target.is_exclusive and not target.per_step:
            return target.classes(y).reshape(-1)
        metric = metric_of(objective, name, several=len(targets) > 1)
        if not meaning_of(metric) and y.size == len(y) and _are_whole(y) and _look_like_classes(y):
            return y.reshape(-1).astype(int)
    return None


def _end_of(word: str, name: str) -> int:
    place = f"_{name}_".rfind(f"_{word}_")
    return place + len(word) if place >= 0 else -1


def _meaning(metric: str, loss: str, names: Sequence[str] | None) -> Meaning:
    meanings = (meaning_of(metric), meaning_of(loss))
    if names is not None or "classes" in meanings:
        return "classes"
    return "quantity" if "quantity" in meanings else ""


def _by_values(y: np.ndarray, meaning: Meaning, names: Sequence[str] | None) -> Target:
    """Decide before training, when the width of the model's output is not known."""
    if _are_rows(y, meaning):
        name = _named(y.shape[-1], names)
        return Target("one class", name, per_step=y.ndim > 2, one_hot=True)  # noqa: PLR2004
    if not _are_whole(y):
        return QUANTITY
    n_classes = len(names) if names is not None else int(y.max()) + 1
    if y.size == len(y):
        are_classes = n_classes <= max(len(y), 2) if meaning else _look_like_classes(y, "iub")
        return _numbers(n_classes, names) if are_classes else QUANTITY
    if not meaning:
        return QUANTITY
    if y.max() <= 1 and y.ndim == 2:  # noqa: PLR2004
        return Target("labels", _named(y.shape[1], names))
    return dataclasses.replace(_numbers(n_classes, names), per_step=True)


def _numbers(n_classes: int, names: Sequence[str] | None) -> Target:
    """What class numbers are."""
    if n_classes <= 2:  # noqa: PLR2004
        return Target("two classes", _named(2, names))
    return Target("one class", _named(n_classes, names))


def _by_predictions(
    y: np.ndarray, predictions: np.ndarray, meaning: Meaning, names: Sequence[str] | None
) -> Target:
    shape = predictions.shape[1:]
    places, width = shape[:-1], shape[-1] if shape else 1
    if width > 1 and y.shape[1:] == shape and _are_rows(y, meaning):
        return Target("one class", _named(width, names), per_step=bool(places), one_hot=True)
    if not _are_whole(y):
        return QUANTITY
    per_step = y[0].size > 1
    if width > 1 and y[0].size == math.prod(places) and y.max() < width:
        return Target("one class", _named(width, names), per_step=per_step)
    can_be_answers = y[0].size == math.prod(shape) and y.max() <= 1
    if not can_be_answers or not (meaning or (not per_step and are_probabilities(predictions))):
        return QUANTITY
    has_name_per_column = names is not None and len(names) == width
    if per_step and width > 1 and (len(shape) == 1 or has_name_per_column):
        return Target("labels", _named(width, names), per_step=bool(places))
    return Target("two classes", _named(2, names), per_step=per_step)


def are_probabilities(predictions: np.ndarray) -> bool:
    """Whether all predictions lie between 0 and 1."""
    return bool(((predictions >= -_TOLERANCE) & (predictions <= 1 + _TOLERANCE)).all())


def _are_whole(y: np.ndarray) -> bool:
    """Whether all values are whole numbers from 0 on, whatever their type."""
    if y.dtype.kind not in "iubf":
        return False
    return bool(np.isfinite(y).all() and y.min() >= 0 and (y == np.floor(y)).all())


def _are_rows(y: np.ndarray, meaning: Meaning) -> bool:
    """Whether targets are one-hot or, if they are known to be classes, shares of the classes."""
    if y.ndim == 1 or y.shape[-1] == 1 or y.dtype.kind not in "iubf":
        return False
    y = y.astype(float)
    are_shares = (y >= 0).all() and np.allclose(y.sum(axis=-1), 1, atol=_TOLERANCE)
    return bool(are_shares and (meaning or np.isin(y, (0, 1)).all()))


def _look_like_classes(y: np.ndarray, types: str = "iubf") -> bool:
    """Distinguish class numbers from whole quantities, such as prices or ages."""
    if y.dtype.kind not in types or y.min() < 0 or y.max() >= max(len(y) / 2, 2):
        return y.dtype.kind == "b"
    counts = np.unique(y, return_counts=True)[1]
    # Several values that occur once speak for quantities.
    return bool(len(counts) <= 2 or (counts == 1).sum() <= 1)  # noqa: PLR2004


def _named(n: int, names: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(map(str, names if names is not None and len(names) == n else range(n)))
