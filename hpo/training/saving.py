"""Models on disk: whole where Keras can save them whole, else their weights alone.

hpo itself needs no more than weights, since the task's ``model()`` builds the network again. Only
an export, which has no plugin at hand, needs the whole.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

from hpo.support import files

if TYPE_CHECKING:
    from collections.abc import Callable
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
        model.load_weights(path)
        return model


def _save_weights(model: Any, path: Path) -> None:
    weights = path.with_name(f"{path.stem}.weights.h5")
    try:
        model.save_weights(weights)
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(weights, WEIGHTS)
    finally:
        weights.unlink(missing_ok=True)
