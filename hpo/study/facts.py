"""What a study records of its data and surroundings, so that its figures can be trusted."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hpo._version import __version__
from hpo.data import duplicates
from hpo.data.arrays import by_output
from hpo.data.digests import fingerprint
from hpo.errors import HPOError
from hpo.scoring.baseline import baseline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.data.splits import Split
    from hpo.study.study import Study
    from hpo.task import Data, Task

PACKAGES = ("keras", "tensorflow", "optuna", "hyperopt", "scikit-learn", "numpy")


def record(
    study: Study, task: Task, data: Data, splits: Sequence[Split], *, whole: Data | None = None
) -> None:
    """Record the facts with a study, or check that a study that goes on has the same data.

    Args:
        study: The study.
        task: Its task.
        data: The data that the study searches on.
        splits: How the study cuts it.
        whole: All of the task's data, whose fingerprint counts; by default that is ``data``.

    Raises:
        HPOError: The data is not that with which the study was begun.
    """
    whole = whole or data
    description = _describe_data(data, whole)
    found = description["fingerprint"]
    if not study.facts or (study.facts["data"]["fingerprint"] != found and not study.has_begun):
        description["duplicates"] = dataclasses.asdict(duplicates.count(whole, data, splits))
        study.files.write_targets(by_output(data))
        study.facts = {
            "baseline": baseline(task, data, splits),
            "reference": vars(task.reference) if task.reference else None,
            "data": description,
            "environment": environment(),
        }
    before = study.facts["data"]["fingerprint"]
    if before != found:
        raise HPOError(
            f"study {study.name!r} was begun with other data (fingerprint {before}, is "
            f"{found}). Start another with --study NAME."
        )


def _describe_data(data: Data, whole: Data) -> dict[str, Any]:
    inputs = data.x if isinstance(data.x, Mapping) else {"": data.x}
    return {
        "n_samples": data.n_samples,
        "n_samples_whole": whole.n_samples,
        "fingerprint": fingerprint((whole.x, whole.y)),
        "shapes": {name: list(np.shape(array)) for name, array in inputs.items()},
        "class_names": list(data.class_names) if data.class_names is not None else None,
        "feature_names": list(data.feature_names) if data.feature_names is not None else None,
    }


def environment() -> dict[str, Any]:
    """Versions, backend, devices and platform, by name."""
    import keras

    return {
        **versions(),
        "backend": keras.backend.backend(),
        "devices": [str(device) for device in keras.distribution.list_devices()],
        "platform": platform.platform(),
    }


def versions() -> dict[str, str]:
    """The versions of hpo, of Python and of the packages that matter, by name."""
    found = {name: _version(name) for name in PACKAGES}
    return {
        "hpo": __version__,
        "python": platform.python_version(),
        **{name: version for name, version in found.items() if version},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
