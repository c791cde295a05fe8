"""The code that a study's trials were evaluated with, known by its content and not by its path."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hpo.plugins import IN_CODE, Source, source_of
from hpo.study.function_sources import function_digests
from hpo.study.source_files import file_digests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpo.task import Task


@dataclass(frozen=True)
class Code:
    """A fingerprint of a task's code.

    Attributes:
        parts: A digest of every source file by its path in the task's folder or, for a Task given
            in code, of every function by the name of the task's field.
        version: The distribution that the task belongs to, and its version, or "".
    """

    parts: Mapping[str, str]
    version: str = ""

    @classmethod
    def of(cls, task: Task, reference: str, earlier: Code | None = None) -> Code:
        """The fingerprint of a task.

        Args:
            task: The task.
            reference: How it was found; see :func:`hpo.plugins.load_task`.
            earlier: The fingerprint to compare with, if any; a task may be given as a file and in
                code in turn.
        """
        by_function = reference == IN_CODE if earlier is None else earlier.is_by_function
        if reference == IN_CODE and earlier is not None and not by_function:
            return _of_modules(task, earlier)
        source = None if by_function else source_of(reference)
        return cls(function_digests(task)) if source is None else cls._of_source(source)

    @classmethod
    def _of_source(cls, source: Source) -> Code:
        return cls(file_digests(source.file, source.root), source.version)

    @property
    def is_by_function(self) -> bool:
        """Whether the parts are functions rather than files."""
        return "model" in self.parts

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Code:
        """Read what :meth:`to_json` gave."""
        return cls(dict(stored["parts"]), stored.get("version", ""))

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    def changes_since(self, earlier: Code) -> list[str]:
        """The parts that differ from earlier code, such as "model.py" or "layers.py (new)".

        Args:
            earlier: The earlier code.

        Returns:
            Their names; empty if the code is the same, whatever its files are called.
        """
        if sorted(self.parts.values()) == sorted(earlier.parts.values()):
            return []
        names = dict.fromkeys([*earlier.parts, *self.parts])
        changes = [
            name + ("" if name in self.parts and name in earlier.parts else self._fate(name))
            for name in names
            if self.parts.get(name) != earlier.parts.get(name)
        ]
        if self.version != earlier.version and self.version and earlier.version:
            changes.append(f"{self.version} instead of {earlier.version}")
        return changes

    def _fate(self, name: str) -> str:
        return " (new)" if name in self.parts else " (no longer used)"


@dataclass(frozen=True)
class CodeChange:
    """A change of code with which a study was continued.

    Attributes:
        n_before: Number of trials begun before it.
        parts: What changed.
    """

    n_before: int
    parts: Sequence[str]


def _of_modules(task: Task, earlier: Code) -> Code:
    """The code of a Task object that was searched as a file: that of a module that has it.

    Args:
        task: The task.
        earlier: Its code as a file; it is returned if there is no such module.
    """
    codes = []
    for name, module in list(sys.modules.items()):
        if any(value is task for value in list(getattr(module, "__dict__", {}).values())):
            file = getattr(module, "__file__", None) or ""
            source = source_of(f"{name}:task" if "." in name or not file.endswith(".py") else file)
            codes += [Code._of_source(source)] if source else []  # noqa: SLF001
    # A script that imports the task has it, too.
    return min(codes, key=lambda code: len(code.changes_since(earlier)), default=earlier)
