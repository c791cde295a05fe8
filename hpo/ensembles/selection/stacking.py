"""Stacking: a linear model of the members' predictions, shrunk towards their mean.

Source: Wolpert (1992), "Stacked generalization". Every column of an output, that is a class or a
quantity, is predicted from the members' predictions of the same column only, as in Seewald (2002),
"How to make stacking better and faster while also taking care of an unknown weakness" (StackingC):
with 46 classes and 25 members, a class has 26 coefficients instead of 1151.

The members of an ensemble resemble one another. So their differences are penalized, and their mean
hardly is: with little data, the model is the (calibrated) mean. Quantities are predicted by ridge
regression on each member's difference from the mean, classes by logistic regression on log odds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpo.ensembles.members import Member
    from hpo.ensembles.selection.candidates import Candidates

    Predictions = Mapping[str, np.ndarray]

Kind = Literal["classes", "answers", "quantities"]

MAX_COLUMNS = 200
PENALTY = 10.0
"""Of a difference between members of one standard deviation, in units of one sample's loss."""

_MEAN_FACTOR = 10.0  # the coefficient of the mean is penalized 100 times less than differences are
_MISMATCH = "are neither class probabilities with class numbers nor arrays of one size"
_EPSILON = 1e-6
_RIDGES = tuple(float(10**power) for power in range(-1, 5))


@dataclass(frozen=True, eq=False)
class StackedOutput:
    """The linear models of one output.

    Attributes:
        kind: "classes" are probabilities that add up to 1, "answers" are separate probabilities,
            "quantities" are any numbers.
        coefficients: The coefficients of the members' predictions, shape (n_columns, n_members).
        intercepts: The intercepts, shape (n_columns,).
    """

    kind: Kind
    coefficients: np.ndarray
    intercepts: np.ndarray

    def combine(self, stacked: np.ndarray) -> np.ndarray:
        """Combine predictions of shape (n_members, n_samples, ...)."""
        columns = _features(self.kind, _columns(stacked))
        linear = np.einsum("mnc,cm->nc", columns, self.coefficients) + self.intercepts
        if self.kind != "quantities":
            linear = 1 / (1 + np.exp(-np.clip(linear, -50, 50)))
        if self.kind == "classes":
            linear = linear / linear.sum(axis=1, keepdims=True)
        return np.asarray(linear.reshape(stacked.shape[1:]), "float32")


@dataclass(frozen=True, eq=False)
class Stack:
    """A linear model of the members' predictions for every output.

    Attributes:
        weights: The members' shares of the absolute coefficients, in descending order.
        order: The members in the order of the coefficients.
        outputs: The models by output name.
    """

    weights: Mapping[Member, float]
    order: tuple[Member, ...]
    outputs: Mapping[str, StackedOutput]

    def combine(self, predictions: Mapping[Member, Predictions]) -> dict[str, np.ndarray]:
        """Combine the members' predictions, by output name."""
        return {
            name: output.combine(np.stack([predictions[member][name] for member in self.order]))
            for name, output in self.outputs.items()
        }

    def settings(self) -> dict[str, Any]:
        """Kinds, coefficients and intercepts by output; members in the order of "members"."""
        order = [self.order.index(member) for member in self.weights]
        return {
            name: {
                "kind": output.kind,
                "coefficients": output.coefficients[:, order].tolist(),
                "intercepts": output.intercepts.tolist(),
            }
            for name, output in self.outputs.items()
        }

    @classmethod
    def from_settings(cls, weights: Mapping[Member, float], settings: Mapping[str, Any]) -> Stack:
        """The stack with these settings, as :meth:`settings` returns them.

        Raises:
            ValueError: The numbers do not fit together.
        """
        outputs = {name: _output(output, len(weights)) for name, output in settings.items()}
        return cls(weights, tuple(weights), outputs)


def stack(candidates: Candidates, size: int) -> Stack:
    """Fit a linear model of the predictions of the best candidates.

    Args:
        candidates: The candidates.
        size: The number of members.

    Raises:
        HPOError: An output cannot be stacked.
    """
    best = candidates.only(candidates.members[:size])
    outputs = {
        name: _fit(name, stacked, np.asarray(candidates.targets[name]))
        for name, stacked in best.stacked.items()
    }
    shares = np.mean([_shares(output.coefficients) for output in outputs.values()], axis=0)
    order = np.argsort(-shares, kind="stable")
    members = best.members
    return Stack({members[i]: float(shares[i]) for i in order}, tuple(members), outputs)


def _fit(name: str, stacked: np.ndarray, targets: np.ndarray) -> StackedOutput:
    columns = _columns(stacked)
    kind, truth = _kind(name, columns, targets)
    features = _features(kind, columns)
    fit_column = _ridge if kind == "quantities" else _logistic
    fits = [fit_column(features[:, :, c].T, truth[:, c]) for c in range(columns.shape[2])]
    return StackedOutput(
        kind, np.stack([coefficients for coefficients, _ in fits]), np.array([b for _, b in fits])
    )


