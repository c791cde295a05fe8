"""The axes of a search: every hyperparameter as a number, and when it applies.

The code of a real or whole number lies in [0, 1], on a logarithmic scale where the parameter has
one; the code of a choice is its position. Whole numbers and steps lie in the middle of cells of
equal width, so that evenly drawn codes are evenly drawn values. A configuration has a code for
every axis, even for one that does not apply: the code counts once another code makes it apply.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from hpo.space.parameters import Categorical, Float, Parameter
from hpo.space.ranges import exact
from hpo.space.space import Space

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpo.space.conditions import Condition


MAX_LISTED_VALUES = 1_024
"""An axis with more values than this counts as continuous."""


@dataclass(frozen=True)
class Axis:
    """One hyperparameter.

    Args:
        name: Its name.
        distribution: Its range, as one of Optuna's distributions.
        conditions: What earlier parameters must be for it to apply, by their names.
    """

    name: str
    distribution: BaseDistribution
    conditions: Mapping[str, Condition] = field(default_factory=dict)

    @cached_property
    def is_categorical(self) -> bool:
        """Whether its values have no order."""
        return isinstance(self.distribution, CategoricalDistribution)

    @cached_property
    def n_values(self) -> int | None:
        """Number of values; None for a real number without a step."""
        match self.distribution:
            case CategoricalDistribution(choices=choices):
                return len(choices)
            case IntDistribution(low=low, high=high, step=step):
                return (high - low) // step + 1
            case FloatDistribution(low=low, high=high, step=float(step)):
                return round((high - low) / step) + 1
        return 1 if self.distribution.single() else None

    @cached_property
    def _bounds(self) -> tuple[float, float, float]:
        """The ends at codes 0 and 1, on a logarithmic scale if there is one, and the step."""
        distribution: Any = self.distribution
        step = float(distribution.step or 0.0)
        low, high = distribution.low - step / 2, distribution.high + step / 2
        return (math.log(low), math.log(high), 0.0) if distribution.log else (low, high, step)

    def encode(self, value: Any) -> float:
        """The code of a value."""
        if self.is_categorical:
            return float(self.distribution.to_internal_repr(value))
        low, high, _ = self._bounds
        place = math.log(value) if getattr(self.distribution, "log", False) else value
        return min(max((place - low) / (high - low), 0.0), 1.0) if high > low else 0.5

    def decode(self, code: float) -> Any:
        """The value closest to a code, as a plain Python value."""
        distribution: Any = self.distribution
        if isinstance(distribution, CategoricalDistribution):
            return distribution.choices[min(int(code), len(distribution.choices) - 1)]
        low, high, step = self._bounds
        place = low + float(code) * (high - low)
        if step:
            count = int((place - low) / step)
            place = distribution.low + min(count, (self.n_values or 1) - 1) * step
        value = math.exp(place) if distribution.log else place
        value = min(max(value, distribution.low), distribution.high)
        if isinstance(distribution, IntDistribution):
            return round(value)
        return self.exact(float(value))

    def exact(self, value: Any) -> Any:
        """A value as the space gives it, without Optuna's rounding errors on a step."""
        return exact(self.distribution, value)

    @cached_property
    def codes(self) -> np.ndarray | None:
        """The codes of all values, shape (n_values,); None if there are too many to list."""
        n = self.n_values
        if n is None or n > MAX_LISTED_VALUES:
            return None
        if self.is_categorical:
            return np.arange(n, dtype=float)
        distribution: Any = self.distribution
        if distribution.log:
            return np.array([self.encode(distribution.low + k) for k in range(n)])
        return (np.arange(n) + 0.5) / n

    @cached_property
    def values(self) -> list[Any] | None:
        """All values in order; None if there are too many to list."""
        return None if self.codes is None else [self.decode(code) for code in self.codes]

    def snap(self, codes: np.ndarray) -> np.ndarray:
        """The closest codes of values that the axis can take."""
        known = self.codes
        if known is None:
            return np.asarray(np.clip(codes, 0.0, 1.0))
        right = np.searchsorted((known[1:] + known[:-1]) / 2, codes)
        return np.asarray(known[right])


