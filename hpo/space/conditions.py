"""Conditions: what ``when`` asks of earlier hyperparameters.

A condition is parsed once, by :func:`parse_condition`. It then says for any value whether it
holds, and for any domain (the values a parameter can take) whether it can ever hold there.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hpo.space.messages import show
from hpo.space.values import Scalar, is_number, read_value, same

When = Mapping[str, Scalar | Sequence[Scalar]]
"""What a user writes as ``when``: by the earlier name a value, a list of values or a comparison."""

_ORDERS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_COMPARISON = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(.*?)\s*", re.DOTALL)


class Domain(Protocol):
    """The values that an earlier parameter can take."""

    @property
    def ends(self) -> tuple[Scalar, ...]:
        """The lowest and the highest value of a range, or all the choices."""

    def contains(self, value: object) -> bool:
        """Whether the parameter can take the value."""

    def describe(self) -> str:
        """The values in words, such as ``a whole number between low=1 and high=3``."""


class Condition(Protocol):
    """What an earlier parameter must be for a later one to apply."""

    def holds(self, value: object) -> bool:
        """Whether the value of the earlier parameter meets the condition."""

    def possible(self, domain: Domain) -> bool:
        """Whether some value of the domain meets the condition."""

    def problem(self, earlier: str, domain: Domain) -> str | None:
        """What is wrong with a condition on the parameter ``earlier``, and how to fix it."""

    def within(self, domain: Domain) -> Scalar | Sequence[Scalar]:
        """The condition rewritten for a domain where it is possible, yet has a problem.

        The result means the same for every value of the domain, and has no problem there.
        """


@dataclass(frozen=True)
class OneOf:
    """Met by any of some values: ``"mlp"``, ``["mlp", "conv1d"]`` or ``"==3"``.

    Args:
        values: The values.

    Attributes:
        kinds: Their types, so that ``1`` and ``True`` are unequal.
    """

    values: tuple[Scalar, ...]
    kinds: tuple[type, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", tuple(map(type, self.values)))

    def holds(self, value: object) -> bool:
        """Whether the value is one of the values."""
        return any(same(value, own) for own in self.values)

    def possible(self, domain: Domain) -> bool:
        """Whether the domain contains one of the values."""
        return any(map(domain.contains, self.values))

    def problem(self, earlier: str, domain: Domain) -> str | None:
        """Refuse a list without values, and values that the domain does not contain."""
        if not self.values:
            return "lists no values. List at least one, or leave the condition out."
        strangers = [value for value in self.values if not domain.contains(value)]
        return _never_taken(strangers[0], earlier, domain) if strangers else None

    def within(self, domain: Domain) -> Sequence[Scalar]:
        """The values that the domain contains."""
        return [value for value in self.values if domain.contains(value)]


@dataclass(frozen=True)
class Differs:
    """Met by everything but one value: ``"!=adam"``.

    Args:
        value: The excluded value.

    Attributes:
        kind: Its type, so that ``1`` and ``True`` are unequal.
    """

    value: Scalar
    kind: type = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", type(self.value))

    def holds(self, value: object) -> bool:
        """Whether the value is a different one."""
        return not same(value, self.value)

    def possible(self, domain: Domain) -> bool:
        """Whether the domain contains another value."""
        return any(map(self.holds, domain.ends))

    def problem(self, earlier: str, domain: Domain) -> str | None:
        """Refuse a value that the domain does not contain, or that is all it contains."""
        if not domain.contains(self.value):
            return _never_taken(self.value, earlier, domain)
        return None if self.possible(domain) else _never_holds(earlier, domain)

    def within(self, domain: Domain) -> Scalar | Sequence[Scalar]:
        """A condition that always holds, since the domain lacks the excluded value."""
        numbers = [end for end in domain.ends if is_number(end)]
        is_numeric = len(numbers) == len(domain.ends)
        return f">={min(numbers)}" if is_numeric else list(domain.ends)


@dataclass(frozen=True)
class Compares:
    """Met by numbers on one side of a bound: ``">=2"``, ``"<0.5"``.

    Args:
        order: One of ``>=``, ``<=``, ``>`` and ``<``.
        bound: A number; :meth:`problem` refuses anything else that a user may write there.
    """

    order: str
    bound: Any

    def holds(self, value: object) -> bool:
        """Whether the value is a number on the right side of the bound."""
        if not (is_number(value) and is_number(self.bound)):
            return False
        return bool(_ORDERS[self.order](value, self.bound))

    def possible(self, domain: Domain) -> bool:
        """Whether an end of the domain lies on the right side."""
        return any(map(self.holds, domain.ends))

    def problem(self, earlier: str, domain: Domain) -> str | None:
        """Refuse to compare anything but numbers, and bounds outside of the domain."""
        if not is_number(self.bound):
            return (
                f"compares with {show(self.bound)}, which is not a number. "
                f"Write a number after {self.order}."
            )
        if not all(map(is_number, domain.ends)):
            return (
                f"compares numbers, but [{earlier}] is {domain.describe()}. "
                "Write a list of values instead."
            )
        return None if self.possible(domain) else _never_holds(earlier, domain)

    def within(self, domain: Domain) -> Sequence[Scalar]:
        """The numbers on the right side, since the domain has values of other types too."""
        return [end for end in domain.ends if self.holds(end)]


def parse_condition(written: Any) -> Condition:
    """Read a condition as a user writes it.

    Args:
        written: A value, a list of values, or a comparison: a string that starts with ``>=``,
            ``<=``, ``>``, ``<``, ``==`` or ``!=``. Strings within a list are taken literally.

    Returns:
        The condition. Only its ``problem`` in a domain says whether it makes sense.
    """
    if isinstance(written, list | tuple):
        return OneOf(tuple(written))
    comparison = _COMPARISON.fullmatch(written) if isinstance(written, str) else None
    if comparison is None:
        return OneOf((written,))
    order, operand = comparison[1], read_value(comparison[2])
    if order == "==":
        return OneOf((operand,))
    return Differs(operand) if order == "!=" else Compares(order, operand)


def parse_when(when: Any) -> tuple[When | None, dict[str, Condition]]:
    """A parameter's ``when`` as the parameter keeps it, and its conditions by earlier name.

    Args:
        when: What a user wrote. Anything but a mapping is kept, to be refused by its space.
    """
    if not isinstance(when, Mapping):
        return when, {}
    return dict(when) or None, {name: parse_condition(when[name]) for name in when}


def all_hold(conditions: Mapping[str, Condition], values: Mapping[str, Any]) -> bool:
    """Whether a parameter with these conditions applies.

    Args:
        conditions: Its conditions, by the name of the earlier parameter.
        values: The values of the earlier parameters that apply, by name; no condition holds on
            one that does not apply.
    """
    return all(
        name in values and condition.holds(values[name]) for name, condition in conditions.items()
    )


def _never_taken(value: Scalar, earlier: str, domain: Domain) -> str:
    return (
        f"names {show(value)}, but [{earlier}] is {domain.describe()}. "
        "Name only values that it can take."
    )


def _never_holds(earlier: str, domain: Domain) -> str:
    return (
        f"never holds: [{earlier}] is {domain.describe()}. Fix the condition or widen [{earlier}]."
    )
