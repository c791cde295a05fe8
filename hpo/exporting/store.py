"""The files of an export as it is written: every array, model and function once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError
from hpo.exporting.sources import source_of
from hpo.support import files
from hpo.training.saving import check_saved

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODELS = "models"


class Store:
    """Writes the files of an export.

    Args:
        folder: The folder of the export, which must not have models yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._functions: dict[str, str] = {}
        self._models: dict[int, tuple[Any, str]] = {}
        (folder / MODELS).mkdir(parents=True)

    def function(self, function: Callable[..., Any], needed_by: str) -> str:
        """Write the source of a function.

        Returns:
            The name of its module.

        Raises:
            HPOError: It uses something that an export does not have.
        """
        source = source_of(function, needed_by)
        if source not in self._functions:
            taken = self._functions.values()
            name = f"own_{function.__name__.strip('_')}"
            module = name if name not in taken else f"{name}_{len(taken)}"
            self._functions[source] = module
            (self.folder / f"{module}.py").write_text(source, encoding="utf-8")
        return self._functions[source]

    def model(self, model: Any, needed_by: str) -> str:
        """Save a Keras model that belongs to a transformer.

        Returns:
            The path of its file in the export.

        Raises:
            HPOError: The model has a layer that only its plugin knows, or one that contains code.
        """
        if id(model) not in self._models:
            name = f"{MODELS}/base-{len(self._models)}.keras"
            model.save(self.folder / name)
            check_saved(self.folder / name, needed_by)
            self._models[id(model)] = (model, name)  # the model too, so that no other gets its id
        return self._models[id(model)][1]

    def copy(self, path: Path, name: str, needed_by: str) -> str:
        """Copy a member's model.

        Returns:
            The path of its file in the export.

        Raises:
            HPOError: The model has a layer that only its plugin knows, or one that contains code.
        """
        check_saved(path, needed_by)
        shutil.copyfile(path, self.folder / MODELS / name)
        return f"{MODELS}/{name}"


class Arrays:
    """The arrays that a transformer learned, under keys that steps refer to.

    Args:
        needed_by: What the arrays belong to, for messages.
    """

    def __init__(self, needed_by: str) -> None:
        self.needed_by = needed_by
        self.by_key: dict[str, np.ndarray] = {}

    def add(self, array: Any) -> str:
        """Add an array.

        Returns:
            Its key.

        Raises:
            HPOError: It is an array of Python objects.
        """
        stored = np.asarray(array)
        if stored.dtype.hasobject and all(isinstance(value, str) for value in stored.ravel()):
            stored = stored.astype(str)
        if stored.dtype.hasobject:
            raise HPOError(
                f"{self.needed_by} cannot be exported: it has an array of Python objects, which "
                "cannot be stored without pickling. Use an array of numbers or strings."
            )
        key = str(len(self.by_key))
        self.by_key[key] = stored
        return key

    def write(self, folder: Path, name: str, steps: dict[str, Any]) -> None:
        """Write the arrays and the steps that refer to them."""
        files.write_arrays(folder / f"{name}.npz", self.by_key)
        files.write_json(folder / f"{name}.json", steps)
