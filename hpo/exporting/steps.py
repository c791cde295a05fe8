"""Fitted transformers as data: steps for :mod:`hpo.exporting.standalone.preprocessing`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hpo.errors import HPOError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpo.exporting.store import Arrays, Store

Step = dict[str, Any]

SAME: Step = {"kind": "same"}


def describe(transformer: Any, arrays: Arrays, store: Store) -> Step:
    """Describe a fitted transformer as a step.

    A plugin's transformer may have a method ``exported() -> (function, given)``, where
    ``function(x, given)`` does what ``transform(x)`` does, and ``given`` holds arrays and Keras
    models by name. The function is defined at the top level of a module and uses NumPy, Keras, and
    functions and plain constants of its package, because its source is exported. It must not
    change ``x``.

    Args:
        transformer: A fitted transformer, of scikit-learn or of a plugin, or None.
        arrays: Receives the arrays that the transformer learned.
        store: Receives functions and models.

    Raises:
        HPOError: The transformer cannot be written as data.
    """
    if transformer is None or transformer == "passthrough":
        return SAME
    if hasattr(transformer, "exported"):
        return _own(transformer, arrays, store)
    # The exact class counts: a subclass may do something else.
    name = f"{type(transformer).__module__.split('.')[0]}.{type(transformer).__name__}"
    if name == "sklearn.Pipeline":
        steps = [describe(step, arrays, store) for _name, step in transformer.steps]
        return {"kind": "pipeline", "steps": steps}
    if name == "sklearn.ColumnTransformer":
        return _columns(transformer, arrays, store)
    if name not in _KNOWN:
        raise _cannot(transformer, "hpo does not know how to write it as data")
    return _KNOWN[name](transformer, arrays)


def _cannot(transformer: Any, reason: str) -> HPOError:
    known = ", ".join(sorted(name.split(".")[1] for name in _KNOWN))
    return HPOError(
        f"the transformer {type(transformer).__name__} cannot be exported: {reason}. Give it a "
        "method exported() -> (function, arrays), with a function that uses NumPy only, or use one "
        f"of Pipeline, ColumnTransformer, {known}."
    )


def _own(transformer: Any, arrays: Arrays, store: Store) -> Step:
    import keras

    name = type(transformer).__name__
    function, given = transformer.exported()
    models = {key: value for key, value in given.items() if isinstance(value, keras.Model)}
    return {
        "kind": "own",
        "module": store.function(function, name),
        "function": function.__name__,
        "arrays": {k: arrays.add(value) for k, value in given.items() if k not in models},
        "models": {key: store.model(model, name) for key, model in models.items()},
    }


def _columns(transformer: Any, arrays: Arrays, store: Store) -> Step:
    every = np.arange(transformer.n_features_in_)
    parts = []
    for _name, step, chosen in transformer.transformers_:
        columns = every[chosen]
        if np.ndim(columns) == 0:
            raise _cannot(transformer, "a column is a number, not a list with one number")
        if (isinstance(step, str) and step == "drop") or not len(columns):
            continue
        parts.append({"columns": columns.tolist(), "step": describe(step, arrays, store)})
    if transformer.transformer_weights:
        raise _cannot(transformer, "transformer_weights are not supported")
    return {"kind": "columns", "parts": parts}


def _scale(arrays: Arrays, clip: Any = None, **learned: Any) -> Step:
    keys = {name: arrays.add(array) for name, array in learned.items() if array is not None}
    return {"kind": "scale", **keys, **({} if clip is None else {"clip": list(clip)})}


def _standard(transformer: Any, arrays: Arrays) -> Step:
    return _scale(
        arrays,
        subtract=transformer.mean_ if transformer.with_mean else None,
        divide=transformer.scale_,
    )


def _robust(transformer: Any, arrays: Arrays) -> Step:
    return _scale(arrays, subtract=transformer.center_, divide=transformer.scale_)


def _min_max(transformer: Any, arrays: Arrays) -> Step:
    clip = transformer.feature_range if transformer.clip else None
    return _scale(arrays, clip, multiply=transformer.scale_, add=transformer.min_)


def _max_abs(transformer: Any, arrays: Arrays) -> Step:
    clip = (-1.0, 1.0) if getattr(transformer, "clip", False) else None
    return _scale(arrays, clip, divide=transformer.scale_)


def _function(transformer: Any, _arrays: Arrays) -> Step:
    function = transformer.func
    if function is None:
        return SAME
    name = getattr(function, "__name__", "")
    one = isinstance(function, np.ufunc) and function.nargs == 2  # noqa: PLR2004
    if not one or getattr(np, name, None) is not function or transformer.kw_args:
        raise _cannot(transformer, f"{name or function!r} is not a NumPy function of one array")
    return {"kind": "numpy", "function": name}


def _impute(transformer: Any, arrays: Arrays) -> Step:
    missing = transformer.missing_values
    if transformer.add_indicator or not isinstance(missing, int | float):
        raise _cannot(
            transformer, "add_indicator and missing values other than numbers are unsupported"
        )
    try:
        values = np.asarray(transformer.statistics_, "float64")
    except ValueError:
        raise _cannot(transformer, "the values that it fills in are not numbers") from None
    is_known = ~np.isnan(values)
    if transformer.keep_empty_features or transformer.strategy == "constant":
        is_known[:] = True
    return {
        "kind": "impute",
        "missing": None if np.isnan(missing) else missing,
        "values": arrays.add(values),
        "kept": arrays.add(is_known),
    }


def _one_hot(transformer: Any, arrays: Arrays) -> Step:
    if transformer.min_frequency is not None or transformer.max_categories is not None:
        raise _cannot(transformer, "min_frequency and max_categories are not supported")
    if any(value != value for known in transformer.categories_ for value in known):  # noqa: PLR0124
        raise _cannot(transformer, "one of its categories is NaN")
    width = len(transformer.categories_)
    dropped = transformer.drop_idx_ if transformer.drop_idx_ is not None else [None] * width
    return {
        "kind": "one-hot",
        "categories": [arrays.add(categories) for categories in transformer.categories_],
        "dropped": [None if place is None else int(place) for place in dropped],
        "unknown_is_error": transformer.handle_unknown == "error",
    }


def _project(transformer: Any, arrays: Arrays) -> Step:
    step = {"kind": "project", "components": arrays.add(transformer.components_)}
    if transformer.mean_ is not None:
        step["mean"] = arrays.add(transformer.mean_)
    if transformer.whiten:
        scale = np.sqrt(transformer.explained_variance_)
        step["scale"] = arrays.add(np.maximum(scale, np.finfo(scale.dtype).eps))
    return step


def _power(transformer: Any, arrays: Arrays) -> Step:
    raised = {
        "kind": "power",
        "method": transformer.method,
        "exponents": arrays.add(transformer.lambdas_),
    }
    if not transformer.standardize:
        return raised
    # PowerTransformer then scales the powers, with a scaler that it keeps to itself.
    return {
        "kind": "pipeline",
        "steps": [raised, _standard(transformer._scaler, arrays)],  # noqa: SLF001
    }


def _quantile(transformer: Any, arrays: Arrays) -> Step:
    return {
        "kind": "quantile",
        "distribution": transformer.output_distribution,
        "quantiles": arrays.add(transformer.quantiles_),
        "references": arrays.add(transformer.references_),
    }


_KNOWN: dict[str, Callable[[Any, Arrays], Step]] = {
    "sklearn.StandardScaler": _standard,
    "sklearn.RobustScaler": _robust,
    "sklearn.MinMaxScaler": _min_max,
    "sklearn.MaxAbsScaler": _max_abs,
    "sklearn.FunctionTransformer": _function,
    "sklearn.SimpleImputer": _impute,
    "sklearn.OneHotEncoder": _one_hot,
    "sklearn.PCA": _project,
    "sklearn.PowerTransformer": _power,
    "sklearn.QuantileTransformer": _quantile,
}
