"""The plugin contract: a task names its data, model, search space and objective."""

from __future__ import annotations

import dataclasses
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, get_args

from hpo.errors import HPOError
from hpo.plan import TRAINING_PARAMETERS, Plan, PlannedStage
from hpo.support.backends import NAMES as BACKENDS
from hpo.support.metric_names import direction_of_name
from hpo.support.signatures import check_function

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from hpo.space.space import Space

Params = dict[str, Any]
"""A configuration: the values of the hyperparameters that apply, by name."""

Arrays = Any
"""An array, or a dict of arrays for models with several inputs or outputs."""

Direction = Literal["minimize", "maximize"]

_FUNCTIONS = {
    "load": ("data_dir",),
    "model": ("params", "data"),
    "preprocessor": ("params",),
    "metric": ("y_true", "y_pred"),
    "callbacks": ("params",),
    "prepare": ("source", "directory", "on_progress"),
}
"""What the functions of a task are called with; all but the first two may be missing."""


@dataclass(frozen=True, eq=False)
class Data:
    """The raw samples of a task: nothing in it may be computed from all of ``x`` together.

    Args:
        x: Training samples, shape (n_samples, ...), or a dict of such arrays by input name. Samples
            of different lengths go into an array of objects, shape (n_samples,), which a
            ``preprocessor`` turns into numbers.
        y: Training targets, shape (n_samples, ...), or a dict of such arrays by output name. Labels
            that are texts become class numbers before ``model`` sees them, and ``class_names``.
        x_test: Test samples like ``x``; only an ensemble reads them, and every reading is counted.
        y_test: Test targets like ``y``.
        sample_weight: Weight of every training sample, shape (n_samples,).
        groups: Group of every training sample, shape (n_samples,); a group stays in one fold.
        folds: Fold of every training sample for ``cv="predefined"``, shape (n_samples,);
            samples with -1 are part of every training set.
        class_names: One name per class; they make the task a classification. By default the labels
            in ``y`` in alphabetical order, if they are texts.
        feature_names: One name per column of a two-dimensional ``x``.
        decode: Turns one sample of ``x`` into text or a picture for people.

    Raises:
        HPOError: Something is not an array, lengths differ, names are not a list, or ``y`` has
            classes without a name.
    """

    x: Arrays
    y: Arrays
    x_test: Arrays = None
    y_test: Arrays = None
    sample_weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    folds: np.ndarray | None = None
    class_names: Sequence[str] | None = None
    feature_names: Sequence[str] | None = None
    decode: Callable[[Any], Any] | None = None

    def __post_init__(self) -> None:
        for name in ("class_names", "feature_names"):
            object.__setattr__(self, name, _plain_names(name, getattr(self, name)))
        for name in ("x", "y", "x_test", "y_test", "sample_weight", "groups", "folds"):
            object.__setattr__(self, name, _as_arrays(getattr(self, name)))
        self._check_lengths("training", "x", "y", "sample_weight", "groups", "folds")
        self._check_lengths("test", "x_test", "y_test")
        if not any(_lengths("x", self.x)) or not any(_lengths("y", self.y)):
            raise HPOError("Data: x and y must hold at least one sample.")
        if (self.x_test is None) != (self.y_test is None):
            raise HPOError("Data: x_test and y_test go together. Give both or neither.")
        self._check_classes()

    def _check_lengths(self, part: str, *names: str) -> None:
        lengths = {name: sorted(set(_lengths(name, getattr(self, name)))) for name in names}
        if len({length for found in lengths.values() for length in found}) > 1:
            received = {name: found for name, found in lengths.items() if found}
            raise HPOError(
                f"Data: the {part} arrays must have the same number of rows. Received: {received}"
            )

    def _check_classes(self) -> None:
        y = self.y
        if self.class_names is None or isinstance(y, Mapping) or y.dtype.kind not in "iuf":
            return
        if y.size == len(y) and not (y.min() >= 0 and y.max() < len(self.class_names)):
            raise HPOError(
                f"Data: with {len(self.class_names)} class_names, y must hold class numbers from 0 "
                f"to {len(self.class_names) - 1}. Received: {y.min()} to {y.max()}"
            )

    @property
    def n_samples(self) -> int:
        """Number of training samples."""
        return _lengths("x", self.x)[0]

    def without_test(self) -> Data:
        """The same data without the test set: everything that a search may see."""
        return dataclasses.replace(self, x_test=None, y_test=None)

    def subset(self, positions: np.ndarray) -> Data:
        """The same data with only some of the training samples, and the whole test set.

        Args:
            positions: Positions of the training samples to keep, in order, shape (n_positions,).
        """
        parts = ("x", "y", "sample_weight", "groups", "folds")
        return dataclasses.replace(
            self, **{name: _rows(getattr(self, name), positions) for name in parts}
        )


