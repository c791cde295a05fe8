"""Numbers, durations and names as the report prints them."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MISSING = "—"
DIGITS = 4

_SMALLEST, _LARGEST = 1e-4, 1e6
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_EVALUATIONS = {
    r"kfold:(\d+)": "{}-fold cross-validation",
    r"repeated-kfold:(\d+)x(\d+)": "{}-fold cross-validation, {} times",
    r"time:(\d+)": "{} cuts in time",
    r"predefined": "predefined folds",
}
_ACRONYMS = {"acc": "accuracy"} | {
    name: name.upper() for name in ("auc", "mae", "mape", "mse", "msle", "rmse", "iou")
}


def finite(value: Any) -> float | None:
    """The value as a float, or None where it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def number(value: Any, digits: int = DIGITS) -> str:
    """A measured number with so many significant digits: ``2.310``, ``12,346``, ``1.2e-05``."""
    found = finite(value)
    if found is None:
        return MISSING
    if found == 0:
        return "0"
    if not _SMALLEST <= abs(found) < _LARGEST:
        return f"{found:.{digits}g}"
    return f"{found:,.{_decimals(found, digits)}f}"


def plus_minus(value: Any, std_error: Any) -> str:
    """A score with its standard error, which is left out where there is none.

    Both end at the same decimal, as ``2.344 ± 0.181``, unless nothing of the error would be left.
    """
    score, error = finite(value), finite(std_error)
    if score is None or error is None:
        return number(score)
    alike = "0" if score == 0 else f"{error:,.{_decimals(score, DIGITS)}f}"
    shown = alike if _SMALLEST <= abs(score) < _LARGEST and float(alike.replace(",", "")) else ""
    return f"{number(score)}\u00a0±\u00a0{shown or number(error, 2)}"  # kept on one line


def _decimals(value: float, digits: int) -> int:
    """Decimals that give a number so many significant digits."""
    rounded = float(f"{value:.{digits}g}")
    return max(0, digits - 1 - math.floor(math.log10(abs(rounded))))


def count(amount: int, noun: str) -> str:
    """An amount with its noun: ``1 trial``, ``3 trials``."""
    return f"{amount:,} {noun}" + ("" if amount == 1 else "s")


def times(amount: int) -> str:
    """How often: ``once``, ``twice``, ``5 times``."""
    return {0: "never", 1: "once", 2: "twice"}.get(amount, f"{amount:,} times")


def size(value: int | None) -> str:
    """A whole number with its thousands marked."""
    return MISSING if value is None else f"{value:,}"


def duration(seconds: Any) -> str:
    """A duration: ``0.8 s``, ``3 min 20 s``, ``2 h 5 min``."""
    found = finite(seconds)
    if found is None:
        return MISSING
    if found < _MINUTE:
        return f"{found:.3g} s"
    whole = round(found)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def setting(value: Any) -> str:
    """The value of a hyperparameter: ``0.001``, ``64``, ``adam``, ``true``."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}" if math.isfinite(value) else str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


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