@dataclass(frozen=True)
class Axes:
    """All the axes of a search, in the order in which parameters are drawn."""

    axes: tuple[Axis, ...]

    def __len__(self) -> int:
        return len(self.axes)

    @cached_property
    def searched(self) -> list[int]:
        """Positions of the axes with more than one value."""
        return [j for j, axis in enumerate(self.axes) if axis.n_values != 1]

    @cached_property
    def _of_constants(self) -> np.ndarray:
        """The codes of constants, and 0 for axes that are searched, shape (n_axes,)."""
        codes = np.zeros(len(self))
        for j, axis in enumerate(self.axes):
            if axis.n_values == 1:
                codes[j] = axis.encode(axis.decode(0.0))
        return codes

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {axis.name: j for j, axis in enumerate(self.axes)}

    def from_unit(self, unit: np.ndarray) -> np.ndarray:
        """Codes for points of the unit cube.

        Args:
            unit: Shape (n, len(searched)), in [0, 1).

        Returns:
            Shape (n, n_axes).
        """
        codes = np.tile(self._of_constants, (len(unit), 1))
        for column, j in enumerate(self.searched):
            axis = self.axes[j]
            scale = axis.n_values if axis.is_categorical else 1
            drawn = unit[:, column] * (scale or 1)
            codes[:, j] = np.floor(drawn) if axis.is_categorical else axis.snap(drawn)
        return codes

    def snap(self, codes: np.ndarray) -> np.ndarray:
        """The closest codes of values that the axes can take, shape (n, n_axes)."""
        return np.stack([axis.snap(codes[:, j]) for j, axis in enumerate(self.axes)], axis=1)

    def applies(self, codes: np.ndarray) -> np.ndarray:
        """Which axes apply, shape (n, n_axes), for codes of the same shape."""
        applying = np.ones(codes.shape, dtype=bool)
        for j, axis in enumerate(self.axes):
            for name, condition in axis.conditions.items():
                earlier = self._positions.get(name)
                if earlier is None:  # the sampler does not draw it
                    continue
                unique, places = np.unique(codes[:, earlier], return_inverse=True)
                decode = self.axes[earlier].decode
                holds = np.array([condition.holds(decode(code)) for code in unique], dtype=bool)
                applying[:, j] &= applying[:, earlier] & holds[places.ravel()]
        return applying

    def encode(self, configurations: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Codes of configurations, shape (n, n_axes); NaN for an absent parameter."""
        codes = np.full((len(configurations), len(self)), np.nan)
        for row, params in zip(codes, configurations, strict=True):
            for j, axis in enumerate(self.axes):
                if axis.name in params:
                    row[j] = axis.encode(params[axis.name])
        return codes

    def decode(self, codes: np.ndarray) -> dict[str, Any]:
        """The values of all axes, including those that do not apply, for codes (n_axes,)."""
        return {axis.name: axis.decode(code) for axis, code in zip(self.axes, codes, strict=True)}

    def holds(self, params: Mapping[str, Any]) -> bool:
        """Whether a configuration is complete and has only values that the axes can take."""
        for axis in self.axes:
            if axis.name not in params:
                if not axis.conditions:
                    return False
            elif not _contains(axis.distribution, params[axis.name]):
                return False
        return True


@lru_cache(maxsize=8)
def axes_of_space(space: str) -> Axes:
    """The axes of a search space in TOML."""
    parameters = Space.from_text(space).parameters
    return Axes(
        tuple(
            Axis(name, distribution_of(parameter), parameter.conditions)
            for name, parameter in parameters.items()
        )
    )


def distribution_of(parameter: Parameter) -> BaseDistribution:
    """A parameter's range as one of Optuna's distributions."""
    if isinstance(parameter, Categorical):
        return CategoricalDistribution(parameter.choices)
    low, high, log, step = parameter.low, parameter.high, parameter.log, parameter.step
    if isinstance(parameter, Float):
        return FloatDistribution(low, high, log=log, step=step)
    return IntDistribution(int(low), int(high), log=log, step=int(step or 1))


def _contains(distribution: BaseDistribution, value: Any) -> bool:
    try:
        return bool(distribution._contains(distribution.to_internal_repr(value)))  # noqa: SLF001
    except (ValueError, TypeError):
        return False
