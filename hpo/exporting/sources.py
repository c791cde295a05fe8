"""The source of a plugin's function, with everything it needs from its own package."""

from __future__ import annotations

import ast
import dis
import inspect
import textwrap
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALLOWED = ("numpy", "keras")
"""The packages that an export can import beside Python's own library."""

_PLAIN = (int, float, str, bool, bytes, type(None))


def source_of(function: Callable[..., Any], needed_by: str) -> str:
    """The source of a module with a function, and the functions and constants it refers to.

    Args:
        function: A function at the top level of its module, which uses only NumPy, Keras, and
            functions and plain constants of its package.
        needed_by: What needs the function, for messages.

    Raises:
        HPOError: The function refers to something that an export does not have.
    """
    parts = _Parts(needed_by)
    parts.add(function)
    imports = [
        f"import {module}" if name == module else f"import {module} as {name}"
        for name, module in sorted(parts.modules.items(), key=lambda item: item[1])
    ]
    blocks = [
        f'"""{needed_by}: what it does to samples, taken from the task\'s own module."""',
        "from __future__ import annotations",
        "\n".join(imports),
        "\n".join(f"{name} = {value!r}" for name, value in parts.constants.items()),
        *(f"\n{source}" for source in parts.functions.values()),
    ]
    return "\n\n".join(block for block in blocks if block).rstrip() + "\n"


class _Parts:
    """Collects everything that a function refers to."""

    def __init__(self, needed_by: str) -> None:
        self.needed_by = needed_by
        self.modules: dict[str, str] = {}
        self.constants: dict[str, Any] = {}
        self.functions: dict[str, str] = {}
        self._taken: dict[str, FunctionType] = {}

    def add(self, function: Any) -> None:
        """Add a function, after everything it refers to."""
        if not isinstance(function, FunctionType) or "<" in function.__qualname__:
            raise self._refuse(f"{function!r} is not a function at the top level of a module")
        if self._taken.setdefault(function.__name__, function) is not function:
            raise self._refuse(f"two functions have the name {function.__name__}")
        if function.__name__ in self.functions:
            return
        try:
            source = textwrap.dedent(inspect.getsource(function))
        except (OSError, TypeError) as error:
            raise self._refuse(f"the source of {function.__name__} is not available") from error
        tree = ast.parse(source)
        self._check(function, tree)
        self.functions[function.__name__] = ""  # holds its place, for functions that call it
        for name in dict.fromkeys(_names(function.__code__)):
            if name in function.__globals__:
                self._add_global(function, name, function.__globals__[name])
        del self.functions[function.__name__]
        self.functions[function.__name__] = source

    def _add_global(self, function: FunctionType, name: str, value: Any) -> None:
        if isinstance(value, ModuleType):
            if not _is_allowed(value.__name__):
                raise self._refuse(f"{function.__name__} uses the module {value.__name__}")
            self.modules[name] = value.__name__
        elif _is_plain(value):
            if self.constants.setdefault(name, value) != value:
                raise self._refuse(f"{name} has two different values")
        elif isinstance(value, FunctionType) and _package(value) == _package(function):
            if value.__name__ != name:
                raise self._refuse(f"{function.__name__} refers to {value.__name__} as {name}")
            self.add(value)
        else:
            raise self._refuse(f"{function.__name__} uses {name}")

    def _check(self, function: FunctionType, tree: ast.Module) -> None:
        definition = tree.body[0]
        decorated = isinstance(definition, ast.FunctionDef) and definition.decorator_list
        if not isinstance(definition, ast.FunctionDef) or decorated or function.__closure__:
            raise self._refuse(f"{function.__name__} is decorated or not a plain function")
        defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        if not all(map(_is_plain, defaults)):
            raise self._refuse(f"a default of {function.__name__} is not a plain constant")
        for module in _imported(tree):
            if not _is_allowed(module):
                raise self._refuse(f"{function.__name__} imports {module}")

    def _refuse(self, reason: str) -> HPOError:
        return HPOError(
            f"{self.needed_by} cannot be exported: {reason}. The function that exported() returns "
            "may use NumPy, Keras, and functions and plain constants of its own package."
        )


def _package(function: FunctionType) -> str:
    return function.__module__.split(".")[0]


def _names(code: CodeType) -> Iterator[str]:
    """The global names that code refers to; ``co_names`` would hold attributes too."""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_GLOBAL":
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def _is_allowed(module: str) -> bool:
    import sys

    root = module.split(".", maxsplit=1)[0]
    return root in ALLOWED or root in sys.stdlib_module_names


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return type(value) in _PLAIN
