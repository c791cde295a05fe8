"""Hyperopt's tree-structured Parzen estimator as an Optuna sampler.

Bergstra et al. (2013), "Making a science of model search".

Hyperopt models every parameter independently, on the trials in which it applies. So it gets a flat
search space: all parameters side by side, and in the history only those that applied. Its
suggestions for parameters that do not apply are ignored. Nested ``hp.choice`` amount to the same,
but cannot express all conditions.

Every ask converts the study's history to Hyperopt's, so trials of other workers and of earlier
runs count. As in Hyperopt itself, running and failed trials have an infinite loss. That alone
hardly keeps it away from failures. So a suggestion that is more likely to fail than not is
replaced: a few times by another suggestion, then by a random configuration that is likely to
succeed.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from hpo.samplers.gp.features import Features
from hpo.samplers.gp.observations import Observations, feasibility
from hpo.samplers.joint import JointSampler
from hpo.space.ranges import on_step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from optuna.trial import FrozenTrial

    from hpo.samplers.history import History
    from hpo.samplers.joint import Question
    from hpo.space.axes import Axes, Axis


_MAX_ATTEMPTS = 5
_N_DRAWS = 256


def make(seed: int) -> JointSampler:
    """Make the sampler with a seed."""
    return JointSampler(choose, seed)


def choose(question: Question) -> dict[str, Any]:
    """Choose a configuration, including values of parameters that do not apply."""
    axes, history = question.axes, question.history
    searched = {axis.name: axis for axis in axes.axes if axis.n_values != 1}
    constants = {axis.name: axis.decode(0.0) for axis in axes.axes if axis.n_values == 1}
    documents = _documents(searched, axes, history)
    likely = _likely(question)
    params: dict[str, Any] = {}
    for _ in range(_MAX_ATTEMPTS):
        seed = int(question.rng.integers(2**31 - 1))  # as hyperopt.fmin draws it
        suggested = _suggest(searched, documents, question.number, seed)
        values = {name: _value(axis, suggested[name]) for name, axis in searched.items()}
        params = constants | values
        if likely(axes.encode([params]))[0]:
            return params
    drawn = axes.from_unit(question.rng.random((_N_DRAWS, len(axes.searched))))
    promising = likely(drawn)
    return axes.decode(drawn[int(np.argmax(promising))]) if promising.any() else params


def _likely(question: Question) -> Callable[[np.ndarray], np.ndarray]:
    """Says which configurations, in codes, are more likely to succeed than to fail."""
    features = Features(question.axes)
    model = None
    if question.history.failed:
        observations = Observations.of(question.axes, question.history, question.rng)
        with threadpool_limits(1, "blas"):
            model = feasibility(features, observations)
    if model is None:
        return lambda codes: np.ones(len(codes), dtype=bool)
    return lambda codes: model.is_likely(features.of(codes))


def _suggest(
    searched: Mapping[str, Axis], documents: list[dict[str, Any]], number: int, seed: int
) -> dict[str, float]:
    with warnings.catch_warnings():
        # NumPy 2.5 warns of how Hyperopt shapes its arrays; users can do nothing about it.
        warnings.simplefilter("ignore")
        from hyperopt import tpe
        from hyperopt.base import Domain, trials_from_docs

        domain = Domain(_unused, {name: _node(axis) for name, axis in searched.items()})
        trials = trials_from_docs(documents, validate=False)
        (document,) = tpe.suggest([number], domain, trials, seed, verbose=False)
    return {name: float(values[0]) for name, values in document["misc"]["vals"].items()}


def _unused(_params: Any) -> float:
    return 0.0


def _node(axis: Axis) -> Any:
    """The parameter for Hyperopt: numbers with steps become the number of steps from the lowest."""
    from hyperopt import hp

    distribution: Any = axis.distribution
    if axis.is_categorical:
        return hp.choice(axis.name, list(range(len(distribution.choices))))
    low, high = distribution.low, distribution.high
    if axis.n_values is None:
        if distribution.log:
            return hp.loguniform(axis.name, math.log(low), math.log(high))
        return hp.uniform(axis.name, low, high)
    if distribution.log:
        return hp.qloguniform(axis.name, math.log(low - 0.5), math.log(high + 0.5), 1)
    return hp.quniform(axis.name, -0.5, axis.n_values - 0.5, 1)


def _value(axis: Axis, suggested: float) -> Any:
    distribution: Any = axis.distribution
    if axis.is_categorical:
        return distribution.choices[int(suggested)]
    if axis.n_values is None:
        return min(max(suggested, distribution.low), distribution.high)
    if distribution.log:
        return int(min(max(suggested, distribution.low), distribution.high))
    n_steps = min(max(int(suggested), 0), axis.n_values - 1)
    value = distribution.low + n_steps * distribution.step
    if isinstance(value, float):
        return on_step(distribution.low, distribution.step, value)
    return min(value, distribution.high)


def _suggestion(axis: Axis, value: Any) -> float:
    """The suggestion of Hyperopt's that would have led to a value."""
    distribution: Any = axis.distribution
    if axis.is_categorical:
        return int(distribution.to_internal_repr(value))
    if axis.n_values is None or distribution.log:
        return float(value)
    return float(round((value - distribution.low) / distribution.step))


def _documents(searched: Mapping[str, Axis], axes: Axes, history: History) -> list[dict[str, Any]]:
    pairs = zip(history.scored, history.scores, strict=True)
    results = [(trial, {"status": "ok", "loss": score}) for trial, score in pairs]
    results += [(trial, {"status": "fail"}) for trial in history.failed]
    results += [(trial, {"status": "new"}) for trial in history.running]
    results.sort(key=lambda pair: pair[0].number)
    return [
        _document(searched, trial, result) for trial, result in results if axes.holds(trial.params)
    ]


def _document(
    searched: Mapping[str, Axis], trial: FrozenTrial, result: dict[str, Any]
) -> dict[str, Any]:
    values = {
        name: [_suggestion(axis, trial.params[name])] if name in trial.params else []
        for name, axis in searched.items()
    }
    number = trial.number
    return {
        "tid": number,
        "state": 2,
        "spec": None,
        "result": result,
        "exp_key": None,
        "owner": None,
        "version": 0,
        "book_time": None,
        "refresh_time": None,
        "misc": {
            "tid": number,
            "cmd": None,
            "workdir": None,
            "idxs": {name: [number] if value else [] for name, value in values.items()},
            "vals": values,
        },
    }
