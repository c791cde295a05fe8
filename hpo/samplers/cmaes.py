"""CMA-ES: evolution of a normal distribution (Hansen, 2016, "The CMA evolution strategy").

Optuna's keeps its state in the study as a pickle, and a study may come from somebody else: what
is unpickled can run any code. Here the state is computed anew from the study's trials at every
ask, a generation after the other, which takes milliseconds. So it needs nothing to be stored, and
no package.

Numbers evolve together. Categories have probabilities that move towards those of the better half
of each generation, as in Hamano et al. (2024), "CatCMA". A parameter that did not apply to a
trial tells nothing there. Configurations that failed are the worst of their generation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hpo.samplers.joint import JointSampler

if TYPE_CHECKING:
    from datetime import datetime

    from hpo.samplers.history import History
    from hpo.samplers.joint import Question
    from hpo.space.axes import Axes

_FIRST_SIZE = 0.25
_SIZES = (1e-8, 1.0)
_CATEGORY_RATE = 0.3


def make(seed: int) -> JointSampler:
    """Make the sampler, with a seed of its own."""
    return JointSampler(choose, seed)


def choose(question: Question) -> dict[str, Any]:
    """Draw a configuration from the distribution that the study's trials have led to."""
    axes = question.axes
    strategy = Strategy(axes)
    state = strategy.first()
    codes, order = _ranked(axes, question.history, strategy.population)
    for generation in range(len(order)):
        rows = slice(generation * strategy.population, (generation + 1) * strategy.population)
        # A generator of its own, so that all asks compute the same state.
        rng = np.random.default_rng([question.seed, generation])
        state = strategy.evolved(state, codes[rows][order[generation]], rng)
    return axes.decode(strategy.draw(state, question.rng))


@dataclass(frozen=True)
class State:
    """The distribution, and the paths it has gone.

    Attributes:
        mean: Shape (n_numeric,).
        size: The step size.
        covariance: Shape (n_numeric, n_numeric).
        size_path: Shape (n_numeric,).
        shape_path: Shape (n_numeric,).
        chances: Of the choices of each categorical axis, shape (n_choices,) each.
    """

    mean: np.ndarray
    size: float
    covariance: np.ndarray
    size_path: np.ndarray
    shape_path: np.ndarray
    chances: list[np.ndarray]


@dataclass(frozen=True)
class Rates:
    """How fast what is learnt, as Hansen recommends it.

    Attributes:
        strength: Of how many equal trials the better half of a generation is worth.
        size: Of the path of the step size.
        shape: Of the path of the covariance.
        one: Of the covariance, by its path.
        many: Of the covariance, by the generation.
        damping: Of changes of the step size.
        usual: How long the path of the step size is when nothing is learnt.
    """

    strength: float
    size: float
    shape: float
    one: float
    many: float
    damping: float
    usual: float

    @classmethod
    def of(cls, n: int, shares: np.ndarray) -> Rates:
        """The rates for so many dimensions and weights of the better half."""
        strength = float(1 / (shares**2).sum())
        size = (strength + 2) / (n + strength + 5)
        one = 2 / ((n + 1.3) ** 2 + strength)
        many = 2 * (strength - 2 + 1 / strength) / ((n + 2) ** 2 + strength)
        return cls(
            strength=strength,
            size=size,
            shape=(4 + strength / n) / (n + 4 + 2 * strength / n),
            one=one,
            many=min(1 - one, many),
            damping=1 + 2 * max(0.0, math.sqrt((strength - 1) / (n + 1)) - 1) + size,
            usual=math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2)),
        )


