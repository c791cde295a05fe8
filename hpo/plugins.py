"""Finds tasks, by entry point, ``module:attribute`` or ``.py`` file, and search spaces."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError, UsageError, located, suggestion
from hpo.space.space import Space
from hpo.task import Task

if TYPE_CHECKING:
    import os


GROUP = "hpo.tasks"
"""The group of entry points under which distributions register their tasks."""

IN_CODE = "(a Task given in code)"
"""What a study records as the reference of a Task object, which no other process can find."""

_FILE_MODULE = "hpo_task_file_"


@dataclass(frozen=True)
class Listing:
    """A task that an installed distribution registers.

    Attributes:
        name: The name that the task is registered under.
        source: The distribution and its version.
        task: The task, or None if its plugin is broken.
        error: Why the plugin is broken, or "".
    """

    name: str
    source: str
    task: Task | None
    error: str = ""


class WhileImportingError(HPOError):
    """A task's file does when it is imported what only a script should do."""


_importing: list[str] = []


@dataclass(frozen=True)
class Source:
    """Where the source of a task is.

    Attributes:
        file: The Python file of its module.
        root: The folder from which that module and those beside it are imported.
        version: The distribution that it belongs to, and its version; "" if it is not installed
            under a name of its own.
    """

    file: Path
    root: Path
    version: str = ""


def list_tasks() -> list[Listing]:
    """All tasks that installed distributions register, sorted by name.

    A plugin that cannot be imported is listed with its error and affects no other.
    """
    return [_listing(entry) for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)]


def load_task(reference: str) -> Task:
    """Find a task.

    Args:
        reference: The name of an installed task (``"boston"``), ``"package.module:attribute"``,
            or the path of a Python file (``"./my_task.py"``); if the file defines several tasks,
            ``"./my_task.py:attribute"``.

    Raises:
        UsageError: The task does not exist.
        HPOError: Its plugin cannot be imported.
    """
    file = file_reference(reference)
    if file is not None:
        return _from_file(*file)
    return _imported(_module_entry(reference) if ":" in reference else _entry_point(reference))


def load_task_afresh(reference: str) -> Task:
    """Find a task as another process would: a plugin file runs again, and leaves no trace.

    Args:
        reference: As for :func:`load_task`, which has found it before.

    Raises:
        UsageError: The task does not exist.
        HPOError: Its plugin cannot be imported.
    """
    modules = dict(sys.modules)
    try:
        return load_task(reference)
    finally:
        for name in [name for name in sys.modules if name.startswith(_FILE_MODULE)]:
            if name in modules:
                sys.modules[name] = modules[name]
            else:
                del sys.modules[name]


def source_of(reference: str) -> Source | None:
    """Find the source of a task that :func:`load_task` has loaded; None if it has none.

    Args:
        reference: How the task was found.
    """
    named = file_reference(reference)
    if named is not None:
        file = named[0].resolve()
        return Source(file, file.parent)
    entry = _module_entry(reference) if ":" in reference else _entry_point(reference)
    module = sys.modules.get(entry.module)
    origin = getattr(module, "__file__", None) or ""
    if not origin.endswith(".py"):
        return None
    file = Path(origin).resolve()
    depth = entry.module.count(".") + (file.name == "__init__.py")
    return Source(file, file.parents[depth], _distribution(entry))


def refuse_while_importing(what: str) -> None:
    """Refuse what a task's file would do whenever it is imported, such as a search.

    Args:
        what: What is about to run.

    Raises:
        WhileImportingError: A task's file is being imported.
    """
    if _importing:
        raise WhileImportingError(
            f"task file {_importing[-1]}: runs {what} while it is imported, and every worker "
            'imports it. Put the call below: if __name__ == "__main__":'
        )


def load_space(space: str | os.PathLike[str] | Space) -> Space:
    """Read a search space.

    Args:
        space: Name of a built-in space (``"boston"``), path of a TOML file, or a Space.

    Raises:
        UsageError: The space does not exist or is not valid.
    """
    if isinstance(space, Space):
        return space
    if not isinstance(space, str | PathLike):
        raise UsageError(
            "space must be an hpo.Space, the path of a TOML file or the name of a built-in space. "
            f"Received: {' '.join(repr(space).split())[:80]}"
        )
    if isinstance(space, str) and not space.endswith(".toml"):
        return _built_in_space(space)
    return Space.from_toml(Path(space))


def absolute_reference(reference: str) -> str:
    """The reference in a form that other processes in other folders can use."""
    file = file_reference(reference)
    if file is None:
        return reference
    path, attribute = file
    return f"{path.resolve()}:{attribute}" if attribute else str(path.resolve())


