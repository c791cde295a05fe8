"""A Gaussian process: its hyperparameters by maximum a posteriori, its predictions.

Rasmussen and Williams (2006), "Gaussian processes for machine learning", chapters 2, 4 and 5. The
kernel is Matern's with smoothness 5/2 and one weight (an inverse squared length) per axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_solve, lapack, solve_triangular
from scipy.optimize import minimize

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT5 = 5.0**0.5
_JITTER = 1e-8
_NOT_POSITIVE_DEFINITE = 1e25

_LOG_WEIGHT_BOUNDS = (-8.0, 8.0)
_LOG_SIGNAL_BOUNDS = (-3.0, 4.0)
_LOG_NOISE_BOUNDS = (-14.0, 1.0)


@dataclass(frozen=True)
class Prior:
    """Normal priors of the logarithms of the hyperparameters.

    Args:
        n_weights: The number of weights.
        weight: The center for the weights. The default expects lengths of about half an axis: with
            longer ones the model is soon sure that an axis is a slope, and stays at its end.
        noise: The center for the variance of the noise.
    """

    n_weights: int
    weight: float = 1.0
    noise: float = -7.0

    @property
    def center(self) -> np.ndarray:
        """Means for the weights, the signal and the noise; shape (n_weights + 2,)."""
        return np.array([*[self.weight] * self.n_weights, 0.5, self.noise])

    @property
    def width(self) -> np.ndarray:
        """Standard deviations, shape (n_weights + 2,)."""
        return np.array([*[1.5] * self.n_weights, 1.0, 3.0])


@dataclass(frozen=True)
class GaussianProcess:
    """A Gaussian process with mean zero.

    Args:
        log_parameters: Logarithms of the weights, of the variance of the signal and of the
            variance of the noise, shape (n_weights + 2,).
        weight_of: The position of each feature's weight, shape (n_features,).
        features: The observed points, shape (n, n_features).
        targets: The observed values, shape (n,).
    """

    log_parameters: np.ndarray
    weight_of: np.ndarray
    features: np.ndarray
    targets: np.ndarray

    @cached_property
    def weights(self) -> np.ndarray:
        """The weight of every feature, shape (n_features,)."""
        return np.asarray(np.exp(self.log_parameters[:-2])[self.weight_of])

    @cached_property
    def signal(self) -> float:
        """The variance of the signal."""
        return float(np.exp(self.log_parameters[-2]))

    @cached_property
    def noise(self) -> float:
        """The variance of the noise."""
        return float(np.exp(self.log_parameters[-1]))

    @cached_property
    def _scaled(self) -> np.ndarray:
        return np.asarray(self.features * np.sqrt(self.weights))

    @cached_property
    def _factor(self) -> np.ndarray:
        kernel = self._kernel(_squared_distances(self._scaled, self._scaled))
        return np.asarray(cholesky(kernel, self.noise + _JITTER * self.signal))

    @cached_property
    def _alpha(self) -> np.ndarray:
        return np.asarray(cho_solve((self._factor, True), self.targets, check_finite=False))

    def _kernel(self, squared: np.ndarray) -> np.ndarray:
        return np.asarray(self.signal * matern(squared)[0])

    def predict(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the signal, without the noise.

        Args:
            features: Shape (n, n_features).

        Returns:
            Two arrays of shape (n,).
        """
        scaled = features * np.sqrt(self.weights)
        kernel = self._kernel(_squared_distances(self._scaled, scaled))
        mean = kernel.T @ self._alpha
        half = solve_triangular(self._factor, kernel, lower=True, check_finite=False)
        variance = self.signal - np.einsum("ij,ij->j", half, half)
        return mean, np.sqrt(np.maximum(variance, 1e-12 * self.signal))

    def predict_with_gradient(
        self, features: np.ndarray
    ) -> tuple[float, float, np.ndarray, np.ndarray]:
        """Mean and standard deviation at one point, and their gradients.

        Args:
            features: Shape (n_features,).

        Returns:
            The mean, the standard deviation, and their gradients, shape (n_features,) each.
        """
        away = features - self.features
        squared = away**2 @ self.weights
        shape, slope = matern(squared)
        kernel = self.signal * shape
        by_feature = (2.0 * self.signal) * slope[:, None] * away * self.weights
        solved = cho_solve((self._factor, True), kernel, check_finite=False)
        variance = max(self.signal - float(kernel @ solved), 1e-12 * self.signal)
        deviation = variance**0.5
        return (
            float(kernel @ self._alpha),
            deviation,
            by_feature.T @ self._alpha,
            by_feature.T @ solved / -deviation,
        )

    def with_fantasies(self, features: np.ndarray) -> GaussianProcess:
        """The same process after observing its own mean at more points.

        Args:
            features: The points, shape (n, n_features).
        """
        if not len(features):
            return self
        return GaussianProcess(
            self.log_parameters,
            self.weight_of,
            np.concatenate([self.features, features]),
            np.concatenate([self.targets, self.predict(features)[0]]),
        )


