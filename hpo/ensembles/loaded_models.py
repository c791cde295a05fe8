"""The models of an ensemble's members, loaded once for any number of predictions."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.data.logits import probabilities
from hpo.data.preprocessing import transform
from hpo.errors import HPOError, one_line
from hpo.training.saving import load_model, load_weights
from hpo.training.variables import by_output, model_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hpo.ensembles.members import Member, Members

PREDICTION_BATCH = 512

MODEL_BYTES = 4 << 30
"""Size of the weights that stay in memory; other members are loaded for every prediction."""

SAMPLE_BYTES = 1 << 29
"""Size of the preprocessed samples that are kept for the members that follow."""


@dataclass(eq=False)
class _Loaded:
    """A member's models: one model, and the weights of all."""

    model: Any
    weights: list[list[np.ndarray]]
    transformers: list[Any]
    activations: Mapping[str, str]

    @property
    def n_bytes(self) -> int:
        """Memory of all weights, and of those in the model."""
        in_model = self.weights[0]
        return sum(array.nbytes for weights in [in_model, *self.weights] for array in weights)


class LoadedModels:
    """Predicts with members, whose models are loaded when they are first needed and then kept.

    Args:
        members: Finds the members' models.
    """

    def __init__(self, members: Members) -> None:
        self._members = members
        self._kept: dict[Member, _Loaded] = {}

    def predict(
        self,
        members: Sequence[Member],
        x: Any,
        on_member: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> dict[Member, Mapping[str, np.ndarray]]:
        """Average the predictions of each member's models, the probabilities of those with logits.

        Args:
            members: The members.
            x: Raw samples, shape (n_samples, ...), or a dict of arrays.
            on_member: Called after every member with the number of members that have predicted
                and the number of all.

        Returns:
            Predictions by member and output name, shape (n_samples, ...) each.

        Raises:
            HPOError: A model is missing, lies outside its study or cannot be loaded.
        """
        samples = _Samples(x)
        predictions: dict[Member, Mapping[str, np.ndarray]] = {}
        for done, member in enumerate(members, start=1):
            predictions[member] = _average(self._loaded(member), samples)
            on_member(done, len(members))
        return predictions

    def _loaded(self, member: Member) -> _Loaded:
        if member in self._kept:
            return self._kept[member]
        loaded = _load(member, self._members)
        if loaded.n_bytes + sum(kept.n_bytes for kept in self._kept.values()) <= MODEL_BYTES:
            self._kept[member] = loaded
        return loaded


class _Samples:
    """Raw samples, and what transformers made of them most recently."""

    def __init__(self, x: Any) -> None:
        self._x = x
        self._made: OrderedDict[int, tuple[Any, Any]] = OrderedDict()

    def transformed_by(self, transformer: Any) -> Any:
        """The samples as a fitted transformer makes them."""
        key = id(transformer)
        if key not in self._made:
            # The transformer is kept too, so that no other object can get its id.
            self._made[key] = transformer, transform(transformer, self._x)
            while len(self._made) > 1 and self._n_bytes > SAMPLE_BYTES:
                self._made.popitem(last=False)
        self._made.move_to_end(key)
        return self._made[key][1]

    @property
    def _n_bytes(self) -> int:
        return sum(_bytes(samples) for _transformer, samples in self._made.values())


def _bytes(arrays: Any) -> int:
    parts = arrays.values() if isinstance(arrays, dict) else [arrays]
    return sum(array.nbytes for array in parts)


def _average(loaded: _Loaded, samples: _Samples) -> dict[str, np.ndarray]:
    total: dict[str, Any] = {}
    for weights, transformer in zip(loaded.weights, loaded.transformers, strict=True):
        if len(loaded.weights) > 1:
            loaded.model.set_weights(weights)
        outputs = loaded.model.predict(
            model_inputs(samples.transformed_by(transformer)),
            batch_size=PREDICTION_BATCH,
            verbose=0,
        )
        named = {n: np.asarray(y) for n, y in by_output(loaded.model, outputs).items()}
        for name, prediction in probabilities(named, loaded.activations).items():
            total[name] = total.get(name, 0.0) + prediction / len(loaded.weights)
    return total


def _load(member: Member, members: Members) -> _Loaded:
    models = members.models(member)
    try:
        model = load_model(models[0].path, lambda: members.build(member))
        weights = [model.get_weights()]
        for saved in models[1:]:
            load_weights(model, saved.path)
            weights.append(model.get_weights())
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise HPOError(
            f"study {member.study!r}: the models of trial {member.trial} cannot be loaded: "
            f"{one_line(error)[:300]} If the task's model() has changed since the search, search "
            "again in another study: --study NAME"
        ) from error
    transformers = [saved.transformer for saved in models]
    return _Loaded(model, weights, transformers, models[0].activations)
