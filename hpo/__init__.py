"""Hyperparameter search, ensembles and honest reports for Keras 3 models.

Importing this package imports neither TensorFlow nor Keras.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hpo._version import __version__

if TYPE_CHECKING:
    from hpo.ensembles.ensemble import Ensemble
    from hpo.ensembles.make import ensemble, load_ensemble
    from hpo.errors import HPOError
    from hpo.plugins import load_task
    from hpo.reporting import report
    from hpo.search.confirm import confirm
    from hpo.search.run import run
    from hpo.space.parameters import Categorical, Float, Int
    from hpo.space.space import Space
    from hpo.study.folder import load_study
    from hpo.study.study import Study
    from hpo.support.cache import cache_directory
    from hpo.task import Data, Params, Reference, Stage, Task

__all__ = [
    "Categorical",
    "Data",
    "Ensemble",
    "Float",
    "HPOError",
    "Int",
    "Params",
    "Reference",
    "Space",
    "Stage",
    "Study",
    "Task",
    "__version__",
    "cache_directory",
    "confirm",
    "ensemble",
    "load_ensemble",
    "load_study",
    "load_task",
    "report",
    "run",
]

_HOMES = {
    "Categorical": "hpo.space",
    "Data": "hpo.task",
    "Ensemble": "hpo.ensembles.make",
    "Float": "hpo.space",
    "HPOError": "hpo.errors",
    "Int": "hpo.space",
    "Params": "hpo.task",
    "Reference": "hpo.task",
    "Space": "hpo.space",
    "Stage": "hpo.task",
    "Study": "hpo.study.study",
    "Task": "hpo.task",
    "cache_directory": "hpo.support.cache",
    "confirm": "hpo.search.confirm",
    "ensemble": "hpo.ensembles.make",
    "load_ensemble": "hpo.ensembles.make",
    "load_study": "hpo.study.folder",
    "load_task": "hpo.plugins",
    "report": "hpo.reporting",
    "run": "hpo.search.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hpo' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
