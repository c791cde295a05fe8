"""The files of an export as it is written: every array, model and function once."""

from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError
from hpo.exporting.sources import source_of
from hpo.support import files

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
            check_config(self.folder / name, needed_by)
            self._models[id(model)] = (model, name)  # the model too, so that no other gets its id
        return self._models[id(model)][1]

    def copy(self, path: Path, name: str, needed_by: str) -> str:
        """Copy a member's model.

        Returns:
            The path of its file in the export.

        Raises:
            HPOError: The model has a layer that only its plugin knows, or one that contains code.
        """
        check_config(path, needed_by)
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


def check_config(path: Path, needed_by: str) -> None:
    """Refuse a saved model that does not load with Keras alone, in safe mode.

    Raises:
        HPOError: It has a layer that only its plugin knows or one that contains code, or its file
            is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except KeyError as error:
        raise HPOError(
            f"{needed_by}: a layer of its model could not be saved, so only its weights were, and "
            "an export needs the whole. Give layers of your own a get_config, or build the model "
            "from Keras's own layers."
        ) from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise HPOError(f"{needed_by}: {path} is not a Keras model ({error}).") from error
    _check_object({k: v for k, v in config.items() if k != "compile_config"}, needed_by)


def _check_object(config: Any, needed_by: str) -> None:
    if isinstance(config, list):
        for part in config:
            _check_object(part, needed_by)
    if not isinstance(config, dict):
        return
    name = config.get("class_name")
    if name in ("Lambda", "__lambda__"):
        raise HPOError(
            f"{needed_by}: its model has a Lambda layer, which contains code and is not loaded. "
            "Use Keras's own layers or operations."
        )
    module = str(config.get("module") or "")
    package = module.partition(".")[0]
    registered = str(config.get("registered_name") or "")
    foreign = ""
    if "class_name" in config and package not in ("", "keras", "builtins", "numpy"):
        foreign = f"{name!r} from {module}"
    elif ">" in registered:
        foreign = repr(registered)
    if foreign:
        raise HPOError(
            f"{needed_by}: its model has {foreign}, which is missing without the plugin. Build the "
            "model from Keras's own layers."
        )
    for part in config.values():
        _check_object(part, needed_by)
