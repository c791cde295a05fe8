"""The files of an export while it is made: every array, model and function once."""

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
        folder: Where to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._functions: dict[str, str] = {}
        self._models: dict[int, tuple[Any, str]] = {}
        (folder / MODELS).mkdir(parents=True)

    def function(self, function: Callable[..., Any], needed_by: str) -> str:
        """Write the source of a function; the name of its module.

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
        """Save a Keras model that a transformer has; its file."""
        if id(model) not in self._models:
            name = f"{MODELS}/base-{len(self._models)}.keras"
            model.save(self.folder / name)
            check_config(self.folder / name, needed_by)
            self._models[id(model)] = (model, name)  # the model too, so that its id stays its own
        return self._models[id(model)][1]

    def copy(self, path: Path, name: str, needed_by: str) -> str:
        """Copy a member's model; its file.

        Raises:
            HPOError: The model has a layer that only its plugin knows, or that is code.
        """
        check_config(path, needed_by)
        shutil.copyfile(path, self.folder / MODELS / name)
        return f"{MODELS}/{name}"


class Arrays:
    """What was learned from training data: arrays under keys that steps refer to.

    Args:
        needed_by: Whose arrays they are, for messages.
    """

    def __init__(self, needed_by: str) -> None:
        self.needed_by = needed_by
        self.found: dict[str, np.ndarray] = {}

    def add(self, array: Any) -> str:
        """Take an array; its key.

        Raises:
            HPOError: It is an array of Python objects.
        """
        kept = np.asarray(array)
        if kept.dtype.hasobject and all(isinstance(value, str) for value in kept.ravel()):
            kept = kept.astype(str)
        if kept.dtype.hasobject:
            raise HPOError(
                f"{self.needed_by} cannot be exported: it keeps an array of Python objects, "
                "which would have to be pickled. Give it numbers or strings."
            )
        key = str(len(self.found))
        self.found[key] = kept
        return key

    def write(self, folder: Path, name: str, steps: dict[str, Any]) -> None:
        """Write the arrays and the steps that refer to them."""
        files.write_arrays(folder / f"{name}.npz", self.found)
        files.write_json(folder / f"{name}.json", steps)


def check_config(path: Path, needed_by: str) -> None:
    """Refuse a saved model that does not load with Keras alone, in safe mode.

    Raises:
        HPOError: It has a layer that only its plugin knows, one that is code, or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise HPOError(f"{needed_by}: {path} is no Keras model ({error}).") from error
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
            f"{needed_by}: its model has a Lambda layer, which is code and is not loaded. Use "
            "Keras's own layers or operations."
        )
    module = str(config.get("module") or "").split(".")[0]
    if "class_name" in config and module not in ("", "keras", "builtins", "numpy"):
        raise HPOError(
            f"{needed_by}: its model has {name!r} of {config['module']}, which would be missing "
            "without the plugin. Build the model of Keras's own layers."
        )
    if ">" in str(config.get("registered_name") or ""):
        raise HPOError(
            f"{needed_by}: its model has {config['registered_name']!r}, which would be missing "
            "without the plugin. Build the model of Keras's own layers."
        )
    for part in config.values():
        _check_object(part, needed_by)
