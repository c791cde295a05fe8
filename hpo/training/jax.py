"""The fused loop for JAX: several epochs of all folds are one compiled call.

Keras's own ``train_step`` and ``test_step`` run under ``lax.scan`` over the batches, all folds at
once under ``vmap`` or one after the other under ``lax.map``, and a ``lax.while_loop`` runs epochs
until patience ends. The weights of the best epoch, by every rule of the choice, stay on the
device. So losses, weights, regularizers, metrics and mixed precision mean what they mean in
``fit``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from keras import StatelessScope

from hpo.training import variables
from hpo.training.choice import EpochChoice, mean_of_all
from hpo.training.compilations import compiled
from hpo.training.fusing import has_own
from hpo.training.jax_samples import Samples, groups_of
from hpo.training.jax_settings import replaced, settings_of, values_of
from hpo.training.jax_states import Stack, arrays_of, stack_of, stacked
from hpo.training.trainer import VALIDATION_BATCH, Stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from hpo.data.folds import FoldArrays
    from hpo.training.jax_samples import Group
    from hpo.training.trainer import State

MAX_EPOCHS = 128
"""The most epochs of one stretch."""

MAX_ORDER_BYTES = 32 << 20
"""The orders of the batches of one stretch take at most so much memory."""

NEVER = np.iinfo("int32").max


class _Carry(NamedTuple):
    """What an epoch leaves to the next one."""

    n_epochs: Any  # of this stretch
    epoch: Any  # of the stage
    is_broken: Any
    states: Any
    best: Any  # weights by rule and fold
    least: Any
    chosen: Any
    logs: Any  # by epoch, fold and name


class JaxTrainer:
    """Trains one model on all folds together, with one trace and one compilation.

    Args:
        model: A compiled Keras model on the JAX backend, as ``variables.build`` leaves it.
        folds: The folds, with arrays of equal shapes; the parts may differ in size.
        batch_size: Samples per step; the last batch of an epoch may be smaller.
        together: Whether folds of equal sizes run in the same operations or take turns.
        find_objective: Returns the objective's name among names of logs, or None.

    Raises:
        Exception: JAX cannot trace the model or one of its steps; whatever it says.

    Attributes:
        max_epochs: The most epochs of one stretch.
    """

    path = "fused-jax"

    def __init__(
        self,
        model: Any,
        folds: Sequence[FoldArrays],
        *,
        batch_size: int,
        together: bool,
        find_objective: Callable[[Collection[str]], str | None],
    ) -> None:
        self._model = model
        self._folds = folds
        self._batch_size = batch_size
        self._validation_batch = max(batch_size, VALIDATION_BATCH)
        self._together = together
        optimizer = model.optimizer
        self._variables = (
            list(model.trainable_variables),
            list(model.non_trainable_variables),
            list(optimizer.variables) if optimizer is not None else [],
        )
        self._settings = settings_of(model)
        self._samples = Samples(folds)
        self._groups = groups_of(folds)
        bytes_per_epoch = 4 * sum(len(fold.train) for fold in folds)
        self.max_epochs = max(1, min(MAX_EPOCHS, MAX_ORDER_BYTES // max(1, bytes_per_epoch)))
        self._validation = [
            np.stack([folds[place].validation for place in group.folds]).astype("int32")
            for group in self._groups
        ]
        self._train_names = self._names(model.train_step, 4, "train_step")
        self._test_names = self._names(model.test_step, 3, "test_step")
        self._metrics = [np.asarray(value) for value in _initial_metrics(model)]
        name = find_objective(self._log_names())
        self._objective = None if name is None else self._log_names().index(name)
        self._programs: dict[int, Any] = {}
        self._prediction: Any = None
        choice = EpochChoice(find_objective, "minimize", [mean_of_all(len(folds))])
        orders = [[fold.train for fold in folds]]
        self._program(self._arguments([self.save()] * len(folds), orders, choice))

    def save(self) -> State:
        """The current state of the model; JAX's arrays never change."""
        return tuple([variable.value for variable in group] for group in self._variables)

    def load(self, state: State) -> None:
        """Put the model into a state, or only its weights, if the state has no more."""
        for group, values in zip(self._variables, arrays_of(state), strict=False):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)

    def run_stretch(
        self,
        states: Sequence[State],
        orders: Sequence[Sequence[np.ndarray]],
        choice: EpochChoice,
    ) -> Stretch:
        """Train all folds until the orders are used up or the choice of the epoch ends it."""
        arguments = self._arguments(states, orders, choice)
        return self._taken_over(self._program(arguments)(*arguments), choice)

    def predict(self, fold: int) -> dict[str, np.ndarray]:
        """Predict the fold's validation part with the loaded state, by output name."""
        positions = self._folds[fold].validation
        longest = max(len(arrays.validation) for arrays in self._folds)
        size = min(longest, self._validation_batch)
        n_batches = -(-longest // size)
        padded = np.zeros(n_batches * size, "int32")
        padded[: len(positions)] = positions
        weights = [[variable.value for variable in group] for group in self._variables[:2]]
        arguments = (weights, np.int32(fold), padded.reshape(n_batches, size), self._samples.arrays)
        if self._prediction is None:
            self._prediction = compiled(jax.jit(self._predict_all).trace(*arguments))
        outputs = jax.device_get(self._prediction(*arguments))
        return {
            name: value.reshape(-1, *value.shape[2:])[: len(positions)].astype("float32")
            for name, value in outputs.items()
        }

    def _arguments(
        self,
        states: Sequence[State],
        orders: Sequence[Sequence[np.ndarray]],
        choice: EpochChoice,
    ) -> tuple[Any, ...]:
        """The arguments of a stretch: what changes in it, and what it needs."""
        current, best = stacked(states), stack_of(choice.states)
        if best is None:
            best = jax.tree.map(
                lambda a: np.stack([np.asarray(a)] * len(choice.rules)), current[:2]
            )
        carry = _Carry(
            np.int32(0),
            np.int32(choice.n_epochs),
            np.False_,
            current,
            best,
            choice.least.astype("float32"),
            choice.epochs.astype("int32"),
            np.zeros((self.max_epochs, len(self._folds), len(self._log_names())), "float32"),
        )
        patience = NEVER if choice.patience is None else choice.patience
        limits = (np.int32(len(orders)), np.int32(patience))
        rules = (choice.sign * choice.rules).astype("float32")
        constants = (self._samples.arrays, self._validation, self._metrics)
        settings = values_of(self._settings)
        return carry, self._buffers(orders), constants, settings, limits, rules

    def _program(self, arguments: tuple[Any, ...]) -> Any:
        """The compiled stretch for so many rules."""
        n_rules = len(arguments[-1])
        if n_rules not in self._programs:
            self._programs[n_rules] = compiled(jax.jit(self._stretch).trace(*arguments))
        return self._programs[n_rules]

    def _taken_over(self, ended: _Carry, choice: EpochChoice) -> Stretch:
        """What a stretch logged and where it ended; the choice learns of it."""
        names = self._log_names()
        n_epochs = int(ended.n_epochs)
        logs = np.asarray(ended.logs)[:n_epochs].astype("float64")
        choice.n_epochs += n_epochs
        choice.is_broken = bool(ended.is_broken)
        choice.epochs = np.asarray(ended.chosen).astype(int)
        choice.least = np.asarray(ended.least).astype("float64")
        best, states = Stack(ended.best), Stack(ended.states)
        choice.states = [
            [best[rule, fold] for fold in range(len(self._folds))]
            for rule in range(len(choice.rules))
        ]
        return Stretch(
            [
                [dict(zip(names, of_fold, strict=True)) for of_fold in of_epoch]
                for of_epoch in logs.tolist()
            ],
            [states[fold,] for fold in range(len(self._folds))],
        )

    def _buffers(self, orders: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
        """The orders by group, shape (max_epochs, n_folds_of_group, n_train)."""
        buffers = []
        for group in self._groups:
            shape = (self.max_epochs, len(group.folds), group.n_train)
            buffers.append(np.zeros(shape, "int32"))
            for epoch, of_epoch in enumerate(orders):
                buffers[-1][epoch] = [of_epoch[fold] for fold in group.folds]
        return buffers

    def _stretch(
        self,
        carry: _Carry,
        orders: Any,
        constants: Any,
        settings: Any,
        limits: Any,
        rules: Any,
    ) -> _Carry:
        n_epochs, patience = limits

        def continues(now: _Carry) -> Any:
            in_vain = now.epoch - jnp.max(now.chosen[0])
            return (now.n_epochs < n_epochs) & (in_vain < patience) & ~now.is_broken

        def train_epoch(now: _Carry) -> _Carry:
            states, logs = self._epoch(now.states, [o[now.n_epochs] for o in orders], constants)
            losses, is_broken = self._losses(logs)
            losses = rules @ losses
            better = (losses < now.least) & ~is_broken

            def kept(old: Any, new: Any) -> Any:
                return jnp.where(better.reshape(better.shape + (1,) * (new.ndim - 1)), new, old)

            return _Carry(
                now.n_epochs + 1,
                now.epoch + 1,
                is_broken,
                states,
                jax.tree.map(kept, now.best, states[:2]),
                jnp.where(better, losses, now.least),
                jnp.where(better, now.epoch + 1, now.chosen),
                now.logs.at[now.n_epochs].set(logs),
            )

        with replaced(self._settings, settings):
            return jax.lax.while_loop(continues, train_epoch, carry)  # type: ignore[no-any-return]

    def _losses(self, logs: Any) -> tuple[Any, Any]:
        """The objective of every fold, shape (n_folds,), and whether a loss is broken."""
        names = self._log_names()
        is_finite = jnp.isfinite(logs[:, names.index("loss")]).all() if "loss" in names else True
        if self._objective is None:
            return jnp.full(len(self._folds), jnp.inf), ~jnp.asarray(is_finite)
        losses = logs[:, self._objective]
        return losses, ~(jnp.isfinite(losses).all() & is_finite)

    def _epoch(self, states: Any, orders: Any, constants: Any) -> tuple[Any, Any]:
        """An epoch of all folds; states and logs are stacked by fold."""
        samples, validation, metrics = constants
        parts = []
        for group, order, rows in zip(self._groups, orders, validation, strict=True):
            places = np.array(group.folds, "int32")
            own = states
            if len(self._groups) > 1:
                own = jax.tree.map(lambda array, places=places: array[places], states)

            def train_fold(given: Any, group: Group = group) -> Any:
                return self._fold_epoch(group, given, samples, metrics)

            apply = jax.vmap(train_fold) if self._together else lambda a: jax.lax.map(train_fold, a)
            parts.append(apply((own, jnp.asarray(places), order, rows)))
        if len(parts) == 1:
            return parts[0]  # type: ignore[no-any-return]
        back = np.argsort([fold for group in self._groups for fold in group.folds])
        return jax.tree.map(lambda *arrays: jnp.concatenate(arrays)[back], *parts)  # type: ignore[no-any-return]

    def _fold_epoch(
        self, group: Group, given: tuple[Any, ...], samples: Any, metrics: Any
    ) -> tuple[Any, Any]:
        """An epoch of one fold: its state and its logs, shape (n_names,)."""
        state, fold, order, rows = given

        def batch(positions: Any) -> Any:
            return self._samples.batch(samples, fold, positions)

        state, logs = self._batches(
            self._model.train_step, (*state, metrics), self._train_names, order, batch
        )
        trained = state[:3]
        if group.n_validation:
            state, found = self._batches(
                self._model.test_step, (*trained[:2], metrics), self._test_names, rows, batch
            )
            trained, logs = (*state[:2], trained[2]), [*logs, *found]
        elif any(len(arrays.validation) for arrays in self._folds):
            logs = [*logs, *[jnp.nan] * len(self._test_names)]
        return trained, jnp.stack([jnp.asarray(value, "float32") for value in logs])

    def _batches(
        self, step: Any, state: Any, names: list[str], positions: Any, batch: Any
    ) -> tuple[Any, list[Any]]:
        """Run a step on all batches; the last one may be smaller."""
        is_training = len(state) == 4  # noqa: PLR2004
        size = self._batch_size if is_training else self._validation_batch
        n_full = len(positions) // size
        own = _of_metrics(self._model) != names
        logs: list[Any] = []

        def run(state: Any, rows: Any) -> tuple[Any, Any]:
            found, state = step(state, batch(rows))
            values = _scalars(found)
            # A step may return tuples where it got lists.
            return tuple(map(list, state)), [values[name] for name in names] if own else []

        state = tuple(map(list, state))
        if n_full > 1:
            state, by_step = jax.lax.scan(
                run, state, positions[: n_full * size].reshape(n_full, size)
            )
            logs = [values[-1] for values in by_step]
        elif n_full:
            state, logs = run(state, positions[:size])
        if len(positions) % size:
            state, logs = run(state, positions[n_full * size :])
        return state, logs if own else self._results(state[-1])

    def _results(self, metrics: Sequence[Any]) -> list[Any]:
        """The values of the model's metrics."""
        mapping = list(zip(self._model.metrics_variables, metrics, strict=True))
        with StatelessScope(state_mapping=mapping):
            return list(_scalars(self._model.get_metrics_result()).values())

    def _predict_all(self, weights: Any, fold: Any, batches: Any, samples: Any) -> Any:
        def predict(positions: Any) -> Any:
            x = self._samples.batch(samples, fold, positions)[0]
            outputs, _ = self._model.predict_step(tuple(weights), (x,))
            return variables.by_output(self._model, outputs)

        return jax.lax.map(predict, batches)

    def _log_names(self) -> list[str]:
        validates = any(len(fold.validation) for fold in self._folds)
        return [*self._train_names, *(f"val_{name}" for name in self._test_names if validates)]

    def _names(self, step: Any, n_parts: int, method: str) -> list[str]:
        """The names of a step's logs: those of the metrics, unless it has its own."""
        if not has_own(self._model, method, "compute_metrics"):
            return _of_metrics(self._model)
        state = (*self.save()[: n_parts - 1], [v.value for v in self._model.metrics_variables])

        def logs(positions: Any) -> Any:
            return _scalars(step(state, self._samples.batch(self._samples.arrays, 0, positions))[0])

        rows = self._folds[0].train[: self._batch_size].astype("int32")
        return list(jax.eval_shape(logs, rows))


def runs_on_cpu() -> bool:
    """Whether JAX has no accelerator."""
    return bool(jax.default_backend() == "cpu")


def _initial_metrics(model: Any) -> list[Any]:
    """The values of the metrics' variables at the start of an epoch."""
    model.reset_metrics()
    return [variable.value for variable in model.metrics_variables]


def _of_metrics(model: Any) -> list[str]:
    values = [variable.value for variable in model.metrics_variables]
    found: list[str] = []

    def result(values: Any) -> Any:
        with StatelessScope(state_mapping=list(zip(model.metrics_variables, values, strict=True))):
            scalars = _scalars(model.get_metrics_result())
        found[:] = scalars
        return list(scalars.values())

    jax.eval_shape(result, values)
    return found


def _scalars(logs: Mapping[str, Any]) -> dict[str, Any]:
    """Logs as single numbers; nested ones are flattened, and vectors are left out."""
    scalars: dict[str, Any] = {}
    for name, value in logs.items():
        if isinstance(value, Mapping):
            scalars |= _scalars(value)
        elif jnp.ndim(value) == 0:
            scalars[name] = jnp.asarray(value, "float32")
    return scalars