def _kind(name: str, columns: np.ndarray, targets: np.ndarray) -> tuple[Kind, np.ndarray]:
    """The kind of an output, and its targets, shape (n_samples, n_columns)."""
    _, n, width = columns.shape
    if width > MAX_COLUMNS:
        raise _cannot(name, columns, targets, f"have more than {MAX_COLUMNS} columns")
    if not (np.isfinite(columns).all() and np.isfinite(targets.astype("float64")).all()):
        raise _cannot(name, columns, targets, "are not all finite")
    are_probabilities = bool((columns >= 0).all() and (columns <= 1 + _EPSILON).all())
    are_shares = width > 1 and bool(np.allclose(columns.sum(axis=2), 1, atol=1e-3))
    whole = targets.dtype.kind in "biu" or bool((targets == np.round(targets)).all())
    if targets.size == n and width > 1:
        classes = targets.reshape(-1)
        if not (
            are_probabilities
            and are_shares
            and whole
            and 0 <= classes.min() <= classes.max() < width
        ):
            raise _cannot(name, columns, targets, _MISMATCH)
        return "classes", np.eye(width)[classes.astype(int)]
    if targets.size != n * width:
        raise _cannot(name, columns, targets, _MISMATCH)
    truth = targets.reshape(n, width).astype("float64")
    if not (are_probabilities and np.isin(truth, (0, 1)).all()):
        return "quantities", truth
    return ("classes" if are_shares and (truth.sum(axis=1) == 1).all() else "answers"), truth


def _cannot(name: str, columns: np.ndarray, targets: np.ndarray, reason: str) -> HPOError:
    output = f" of the output {name!r}" if name else ""
    return HPOError(
        f"stacking: the predictions and targets{output} {reason} (predictions of shape "
        f"{columns.shape[1:]}, targets of shape {targets.shape}). Use --method greedy."
    )


def _columns(stacked: np.ndarray) -> np.ndarray:
    return np.asarray(stacked.reshape(len(stacked), stacked.shape[1], -1), "float64")


def _features(kind: Kind, columns: np.ndarray) -> np.ndarray:
    if kind == "quantities":
        return columns
    clipped = np.clip(columns, _EPSILON, 1 - _EPSILON)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _differences(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The members' mean, their differences from it in standard deviations, and that deviation."""
    mean = features.mean(axis=1)
    off = features - mean[:, None]
    scale = float(np.sqrt(np.square(off).mean())) or 1.0
    return mean, off / scale, scale


def _of_members(of_differences: np.ndarray, of_mean: float) -> np.ndarray:
    """The coefficients of the members, from those of the differences and of the mean."""
    return np.asarray(of_differences - of_differences.mean() + of_mean / len(of_differences))


def _ridge(features: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, float]:
    """Ridge regression of the mean's errors; its strength is chosen by leave-one-out validation."""
    from sklearn.linear_model import RidgeCV

    mean, off, scale = _differences(features)
    if len(truth) <= 2 or features.shape[1] == 1:  # noqa: PLR2004
        return np.full(features.shape[1], 1 / features.shape[1]), 0.0
    fitted = RidgeCV(alphas=_RIDGES).fit(off, truth - mean)
    return _of_members(fitted.coef_ / scale, 1.0), float(fitted.intercept_)


def _logistic(features: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, float]:
    """Logistic regression; the mean if only one class occurs."""
    from sklearn.linear_model import LogisticRegression

    n_members = features.shape[1]
    if truth.min() == truth.max():
        return np.full(n_members, 1 / n_members), 0.0
    mean, off, scale = _differences(features)
    spread = _MEAN_FACTOR / (float(mean.std()) or 1.0)
    model = LogisticRegression(C=1 / PENALTY, max_iter=300)
    fitted = model.fit(np.column_stack([mean * spread, off]), truth)
    of_mean, of_differences = fitted.coef_[0, 0] * spread, fitted.coef_[0, 1:] / scale
    return _of_members(of_differences, of_mean), float(fitted.intercept_[0])


def _shares(coefficients: np.ndarray) -> np.ndarray:
    absolute = np.abs(coefficients).sum(axis=0)
    return np.asarray(absolute / (absolute.sum() or 1.0))


def _output(settings: Mapping[str, Any], n_members: int) -> StackedOutput:
    kind = settings["kind"]
    coefficients = np.array(settings["coefficients"], "float64")
    intercepts = np.array(settings["intercepts"], "float64")
    if kind not in ("classes", "answers", "quantities"):
        raise ValueError(f"unknown kind of output: {kind!r}")
    fits = coefficients.shape == (len(intercepts), n_members)
    if not (fits and np.isfinite(coefficients).all() and np.isfinite(intercepts).all()):
        raise ValueError(
            f"coefficients of shape {coefficients.shape} do not fit, or are not finite"
        )
    return StackedOutput(kind, coefficients, intercepts)
