"""How promising a configuration is: the logarithm of its expected improvement, if it is feasible.

Ament et al. (2023), "Unexpected improvements to expected improvement for Bayesian optimization":
the logarithm keeps a slope where the improvement itself is zero to machine precision. The
improvement is multiplied by the probability that the configuration does not fail, as in Gelbart et
al. (2014), "Bayesian optimization with unknown constraints".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erfcx, log_ndtr

if TYPE_CHECKING:
    from hpo.samplers.gp.model import GaussianProcess

_LOG_ROOT_2PI = 0.5 * np.log(2 * np.pi)
_LOG_ROOT_HALF_PI = 0.5 * np.log(np.pi / 2)
_MIN_Z = -1e6
_MIN_MILLS_Z = -1e3
"""Below this, 1 - |z| * Mills' ratio is 1 / z**2 to machine precision."""


@dataclass(frozen=True)
class Feasibility:
    """The probability that a configuration does not fail.

    Args:
        process: A Gaussian process, fitted to 1 for success and -1 for failure.
    """

    process: GaussianProcess

    def log_probability(self, features: np.ndarray) -> np.ndarray:
        """Its logarithm, shape (n,), for features of shape (n, n_features)."""
        mean, deviation = self.process.predict(features)
        return np.asarray(log_ndtr(mean / self._spread(deviation)))

    def log_probability_with_gradient(self, features: np.ndarray) -> tuple[float, np.ndarray]:
        """Its logarithm and the gradient for features of shape (n_features,)."""
        mean, deviation, mean_slope, deviation_slope = self.process.predict_with_gradient(features)
        spread = float(self._spread(np.array(deviation)))
        z = mean / spread
        z_slope = mean_slope / spread - (mean * deviation / spread**3) * deviation_slope
        log_probability = float(log_ndtr(z))
        ratio = np.exp(-0.5 * z * z - _LOG_ROOT_2PI - log_probability)
        return log_probability, ratio * z_slope

    def is_likely(self, features: np.ndarray) -> np.ndarray:
        """Whether success is more likely than failure, shape (n,), for (n, n_features)."""
        return np.asarray(self.log_probability(features) > np.log(0.5))

    def _spread(self, deviation: np.ndarray) -> np.ndarray:
        return np.asarray(np.sqrt(deviation**2 + self.process.noise + 1e-2))


@dataclass(frozen=True)
class Acquisition:
    """How promising configurations are.

    Args:
        process: A model of the scores, which are minimized; None while there are no scores.
        best: The score to improve on.
        feasibility: The probability of success; None while nothing has failed.
    """

    process: GaussianProcess | None
    best: float
    feasibility: Feasibility | None = None

    def values(self, features: np.ndarray) -> np.ndarray:
        """Values, shape (n,), for features of shape (n, n_features)."""
        total = np.zeros(len(features))
        if self.process is not None:
            mean, deviation = self.process.predict(features)
            total += np.log(deviation) + log_improvement((self.best - mean) / deviation)
        if self.feasibility is not None:
            total += self.feasibility.log_probability(features)
        return total

    def value_with_gradient(self, features: np.ndarray) -> tuple[float, np.ndarray]:
        """The value and its gradient for features of shape (n_features,)."""
        total, gradient = 0.0, np.zeros(len(features))
        if self.process is not None:
            mean, deviation, mean_slope, deviation_slope = self.process.predict_with_gradient(
                features
            )
            z = (self.best - mean) / deviation
            log_h = float(log_improvement(np.array([z]))[0])
            total += float(np.log(deviation)) + log_h
            by_mean = -np.exp(float(log_ndtr(z)) - log_h) / deviation
            by_deviation = np.exp(-0.5 * z * z - _LOG_ROOT_2PI - log_h) / deviation
            gradient += by_mean * mean_slope + by_deviation * deviation_slope
        if self.feasibility is not None:
            value, slope = self.feasibility.log_probability_with_gradient(features)
            total += value
            gradient += slope
        return total, gradient


def log_improvement(z: np.ndarray) -> np.ndarray:
    """The logarithm of the expected improvement at standard deviation 1, of shape (n,).

    Args:
        z: By how much the mean is better than the score to improve on, shape (n,).
    """
    z = np.maximum(z, _MIN_Z)
    near = np.maximum(z, -1.0)
    density = np.exp(-0.5 * near**2 - _LOG_ROOT_2PI)
    simple = np.log(density + near * np.exp(log_ndtr(near)))
    far = np.minimum(z, -1.0)
    inner = np.log(erfcx(-far * np.sqrt(0.5)) * -far) + _LOG_ROOT_HALF_PI
    rest = np.where(
        far > _MIN_MILLS_Z, np.log(-np.expm1(np.minimum(inner, -1e-16))), -2 * np.log(-far)
    )
    return np.asarray(np.where(z > -1.0, simple, -0.5 * far**2 - _LOG_ROOT_2PI + rest))
