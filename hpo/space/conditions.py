"""Conditions: what ``when`` asks of an earlier hyperparameter.

A condition is parsed once, by :func:`parse_condition`, and then answers for any value whether it
holds, and for any domain (the values a parameter can take) whether it could ever hold there.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard

Scalar = str | bool | int | float
"""What a parameter's value, a choice and the operand of a condition may be."""

When = Mapping[str, Scalar | Sequence[Scalar]]
"""What a user writes as ``when``: a value, a list of values or a comparison by earlier name."""

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
        """The values in words, such as ``between low=1 and high=3``."""


class Condition(Protocol):
    """What an earlier parameter must be for a later one to apply."""

    def holds(self, value: object) -> bool:
        """Whether the condition is fulfilled by the value of the earlier parameter."""

    def possible(self, domain: Domain) -> bool:
        """Whether some value of the domain fulfils the condition."""

    def problem(self, earlier: str, domain: Domain) -> str | None:
        """What is wrong with the condition on the parameter named ``earlier``, and the mend."""

    def within(self, domain: Domain) -> Scalar | Sequence[Scalar]:
        """The condition written anew for a domain where it is possible, yet has a problem.

        It means the same for every value of the domain, and has no problem there.
        """


@dataclass(frozen=True)
class OneOf:
    """Fulfilled by any of some values: ``"mlp"``, ``["mlp", "conv1d"]`` or ``"==3"``.

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
        """Whether the value is among the wanted ones."""
        return any(same(value, wanted) for wanted in self.values)

    def possible(self, domain: Domain) -> bool:
        """Whether the domain contains one of the wanted values."""
        return any(domain.contains(wanted) for wanted in self.values)

    def problem(self, earlier: str, domain: Domain) -> str | None:
        """Refuses a list without values, and values that the domain does not contain."""
        if not self.values:
            return "names no value. Name at least one, or leave the condition out."
        strange = [wanted for wanted in self.values if not domain.contains(wanted)]
        return _never_taken(strange[0], earlier, domain) if strange else None

    def within(self, domain: Domain) -> Sequence[Scalar]:
        """The wanted values that are left."""
        return [wanted for wanted in self.values if domain.contains(wanted)]


@dataclass(frozen=True)
class Differs:
    """Fulfilled by everything but one value: ``"!=adam"``.

    Args:
        value: The unwanted value.

    Attributes:
        kind: Its type, so that ``1`` and ``True`` are unequal.
    """

    value: Scalar
    kind: type = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", type(self.value))

    def holds(self, value: object) -> bool:
        """Whether the value is another one."""
        return not same(value, self.value)

    def possible(self, domain: Domain) -> bool:
        """Whether the domain contains another value."""
        return any(map(self.holds, domain.ends))

    def problem(self, earlier: str, domain: Domain) -> str | None:
        """Refuses a value that the domain does not contain, or that is all it contains."""
        if not domain.contains(self.value):
            return _never_taken(self.value, earlier, domain)
        return None if self.possible(domain) else _never_holds(earlier, domain)

    def within(self, domain: Domain) -> Scalar | Sequence[Scalar]:
        """A condition that always holds, since the unwanted value is out of reach."""
        numbers = [end for end in domain.ends if is_number(end)]
        everything = len(numbers) == len(domain.ends)
        return f">={min(numbers)}" if everything else list(domain.ends)


@dataclass(frozen=True)
class Compares:
    """Fulfilled by numbers on one side of a bound: ``">=2"``, ``"<0.5"``.

    Args:
        order: One of ``>=``, ``<=``, ``>`` and ``<``.
        bound: A number; what else a user may write there is named by :meth:`problem`.
    """

    order: str
    bound: Any

    def holds(self, value: object) -> bool:
        """Whether the value is a number on the wanted side of the bound."""
        if not (is_number(value) and is_number(self.bound)):
            return False
        return bool(_ORDERS[self.order](value, self.bound))

    def possible(self, domain: Domain) -> bool:
        """Whether an end of the domain lies on the wanted side."""
        return any(map(self.holds, domain.ends))

    def problem(self, earlier: str, domain: Domain) -> str | None:
        """Refuses to compare what is no number, and bounds that lie outside the domain."""
        if not is_number(self.bound):
            return f"compares with {show(self.bound)}. Write a number after {self.order}."
        if not all(map(is_number, domain.ends)):
            return (
                f"compares, but [{earlier}] is {domain.describe()}, and not all of that is a "
                "number. Name the wanted values in a list."
            )
        return None if self.possible(domain) else _never_holds(earlier, domain)

    def within(self, domain: Domain) -> Sequence[Scalar]:
        """The numbers on the wanted side, since the domain holds other things too."""
        return [end for end in domain.ends if self.holds(end)]


def parse_condition(written: Any) -> Condition:
    """Reads a condition as a user writes it.

    Args:
        written: A value, a list of values, or a comparison: a string that starts with ``>=``,
            ``<=``, ``>``, ``<``, ``==`` or ``!=``. Strings within a list are taken literally.

    Returns:
        The condition. Whether it makes sense can only be said for a domain, so nonsense is
        named by its ``problem``.
    """
    if isinstance(written, list | tuple):
        return OneOf(tuple(written))
    comparison = _COMPARISON.fullmatch(written) if isinstance(written, str) else None
    if comparison is None:
        return OneOf((written,))
    sign, operand = comparison[1], read_value(comparison[2])
    if sign == "==":
        return OneOf((operand,))
    return Differs(operand) if sign == "!=" else Compares(sign, operand)


def all_hold(conditions: Mapping[str, Condition], values: Mapping[str, Any]) -> bool:
    """Whether what has these conditions applies, after the values of earlier parameters.

    Args:
        conditions: By the name of the parameter that each is on.
        values: Of the parameters that apply; on an absent one no condition holds.
    """
    return all(name in values and one.holds(values[name]) for name, one in conditions.items())


def read_value(text: str) -> Any:
    """Reads a value as TOML where it is TOML, else as a plain string.

    Args:
        text: Such as ``1e-3``, ``true``, ``["adam", "sgd"]`` or ``adam``.

    Returns:
        A string, boolean, number or list of these.
    """
    import tomllib

    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # no TOML, a number too long, a list too deep
        return text
    value = table["value"]
    understood = len(table) == 1 and isinstance(value, str | bool | int | float | list)
    return value if understood else text


def same(left: object, right: object) -> bool:
    """Whether two values are the same choice: ``1`` and ``1.0`` are, ``1`` and ``True`` not."""
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether the value is a whole or real number; a boolean is neither."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def show(value: object) -> str:
    """The value on one line as TOML writes it, for messages."""
    return json.dumps(value, ensure_ascii=False, default=repr)


def _never_taken(value: Scalar, earlier: str, domain: Domain) -> str:
    return (
        f"names {show(value)}, which [{earlier}] never takes: it is {domain.describe()}. "
        "Name what it can be."
    )


def _never_holds(earlier: str, domain: Domain) -> str:
    return (
        f"never holds: [{earlier}] is {domain.describe()}. Mend the condition or widen [{earlier}]."
    )
