"""Numbers, durations and sizes as people read them, on a terminal and in a report alike."""

from __future__ import annotations

import json
import math
from typing import Any

MISSING = "—"
DIGITS = 4

_SMALLEST, _LARGEST = 1e-4, 1e6
_TENTH = 0.1
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_MEMORY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_UNIT_BYTES = 1024


def visible(text: str) -> str:
    """A text that a terminal only prints: control characters are shown as escapes.

    Names, reasons and details come from plugins, files and other people's studies, and may contain
    sequences that clear a terminal, set its title or hide what stands before them.

    Args:
        text: Any text; its line ends and tabs stay.
    """
    return "".join(
        character if character.isprintable() or character in "\n\t " else _escape(character)
        for character in text
    )


def _escape(character: str) -> str:
    # Unpaired surrogates stand for the bytes of a file's name that are not UTF-8.
    return character.encode("unicode_escape").decode("ascii")


def finite(value: Any) -> float | None:
    """The value as a float, or None where it is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def number(value: Any, digits: int = DIGITS) -> str:
    """A measured number with so many significant digits: ``2.310``, ``12,346``, ``1.2e-05``."""
    measured = finite(value)
    if measured is None:
        return MISSING
    if measured == 0:
        return "0"
    if not _SMALLEST <= abs(measured) < _LARGEST:
        return f"{measured:.{digits}g}"
    return f"{measured:,.{_decimals(measured, digits)}f}"


def plus_minus(value: Any, std_error: Any) -> str:
    """A score with its standard error, which is left out where there is none.

    Both end at the same decimal, as ``2.344 ± 0.181``, unless nothing of the error would be left.
    """
    score, error = finite(value), finite(std_error)
    if score is None or error is None:
        return number(score)
    alike = "0" if score == 0 else f"{error:,.{_decimals(score, DIGITS)}f}"
    shown = alike if _SMALLEST <= abs(score) < _LARGEST and float(alike.replace(",", "")) else ""
    return f"{number(score)} ± {shown or number(error, 2)}"


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
    measured = finite(seconds)
    if measured is None:
        return MISSING
    shown = round(measured, 1 if measured >= _TENTH else 2)
    if shown < _MINUTE:
        return f"{shown:g} s"
    whole = round(measured)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def memory(n_bytes: int) -> str:
    """An amount of memory or disk space: ``512 B``, ``81.3 KiB``, ``1.5 GiB``."""
    amount = float(n_bytes)
    for unit in _MEMORY_UNITS[:-1]:
        if amount < _UNIT_BYTES:
            return f"{amount:.4g} {unit}"
        amount /= _UNIT_BYTES
    return f"{amount:.4g} {_MEMORY_UNITS[-1]}"


def setting(value: Any) -> str:
    """The value of a hyperparameter: ``0.001``, ``64``, ``adam``, ``true``."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}" if math.isfinite(value) else str(value)
    return json.dumps(value, ensure_ascii=False, default=str)