def fit(
    features: np.ndarray, targets: np.ndarray, columns: Sequence[list[int]], prior: Prior
) -> GaussianProcess:
    """Fit a Gaussian process: the hyperparameters with the highest posterior density.

    Args:
        features: The observed points, shape (n, n_features).
        targets: The observed values, roughly standardized, shape (n,).
        columns: The columns of each weight.
        prior: The prior of the hyperparameters.
    """
    distances = np.stack([_squared_distances(features[:, c], features[:, c]) for c in columns])
    objective = _NegativeLogPosterior(distances, targets, prior)
    bounds = [*[_LOG_WEIGHT_BOUNDS] * len(columns), _LOG_SIGNAL_BOUNDS, _LOG_NOISE_BOUNDS]
    long = prior.center
    short = long + np.array([*[2.0] * len(columns), 0.0, 0.0])
    # More exact hyperparameters hardly change the predictions.
    options = {"maxiter": 60, "ftol": 1e-6}
    results = [
        minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        for start in (long, short)
    ]
    best = min(results, key=lambda result: float(result.fun))
    weight_of = np.repeat(np.arange(len(columns)), [len(c) for c in columns])
    return GaussianProcess(np.asarray(best.x), weight_of, features, targets)


@dataclass(frozen=True)
class _NegativeLogPosterior:
    """The function to minimize over the hyperparameters, with its gradient.

    Args:
        distances: Squared distances by weight, shape (n_weights, n, n).
        targets: The observed values, shape (n,).
        prior: The prior of the hyperparameters.
    """

    distances: np.ndarray
    targets: np.ndarray
    prior: Prior

    def __call__(self, log_parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights = np.exp(log_parameters[:-2])
        signal, noise = np.exp(log_parameters[-2:])
        n = len(self.targets)
        flat = self.distances.reshape(len(weights), -1)
        shape, slope = matern((weights @ flat).reshape(n, n))
        offset = (log_parameters - self.prior.center) / self.prior.width
        try:
            factor = cholesky(signal * shape, noise + _JITTER * signal)
        except np.linalg.LinAlgError:
            return _NOT_POSITIVE_DEFINITE, np.zeros_like(log_parameters)
        alpha = cho_solve((factor, True), self.targets, check_finite=False)
        inverse = lapack.dpotri(factor, lower=1)[0]
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        value = 0.5 * self.targets @ alpha + np.log(np.diag(factor)).sum() + 0.5 * offset @ offset
        # The derivative of the likelihood by any parameter p is half the sum of pull * dK/dp.
        pull = inverse - np.outer(alpha, alpha)
        gradient = np.empty_like(log_parameters)
        gradient[:-2] = 0.5 * signal * weights * (flat @ (pull * slope).ravel())
        gradient[-2] = 0.5 * signal * np.vdot(pull, shape)
        gradient[-1] = 0.5 * noise * np.trace(pull)
        return float(value), gradient + offset / self.prior.width


def matern(squared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matern's kernel with smoothness 5/2, and its derivative by the squared distance.

    Args:
        squared: Squared distances, of any shape.
    """
    distance = np.sqrt(squared)
    decay = np.exp(-_ROOT5 * distance)
    first = 1.0 + _ROOT5 * distance
    return (first + (5.0 / 3.0) * squared) * decay, (-5.0 / 6.0) * first * decay


def cholesky(kernel: np.ndarray, noise: float) -> np.ndarray:
    """The lower Cholesky factor of a kernel matrix with noise on its diagonal.

    Raises:
        numpy.linalg.LinAlgError: It is not positive definite, even with more noise.
    """
    for extra in (0.0, 1e-6, 1e-4):
        matrix = kernel + (noise + extra) * np.eye(len(kernel))
        factor, info = lapack.dpotrf(matrix, lower=1, clean=1, overwrite_a=1)
        if info == 0:
            return np.asarray(factor)
    raise np.linalg.LinAlgError("the kernel matrix is not positive definite")


def _squared_distances(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    squared = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2.0 * left @ right.T
    return np.asarray(np.maximum(squared, 0.0))