def _plain_names(field: str, names: Any) -> Sequence[str] | None:
    """Names as text, whatever NumPy or pandas call them."""
    if names is None:
        return None
    if isinstance(names, str | bytes) or not hasattr(names, "__iter__"):
        raise HPOError(f"Data: {field} must be a list of names. Received: {names!r}")
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def _as_arrays(arrays: Arrays) -> Arrays:
    """Tensors, and the columns of data frames, as NumPy's arrays; anything else as it is."""
    if isinstance(arrays, Mapping):
        parts = {name: _as_arrays(array) for name, array in arrays.items()}
        return arrays if all(parts[name] is arrays[name] for name in parts) else parts
    if not getattr(arrays, "shape", ()) or _has_other_rows(arrays):
        return arrays
    import numpy as np

    # What has NumPy's types is read by rows when it is needed, a test set not before.
    return arrays if isinstance(getattr(arrays, "dtype", None), np.dtype) else np.asanyarray(arrays)


def _has_other_rows(array: Any) -> bool:
    """Whether it is a data frame or a sparse matrix, whose rows are indexed differently."""
    is_frame = hasattr(array, "iloc") and len(array.shape) > 1  # a Series is a column
    return is_frame or hasattr(array, "toarray")


def _rows(arrays: Arrays, positions: np.ndarray) -> Arrays:
    if isinstance(arrays, Mapping):
        return {name: array[positions] for name, array in arrays.items()}
    return None if arrays is None else arrays[positions]


def _lengths(name: str, arrays: Arrays) -> list[int]:
    if arrays is None:
        return []
    parts = {name: arrays}
    if isinstance(arrays, Mapping):
        parts = {f"{name}[{key!r}]": array for key, array in arrays.items()}
    for part, array in parts.items():
        if not getattr(array, "shape", ()) or _has_other_rows(array):  # a list has no shape
            raise HPOError(
                f"Data: {part} must be an array with one row per sample. Received: "
                f"{type(array).__name__}. Convert it, for example with numpy.asarray."
            )
    return [len(array) for array in parts.values()]


@dataclass(frozen=True)
class Reference:
    """The result of a published model, to compare with.

    Args:
        score: Its score on the test set, in the unit of the task's objective.
        source: The publication.
    """

    score: float
    source: str


@dataclass(frozen=True)
class Stage:
    """A further stage of training, which starts from the best epoch of the stage before.

    Args:
        name: The name of the stage in curves and reports.
        epochs: The maximum number of epochs, or ``(params) -> int``; 0 skips the stage.
        prepare: ``(model, params) -> None``: unfreezes layers and compiles the model again.
            Weights are kept; the optimizer starts fresh.
    """

    name: str
    epochs: int | Callable[[Params], int]
    prepare: Callable[[Any, Params], None]

    def epochs_for(self, params: Params) -> int:
        """The maximum number of epochs for a configuration; 0 skips the stage.

        Raises:
            HPOError: It is not a whole number of 0 or more.
        """
        value = self.epochs(params) if callable(self.epochs) else self.epochs
        try:
            epochs = operator.index(value)
        except TypeError:
            epochs = -1
        if epochs < 0:
            raise HPOError(
                f"Stage {self.name!r}: epochs must be a whole number of 0 or more, or a function "
                f"of params that returns one. Received: {value!r}"
            )
        return epochs

    def planned(self, params: Params) -> PlannedStage:
        """The stage as it trains a configuration.

        Raises:
            HPOError: Its epochs are not a whole number of 0 or more.
        """
        return PlannedStage(
            self.name, self.epochs_for(params), lambda model: self.prepare(model, params)
        )


