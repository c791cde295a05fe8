"""The fused loop for TensorFlow: some epochs of training and validation are one compiled call.

``model.fit`` returns to Python after every step, which takes many times as long as the step itself
for small models. Here Keras's own ``train_step`` and ``test_step`` are traced into
``tf.while_loop``, so losses, weights, regularizers, metrics and mixed precision mean what they
mean in ``fit``, and for the same batches the two agree to float tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf

from hpo.training import variables
from hpo.training.fusing import has_own
from hpo.training.trainer import VALIDATION_BATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.data.folds import FoldArrays
    from hpo.training.trainer import Logs

MAX_EPOCHS = 128
"""The most epochs of one call."""

MAX_BYTES = 64 << 20
"""The states after all epochs of one call, of all folds, take at most so much memory."""


class State(NamedTuple):
    """The variables of a model after an epoch.

    Attributes:
        history: Every variable after each epoch of a call, shape (n_epochs, ...).
        epoch: Position of the epoch among these.
    """

    history: list[Any]
    epoch: int


class FusedTrainer:
    """Trains one model on several folds, with one trace and one compilation for all of them.

    Args:
        model: A compiled Keras model on the TensorFlow backend, as ``variables.build`` leaves it.
        folds: The folds, with arrays of equal shapes; the parts may differ in size.
        batch_size: Samples per step; the last batch of an epoch may be smaller.
        xla: Whether XLA compiles the loop over full batches. From the same seeds, XLA draws other
            random numbers, such as those of dropout, than ``fit`` does without XLA.
    """

    def __init__(
        self, model: Any, folds: Sequence[FoldArrays], *, batch_size: int, xla: bool
    ) -> None:
        self.path = "fused-xla" if xla else "fused"
        self._model = model
        self._batch_size = batch_size
        self._validation_batch = max(batch_size, VALIDATION_BATCH)
        self._variables = [variable.value for variable in variables.trained(model)]
        self._has_own_logs = has_own(model, "train_step", "test_step", "compute_metrics")
        self._names: list[str] = []
        # XLA cannot compile a batch that is longer than all samples together.
        self._longest = max(batch_size, *(len(fold.train) for fold in folds))
        self._samples = _on_device([(fold.x, fold.y, fold.sample_weight) for fold in folds])
        self._validation = [tf.constant(fold.validation, tf.int32) for fold in folds]
        self._validates = any(len(fold.validation) for fold in folds)
        n_bytes = len(folds) * sum(v.dtype.size * v.shape.num_elements() for v in self._variables)
        self.max_epochs = max(1, min(MAX_EPOCHS, MAX_BYTES // n_bytes))
        self._compile(xla=xla)

    def save(self) -> State:
        """The current state of the model.

        TensorFlow copies a variable when it next changes, not here, so all states share frozen
        weights, unless they come from a call for several epochs.
        """
        return State(self._read(), 0)

    def load(self, state: State) -> None:
        """Put the model back into a state."""
        self._assign(state.history, tf.constant(state.epoch))

    def run_fold(
        self, fold: int, state: State, orders: Sequence[np.ndarray]
    ) -> list[tuple[Logs, State]]:
        """Train a fold from a state, and evaluate it on its validation part, if any."""
        padded = np.zeros((len(orders), self._longest), np.int32)  # one shape: one compilation
        padded[:, : len(orders[0])] = orders
        arguments = (
            state.history,
            tf.constant(state.epoch),
            self._samples[fold],
            tf.constant(padded),
            tf.constant(len(orders[0])),
            self._validation[fold],
        )
        try:
            values, history = self._train(*arguments)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
            if self.path != "fused-xla":
                raise
            self._compile(xla=False)  # XLA cannot compile a layer; nothing has been trained yet
            values, history = self._train(*arguments)
        return [
            (dict(zip(self._names, of_epoch, strict=True)), State(history, epoch))
            for epoch, of_epoch in enumerate(values.numpy().tolist())
        ]

    def predict(self, fold: int) -> dict[str, np.ndarray]:
        """Predict the fold's validation part with the loaded state, by output name."""
        positions = self._validation[fold]
        size = self._validation_batch
        parts = [
            self._predict(self._samples[fold], positions[start : start + size])
            for start in range(0, len(positions), size)
        ]
        return {
            name: np.concatenate([part[name].numpy() for part in parts]).astype("float32")
            for name in parts[0]
        }

    def _compile(self, *, xla: bool) -> None:
        self.path = "fused-xla" if xla else "fused"
        samples = tf.nest.map_structure(tf.TensorSpec.from_tensor, self._samples[0])
        some, number = tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32)
        n_epochs = 1 if self.max_epochs == 1 else None
        history = [tf.TensorSpec([n_epochs, *v.shape], v.dtype) for v in self._variables]
        orders = tf.TensorSpec([n_epochs, self._longest], tf.int32)
        self._full_batches = tf.function(
            self._train_full_batches, jit_compile=xla or None, autograph=False
        )
        self._train = tf.function(
            self._train_epochs,
            # Folds differ in size. A trace each would cost more than their training.
            input_signature=[history, number, samples, orders, number, some],
            autograph=False,
        )
        self._predict = tf.function(
            self._predict_batch, input_signature=[samples, some], autograph=False
        )
        # Traced at once: TensorFlow would warn about functions that are rarely called and that
        # each of many trainers traces again.
        assign, read = self._assign_all, self._read_all
        self._assign = tf.function(assign, autograph=False).get_concrete_function(history, number)
        self._read = tf.function(read, autograph=False).get_concrete_function()

    def _train_epochs(
        self, history: Any, epoch: Any, samples: Any, orders: Any, count: Any, validation: Any
    ) -> tuple[Any, list[Any]]:
        """Train from a state for some epochs; their logs, and the variables after each."""
        self._assign_all(history, epoch)
        if self.max_epochs == 1:
            logs = self._train_and_validate(samples, orders[0], count, validation)
            return logs[None], self._read_all()
        n_epochs = tf.shape(orders)[0]

        def body(epoch: Any, logs: Any, history: Any) -> tuple[Any, Any, Any]:
            found = self._train_and_validate(samples, orders[epoch], count, validation)
            after = [
                of_variable.write(epoch, variable)
                for of_variable, variable in zip(history, self._variables, strict=True)
            ]
            return epoch + 1, logs.write(epoch, found), after

        _, logs, after = tf.while_loop(
            lambda epoch, _logs, _history: epoch < n_epochs,
            body,
            (
                0,
                tf.TensorArray(tf.float32, n_epochs),
                [tf.TensorArray(v.dtype, n_epochs) for v in self._variables],
            ),
            parallel_iterations=1,
        )
        return logs.stack(), [of_variable.stack() for of_variable in after]

    def _train_and_validate(self, samples: Any, order: Any, count: Any, validation: Any) -> Any:
        self._model.reset_metrics()
        if self.path == "fused-xla":
            self._full_batches(samples, order, count // self._batch_size)
            logs = self._train_last_batch(samples, order, count)
        else:
            logs = self._loop(self._model.train_step, samples, order[:count], self._batch_size)
        if self._validates:
            self._model.reset_metrics()
            results = self._loop(self._model.test_step, samples, validation, self._validation_batch)
            logs |= {f"val_{name}": value for name, value in results.items()}
        self._names = list(logs)
        return tf.stack(list(logs.values()))

    def _loop(self, step: Any, samples: Any, positions: Any, size: int) -> dict[str, Any]:
        """Run a step on all batches; the last one may be smaller, which XLA cannot compile.

        Returns:
            What ``fit`` logs: the metrics or, if the step's own logs are not the model's metrics,
            its logs of the last batch.
        """
        count = tf.shape(positions)[0]
        own: list[str] = []

        def body(start: Any, _last: Any) -> tuple[Any, Any]:
            logs = step(_batch(samples, positions[start : tf.minimum(start + size, count)]))
            kept = self._kept_by_no_metric(logs)
            own[:] = kept
            return start + size, tf.stack([*kept.values()]) if kept else tf.zeros([0])

        _, last = tf.while_loop(
            lambda start, _last: start < count,
            body,
            (0, tf.zeros([0])),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
            parallel_iterations=1,
        )
        if own:
            return dict(zip(own, tf.unstack(last, len(own)), strict=True))
        return _scalars(self._model.get_metrics_result())

    def _train_full_batches(self, samples: Any, order: Any, steps: Any) -> None:
        """Run training steps on full batches, which have one size, as XLA needs."""
        # XLA knows the size, but Keras must not: it would weight the losses of several outputs by
        # the number of samples in full batches, and as one sample in the last batch, whose size is
        # unknown.
        size = tf.compat.v1.placeholder_with_default([self._batch_size], [1])

        def body(step: Any) -> tuple[Any]:
            positions = tf.slice(order, [step * self._batch_size], size)
            logs = self._model.train_step(_batch(samples, positions))
            if self._kept_by_no_metric(logs):
                raise tf.errors.UnimplementedError(None, None, "logs out of an XLA loop")
            return (step + 1,)

        tf.while_loop(lambda step: step < steps, body, (0,), parallel_iterations=1)

    def _train_last_batch(self, samples: Any, order: Any, count: Any) -> dict[str, Any]:
        if self._batch_size > 1:
            rest = order[count // self._batch_size * self._batch_size : count]
            return self._loop(self._model.train_step, samples, rest, self._batch_size)
        return _scalars(self._model.get_metrics_result())

    def _kept_by_no_metric(self, logs: Any) -> dict[str, Any]:
        """The logs of a step, if they differ from the model's metrics."""
        if not self._has_own_logs:
            return {}
        scalars = _scalars(logs)
        metrics = _scalars(self._model.get_metrics_result())
        return {} if scalars.keys() == metrics.keys() else scalars

    def _predict_batch(self, samples: Any, positions: Any) -> Any:
        x = _batch(samples, positions)[0]
        return variables.by_output(self._model, self._model.predict_step((x,)))

    def _assign_all(self, history: list[Any], epoch: Any) -> None:
        for variable, values in zip(self._variables, history, strict=True):
            # A reshaped tensor shares its memory.
            one = self.max_epochs == 1
            variable.assign(tf.reshape(values, variable.shape) if one else values[epoch])

    def _read_all(self) -> list[Any]:
        return [tf.expand_dims(variable, 0) for variable in self._variables]


def _scalars(logs: Mapping[str, Any]) -> dict[str, Any]:
    """Logs as single numbers; nested ones are flattened, and vectors are left out."""
    scalars: dict[str, Any] = {}
    for name, value in logs.items():
        if isinstance(value, Mapping):
            scalars |= _scalars(value)
        elif tf.convert_to_tensor(value).shape.rank == 0:
            scalars[name] = tf.identity(tf.cast(value, tf.float32))
    return scalars


def _batch(samples: Any, positions: Any) -> Any:
    return tf.nest.map_structure(lambda array: tf.gather(array, positions), samples)


def _on_device(folds: list[Any]) -> list[Any]:
    """Copy (x, y, sample_weight) to the device; an array that several folds share is copied once.

    Weights that are None are left out, as Keras expects.
    """
    copies: dict[int, Any] = {}

    def copy(array: np.ndarray) -> Any:
        if id(array) not in copies:
            copies[id(array)] = tf.constant(variables.single_precision(array))
        return copies[id(array)]

    return [
        tf.nest.map_structure(copy, tuple(part for part in fold if part is not None))
        for fold in folds
    ]
