"""Hyperparameters: their kinds, their ranges and what is wrong with them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from hpo.space.conditions import Condition, Scalar, When, is_number, parse_condition, same, show

if TYPE_CHECKING:
    import optuna

_STEP_TOLERANCE = 1e-8  # Optuna's own, so that what it suggests counts as on the step


@dataclass(frozen=True)
class Float:
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

    low: float
    high: float
    _: KW_ONLY
    log: bool = False
    step: float | None = None
    default: float | None = None
    when: When | None = field(default=None, compare=False)
    conditions: Mapping[str, Condition] = field(init=False, repr=False, hash=False)

    def __post_init__(self) -> None:
        for name in ("low", "high", "step", "default"):
            object.__setattr__(self, name, as_float(getattr(self, name)))
        _settle_when(self)

    @property
    def ends(self) -> tuple[float, ...]:
        """The lowest and the highest value."""
        return self.low, self.high

    def contains(self, value: object) -> bool:
        """Whether the value is a number within the range and on the step."""
        if not (is_number(value) and self.low <= value <= self.high):
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return abs(steps - round(steps)) < _STEP_TOLERANCE

    def as_own(self, value: float) -> float:
        """A value that it contains, as the type that it gives."""
        return float(value)

    def with_fitting_default(self) -> Float:
        """The same with its default moved to the nearest value that it can take."""
        if self.default is None or self.contains(self.default):
            return self
        nearest = min(max(self.default, self.low), self.high)
        if self.step is not None:
            steps = round((nearest - self.low) / self.step)
            nearest = min(self.low + steps * self.step, self.high)
        return replace(self, default=nearest)

    def describe(self) -> str:
        """The range in words."""
        return _describe_range(self)

    def problems(self) -> Iterator[str]:
        """What is wrong with the range; a later problem presumes that the earlier are mended."""
        return _range_problems(self, _is_finite_float, "finite number")

    def suggest(self, trial: optuna.trial.BaseTrial, name: str) -> float:
        """Asks a trial for a value."""
        value = trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log)
        return value if self.step is None else on_step(self.low, self.step, value)


@dataclass(frozen=True)
class Int:
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

    low: int
    high: int
    _: KW_ONLY
    log: bool = False
    step: int | None = None
    default: int | None = None
    when: When | None = field(default=None, compare=False)
    conditions: Mapping[str, Condition] = field(init=False, repr=False, hash=False)

    def __post_init__(self) -> None:
        if _is_int(self.step) and self.step == 1:
            object.__setattr__(self, "step", None)
        _settle_when(self)

    @property
    def ends(self) -> tuple[int, ...]:
        """The lowest and the highest value."""
        return self.low, self.high

    def contains(self, value: object) -> bool:
        """Whether the value is an int within the range and on the step."""
        if not (isinstance(value, int) and _is_int(value) and self.low <= value <= self.high):
            return False
        return (value - self.low) % (self.step or 1) == 0

    def as_own(self, value: int) -> int:
        """A value that it contains, as the type that it gives."""
        return int(value)

    def with_fitting_default(self) -> Int:
        """The same with its default moved to the nearest value that it can take."""
        if self.default is None or self.contains(self.default):
            return self
        clipped = min(max(self.default, self.low), self.high)
        step = self.step or 1
        return replace(self, default=self.low + round((clipped - self.low) / step) * step)

    def describe(self) -> str:
        """The range in words."""
        return _describe_range(self)

    def problems(self) -> Iterator[str]:
        """What is wrong with the range; a later problem presumes that the earlier are mended."""
        return _range_problems(self, _is_int, "whole number")

    def suggest(self, trial: optuna.trial.BaseTrial, name: str) -> int:
        """Asks a trial for a value."""
        return trial.suggest_int(name, self.low, self.high, step=self.step or 1, log=self.log)


@dataclass(frozen=True)
class Categorical:
    """A hyperparameter that is one of some choices; with a single choice, a constant.

    Args:
        choices: At least one string, boolean, int or finite float; no two may be equal in
            Python, as ``True`` and ``1`` are, since Optuna cannot tell them apart.
        default: The choice in the default configuration; a constant has its only choice.
        when: What earlier parameters must be for this one to apply, by their names: a value,
            a list of values, or a comparison such as ``">=2"`` or ``"!=adam"``.

    Attributes:
        conditions: ``when``, parsed.
        kinds: The types of the choices, so that ``[1]`` and ``[True]`` are unequal.
    """

    choices: Sequence[Scalar]
    _: KW_ONLY
    default: Scalar | None = None
    when: When | None = field(default=None, compare=False)
    conditions: Mapping[str, Condition] = field(init=False, repr=False, hash=False)
    kinds: tuple[type, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.choices, list | tuple):
            choices = tuple(map(_without_numpy, self.choices))
            chosen = [choice for choice in choices if same(choice, self.default)]
            object.__setattr__(self, "choices", choices)
            object.__setattr__(self, "default", chosen[0] if chosen else self.default)
        object.__setattr__(self, "kinds", tuple(map(type, self.ends)))
        _settle_when(self)

    @property
    def ends(self) -> tuple[Scalar, ...]:
        """All the choices."""
        return tuple(self.choices) if isinstance(self.choices, tuple) else ()

    def contains(self, value: object) -> bool:
        """Whether the value is one of the choices."""
        return any(same(value, choice) for choice in self.choices)

    def as_own(self, value: Scalar) -> Scalar:
        """A value that it contains, as the choice that it is the same as."""
        return next(choice for choice in self.choices if same(choice, value))

    def with_fitting_default(self) -> Categorical:
        """The same with the first choice as its default where the default is no choice."""
        if self.default is None or self.contains(self.default):
            return self
        return replace(self, default=self.choices[0])

    def describe(self) -> str:
        """The choices in words."""
        return f"one of {show(list(self.choices))}"

    def problems(self) -> Iterator[str]:
        """What is wrong with the choices; a later problem presumes that the earlier are mended."""
        if not isinstance(self.choices, tuple):
            yield f"choices={show(self.choices)} is no list. Write it like choices=[16, 32]."
        if not self.choices:
            yield "choices is empty. List at least one value."
        for choice in self.choices:
            if type(choice) not in (str, bool, int) and not _is_finite_float(choice):
                yield (
                    f"choices has {show(choice)}, which is no string, boolean or finite number. "
                    "Choose among these kinds."
                )
        for position, choice in enumerate(self.choices):
            if choice in self.choices[:position]:
                twin = self.choices[self.choices.index(choice)]
                yield f"choices has {show(twin)} and {show(choice)}, which are equal. Keep one."

    def suggest(self, trial: optuna.trial.BaseTrial, name: str) -> Scalar:
        """Asks a trial for a choice."""
        return cast("Scalar", trial.suggest_categorical(name, self.choices))


Parameter = Float | Int | Categorical
"""A hyperparameter of a search space."""


def _settle_when(parameter: Parameter) -> None:
    conditions: dict[str, Condition] = {}
    if isinstance(parameter.when, Mapping):
        conditions = {name: parse_condition(parameter.when[name]) for name in parameter.when}
        object.__setattr__(parameter, "when", dict(parameter.when) or None)
    object.__setattr__(parameter, "conditions", conditions)


def _range_problems(
    parameter: Float | Int, fits: Callable[[object], bool], kind: str
) -> Iterator[str]:
    low, high, step = parameter.low, parameter.high, parameter.step
    for name, value in {"low": low, "high": high, "step": step}.items():
        if not fits(value) and not (name == "step" and value is None):
            yield f"{name}={show(value)} is no {kind}. Give {name} a {kind}."
    if not is_kind(parameter.log, bool):
        yield f"log={show(parameter.log)} is neither true nor false. Give one of them."
    if high < low:
        yield f"high={show(high)} is below low={show(low)}. Swap them or widen the range."
    if parameter.log and step is not None:
        yield f"log excludes step={show(step)}. Leave one of them out."
    if parameter.log and low <= 0:
        yield f"log needs low above 0. Received: low={show(low)}. Raise low or leave log out."
    if step is not None and step <= 0:
        yield f"step={show(step)} is not above 0. Make it positive or leave it out."
    if step is not None and _fitting_high(low, high, step) != high:
        yield (
            f"step={show(step)} does not divide low={show(low)} to high={show(high)}. "
            f"Set high={show(_fitting_high(low, high, step))} or another step."
        )


def _fitting_high(low: float, high: float, step: float) -> float:
    """The high nearest to the given one that is a whole number of steps above low."""
    exact_low, exact_high, exact_step = (Fraction(str(value)) for value in (low, high, step))
    steps = (exact_high - exact_low) / exact_step
    if steps == int(steps):
        return high
    fitting = exact_low + max(1, round(steps)) * exact_step
    return type(high)(fitting)


def on_step(low: float, step: float, value: float) -> float:
    """A value on a step as people write it: 0.3 for 0.30000000000000004, which is 0.1 + 2 * 0.1."""
    steps = round((value - low) / step)
    return float(Fraction(str(low)) + steps * Fraction(str(step)))


def exact(distribution: Any, value: Any) -> Any:
    """A value of one of Optuna's distributions without the rounding errors of its step."""
    step = getattr(distribution, "step", None)
    return on_step(distribution.low, step, value) if isinstance(step, float) else value


def _describe_range(parameter: Float | Int) -> str:
    steps = f" in steps of {show(parameter.step)}" if parameter.step else ""
    return f"between low={show(parameter.low)} and high={show(parameter.high)}{steps}"


def as_float(value: Any) -> Any:
    """A number as a float; what is no number, or too large a one, as it is."""
    widens = is_number(value) and abs(value) <= sys.float_info.max
    return float(value) if widens else value


def _without_numpy(value: Any) -> Any:
    return float(value) if isinstance(value, float) else value


def _is_finite_float(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_kind(value: object, *kinds: type) -> bool:
    """Tells at run time what types promise, since a file may hold anything."""
    return isinstance(value, kinds)