def file_reference(reference: str) -> tuple[Path, str] | None:
    """The file and the attribute (or "") of a reference; None if it does not name a file."""
    match = re.fullmatch(r"(.*\.py)(?::(.*))?", reference, re.DOTALL)
    return (Path(match[1]), match[2] or "") if match else None


def _built_in_space(name: str) -> Space:
    folder = Path(str(files("hpo_search_spaces")))
    known = {path.stem: path for path in folder.glob("*.toml")}
    if name not in known:
        raise UsageError(
            f"no search space {name!r}. {suggestion(name, sorted(known))} "
            "To use a file of your own, give its path: ./my_space.toml"
        )
    return Space.from_toml(known[name])


def _listing(entry: EntryPoint) -> Listing:
    source = _distribution(entry)
    try:
        return Listing(entry.name, source, _imported(entry))
    except HPOError as error:
        return Listing(entry.name, source, None, str(error))


def _distribution(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else ""


def _entry_point(name: str) -> EntryPoint:
    matches = [entry for entry in entry_points(group=GROUP) if entry.name == name]
    if not matches:
        known = sorted({entry.name for entry in entry_points(group=GROUP)})
        raise UsageError(
            f"no task {name!r}. {suggestion(name, known)} "
            "To use a file of your own, give its path: ./my_task.py"
        )
    values = sorted({entry.value for entry in matches})
    if len(values) > 1:
        raise UsageError(
            f"task {name!r} is registered more than once. Choose one of: {', '.join(values)}"
        )
    return matches[0]


def _module_entry(reference: str) -> EntryPoint:
    module, _, attribute = reference.partition(":")
    if not all(part.isidentifier() for part in [*module.split("."), *attribute.split(".")]):
        raise UsageError(
            f"task {reference!r}: expected the name of a task, package.module:attribute or "
            "./FILE.py."
        )
    return EntryPoint(name=reference, value=reference, group=GROUP)


def _from_file(path: Path, attribute: str) -> Task:
    if not path.is_file():
        raise UsageError(f"task file {path}: there is no such file. Check the path.")
    name = f"{_FILE_MODULE}{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"task file {path}: is not a Python file.")
    refuse_while_importing(f"the task file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # a task may import the modules next to it
    _importing.append(str(path))
    try:
        spec.loader.exec_module(module)
    except WhileImportingError:
        sys.modules.pop(name, None)
        raise
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise _broken(f"task file {path}", error) from error
    finally:
        _importing.pop()
    return _only_task(path, vars(module), attribute)


def _only_task(path: Path, names: dict[str, object], attribute: str) -> Task:
    tasks = {name: value for name, value in names.items() if isinstance(value, Task)}
    if attribute in tasks:
        return tasks[attribute]
    if attribute:
        raise UsageError(
            f"task file {path}: has no Task named {attribute!r}. {suggestion(attribute, tasks)}"
        )
    if "task" in tasks or len(tasks) == 1:
        return tasks.get("task") or next(iter(tasks.values()))
    if not tasks:
        raise UsageError(f"task file {path}: has no hpo.Task. Define one: task = hpo.Task(...)")
    raise UsageError(
        f"task file {path}: has several tasks, and none is named `task`. "
        f"Choose one of: {', '.join(f'{path}:{name}' for name in tasks)}"
    )


def _imported(entry: EntryPoint) -> Task:
    where = f"task {entry.name!r} ({entry.value})"
    try:
        target: Any = importlib.import_module(entry.module)
    except (Exception, SystemExit) as error:
        absent = error.name if isinstance(error, ModuleNotFoundError) else None
        if absent and f"{entry.module}.".startswith(f"{absent}."):
            raise UsageError(
                f"{where}: there is no module {absent!r} on Python's path. "
                "Expected package.module:attribute."
            ) from error
        raise _broken(where, error) from error
    for attribute in (entry.attr or "").split("."):
        if not hasattr(target, attribute):
            raise UsageError(f"{where}: {entry.module} has no attribute {entry.attr!r}.")
        target = getattr(target, attribute)
    if not isinstance(target, Task):
        raise HPOError(f"{where}: is not an hpo.Task but of type {type(target).__name__}.")
    return target


def _broken(where: str, error: BaseException) -> HPOError:
    reason = str(error) if isinstance(error, HPOError) else located(error) + _nearest(error)
    return HPOError(f"{where}: cannot be imported: {reason}")


def _nearest(error: BaseException) -> str:
    """The keyword that was probably meant where one of hpo's own classes does not know one."""
    from hpo import task
    from hpo.space import parameters

    unknown = re.search(
        r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(error)
    )
    known = (vars(task) | vars(parameters)).get(unknown[1]) if unknown else None
    if unknown is None or known is None or "Did you mean" in str(error):
        return ""
    return f" {suggestion(unknown[2], inspect.signature(known).parameters)}"
