"""The source of a Task given in code: its functions, and the values and functions they use."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import sys
import textwrap
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo.study.source_files import digest, file_digests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpo.task import Task

_FUNCTIONS = ("model", "preprocessor", "callbacks", "metric")  # load is judged by its data
_NUMBERS = ("epochs", "batch_size", "patience")
_CONSTANTS = (bool, int, float, complex, str, bytes, type(None))
_CONTAINERS = (list, tuple, set, frozenset, dict)
_MUTATORS = {"append", "add", "clear", "extend", "insert", "pop", "setdefault", "update"}
_INSTALLED = {"site-packages", "dist-packages"}


def function_digests(task: Task) -> dict[str, str]:
    """Digests of what trains a task's models, by the name of the field.

    A function's digest covers its source, and the plain values, functions and classes of the
    user's own that it uses. Values that functions change, arrays and what is installed are left
    out.
    """
    functions = {name: getattr(task, name) for name in _FUNCTIONS}
    parts = {name: _digest_of(value) for name, value in functions.items() if value is not None}
    parts |= {name: digest(f"{name} = {getattr(task, name)}".encode()) for name in _NUMBERS}
    for stage in task.stages:
        parts[f"stage {stage.name!r}"] = _digest_of((stage.epochs, stage.prepare))
    return parts


def _digest_of(value: Any) -> str:
    return digest("\n".join(_described(value, {})).encode())


def _described(value: Any, seen: dict[int, Any]) -> Iterator[str]:
    """Texts that change where the code or the plain values behind a value change.

    Args:
        value: The value.
        seen: What was described already, by id; it is kept, or another object could get its id.
    """
    if isinstance(value, _CONSTANTS):
        yield repr(value)
    elif id(value) in seen:
        return
    elif isinstance(value, _CONTAINERS):
        seen[id(value)] = value
        yield from _described_container(value, seen)
    elif isinstance(value, functools.partial):
        yield from _described((value.func, value.args, value.keywords), seen)
    elif isinstance(value, types.MethodType):
        yield from _described((value.__func__, getattr(value.__self__, "__dict__", {})), seen)
    elif isinstance(value, types.ModuleType):
        yield from _described_module(value)
    elif isinstance(value, types.FunctionType | type):
        if _is_own(value.__module__):
            seen[id(value)] = value
            yield from _described_code(value, seen)
        else:
            yield f"{value.__module__}.{value.__qualname__}"
    elif callable(value) and _is_own(type(value).__module__):
        seen[id(value)] = value
        yield from _described((type(value), getattr(value, "__dict__", {})), seen)


def _described_container(value: Any, seen: dict[int, Any]) -> Iterator[str]:
    yield type(value).__name__
    if isinstance(value, dict):
        value = [part for item in value.items() for part in item]
    elif isinstance(value, set | frozenset):
        value = sorted(value, key=repr)
    for part in value:
        yield from _described(part, seen)


def _described_module(module: types.ModuleType) -> Iterator[str]:
    file = getattr(module, "__file__", None)
    if file and file.endswith(".py") and _is_own(module.__name__):
        yield from file_digests(Path(file), Path(file).parent).values()


def _described_code(value: types.FunctionType | type, seen: dict[int, Any]) -> Iterator[str]:
    """The source of a function or class, and what its functions use."""
    try:
        source = textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError):
        source = ""
    yield source or value.__qualname__
    changing = _changed_names(source)
    for function in _functions_of(value):
        if not source:
            yield from _described_instructions(function.__code__)
        used = {**_used_globals(function), **_enclosed(function)}
        yield from _described((function.__defaults__, function.__kwdefaults__), seen)
        for name in sorted(used.keys() - changing):
            yield f"{name} ="
            yield from _described(used[name], seen)


def _functions_of(value: types.FunctionType | type) -> list[types.FunctionType]:
    if isinstance(value, types.FunctionType):
        return [value]
    return [part for part in vars(value).values() if isinstance(part, types.FunctionType)]


def _used_globals(function: types.FunctionType) -> dict[str, Any]:
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    return {name: function.__globals__[name] for name in names & function.__globals__.keys()}


def _enclosed(function: types.FunctionType) -> dict[str, Any]:
    """The variables of enclosing functions that a function uses, as far as they are set."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    values = {}
    for name, cell in cells:
        with contextlib.suppress(ValueError):  # it is empty
            values[name] = cell.cell_contents
    return values


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _described_instructions(code: types.CodeType) -> Iterator[str]:
    """What a function without source does, for this version of Python."""
    for one in _codes(code):
        yield one.co_code.hex()
        yield from (repr(part) for part in one.co_consts if isinstance(part, _CONSTANTS))


def _changed_names(source: str) -> set[str]:
    """Names whose values the source changes: what they hold is state, such as a counter."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Global | ast.Nonlocal):
            names.update(node.names)
        elif isinstance(node, ast.Subscript | ast.Attribute) and (
            not isinstance(node.ctx, ast.Load) or getattr(node, "attr", "") in _MUTATORS
        ):
            names.add(getattr(node.value, "id", ""))
    return names


def _is_own(module: str) -> bool:
    """Whether a module is the user's own: neither installed, nor Python's, nor hpo's."""
    top = module.split(".", maxsplit=1)[0]
    if top == "hpo" or top in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return not (file and _INSTALLED & set(Path(file).parts))
