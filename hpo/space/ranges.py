"""Numeric hyperparameters: real and whole numbers between two ends."""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from hpo.space.conditions import Condition, When, parse_when
from hpo.space.messages import show
from hpo.space.values import is_kind, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import optuna

_STEP_TOLERANCE = 1e-8  # Optuna's own, so that what it suggests counts as on the step

_MAX_STEPS = 2**53
"""Whole numbers beyond this have no float of their own."""

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class _Range(ABC, Generic[Number]):
    """What Float and Int share: numbers from low to high."""

    low: Number
    high: Number
    _: KW_ONLY
    log: bool = False
    step: Number | None = None
    default: Number | None = None
    when: When | None = field(default=None, compare=False)
    conditions: Mapping[str, Condition] = field(init=False, repr=False, hash=False)

    def __post_init__(self) -> None:
        when, conditions = parse_when(self.when)
        object.__setattr__(self, "when", when)
        object.__setattr__(self, "conditions", conditions)

    @property
    def ends(self) -> tuple[Number, ...]:
        """The lowest and the highest value."""
        return self.low, self.high

    @abstractmethod
    def contains(self, value: object) -> bool:
        """Whether the value is a number of the right type, within the range and on the step."""

    def with_fitting_default(self) -> Self:
        """The same parameter with its default moved to the nearest value that it can take."""
        if self.default is None or self.contains(self.default):
            return self
        nearest = min(max(self.default, self.low), self.high)
        if self.step is not None:
            n_steps = round((nearest - self.low) / self.step)
            nearest = min(self.low + n_steps * self.step, self.high)
        return replace(self, default=nearest)

    @abstractmethod
    def describe(self) -> str:
        """The values in words."""

    def _between(self) -> str:
        steps = f" in steps of {show(self.step)}" if self.step else ""
        return f"between low={show(self.low)} and high={show(self.high)}{steps}"

    def _problems(self, is_valid: Callable[[object], bool], kind: str) -> Iterator[str]:
        low, high, step = self.low, self.high, self.step
        for name, value in {"low": low, "high": high, "step": step}.items():
            if not is_valid(value) and not (name == "step" and value is None):
                yield f"{name}={show(value)} is not a {kind}. Give {name} a {kind}."
        if not is_kind(self.log, bool):
            yield f"log={show(self.log)} is neither true nor false. Use one of them."
        if high < low:
            yield f"high={show(high)} is below low={show(low)}. Swap them or widen the range."
        if max(abs(low), abs(high), high - low) > sys.float_info.max:
            yield "has a range beyond that of floats, 1.8e308. Narrow it."
        if self.log and step is not None:
            yield f"log excludes step={show(step)}. Leave one of them out."
        if self.log and low <= 0:
            yield f"log needs low above 0. Received: low={show(low)}. Raise low or leave log out."
        if step is not None:
            yield from self._step_problems(low, high, step)

    def _step_problems(self, low: Number, high: Number, step: Number) -> Iterator[str]:
        if step <= 0:
            yield f"step={show(step)} is not above 0. Make it positive or leave it out."
        if (high - low) / step > _MAX_STEPS:
            yield (
                f"step={show(step)} is too small for low={show(low)} to high={show(high)}. "
                "Make it larger or leave it out."
            )
        if _fitting_high(low, high, step) != high:
            yield (
                f"step={show(step)} does not divide low={show(low)} to high={show(high)}. "
                f"Set high={show(_fitting_high(low, high, step))} or another step."
            )