@dataclass(frozen=True)
class Strategy:
    """How the distribution evolves, with the constants that Hansen recommends.

    Args:
        axes: The axes.
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
        """How many trials make a generation."""
        return 4 + int(3 * math.log(len(self.axes.searched)))

    @cached_property
    def shares(self) -> np.ndarray:
        """Weights of the better half, best first, shape (population // 2,)."""
        raw = np.log((self.population + 1) / 2) - np.log(np.arange(self.population // 2) + 1)
        return np.asarray(raw / raw.sum())

    @cached_property
    def rates(self) -> Rates:
        """How fast what is learnt; there are numeric axes."""
        return Rates.of(len(self.numeric), self.shares)

    def first(self) -> State:
        """The distribution before any trial."""
        n = len(self.numeric)
        choices = [self.axes.axes[j].n_values or 1 for j in self.categorical]
        return State(
            mean=np.full(n, 0.5),
            size=_FIRST_SIZE,
            covariance=np.eye(n),
            size_path=np.zeros(n),
            shape_path=np.zeros(n),
            chances=[np.full(count, 1 / count) for count in choices],
        )

    def draw(self, state: State, rng: np.random.Generator) -> np.ndarray:
        """Draw the codes of a configuration, shape (n_axes,)."""
        codes = np.zeros(len(self.axes))
        if self.numeric:
            codes[self.numeric] = np.clip(self._numbers(state, rng), 0.0, 1.0)
        for j, chances in zip(self.categorical, state.chances, strict=True):
            codes[j] = rng.choice(len(chances), p=chances)
        return codes

    def _numbers(self, state: State, rng: np.random.Generator) -> np.ndarray:
        points = rng.multivariate_normal(
            state.mean, state.size**2 * state.covariance, size=20, method="eigh"
        )
        inside = ((points >= 0.0) & (points <= 1.0)).all(axis=1)
        return np.asarray(points[int(np.argmax(inside))])

    def evolved(self, state: State, ranked: np.ndarray, rng: np.random.Generator) -> State:
        """The distribution after a generation.

        Args:
            state: The distribution before.
            ranked: Codes of the generation, best first, shape (population, n_axes); NaN where a
                parameter did not apply.
            rng: Random numbers for what is missing.
        """
        best = ranked[: len(self.shares)]
        chances = self._evolved_chances(state, best)
        n = len(self.numeric)
        if n == 0:
            return State(**{**vars(state), "chances": chances})
        numbers = best[:, self.numeric]
        drawn = np.clip(
            state.mean
            + state.size * np.sqrt(np.diag(state.covariance)) * rng.normal(size=numbers.shape),
            0.0,
            1.0,
        )
        steps = (np.where(np.isnan(numbers), drawn, numbers) - state.mean) / state.size
        step = self.shares @ steps

        rates = self.rates
        strength = rates.strength

        values, vectors = np.linalg.eigh(state.covariance)
        whitened = vectors @ ((vectors.T @ step) / np.sqrt(np.maximum(values, 1e-20)))
        size_path = (1 - rates.size) * state.size_path
        size_path += math.sqrt(rates.size * (2 - rates.size) * strength) * whitened
        length = float(np.linalg.norm(size_path))
        straight = length / rates.usual < 1.4 + 2 / (n + 1)
        shape_path = (1 - rates.shape) * state.shape_path
        shape_path += straight * math.sqrt(rates.shape * (2 - rates.shape) * strength) * step
        covariance = (1 - rates.one - rates.many) * state.covariance
        covariance += rates.one * np.outer(shape_path, shape_path)
        covariance += rates.many * (steps.T * self.shares) @ steps
        growth = min(1.0, rates.size / rates.damping * (length / rates.usual - 1))
        return State(
            mean=np.clip(state.mean + state.size * step, 0.0, 1.0),
            size=float(np.clip(state.size * math.exp(growth), *_SIZES)),
            covariance=(covariance + covariance.T) / 2,
            size_path=size_path,
            shape_path=shape_path,
            chances=chances,
        )

    def _evolved_chances(self, state: State, best: np.ndarray) -> list[np.ndarray]:
        found = []
        for j, chances in zip(self.categorical, state.chances, strict=True):
            known = ~np.isnan(best[:, j])
            seen = np.zeros(len(chances))
            np.add.at(seen, best[known, j].astype(int), self.shares[known])
            rate = _CATEGORY_RATE * self.shares[known].sum()
            moved = (1 - rate) * chances + _CATEGORY_RATE * seen
            # No choice ever dies out.
            moved = np.maximum(moved, 0.1 / len(chances))
            found.append(moved / moved.sum())
        return found


def _ranked(axes: Axes, history: History, population: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Codes of all trials as they ended, and of each full generation the order, best first.

    By the time they ended, since a slow trial of a low number would shift all generations.
    """
    pairs = list(zip(history.scored, history.scores, strict=True))
    pairs += [(trial, math.inf) for trial in history.failed]
    pairs = [pair for pair in pairs if axes.holds(pair[0].params)]
    pairs.sort(key=lambda pair: (cast("datetime", pair[0].datetime_complete), pair[0].number))
    codes = axes.encode([trial.params for trial, _ in pairs])
    scores = np.array([score for _, score in pairs])
    full = len(pairs) // population
    generations = scores[: full * population].reshape(full, population)
    return codes, [np.argsort(generation, kind="stable") for generation in generations]
