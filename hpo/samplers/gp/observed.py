"""What a study has shown, in codes, and what it says about which configurations fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.samplers.gp.acquisition import Feasibility
from hpo.samplers.gp.model import Prior, fit
from hpo.samplers.gp.scores import transformed

if TYPE_CHECKING:
    from hpo.samplers.gp.features import Features
    from hpo.samplers.history import History
    from hpo.space.axes import Axes

MOST_OBSERVED = 250
"""Of how many trials a model learns; time grows with the third power."""


@dataclass(frozen=True)
class Observed:
    """What was observed, in codes; absent parameters have random ones.

    Attributes:
        scored: Configurations with a score, shape (n, n_axes).
        targets: Their transformed scores, shape (n,).
        failed: Configurations that failed, shape (m, n_axes).
        running: Configurations that run, shape (k, n_axes).
        seen: All configurations, also those that nothing is learnt of, shape (l, n_axes).
    """

    scored: np.ndarray
    targets: np.ndarray
    failed: np.ndarray
    running: np.ndarray
    seen: np.ndarray

    @classmethod
    def of(cls, axes: Axes, history: History, rng: np.random.Generator) -> Observed:
        """Read it from a study's history."""
        pairs = [
            (trial.params, score)
            for trial, score in zip(history.scored, history.scores, strict=True)
            if axes.holds(trial.params)
        ]
        targets = transformed([score for _, score in pairs]) if pairs else np.zeros(0)
        scored = _codes(axes, [params for params, _ in pairs], rng)
        failed = _codes(axes, [t.params for t in history.failed if axes.holds(t.params)], rng)
        running = _codes(axes, [t.params for t in history.running if axes.holds(t.params)], rng)
        kept = _worth_keeping(targets)
        return cls(
            scored=scored[kept],
            targets=targets[kept],
            failed=failed[-MOST_OBSERVED:],
            running=running,
            seen=np.concatenate([scored, failed, running]),
        )


def _codes(
    axes: Axes, configurations: list[dict[str, Any]], rng: np.random.Generator
) -> np.ndarray:
    codes = axes.encode(configurations)
    drawn = axes.from_unit(rng.random((len(codes), len(axes.searched))))
    return np.where(np.isnan(codes), drawn, codes)


def _worth_keeping(targets: np.ndarray) -> np.ndarray:
    """The better half of what may be kept, and of the others the latest; ascending."""
    if len(targets) <= MOST_OBSERVED:
        return np.arange(len(targets))
    order = np.argsort(targets, kind="stable")
    best, others = order[: MOST_OBSERVED // 2], np.sort(order[MOST_OBSERVED // 2 :])
    return np.sort(np.concatenate([best, others[-(MOST_OBSERVED // 2) :]]))


def feasibility(features: Features, observed: Observed) -> Feasibility | None:
    """How likely configurations are not to fail; None while nothing has failed."""
    if not len(observed.failed):
        return None
    points = features.of(np.concatenate([observed.scored, observed.failed]))
    labels = np.repeat([1.0, -1.0], [len(observed.scored), len(observed.failed)])
    # What makes configurations fail is few parameters, so long lengths are expected.
    prior = Prior(len(features.columns), weight=-1.0, noise=-4.0)
    return Feasibility(fit(points, labels, features.columns, prior))
