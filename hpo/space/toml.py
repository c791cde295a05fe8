"""Search spaces as TOML files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from hpo.errors import UsageError, suggestion
from hpo.space.messages import refusal, show
from hpo.space.parameters import Categorical, Float, Int, Parameter

if TYPE_CHECKING:
    from pathlib import Path

_TYPES: dict[str, type[Parameter]] = {"float": Float, "int": Int, "categorical": Categorical}


def read_text(path: Path) -> str:
    """The text of a TOML file.

    Raises:
        UsageError: The file does not exist, cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"search_spaces: {path}: there is no such file. Check the path.") from None
    except OSError as error:
        reason = error.strerror
        raise UsageError(f"search_spaces: {path}: {reason}. Choose a readable file.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"search_spaces: {path}: is not UTF-8. Save it as UTF-8.") from error


def read_parameters(text: str, file: str) -> dict[str, Parameter]:
    """Read the parameters of a search space, without checking how they fit together.

    Args:
        text: TOML with one table per parameter.
        file: What messages call the text.

    Raises:
        UsageError: The text is not valid TOML, or a table lacks a key or has an unknown one.
    """
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number may be too long, a list too deep
        last_line = len(text.splitlines())
        reason = str(error).replace("at end of document", f"at the end of line {last_line}")
        raise UsageError(
            f"search_spaces: {file}: is not valid TOML: {reason}. Fix that line."
        ) from error
    return {name: _parameter(name, table, file) for name, table in tables.items()}


def write_parameters(parameters: Mapping[str, Parameter]) -> str:
    """Write parameters as TOML: one table each, without the fields that have their default."""
    return "\n".join(_written_table(name, parameters[name]) for name in parameters)


def _parameter(name: str, table: Any, file: str) -> Parameter:
    if not isinstance(table, dict):
        raise refusal(file, name, f"is {show(table)}. Make it a table with a type.")
    problem = next(_table_problems(table), None)
    if problem is not None:
        raise refusal(file, name, problem)
    arguments = {key: value for key, value in table.items() if key != "type"}
    return _TYPES[table["type"]](**arguments)


def _table_problems(table: Mapping[str, Any]) -> Iterator[str]:
    """What keeps a table from being a parameter; a later problem assumes the earlier fixed."""
    if "type" not in table:
        yield f"has no type. Add one of: {', '.join(_TYPES)}."
    kind = table["type"]
    if kind not in list(_TYPES):
        yield f"has an unknown type {show(kind)}. {suggestion(kind, _TYPES)}"
    keys = ["type", *keys_of(_TYPES[kind])]
    for key in table:
        if key not in keys:
            yield f"has an unknown key {show(key)}. {suggestion(key, keys)}"
    for field in fields(_TYPES[kind]):
        if field.init and field.default is MISSING and field.name not in table:
            yield f"has no {field.name}. Add it."


def keys_of(kind: type[Parameter]) -> list[str]:
    """The keys of a type of parameter, other than ``type``."""
    return [field.name for field in fields(kind) if field.init]


def _written_table(name: str, parameter: Parameter) -> str:
    kind = next(kind for kind, cls in _TYPES.items() if isinstance(parameter, cls))
    lines = [f"[{_written_key(name)}]", f'type = "{kind}"']
    for field in fields(parameter):
        value = getattr(parameter, field.name)
        if field.init and value != field.default:
            lines.append(f"{field.name} = {_written_value(value)}")
    return "\n".join(lines) + "\n"


def _written_key(name: str) -> str:
    import tomlkit

    return tomlkit.key(name).as_string()


def _written_value(value: Any) -> str:
    import tomlkit

    if isinstance(value, Mapping):
        entries = (f"{_written_key(key)} = {_written_value(value[key])}" for key in value)
        return f"{{ {', '.join(entries)} }}"
    if isinstance(value, list | tuple):  # tomlkit takes a minute for thousands of values
        return f"[{', '.join(map(_written_value, value))}]"
    written: str = tomlkit.item(value).as_string()
    return written
