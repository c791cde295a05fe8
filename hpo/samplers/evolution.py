"""The evolution of a normal distribution, and of probabilities of choices, toward better points.

Hansen (2016), "The CMA evolution strategy"; categories as in Hamano et al. (2024), "CatCMA".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hpo.space.axes import Axes

_FIRST_STEP_SIZE = 0.25
_STEP_SIZE_BOUNDS = (1e-8, 1.0)
_CATEGORY_RATE = 0.3
_MAX_DRAWS = 20


@dataclass(frozen=True)
class State:
    """The distribution and its evolution paths.

    Attributes:
        mean: Shape (n_numeric,).
        step_size: The step size.
        covariance: Shape (n_numeric, n_numeric).
        step_path: The path of the step size, shape (n_numeric,).
        covariance_path: The path of the covariance, shape (n_numeric,).
        probabilities: Of the choices of each categorical axis, shape (n_choices,) each.
    """

    mean: np.ndarray
    step_size: float
    covariance: np.ndarray
    step_path: np.ndarray
    covariance_path: np.ndarray
    probabilities: list[np.ndarray]


@dataclass(frozen=True)
class Rates:
    """The learning rates that Hansen recommends, with his names for them.

    Attributes:
        mass: The variance-effective selection mass of the better half of a generation (mu_eff).
        step_path: Rate of the path of the step size (c_sigma).
        covariance_path: Rate of the path of the covariance (c_c).
        rank_one: Rate of the covariance by its path (c_1).
        rank_many: Rate of the covariance by the generation (c_mu).
        damping: Damping of changes of the step size (d_sigma).
        expected_length: Expected length of a standard normal vector (chi_n).
    """

    mass: float
    step_path: float
    covariance_path: float
    rank_one: float
    rank_many: float
    damping: float
    expected_length: float

    @classmethod
    def of(cls, n: int, weights: np.ndarray) -> Rates:
        """The rates for ``n`` dimensions and the weights of the better half."""
        mass = float(1 / (weights**2).sum())
        step_path = (mass + 2) / (n + mass + 5)
        rank_one = 2 / ((n + 1.3) ** 2 + mass)
        rank_many = 2 * (mass - 2 + 1 / mass) / ((n + 2) ** 2 + mass)
        return cls(
            mass=mass,
            step_path=step_path,
            covariance_path=(4 + mass / n) / (n + 4 + 2 * mass / n),
            rank_one=rank_one,
            rank_many=min(1 - rank_one, rank_many),
            damping=1 + 2 * max(0.0, math.sqrt((mass - 1) / (n + 1)) - 1) + step_path,
            expected_length=math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2)),
        )


@dataclass(frozen=True)
class Strategy:
    """How the distribution evolves, with the constants that Hansen recommends.

    Args:
        axes: The axes of the search.
    """

    axes: Axes

    @cached_property
    def numeric(self) -> list[int]:
        """Positions of the numeric axes that are searched."""
        return [j for j in self.axes.searched if not self.axes.axes[j].is_categorical]

    @cached_property
    def categorical(self) -> list[int]:
        """Positions of the categorical axes that are searched."""
        return [j for j in self.axes.searched if self.axes.axes[j].is_categorical]

    @cached_property
    def population(self) -> int:
        """Number of trials in a generation."""
        return 4 + int(3 * math.log(len(self.axes.searched)))

    @cached_property
    def weights(self) -> np.ndarray:
        """Weights of the better half of a generation, best first, shape (population // 2,)."""
        raw = np.log((self.population + 1) / 2) - np.log(np.arange(self.population // 2) + 1)
        return np.asarray(raw / raw.sum())

    @cached_property
    def rates(self) -> Rates:
        """The learning rates; there must be numeric axes."""
        return Rates.of(len(self.numeric), self.weights)

    def first(self) -> State:
        """The distribution before any trial."""
        n = len(self.numeric)
        choices = [self.axes.axes[j].n_values or 1 for j in self.categorical]
        return State(
            mean=np.full(n, 0.5),
            step_size=_FIRST_STEP_SIZE,
            covariance=np.eye(n),
            step_path=np.zeros(n),
            covariance_path=np.zeros(n),
            probabilities=[np.full(count, 1 / count) for count in choices],
        )

    def draw(self, state: State, rng: np.random.Generator) -> np.ndarray:
        """Draw the codes of a configuration, shape (n_axes,)."""
        codes = np.zeros(len(self.axes))
        if self.numeric:
            codes[self.numeric] = np.clip(self._numbers(state, rng), 0.0, 1.0)
        for j, probabilities in zip(self.categorical, state.probabilities, strict=True):
            codes[j] = rng.choice(len(probabilities), p=probabilities)
        return codes

    def _numbers(self, state: State, rng: np.random.Generator) -> np.ndarray:
        """The first of some draws inside the unit cube, or else the first draw."""
        points = rng.multivariate_normal(
            state.mean, state.step_size**2 * state.covariance, size=_MAX_DRAWS, method="eigh"
        )
        inside = ((points >= 0.0) & (points <= 1.0)).all(axis=1)
        return np.asarray(points[int(np.argmax(inside))])

    def evolved(self, state: State, ranked: np.ndarray, rng: np.random.Generator) -> State:
        """The distribution after a generation.

        Args:
            state: The distribution before.
            ranked: Codes of the generation, best first, shape (population, n_axes); NaN for
                parameters that did not apply.
            rng: Random numbers to replace the NaN.
        """
        best = ranked[: len(self.weights)]
        probabilities = self._evolved_probabilities(state, best)
        if not self.numeric:
            return replace(state, probabilities=probabilities)
        steps = self._steps(state, best[:, self.numeric], rng)
        step = self.weights @ steps
        step_path = self._step_path(state, step)
        rates = self.rates
        relative_length = float(np.linalg.norm(step_path)) / rates.expected_length
        covariance_path = self._covariance_path(state, step, relative_length)
        covariance = (1 - rates.rank_one - rates.rank_many) * state.covariance
        covariance += rates.rank_one * np.outer(covariance_path, covariance_path)
        covariance += rates.rank_many * (steps.T * self.weights) @ steps
        growth = min(1.0, rates.step_path / rates.damping * (relative_length - 1))
        return State(
            mean=np.clip(state.mean + state.step_size * step, 0.0, 1.0),
            step_size=float(np.clip(state.step_size * math.exp(growth), *_STEP_SIZE_BOUNDS)),
            covariance=(covariance + covariance.T) / 2,
            step_path=step_path,
            covariance_path=covariance_path,
            probabilities=probabilities,
        )

    def _steps(self, state: State, numbers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """From the mean to each configuration, in step sizes, shape (population // 2, n_numeric).

        Random numbers of the distribution replace those of parameters that did not apply.
        """
        noise = rng.normal(size=numbers.shape)
        deviation = state.step_size * np.sqrt(np.diag(state.covariance))
        drawn = np.clip(state.mean + deviation * noise, 0.0, 1.0)
        steps = (np.where(np.isnan(numbers), drawn, numbers) - state.mean) / state.step_size
        return np.asarray(steps)

    def _step_path(self, state: State, step: np.ndarray) -> np.ndarray:
        rates = self.rates
        values, vectors = np.linalg.eigh(state.covariance)
        whitened = vectors @ ((vectors.T @ step) / np.sqrt(np.maximum(values, 1e-20)))
        path = (1 - rates.step_path) * state.step_path
        path += math.sqrt(rates.step_path * (2 - rates.step_path) * rates.mass) * whitened
        return np.asarray(path)

    def _covariance_path(
        self, state: State, step: np.ndarray, relative_length: float
    ) -> np.ndarray:
        rates = self.rates
        # While the step path is long, the step size grows first and this path waits.
        continues = relative_length < 1.4 + 2 / (len(step) + 1)
        path = (1 - rates.covariance_path) * state.covariance_path
        rate = rates.covariance_path * (2 - rates.covariance_path)
        path += continues * math.sqrt(rate * rates.mass) * step
        return np.asarray(path)

    def _evolved_probabilities(self, state: State, best: np.ndarray) -> list[np.ndarray]:
        evolved = []
        for j, probabilities in zip(self.categorical, state.probabilities, strict=True):
            applies = ~np.isnan(best[:, j])
            weights = np.zeros(len(probabilities))
            np.add.at(weights, best[applies, j].astype(int), self.weights[applies])
            rate = _CATEGORY_RATE * self.weights[applies].sum()
            moved = (1 - rate) * probabilities + _CATEGORY_RATE * weights
            # No choice ever dies out.
            moved = np.maximum(moved, 0.1 / len(probabilities))
            evolved.append(moved / moved.sum())
        return evolved
