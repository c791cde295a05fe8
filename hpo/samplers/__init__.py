"""Samplers choose the next configuration. Each is an Optuna sampler under a short name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from hpo.errors import UsageError, suggestion

if TYPE_CHECKING:
    import optuna

_MODULES = {
    "tpe": "hpo.samplers.tpe",
    "gp": "hpo.samplers.gp",
    "hyperopt": "hpo.samplers.hyperopt",
    "gp-torch": "hpo.samplers.gp_torch",
    "cmaes": "hpo.samplers.cmaes",
    "genetic": "hpo.samplers.genetic",
    "sobol": "hpo.samplers.sobol",
    "grid": "hpo.samplers.grid",
    "random": "hpo.samplers.random",
}

NAMES = tuple(_MODULES)


def make_sampler(name: str, seed: int) -> optuna.samplers.BaseSampler:
    """Make a sampler.

    Every trial gets a new sampler with its own seed, which learns everything it knows from the
    study. So a study that is resumed, or whose worker is replaced, continues as if nothing had
    happened.

    Args:
        name: One of ``NAMES``.
        seed: Seed of its random numbers.

    Raises:
        UsageError: The sampler does not exist, or needs a package that is not installed.
    """
    if name not in _MODULES:
        raise UsageError(f"no sampler {name!r}. {suggestion(name, NAMES)}")
    sampler: optuna.samplers.BaseSampler = importlib.import_module(_MODULES[name]).make(seed)
    return sampler
