"""Names, evaluations and differences as the report prints them."""

from __future__ import annotations

import re
from typing import Any

from hpo.support import formats
from hpo.support.formats import MISSING, number, setting

_EVALUATIONS = {
    r"kfold:(\d+)": "{}-fold cross-validation",
    r"repeated-kfold:(\d+)x(\d+)": "{}-fold cross-validation, repeated {} times",
    r"time:(\d+)": "{} time-series splits",
    r"predefined": "predefined folds",
}
_ACRONYMS = {"acc": "accuracy"} | {
    name: name.upper() for name in ("auc", "mae", "mape", "mse", "msle", "rmse", "iou")
}
_NO_BREAK_SPACE = "\u00a0"


def plus_minus(value: Any, std_error: Any) -> str:
    """A score with its standard error, which the browser keeps on one line."""
    return formats.plus_minus(value, std_error).replace(" ", _NO_BREAK_SPACE)


def signed(difference: float) -> str:
    """A difference with its sign: ``+0.117``, ``-0.0670``."""
    return f"+{number(difference, 3)}" if difference > 0 else number(difference, 3)


def plain(value: Any) -> str:
    """Format a JSON value on one line, with parentheses around nested lists and objects."""
    if isinstance(value, dict):
        named = ((name, _inner(inner)) for name, inner in value.items())
        return ", ".join(f"{name}: {text}" if name else text for name, text in named)
    if isinstance(value, list | tuple):
        return ", ".join(_inner(inner) for inner in value)
    if isinstance(value, float):
        return number(value)
    return MISSING if value is None else setting(value)


def _inner(value: Any) -> str:
    return f"({plain(value)})" if isinstance(value, list | tuple | dict) else plain(value)


def metric(name: str) -> str:
    """The readable name of a metric: ``val_mae`` becomes ``validation MAE``."""
    bare = name.removeprefix("val_")
    # The name of an output may precede the metric, as in val_age_mae.
    words = " ".join(_ACRONYMS.get(word, word) for word in bare.split("_"))
    return f"validation {words}" if name.startswith("val_") else words


def evaluation(name: str) -> str:
    """The readable name of an evaluation: ``kfold:4`` becomes ``4-fold cross-validation``."""
    method, _, subset = name.partition(" on ")
    suffix = f" on {subset}" if subset else ""
    for pattern, words in _EVALUATIONS.items():
        match = re.fullmatch(pattern, method)
        if match:
            return words.format(*match.groups()) + suffix
    share = re.fullmatch(r"holdout:(0\.\d+)", method)
    return f"{100 * float(share[1]):.3g}% holdout{suffix}" if share else name


def sentence(text: str) -> str:
    """The text with its first letter capitalized."""
    return text[:1].upper() + text[1:]
