"""Finds tasks: by entry point, as ``module:attribute``, or in a ``.py`` file."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from hpo.errors import HPOError, UsageError
from hpo.space import Space
from hpo.task import Task

if TYPE_CHECKING:
    import os

GROUP = "hpo.tasks"


@dataclass(frozen=True)
class Listing:
    """One task of the listing.

    Attributes:
        name: The name it was registered under.
        source: Where it comes from: distribution and version.
        task: The task, or None where its plugin is broken.
        error: Why the plugin is broken, or "".
    """

    name: str
    source: str
    task: Task | None
    error: str = ""


def list_tasks() -> list[Listing]:
    """All tasks that installed distributions register, by name.

    A plugin that cannot be imported is listed with its error; the others are not harmed.
    """
    return [_listing(entry) for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)]


def load_task(reference: str) -> Task:
    """Find a task.

    Args:
        reference: The name of an installed task (``"boston"``), ``"package.module:attribute"``,
            or the path of a Python file (``"./my_task.py"``) that holds one task, or
            ``"./my_task.py:attribute"`` where it holds several.

    Returns:
        The task.

    Raises:
        UsageError: There is no such task.
        HPOError: Its plugin cannot be imported.
    """
    path, _, attribute = reference.partition(".py:") if ".py:" in reference else (reference, "", "")
    if path != reference or reference.endswith(".py"):
        return _from_file(Path(path + ".py" if attribute else path), attribute)
    if ":" in reference:
        return _from_module(reference)
    return _from_entry_point(reference)


def load_space(space: str | os.PathLike[str] | Space) -> Space:
    """Read a search space.

    Args:
        space: Name of a built-in space (``"boston"``), path of a TOML file, or a Space.

    Raises:
        UsageError: There is no such space, or it is not valid.
    """
    if isinstance(space, Space):
        return space
    if isinstance(space, str) and not space.endswith(".toml"):
        return Space.from_toml(Path(str(files("hpo_search_spaces") / f"{space}.toml")))
    return Space.from_toml(Path(space))


def absolute_reference(reference: str) -> str:
    """The reference as another process in another folder can use it."""
    if reference.endswith(".py") or ".py:" in reference:
        path, colon, attribute = reference.partition(".py:")
        whole = Path(path + ".py" if colon else path).resolve()
        return f"{whole}:{attribute}" if colon else str(whole)
    return reference


def _listing(entry: EntryPoint) -> Listing:
    source = f"{entry.dist.name} {entry.dist.version}" if entry.dist else ""
    try:
        return Listing(entry.name, source, _imported(entry))
    except HPOError as error:
        return Listing(entry.name, source, None, str(error))


def _from_entry_point(name: str) -> Task:
    entries = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in entries:
        close = difflib.get_close_matches(name, entries, n=1)
        guess = f" Did you mean {close[0]!r}?" if close else ""
        raise UsageError(
            f"no task {name!r}.{guess} Installed: {', '.join(sorted(entries)) or 'none'}. "
            "A file of your own is named by its path: ./my_task.py"
        )
    return _imported(entries[name])


def _from_module(reference: str) -> Task:
    module_name, _, attribute = reference.partition(":")
    entry = EntryPoint(name=reference, value=reference, group=GROUP)
    try:
        found = importlib.util.find_spec(module_name)
    except (ImportError, ValueError):
        found = None
    if found is None or not attribute:
        raise UsageError(
            f"no task {reference!r}: there is no module {module_name!r} on Python's path. "
            "Expected package.module:attribute."
        )
    return _imported(entry)


def _from_file(path: Path, attribute: str) -> Task:
    if not path.is_file():
        raise UsageError(f"no task file {path}: there is no such file.")
    name = f"hpo_task_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"task file {path}: is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))  # a task may import what stands beside it
    try:
        spec.loader.exec_module(module)
    except HPOError:
        raise
    except Exception as error:
        raise HPOError(f"task file {path}: fails to import: {_in_one_line(error)}") from error
    return _only_task(path, vars(module), attribute)


def _only_task(path: Path, names: dict[str, object], attribute: str) -> Task:
    tasks = {name: value for name, value in names.items() if isinstance(value, Task)}
    if attribute in tasks:
        return tasks[attribute]
    if attribute:
        raise UsageError(f"task file {path}: has no Task named {attribute!r}; it has {[*tasks]}.")
    if "task" in tasks or len(tasks) == 1:
        return tasks.get("task") or next(iter(tasks.values()))
    raise UsageError(
        f"task file {path}: expected one hpo.Task, found {len(tasks)}. "
        f"Name it `task`, or choose one with {path}:NAME."
    )


def _imported(entry: EntryPoint) -> Task:
    try:
        task = entry.load()
    except HPOError:
        raise
    except AttributeError as error:
        raise UsageError(f"task {entry.name!r}: {error}.") from error
    except Exception as error:
        raise HPOError(
            f"task {entry.name!r} ({entry.value}): its plugin fails to import: "
            f"{_in_one_line(error)}"
        ) from error
    if not isinstance(task, Task):
        raise HPOError(f"task {entry.name!r} ({entry.value}): is a {type(task).__name__}, no Task.")
    return task


def _in_one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
