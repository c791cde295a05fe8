"""Numbers, durations and names as the report prints them."""

from __future__ import annotations

import re
from typing import Any

from hpo.support import formats
from hpo.support.formats import (
    MISSING,
    count,
    duration,
    finite,
    number,
    setting,
    size,
    times,
)

__all__ = [
    "MISSING",
    "count",
    "duration",
    "evaluation",
    "finite",
    "metric",
    "number",
    "plain",
    "plus_minus",
    "sentence",
    "setting",
    "size",
    "times",
]

_EVALUATIONS = {
    r"kfold:(\d+)": "{}-fold cross-validation",
    r"repeated-kfold:(\d+)x(\d+)": "{}-fold cross-validation, {} times",
    r"time:(\d+)": "{} cuts in time",
    r"predefined": "predefined folds",
}
_ACRONYMS = {"acc": "accuracy"} | {
    name: name.upper() for name in ("auc", "mae", "mape", "mse", "msle", "rmse", "iou")
}
_NO_BREAK_SPACE = "\u00a0"


def plus_minus(value: Any, std_error: Any) -> str:
    """A score with its standard error, which the browser keeps on one line."""
    return formats.plus_minus(value, std_error).replace(" ", _NO_BREAK_SPACE)


def plain(value: Any) -> str:
    """A value of JSON in words, on one line; lists within others stand in brackets."""
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
    """A metric as a reader calls it: ``val_mae`` is ``validation MAE``."""
    bare = name.removeprefix("val_")
    # The name of an output may come first, as in val_age_mae.
    words = " ".join(_ACRONYMS.get(word, word) for word in bare.split("_"))
    return f"validation {words}" if name.startswith("val_") else words


def evaluation(name: str) -> str:
    """How trials are evaluated, in words: ``kfold:4`` is ``4-fold cross-validation``."""
    way, _, part = name.partition(" on ")
    rest = f", on {part}" if part else ""
    for pattern, words in _EVALUATIONS.items():
        found = re.fullmatch(pattern, way)
        if found:
            return words.format(*found.groups()) + rest
    share = re.fullmatch(r"holdout:(0\.\d+)", way)
    return f"{100 * float(share[1]):.3g} % held out{rest}" if share else name


def sentence(text: str) -> str:
    """The text with its first letter a capital."""
    return text[:1].upper() + text[1:]
