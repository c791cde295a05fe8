"""Optuna's own Gaussian process, for those who have PyTorch."""

from __future__ import annotations

import importlib.util
import warnings

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import GPSampler

from hpo.errors import UsageError


def make(seed: int) -> GPSampler:
    """Make the sampler with a seed.

    Raises:
        UsageError: PyTorch is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise UsageError(
            "sampler 'gp-torch' needs PyTorch, which is not installed. Install it (pip install "
            "torch), or use --sampler gp, a Gaussian process that does not need PyTorch."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return GPSampler(seed=seed)
