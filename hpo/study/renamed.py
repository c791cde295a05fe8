"""Attributes of studies and trials that had other names in version 0.1.0.

The old names still work, with a warning, until the next release.
"""

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
    "complete": "queue.complete",
    "prune": "queue.prune",
    "fail": "queue.fail",
    "fail_orphans": "queue.fail_orphans",
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
"""Where the attributes of a study are now, by their old names."""

TRIAL = {"counts": "is_finished", "reached": "score_when_pruned"}
"""Where the attributes of a trial are now, by their old names."""


def by_old_name(owner: object, name: str, renamed: Mapping[str, str]) -> Any:
    """Get an attribute by its old name.

    Args:
        owner: The object.
        name: The old name.
        renamed: Where the attributes are now, by their old names.

    Raises:
        AttributeError: There never was an attribute of this name.
    """
    kind = type(owner).__name__
    if name not in renamed:
        raise AttributeError(f"{kind!r} object has no attribute {name!r}")
    path = renamed[name]
    what = "private" if path.startswith("_") else f"{kind}.{path}"
    warnings.warn(
        f"{kind}.{name} is now {what}; the next release of hpo removes the old name.",
        DeprecationWarning,
        stacklevel=3,
    )
    value = attrgetter(path)(owner)
    return value.to_json() if isinstance(value, EnsembleRecord) else value


def warn_of_keys(owner: str, name: str) -> None:
    """Warn that a record is read by key, and not by attribute."""
    warnings.warn(
        f"{owner}[{name!r}] is now {owner}.{name}; the next release of hpo removes reading by key.",
        DeprecationWarning,
        stacklevel=3,
    )
