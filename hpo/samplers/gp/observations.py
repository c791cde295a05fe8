"""The observations of a study as codes, and a model of which configurations fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.samplers.gp.acquisition import Feasibility
from hpo.samplers.gp.model import Prior, fit
from hpo.samplers.gp.scores import standardized

if TYPE_CHECKING:
    from hpo.samplers.gp.features import Features
    from hpo.samplers.history import History
    from hpo.space.axes import Axes

MAX_OBSERVED_TRIALS = 250
"""A model learns from so many trials at most, since its time grows with the third power."""


@dataclass(frozen=True)
class Observations:
    """The codes of the configurations of a study; absent parameters have random codes.

    Attributes:
        scored: Configurations with a score, shape (n, n_axes).
        targets: Their standardized scores, shape (n,).
        failed: Configurations that failed, shape (m, n_axes).
        running: Configurations of running trials, shape (k, n_axes).
        tried: All configurations, including those left out above, shape (l, n_axes).
    """

    scored: np.ndarray
    targets: np.ndarray
    failed: np.ndarray
    running: np.ndarray
    tried: np.ndarray

    @classmethod
    def of(cls, axes: Axes, history: History, rng: np.random.Generator) -> Observations:
        """The observations of a study's history."""
        pairs = [
            (trial.params, score)
            for trial, score in zip(history.scored, history.scores, strict=True)
            if axes.holds(trial.params)
        ]
        targets = standardized([score for _, score in pairs]) if pairs else np.zeros(0)
        scored = _codes(axes, [params for params, _ in pairs], rng)
        failed = _codes(axes, [t.params for t in history.failed if axes.holds(t.params)], rng)
        running = _codes(axes, [t.params for t in history.running if axes.holds(t.params)], rng)
        kept = _worth_keeping(targets)
        return cls(
            scored=scored[kept],
            targets=targets[kept],
            failed=failed[-MAX_OBSERVED_TRIALS:],
            running=running,
            tried=np.concatenate([scored, failed, running]),
        )


def _codes(
    axes: Axes, configurations: list[dict[str, Any]], rng: np.random.Generator
) -> np.ndarray:
    codes = axes.encode(configurations)
    drawn = axes.from_unit(rng.random((len(codes), len(axes.searched))))
    return np.where(np.isnan(codes), drawn, codes)


def _worth_keeping(targets: np.ndarray) -> np.ndarray:
    """Positions of the trials to keep, ascending: half of them the best, half the latest."""
    if len(targets) <= MAX_OBSERVED_TRIALS:
        return np.arange(len(targets))
    half = MAX_OBSERVED_TRIALS // 2
    order = np.argsort(targets, kind="stable")
    best, others = order[:half], np.sort(order[half:])
    return np.sort(np.concatenate([best, others[-half:]]))


def feasibility(features: Features, observations: Observations) -> Feasibility | None:
    """How likely configurations are to succeed; None while nothing has failed."""
    scored, failed = observations.scored, observations.failed
    if not len(failed):
        return None
    points = features.of(np.concatenate([scored, failed]))
    labels = np.repeat([1.0, -1.0], [len(scored), len(failed)])
    # Usually few parameters decide over failure, so expect long lengths.
    prior = Prior(len(features.columns), weight=-1.0, noise=-4.0)
    return Feasibility(fit(points, labels, features.columns, prior))