@dataclass(frozen=True)
class Task:
    """What to learn, and how to build a model from a configuration.

    Args:
        name: Short name; the default name of the task's study.
        load: ``(data_dir) -> Data``, the same data every time; ``data_dir`` may be None. Called
            once per process, and once more before the first trial to see that it is the same.
        model: ``(params, data) -> compiled keras.Model``. ``data`` holds preprocessed training
            samples of one fold and no test set: read shapes and class counts from it.
        space: Name of a built-in search space, a path to a TOML file, or a ``Space``.
        objective: The name Keras logs the objective under, such as ``"val_mae"``.
        direction: "minimize" or "maximize"; by default inferred from the name of the objective,
            if it is one of Keras's own.
        cv: The default cross-validation, such as ``"kfold:4"`` or ``"holdout:0.2"``, or any
            scikit-learn splitter.
        preprocessor: ``(params) -> scikit-learn transformer``; fitted in each training fold.
        epochs: The maximum number of epochs per trial; the search space may tune it as ``epochs``.
        batch_size: Samples per step; the search space may tune it as ``batch_size``.
        patience: A trial ends after this many epochs without a better mean over the folds.
        metric: ``(y_true, y_pred) -> float``, the objective computed on whole arrays; needed
            only for ensembles on an objective that is not one of Keras's own.
        reference: The result of a published model, to compare with.
        callbacks: ``(params) -> list of Keras callbacks``, fresh ones for every fold. Callbacks
            that adapt training should monitor training metrics: a model refitted on all the data
            has no validation part, so a callback that monitors ``val_...`` does nothing there.
        stages: Further stages of training after the first.
        prepare: ``(source, directory, on_progress) -> Path``, for ``hpo data prepare``: makes the
            data set that ``load`` reads out of an archive that the user downloaded. ``directory``
            may be None; call ``on_progress(done, of)`` after every piece that is written.
        description: One line for listings.
        backend: Keras's backend that trains its models fastest, such as "jax"; used if it is
            installed and the user chooses no other.

    Raises:
        HPOError: The objective is not a validation metric, its direction is unknown, or a number
            is below 1.
    """

    name: str
    load: Callable[[Path | None], Data]
    model: Callable[[Params, Data], Any]
    space: str | Path | Space
    objective: str
    direction: Direction | None = None
    cv: Any = "kfold:5"
    preprocessor: Callable[[Params], Any] | None = None
    epochs: int = 100
    batch_size: int = 32
    patience: int = 20
    metric: Callable[[Any, Any], float] | None = None
    reference: Reference | None = None
    callbacks: Callable[[Params], list[Any]] | None = None
    stages: Sequence[Stage] = ()
    prepare: Callable[[Path, Path | None, Callable[[int, int], None]], Path] | None = None
    description: str = ""
    backend: str | None = None

    def __post_init__(self) -> None:
        if not str(self.objective).startswith("val_"):
            is_name = isinstance(self.objective, str)
            meant = f"val_{self.objective}" if is_name else "val_accuracy"
            raise HPOError(
                f"Task {self.name!r}: objective must be the name of a validation metric as Keras "
                f'logs it. Received: objective={self.objective!r}. Write "{meant}".'
            )
        if self.direction is None:
            object.__setattr__(self, "direction", _infer_direction(self.name, self.objective))
        if self.direction not in get_args(Direction):
            raise HPOError(
                f'Task {self.name!r}: direction must be "minimize" or "maximize". '
                f"Received: direction={self.direction!r}"
            )
        if self.backend not in (None, *BACKENDS):
            raise HPOError(
                f"Task {self.name!r}: backend must be one of {', '.join(BACKENDS)}. "
                f"Received: backend={self.backend!r}"
            )
        for name in TRAINING_PARAMETERS:
            _check_number(self.name, name, getattr(self, name))
        for name, arguments in _FUNCTIONS.items():
            if getattr(self, name) is not None or name in ("load", "model"):
                check_function(f"Task {self.name!r}: {name}", getattr(self, name), *arguments)

    @property
    def cv_name(self) -> str:
        """The default cross-validation on one line, as studies record it."""
        if isinstance(self.cv, str):
            return self.cv
        # Memory addresses differ between processes.
        return re.sub(r" at 0x[0-9a-fA-F]+", "", " ".join(repr(self.cv).split()))

    @property
    def metric_name(self) -> str:
        """The objective without its ``val_``: ``"mae"`` for ``"val_mae"``."""
        return self.objective.removeprefix("val_")

    def plan(self, params: Params) -> Plan:
        """How a configuration is trained.

        Its parameters ``epochs`` (of the first stage), ``batch_size`` and ``patience`` come before
        the task's own values of these names.

        Args:
            params: The configuration.

        Raises:
            HPOError: One of the three is not a whole number of 1 or more, or the epochs of a stage
                are not one of 0 or more.
        """
        values = [params.get(name, getattr(self, name)) for name in TRAINING_PARAMETERS]
        for name, value in zip(TRAINING_PARAMETERS, values, strict=True):
            _check_number(self.name, name, value)
        epochs, batch_size, patience = map(int, values)
        later = (stage.planned(params) for stage in self.stages)
        return Plan(batch_size, patience, (PlannedStage("", epochs), *later))


def _check_number(task: str, name: str, value: Any) -> None:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not (is_number and value >= 1 and value % 1 == 0):
        raise HPOError(
            f"Task {task!r}: {name} must be a whole number of 1 or more. Received: {name}={value!r}"
        )


def _infer_direction(task: str, objective: str) -> Direction:
    direction = direction_of_name(objective.removeprefix("val_"))
    if direction is None:
        raise HPOError(
            f"Task {task!r}: cannot tell whether to minimize or maximize {objective!r}. "
            'Give Task(direction="minimize") or Task(direction="maximize").'
        )
    return direction
