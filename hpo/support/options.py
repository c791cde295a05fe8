"""Options declared once: a field of a dataclass says its default, its help and its values.

From such a class come the flags of a command, the keywords of a function, the checks, with one
wording for both, and the command that repeats a call.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import operator
import os
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hpo.errors import UsageError, suggestion

Read = Callable[[Any], Any]
"""Brings a value, or its text on a command line, to its type; a ValueError says what it expects."""

_Record = TypeVar("_Record")
_Function = TypeVar("_Function", bound=Callable[..., Any])

_METADATA = "option"
_UNITS_OF_MEMORY = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
_UNITS_OF_TIME = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True)
class Option:
    """An option of a function and of its command.

    Attributes:
        help: What it does, in a sentence or two.
        read: Brings a value to its type, or says what it expects.
        flag: Its name on the command line, without dashes.
        metavar: What stands for its value in the help; "" for a switch.
        default_means: What happens by default, where the default is None.
        repeatable: Whether it takes any number of values.
    """

    help: str
    read: Read
    flag: str = ""
    metavar: str = ""
    default_means: str = ""
    repeatable: bool = False

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off and takes no value."""
        return self.read is switch


def option(
    default: Any,
    help: str,  # noqa: A002  (as click calls it)
    read: Read,
    *,
    flag: str = "",
    metavar: str = "",
    default_means: str = "",
    repeatable: bool = False,
) -> Any:
    """Declare an option: a field of a frozen dataclass.

    Args:
        default: Its default.
        help: What it does, in a sentence or two.
        read: Brings a value to its type, or raises a ValueError that says what it expects.
        flag: Its name on the command line; by default that of the field.
        metavar: What stands for its value in the help of the command.
        default_means: What happens by default, where the default is None.
        repeatable: Whether it takes any number of values.
    """
    declared = Option(help, read, flag, metavar, default_means, repeatable)
    return dataclasses.field(default=default, metadata={_METADATA: declared})


def options_of(kind: type[Any]) -> dict[str, Option]:
    """The options of a class, by the names of its fields: its own first, then inherited ones."""
    own = list(inspect.get_annotations(kind))
    fields = sorted(
        dataclasses.fields(kind),
        key=lambda field: own.index(field.name) if field.name in own else len(own),
    )
    return {
        field.name: dataclasses.replace(
            declared, flag=declared.flag or field.name.replace("_", "-")
        )
        for field in fields
        if (declared := field.metadata.get(_METADATA)) is not None
    }


def default_of(kind: type[Any], name: str) -> Any:
    """The default of an option."""
    return next(field.default for field in dataclasses.fields(kind) if field.name == name)


def read_options(kind: type[_Record], values: Mapping[str, Any]) -> _Record:
    """Make a record of options out of keywords, each checked.

    Args:
        kind: The class that declares the options.
        values: Values by name; those of other classes are passed over, and what is missing or
            None keeps its default.

    Raises:
        UsageError: A value is not one that the option takes.
    """
    read = {
        name: read_option(name, one, values[name])
        for name, one in options_of(kind).items()
        if values.get(name) is not None
    }
    return kind(**read)


def read_option(name: str, one: Option, value: Any) -> Any:
    """Check the value of an option and bring it to its type.

    Raises:
        UsageError: It is not a value that the option takes.
    """
    try:
        return one.read(value)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{name}: expected {error}. Received: {value!r}") from None


def command_words(*records: Any) -> list[str]:
    """The words of a command line that repeat options: those that differ from their defaults.

    Args:
        records: Records of options; a value that cannot be written on a command line is left out.
    """
    return [
        word
        for record in records
        for name, one in options_of(type(record)).items()
        for word in _words(one, getattr(record, name), default_of(type(record), name))
    ]


def _words(one: Option, value: Any, default: Any) -> list[str]:
    if value == default:
        return []
    if one.is_switch:
        return [f"--{one.flag}"]
    values = value if one.repeatable else [value]
    return [
        word
        for single in values
        if isinstance(single, str | int | float | os.PathLike)
        for word in (f"--{one.flag}", str(single))
    ]


