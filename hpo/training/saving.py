"""Models on disk: whole where Keras can save them whole, else their weights alone.

hpo itself needs no more than weights, since the task's ``model()`` builds the network again. Only
an export, which has no plugin at hand, needs the whole.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError
from hpo.support import files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

WEIGHTS = "model.weights.h5"


def save_model(model: Any, path: Path) -> None:
    """Save a model without its optimizer.

    Args:
        model: The model.
        path: A ``.keras`` file. Where a layer cannot be saved, say because it has arguments and no
            ``get_config``, the file holds the weights and no configuration.

    Raises:
        OSError: The file cannot be written.
    """
    with files.replacing(path) as temporary:
        try:
            model.save(temporary, include_optimizer=False)
        except OSError:
            raise
        except Exception:  # noqa: BLE001  (whatever a layer of the plugin's raises)
            _save_weights(model, temporary)


def load_model(path: Path, rebuild: Callable[[], Any]) -> Any:
    """Load a model that :func:`save_model` saved.

    Args:
        path: Its file; nothing in it is unpickled.
        rebuild: Builds the network again, where Keras cannot: a layer is the plugin's own, or only
            weights were saved.

    Raises:
        ValueError: The weights do not fit the network, or the file is damaged.
    """
    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError):
        model = rebuild()
        load_weights(model, path)
        return model


def load_weights(model: Any, path: Path) -> None:
    """Load the weights of a model that :func:`save_model` saved, not the state of its optimizer.

    Args:
        model: The same network.
        path: The file.

    Raises:
        ValueError: The weights do not fit the network, or the file is damaged.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
        model.load_weights(path)


def _save_weights(model: Any, path: Path) -> None:
    weights = path.with_name(f"{path.stem}.weights.h5")
    try:
        model.save_weights(weights)
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(weights, WEIGHTS)
    finally:
        weights.unlink(missing_ok=True)


def check_saved(path: Path, needed_by: str) -> None:
    """Refuse a saved model that does not load with Keras alone, in safe mode.

    Raises:
        HPOError: It has a layer that only its plugin knows or one that contains code, or its file
            is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except KeyError as error:
        raise _not_saved(needed_by) from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise HPOError(f"{needed_by}: {path} is not a Keras model ({error}).") from error
    _check_config(config, needed_by)


def check_model(model: Any, needed_by: str) -> None:
    """Refuse a model that, once saved, would not load with Keras alone, in safe mode.

    Raises:
        HPOError: It has a layer that cannot be saved, one that only its plugin knows, or one that
            contains code.
    """
    import keras

    try:
        config = keras.saving.serialize_keras_object(model)
    except Exception as error:
        raise _not_saved(needed_by) from error
    _check_config(config, needed_by)


def _not_saved(needed_by: str) -> HPOError:
    return HPOError(
        f"{needed_by}: a layer of its model cannot be saved, so only its weights are, and an "
        "export needs the whole. Give layers of your own a get_config, or build the model from "
        "Keras's own layers."
    )


def _check_config(config: Mapping[str, Any], needed_by: str) -> None:
    """Refuse the configuration of a model; what it was compiled with is not loaded."""
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
