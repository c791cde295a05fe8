"""The configuration that promises most: even coverage, then local search on mixed axes.

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

_LONG = 12
"""A numeric axis with more values than this is ascended as if it were continuous."""

_APART = 0.1
"""Starts of local searches differ by more than this in some feature."""

_ENOUGH = 1e-6
"""A round of local search that gains less than this is the last."""

_SPREADS = (0.3, 0.1, 0.03, 0.01)


@dataclass(frozen=True)
class Effort:
    """How hard to look.

    Attributes:
        spread: Points of the Sobol sequence.
        perturbed: Perturbations of the best configurations.
        starts: From how many candidates to search locally.
        rounds: How often to alternate between continuous and discrete axes.
    """

    spread: int = 1024
    perturbed: int = 512
    starts: int = 6
    rounds: int = 3


@dataclass(frozen=True)
class Maximiser:
    """Looks for the configuration that promises most.

    Args:
        features: The features of the axes.
        acquisition: What configurations promise.
        seed: Seed of the candidates.
        fixed: Codes of axes that must keep them, NaN for all others, shape (n_axes,).
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

    def maximise(self, incumbents: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Find the most promising configuration that has not been tried.

        Args:
            incumbents: Codes of the best configurations, shape (n, n_axes).
            seen: Codes of configurations that were tried, shape (m, n_axes).

        Returns:
            Codes, shape (n_axes,).
        """
        candidates = self._candidates(incumbents)
        values = self._values(candidates)
        order = np.argsort(-values, kind="stable")
        starts = self._starts(candidates, order)
        improved = [self._climb(candidates[place], float(values[place])) for place in starts]
        improved.sort(key=lambda pair: -pair[1])
        ranked = np.concatenate([[codes for codes, _ in improved], candidates[order]])
        known = set(self._keys(seen))
        fresh = ranked[[key not in known for key in self._keys(ranked)]]
        if not len(fresh):
            return np.asarray(ranked[0])
        feasibility = self.acquisition.feasibility
        if feasibility is None:
            return np.asarray(fresh[0])
        # Once little improvement is left anywhere, its logarithm falls so low that even a small
        # chance to come through does not matter beside it.
        likely = feasibility.is_likely(self.features.of(fresh))
        return np.asarray(fresh[int(np.argmax(likely))])

    def _values(self, codes: np.ndarray) -> np.ndarray:
        return self.acquisition.values(self.features.of(codes))

    def _keys(self, codes: np.ndarray) -> list[bytes]:
        """Equal for configurations that are the same where they apply."""
        shown = np.where(self._axes.applies(codes), np.round(codes, 9) + 0.0, -1.0)
        return [row.tobytes() for row in shown]

    def _candidates(self, incumbents: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(self.seed)
        found = [spread(self._axes, self.effort.spread, self.seed), incumbents]
        if len(incumbents):
            found.append(self._perturbed(incumbents, rng))
        codes = np.concatenate(found)
        return np.where(np.isnan(self.fixed), codes, self.fixed)

    def _perturbed(self, incumbents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n = self.effort.perturbed
        codes = incumbents[np.arange(n) % len(incumbents)].copy()
        elsewhere = self._axes.from_unit(rng.random((n, len(self._axes.searched))))
        width = np.asarray(_SPREADS)[(np.arange(n) // len(incumbents)) % len(_SPREADS)]
        nearby = codes + rng.normal(size=codes.shape) * width[:, None]
        share = max(2.0 / max(len(self._axes.searched), 1), 0.25)
        changed = rng.random(codes.shape) < share
        for j in self._axes.searched:
            moved = elsewhere[:, j] if self._axes.axes[j].is_categorical else nearby[:, j]
            codes[:, j] = np.where(changed[:, j], moved, codes[:, j])
        return self._axes.snap(codes)

    def _starts(self, candidates: np.ndarray, order: np.ndarray) -> list[int]:
        """The best candidate of each kind, then the best ones that are not close together."""
        first_near = self.effort.spread
        chosen = [int(order[0])]
        for place in [
            next(p for p in order if (p < first_near) == kind)
            for kind in (True, False)
            if any((p < first_near) == kind for p in order)
        ]:
            if int(place) not in chosen:
                chosen.append(int(place))
        features = self.features.of(candidates)
        for place in order:
            if len(chosen) >= self.effort.starts:
                break
            away = np.abs(features[place] - features[chosen]).max(axis=1)
            if away.min() > _APART:
                chosen.append(int(place))
        return chosen

    def _climb(self, codes: np.ndarray, value: float) -> tuple[np.ndarray, float]:
        for _ in range(self.effort.rounds):
            before = value
            codes, value = self._ascend(codes, value)
            codes, value = self._sweep(codes, value)
            if value - before < _ENOUGH:
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
            found, gradient = self.acquisition.value_with_gradient(here)
            return -found, -self.features.slopes(moving, gradient, free)

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
        found = float(self._values(reached[None])[0])
        return (reached, found) if found > value else (codes, value)

    def _is_continuous(self, j: int) -> bool:
        axis = self._axes.axes[j]
        if axis.is_categorical or not np.isnan(self.fixed[j]) or axis.name in self._asked_of:
            return False
        return axis.n_values is None or axis.n_values > _LONG

    @cached_property
    def _asked_of(self) -> set[str]:
        """Parameters that conditions are on: to move them changes which others apply."""
        return {name for axis in self._axes.axes for name in axis.conditions}

    def _sweep(self, codes: np.ndarray, value: float) -> tuple[np.ndarray, float]:
        """The best single change of a discrete axis, as long as there is one that helps."""
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
                place = int(np.argmin(np.abs(known - codes[j])))
                known = known[max(place - 2, 0) : place + 3]
            for code in known[known != codes[j]]:
                other = codes.copy()
                other[j] = code
                changed.append(other)
        return np.array(changed)