def takes_options(*kinds: type[Any]) -> Callable[[_Function], _Function]:
    """Let a function with ``**options`` have the options of classes as keywords of its own.

    Its signature names them, its docstring explains them where it has a line ``**options: ...``,
    and other keywords are refused as Python refuses them.
    """
    declared = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default_of(kind, name),
            annotation=next(f.type for f in dataclasses.fields(kind) if f.name == name),
        )
        for kind in kinds
        for name in options_of(kind)
    ]

    def decorate(function: _Function) -> _Function:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        known = [one.name for one in (*own, *declared)]

        @functools.wraps(function)
        def checked(*arguments: Any, **keywords: Any) -> Any:
            for name in keywords:
                if name not in known:
                    raise TypeError(
                        f"{function.__name__}() got an unexpected keyword argument {name!r}. "
                        f"{suggestion(name, known)}"
                    )
            return function(*arguments, **keywords)

        checked.__signature__ = signature.replace(parameters=[*own, *declared])  # type: ignore[attr-defined]
        checked.__doc__ = _explained(function.__doc__, kinds)
        return checked  # type: ignore[return-value]

    return decorate


def _explained(doc: str | None, kinds: Iterable[type[Any]]) -> str | None:
    """A docstring with every option in place of the line ``**options: ...``."""
    lines = "\n".join(
        textwrap.fill(
            f"{name}: {one.help}"
            + (f" By default: {one.default_means}." if one.default_means else ""),
            width=100,
            initial_indent=" " * 8,
            subsequent_indent=" " * 12,
        )
        for kind in kinds
        for name, one in options_of(kind).items()
    )
    return doc and re.sub(r"^ *\*\*options: .*$", lambda _: lines, doc, flags=re.MULTILINE)


def switch(value: Any) -> bool:
    """Read what is on or off."""
    if not isinstance(value, bool):
        raise ValueError("True or False")  # noqa: TRY004  (every reading raises the same)
    return value


def text(value: Any) -> str:
    """Read text, or a path."""
    if isinstance(value, str | os.PathLike):
        return os.fspath(value)
    raise ValueError("text")


def path(value: Any) -> Path:
    """Read the path of a file or a folder."""
    return Path(text(value))


def texts(values: Any) -> tuple[str, ...]:
    """Read any number of texts."""
    return tuple(map(text, [values] if isinstance(values, str) else values))


def one_of(*names: str) -> Read:
    """Read one of a few names."""

    def read(value: Any) -> str:
        if value not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return str(value)

    return read


def whole(minimum: int, maximum: int | None = None) -> Read:
    """Read a whole number within bounds."""
    bounds = f"of {minimum} or more" if maximum is None else f"from {minimum} to {maximum}"
    expected = f"a whole number {bounds}"

    def read(value: Any) -> int:
        try:
            number = int(value) if isinstance(value, str) else operator.index(value)
        except (ValueError, TypeError):
            raise ValueError(expected) from None
        if isinstance(value, bool) or not minimum <= number <= (maximum or number):
            raise ValueError(expected)
        return number

    return read


def share(value: Any) -> float:
    """Read a number of 0 or more, which may be a fraction."""
    try:
        number = float(value)
    except (ValueError, TypeError):
        number = math.nan
    if isinstance(value, bool) or not 0 <= number < math.inf:
        raise ValueError("a number of 0 or more, such as 0.5")
    return number


def folder(value: Any) -> str:
    """Read the path of a folder that is there, or can be made."""
    path = text(value)
    if Path(path).is_file():
        raise ValueError("a folder, not a file")
    return path


def existing_folder(value: Any) -> str:
    """Read the path of a folder that is there."""
    path = text(value)
    if not Path(path).is_dir():
        raise ValueError("a folder that exists")
    return path


def seconds(value: Any) -> float:
    """Read a duration in seconds above 0, or text like 90, 90s, 30m, 1.5h, 2d."""
    return _amount(
        value,
        r"(\d+(?:\.\d+)?)\s*([smhd]?)",
        _UNITS_OF_TIME,
        "seconds above 0, such as 90s, 30m, 2h",
    )


def memory(value: Any) -> int:
    """Read an amount of memory in bytes above 0, or text like 800M or 2.5G."""
    units = {unit: float(1 << power) for unit, power in _UNITS_OF_MEMORY.items()}
    expected = "an amount of memory above 0, such as 800M or 2.5G"
    if isinstance(value, str):
        value = re.sub(r"(?i)(?<=[\dkmgt])i?b$", "", value.strip()).upper()
    return int(_amount(value, r"(\d+(?:\.\d+)?)\s*([KMGT]?)", units, expected))


def _amount(value: Any, pattern: str, units: Mapping[str, float], expected: str) -> float:
    try:
        if isinstance(value, str):
            number, unit = re.fullmatch(pattern, value).groups()  # type: ignore[union-attr]
            amount = float(number) * units[unit]
        else:
            amount = float(value)
    except (AttributeError, ValueError, TypeError):
        raise ValueError(expected) from None
    if isinstance(value, bool) or not amount > 0:
        raise ValueError(expected)
    return amount