@dataclass(frozen=True)
class Float(_Range[float]):
    """A real hyperparameter.

    Args:
        low: The lowest value; above 0 where ``log``.
        high: The highest value, at least ``low``; equal to it, the parameter is a constant.
        log: Whether values are drawn evenly on a logarithmic scale; excludes ``step``.
        step: The distance between values; divides the range.
        default: The value in the default configuration.
        when: What earlier parameters must be for this one to apply, by their names: a value,
            a list of values, or a comparison such as ``">=2"`` or ``"!=adam"``.

    Attributes:
        conditions: ``when``, parsed.
    """

    def __post_init__(self) -> None:
        for name in ("low", "high", "step", "default"):
            object.__setattr__(self, name, as_float(getattr(self, name)))
        super().__post_init__()

    def contains(self, value: object) -> bool:
        """Whether the value is a number within the range and on the step."""
        if not (is_number(value) and self.low <= value <= self.high):
            return False
        n_steps = (value - self.low) / self.step if self.step else 0.0
        return abs(n_steps - round(n_steps)) < _STEP_TOLERANCE

    def as_own(self, value: float) -> float:
        """A value that the parameter can take, in the type that it gives."""
        return float(value)

    def describe(self) -> str:
        """The values in words, such as ``a number between low=0.0 and high=0.5``."""
        return f"a number {self._between()}"

    def problems(self) -> Iterator[str]:
        """What is wrong with the range; a later problem assumes that the earlier are fixed."""
        return self._problems(is_finite_float, "finite number")

    def suggest(self, trial: optuna.trial.BaseTrial, name: str) -> float:
        """Ask a trial for a value."""
        value = trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log)
        return value if self.step is None else on_step(self.low, self.step, value)


@dataclass(frozen=True)
class Int(_Range[int]):
    """A whole-numbered hyperparameter.

    Args:
        low: The lowest value; above 0 where ``log``.
        high: The highest value, at least ``low``; equal to it, the parameter is a constant.
        log: Whether values are drawn evenly on a logarithmic scale; excludes ``step``.
        step: The distance between values; divides the range. None means 1.
        default: The value in the default configuration.
        when: What earlier parameters must be for this one to apply, by their names: a value,
            a list of values, or a comparison such as ``">=2"`` or ``"!=adam"``.

    Attributes:
        conditions: ``when``, parsed.
    """

    def __post_init__(self) -> None:
        if _is_int(self.step) and self.step == 1:
            object.__setattr__(self, "step", None)
        super().__post_init__()

    def contains(self, value: object) -> bool:
        """Whether the value is an int within the range and on the step."""
        if not (isinstance(value, int) and _is_int(value) and self.low <= value <= self.high):
            return False
        return (value - self.low) % (self.step or 1) == 0

    def as_own(self, value: int) -> int:
        """A value that the parameter can take, in the type that it gives."""
        return int(value)

    def describe(self) -> str:
        """The values in words, such as ``a whole number between low=0 and high=6``."""
        return f"a whole number {self._between()}"

    def problems(self) -> Iterator[str]:
        """What is wrong with the range; a later problem assumes that the earlier are fixed."""
        return self._problems(_is_int, "whole number")

    def suggest(self, trial: optuna.trial.BaseTrial, name: str) -> int:
        """Ask a trial for a value."""
        return trial.suggest_int(name, self.low, self.high, step=self.step or 1, log=self.log)


def _fitting_high(low: float, high: float, step: float) -> float:
    """The high nearest to the given one that is a whole number of steps above low."""
    exact_low, exact_high, exact_step = (Fraction(str(value)) for value in (low, high, step))
    n_steps = (exact_high - exact_low) / exact_step
    if n_steps == int(n_steps):
        return high
    fitting = exact_low + max(1, round(n_steps)) * exact_step
    return type(high)(fitting)


def on_step(low: float, step: float, value: float) -> float:
    """A value on a step as people write it: 0.3 for 0.30000000000000004, which is 0.1 + 2 * 0.1."""
    n_steps = round((value - low) / step)
    return float(Fraction(str(low)) + n_steps * Fraction(str(step)))


def exact(distribution: Any, value: Any) -> Any:
    """A value of one of Optuna's distributions without the rounding errors of its step."""
    step = getattr(distribution, "step", None)
    return on_step(distribution.low, step, value) if isinstance(step, float) else value


def as_float(value: Any) -> Any:
    """A number as a float; anything else, or a number too large for a float, as it is."""
    fits = is_number(value) and abs(value) <= sys.float_info.max
    return float(value) if fits else value


def is_finite_float(value: object) -> bool:
    """Whether the value is a float, and neither infinite nor NaN."""
    return isinstance(value, float) and math.isfinite(value)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
