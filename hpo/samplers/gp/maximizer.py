"""The search for the most promising configuration: even coverage, then local search.

Candidates are points of a Sobol sequence and perturbations of the best configurations. From the
best of them, gradient ascent on the continuous axes alternates with trying every value of every
discrete one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from hpo.samplers.sobol import spread

if TYPE_CHECKING:
    from hpo.samplers.gp.acquisition import Acquisition
    from hpo.samplers.gp.features import Features
    from hpo.space.axes import Axes

_MAX_SWEPT_VALUES = 12
"""A numeric axis with more values than this counts as continuous."""

_MIN_DISTANCE = 0.1
"""Starts of local searches differ by more than this in some feature."""

_MIN_GAIN = 1e-6
"""A round of local search that gains less than this is the last."""

_PERTURBATION_WIDTHS = (0.3, 0.1, 0.03, 0.01)


@dataclass(frozen=True)
class Effort:
    """How hard to look.

    Attributes:
        n_spread: Number of points of the Sobol sequence.
        n_perturbed: Number of perturbations of the best configurations.
        n_starts: Number of candidates from which to search locally.
        n_rounds: How often to alternate between continuous and discrete axes.
    """

    n_spread: int = 1024
    n_perturbed: int = 512
    n_starts: int = 6
    n_rounds: int = 3


@dataclass(frozen=True)
class Maximizer:
    """Looks for the most promising configuration.

    Args:
        features: The features of the axes.
        acquisition: How promising configurations are.
        seed: Seed of the candidates.
        fixed: Codes that must not change, NaN for all others, shape (n_axes,).
        effort: How hard to look.
    """

    features: Features
    acquisition: Acquisition
    seed: int
    fixed: np.ndarray
    effort: Effort = Effort()

    @property
    def _axes(self) -> Axes:
        return self.features.axes

    def maximize(self, incumbents: np.ndarray, tried: np.ndarray) -> np.ndarray:
        """Find the most promising configuration that has not been tried.

        Args:
            incumbents: Codes of the best configurations, shape (n, n_axes).
            tried: Codes of configurations that were tried, shape (m, n_axes).

        Returns:
            Codes, shape (n_axes,).
        """
        candidates = self._candidates(incumbents)
        values = self._values(candidates)
        order = np.argsort(-values, kind="stable")
        starts = self._starts(candidates, order)
        improved = [self._climb(candidates[start], float(values[start])) for start in starts]
        improved.sort(key=lambda pair: -pair[1])
        ranked = np.concatenate([[codes for codes, _ in improved], candidates[order]])
        known = set(self._keys(tried))
        fresh = ranked[[key not in known for key in self._keys(ranked)]]
        if not len(fresh):
            return np.asarray(ranked[0])
        feasibility = self.acquisition.feasibility
        if feasibility is None:
            return np.asarray(fresh[0])
        # Once little improvement is left anywhere, its logarithm is so low that even a small
        # probability of success hardly lowers the sum.
        likely = feasibility.is_likely(self.features.of(fresh))
        return np.asarray(fresh[int(np.argmax(likely))])

    def _values(self, codes: np.ndarray) -> np.ndarray:
        return self.acquisition.values(self.features.of(codes))

    def _keys(self, codes: np.ndarray) -> list[bytes]:
        """Keys that are equal for configurations that agree on the axes that apply."""
        shown = np.where(self._axes.applies(codes), np.round(codes, 9) + 0.0, -1.0)
        return [row.tobytes() for row in shown]

    def _candidates(self, incumbents: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        parts = [spread(self._axes, self.effort.n_spread, self.seed), incumbents]
        if len(incumbents):
            parts.append(self._perturbed(incumbents, rng))
        codes = np.concatenate(parts)
        return np.where(np.isnan(self.fixed), codes, self.fixed)

    def _perturbed(self, incumbents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n = self.effort.n_perturbed
        codes = incumbents[np.arange(n) % len(incumbents)].copy()
        elsewhere = self._axes.from_unit(rng.random((n, len(self._axes.searched))))
        turn = np.arange(n) // len(incumbents)
        widths = np.asarray(_PERTURBATION_WIDTHS)[turn % len(_PERTURBATION_WIDTHS)]
        nearby = codes + rng.normal(size=codes.shape) * widths[:, None]
        share = max(2.0 / max(len(self._axes.searched), 1), 0.25)
        changed = rng.random(codes.shape) < share
        for j in self._axes.searched:
            moved = elsewhere[:, j] if self._axes.axes[j].is_categorical else nearby[:, j]
            codes[:, j] = np.where(changed[:, j], moved, codes[:, j])
        return self._axes.snap(codes)

    def _starts(self, candidates: np.ndarray, order: np.ndarray) -> list[int]:
        """Positions of the best candidates: one of each kind, then such as are far apart."""
        is_spread = order < self.effort.n_spread
        best_of_each = [
            part[0] for part in (order, order[is_spread], order[~is_spread]) if len(part)
        ]
        chosen = list(dict.fromkeys(map(int, best_of_each)))
        features = self.features.of(candidates)
        for position in order:
            if len(chosen) >= self.effort.n_starts:
                break
            distances = np.abs(features[position] - features[chosen]).max(axis=1)
            if distances.min() > _MIN_DISTANCE:
                chosen.append(int(position))
        return chosen

    def _climb(self, codes: np.ndarray, value: float) -> tuple[np.ndarray, float]:
        for _ in range(self.effort.n_rounds):
            before = value
            codes, value = self._ascend(codes, value)
            codes, value = self._sweep(codes, value)
            if value - before < _MIN_GAIN:
                break
        return codes, value

    def _ascend(self, codes: np.ndarray, value: float) -> tuple[np.ndarray, float]:
        """Gradient ascent along the continuous axes that apply."""
        applies = self._axes.applies(codes[None])[0]
        free = [j for j in self._axes.searched if applies[j] and self._is_continuous(j)]
        if not free:
            return codes, value
        moving = codes.copy()
        template = self.features.of(codes[None])[0]

        def negative(point: np.ndarray) -> tuple[float, np.ndarray]:
            moving[free] = point
            here = self.features.moved(template, moving, free)
            promise, gradient = self.acquisition.value_with_gradient(here)
            return -promise, -self.features.slopes(moving, gradient, free)

        result = minimize(
            negative,
            codes[free],
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, 1.0)] * len(free),
            options={"maxiter": 50},
        )
        reached = codes.copy()
        reached[free] = result.x
        reached = self._axes.snap(reached[None])[0]
        reached_value = float(self._values(reached[None])[0])
        return (reached, reached_value) if reached_value > value else (codes, value)

    def _is_continuous(self, j: int) -> bool:
        axis = self._axes.axes[j]
        if axis.is_categorical or not np.isnan(self.fixed[j]) or axis.name in self._conditioned_on:
            return False
        return axis.n_values is None or axis.n_values > _MAX_SWEPT_VALUES

    @cached_property
    def _conditioned_on(self) -> set[str]:
        """Parameters with conditions on them: moving them changes which others apply."""
        return {name for axis in self._axes.axes for name in axis.conditions}

    def _sweep(self, codes: np.ndarray, value: float) -> tuple[np.ndarray, float]:
        """Make the best single change of a discrete axis, as long as one helps."""
        for _ in range(2 * len(self._axes)):
            changes = self._single_changes(codes)
            if not len(changes):
                break
            values = self._values(changes)
            best = int(np.argmax(values))
            if values[best] <= value + 1e-9:
                break
            codes, value = changes[best], float(values[best])
        return codes, value

    def _single_changes(self, codes: np.ndarray) -> np.ndarray:
        applies = self._axes.applies(codes[None])[0]
        changed = []
        for j in self._axes.searched:
            known = self._axes.axes[j].codes
            if known is None or not applies[j] or not np.isnan(self.fixed[j]):
                continue
            if self._is_continuous(j):
                nearest = int(np.argmin(np.abs(known - codes[j])))
                known = known[max(nearest - 2, 0) : nearest + 3]
            for code in known[known != codes[j]]:
                other = codes.copy()
                other[j] = code
                changed.append(other)
        return np.array(changed)
