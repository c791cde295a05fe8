"""Names of version 0.1.0 that studies and trials still answer to, until the next release."""

from __future__ import annotations

import warnings
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from hpo.study.ensemble_record import EnsembleRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

STUDY = {
    "record": "_record",
    "counted": "n_finished",
    "in_vain": "trials_since_best",
    "wanted": "target",
    "trial_directory": "files.trial_directory",
    "model_paths": "files.model_paths",
    "arrays": "files.arrays",
    "targets": "files.targets",
    "ensemble": "files.ensemble",
    "in_use": "workers.in_use",
    "is_in_use": "workers.is_in_use",
    "asking": "workers.asking",
    "sweep": "workers.sweep",
    "worker_lock": "workers.lock_path",
    "is_alive": "workers.is_alive",
}
"""Where an attribute of a study is found now, by its earlier name."""

TRIAL = {"counts": "is_finished", "reached": "score_when_pruned"}
"""Where an attribute of a trial is found now, by its earlier name."""


def by_earlier_name(owner: object, name: str, renamed: Mapping[str, str]) -> Any:
    """What an object gives for an attribute that it does not have under this name.

    Args:
        owner: The object.
        name: The attribute.
        renamed: Where an attribute is found now, by its earlier name.

    Raises:
        AttributeError: It never had such an attribute.
    """
    kind = type(owner).__name__
    if name not in renamed:
        raise AttributeError(f"{kind!r} object has no attribute {name!r}")
    warnings.warn(
        f"{kind}.{name} is now {kind}.{renamed[name]}; the earlier name goes with the next "
        "release of hpo.",
        DeprecationWarning,
        stacklevel=3,
    )
    value = attrgetter(renamed[name])(owner)
    return value.to_json() if isinstance(value, EnsembleRecord) else value


def warn_of_keys(owner: str, name: str) -> None:
    """Tell whoever reads a record by key that it has attributes now."""
    warnings.warn(
        f"{owner}[{name!r}] is now {owner}.{name}; reading it by key goes with the next release "
        "of hpo.",
        DeprecationWarning,
        stacklevel=3,
    )
