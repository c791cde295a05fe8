"""The preprocessing that makes the models' inputs, done with NumPy.

JSON files list its steps, and ``.npz`` files hold what was learned from the training data.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from folder import RefusedError, inside, read_model  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Arrays = dict[str, np.ndarray]
OWN = re.compile(r"own_\w+")


def prepare(step: Mapping[str, Any], arrays: Arrays, x: Any) -> Any:
    """Samples as the model expects them: dense, and single precision instead of double."""
    prepared = apply(step, arrays, x)
    if isinstance(prepared, dict):
        return {name: _single(array) for name, array in prepared.items()}
    return _single(prepared)


def apply(step: Mapping[str, Any], arrays: Arrays, x: Any) -> Any:
    """Apply one step.

    Args:
        step: Its "kind" and its settings; names of arrays are keys of ``arrays``.
        arrays: What was learned from the training data.
        x: Samples.

    Raises:
        RefusedError: The kind of step is unknown.
    """
    if step.get("kind") not in STEPS:
        raise RefusedError(f"unknown preprocessing step {step.get('kind')!r}.")
    return STEPS[step["kind"]](step, arrays, x)


def _pipeline(step: Mapping[str, Any], arrays: Arrays, x: Any) -> Any:
    for part in step["steps"]:
        x = apply(part, arrays, x)
    return x


def _columns(step: Mapping[str, Any], arrays: Arrays, x: Any) -> np.ndarray:
    parts = [apply(part["step"], arrays, x[:, part["columns"]]) for part in step["parts"]]
    return np.hstack(parts) if parts else np.zeros((len(x), 0))


def _scale(step: Mapping[str, Any], arrays: Arrays, x: Any) -> np.ndarray:
    """Subtract, divide, multiply, add and clip, as far as the step says so, in this order."""
    scaled = _floats(x)
    for name, operate in _ARITHMETIC.items():
        if name in step:
            operate(scaled, arrays[step[name]], out=scaled, casting="same_kind")
    return np.clip(scaled, *step["clip"], out=scaled) if "clip" in step else scaled


def _numpy(step: Mapping[str, Any], _arrays: Arrays, x: Any) -> np.ndarray:
    function = getattr(np, step["function"], None)
    if not (isinstance(function, np.ufunc) and function.nargs == 2):  # noqa: PLR2004
        raise RefusedError(f"{step['function']!r} is not a NumPy function of one array.")
    return np.asarray(function(x))


def _impute(step: Mapping[str, Any], arrays: Arrays, x: Any) -> np.ndarray:
    filled = _floats(x)
    missing = np.isnan(filled) if step["missing"] is None else filled == step["missing"]
    values = np.broadcast_to(arrays[step["values"]], filled.shape)
    filled[missing] = values[missing]
    return filled[:, arrays[step["kept"]]]


def _one_hot(step: Mapping[str, Any], arrays: Arrays, x: Any) -> np.ndarray:
    parts = []
    for column, (key, dropped) in enumerate(zip(step["categories"], step["dropped"], strict=True)):
        values, categories = np.asarray(x)[:, column], arrays[key]
        matches = values[:, None] == categories[None, :]
        if step["unknown_is_error"] and not matches.any(axis=1).all():
            unknown = values[~matches.any(axis=1)][0]
            raise RefusedError(f"column {column} has an unknown category: {unknown!r}")
        kept = [place for place in range(len(categories)) if place != dropped]
        parts.append(matches[:, kept].astype("float64"))
    return np.hstack(parts)


def _project(step: Mapping[str, Any], arrays: Arrays, x: Any) -> np.ndarray:
    """Project on principal components, whose variance may be scaled to 1."""
    axes = arrays[step["components"]].T
    projected = _floats(x) @ axes
    if "mean" in step:
        projected -= arrays[step["mean"]][None, :] @ axes
    return np.asarray(projected / arrays[step["scale"]] if "scale" in step else projected)


def _power(step: Mapping[str, Any], arrays: Arrays, x: Any) -> np.ndarray:
    """Yeo and Johnson (2000), or Box and Cox (1964), column by column."""
    raised = _floats(x)
    for column, exponent in enumerate(arrays[step["exponents"]]):
        values = raised[:, column]
        if step["method"] == "box-cox":
            raised[:, column] = _raise(np.log(values), exponent)
            continue
        low = values < 0
        raised[low, column] = -_raise(np.log1p(-values[low]), 2 - exponent)
        raised[~low, column] = _raise(np.log1p(values[~low]), exponent)
    return raised


def _raise(logarithm: np.ndarray, exponent: float) -> np.ndarray:
    if abs(exponent) < np.spacing(1.0):
        return logarithm
    return np.asarray(np.expm1(exponent * logarithm) / exponent)


def _quantile(step: Mapping[str, Any], arrays: Arrays, x: Any) -> np.ndarray:
    """Ranks among the training samples, from 0 to 1, or as quantiles of the normal distribution."""
    ranks, references = _floats(x), arrays[step["references"]]
    normal = step["distribution"] == "normal"
    reach = 1e-7 if normal else 0.0
    for column, edges in enumerate(arrays[step["quantiles"]].T):
        values = ranks[:, column].copy()
        rising = np.interp(values, edges, references)
        falling = np.interp(-values, -edges[::-1], -references[::-1])
        rank = 0.5 * (rising - falling)
        rank[values + reach > edges[-1] if normal else values == edges[-1]] = 1
        rank[values - reach < edges[0] if normal else values == edges[0]] = 0
        ranks[:, column] = np.where(np.isnan(values), np.nan, rank)
    return _normal_quantiles(ranks) if normal else ranks


def _normal_quantiles(ranks: np.ndarray) -> np.ndarray:
    low = 1e-7 - np.spacing(1)
    clipped = np.clip(ranks, low, 1 - low)
    quantile = np.vectorize(lambda p: p if np.isnan(p) else NormalDist().inv_cdf(p), otypes=[float])
    return quantile(clipped).astype(ranks.dtype)  # type: ignore[no-any-return]


def _own(step: Mapping[str, Any], arrays: Arrays, x: Any) -> Any:
    """Apply a function of the task."""
    given = {name: arrays[key] for name, key in step["arrays"].items()}
    models = {name: read_model(file) for name, file in step["models"].items()}
    return _function(step["module"], step["function"])(x, {**given, **models})


@functools.cache
def _function(module: str, name: str) -> Callable[[Any, Mapping[str, Any]], Any]:
    if not OWN.fullmatch(module):
        raise RefusedError(f"{module!r} is not a module of this folder.")
    spec = importlib.util.spec_from_file_location(module, inside(f"{module}.py"))
    assert spec is not None  # noqa: S101
    assert spec.loader is not None  # noqa: S101
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    function: Callable[[Any, Mapping[str, Any]], Any] = getattr(loaded, name)
    return function


def _same(_step: Mapping[str, Any], _arrays: Arrays, x: Any) -> Any:
    return x


def _floats(x: Any) -> np.ndarray:
    """A copy of the numbers, as floats."""
    array = np.asarray(x)
    return np.array(array, dtype=array.dtype if array.dtype.kind == "f" else "float64")


def _single(array: Any) -> np.ndarray:
    dense = np.asarray(array)
    with np.errstate(over="ignore"):  # what becomes infinite is refused afterwards
        return dense.astype("float32") if dense.dtype == np.float64 else dense


_ARITHMETIC = {
    "subtract": np.subtract,
    "divide": np.divide,
    "multiply": np.multiply,
    "add": np.add,
}

STEPS: dict[str, Callable[[Mapping[str, Any], Arrays, Any], Any]] = {
    "same": _same,
    "pipeline": _pipeline,
    "columns": _columns,
    "scale": _scale,
    "numpy": _numpy,
    "impute": _impute,
    "one-hot": _one_hot,
    "project": _project,
    "power": _power,
    "quantile": _quantile,
    "own": _own,
}
