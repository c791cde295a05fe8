"""The range of a hyperparameter: in words, and where a value lies in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpo.reporting.html.formats import finite, setting

if TYPE_CHECKING:
    from hpo.space.parameters import Parameter

EDGE = 0.02
"""A value within this share of its range from an end lies at the edge."""


def describe(parameter: Parameter) -> str:
    """The range in words: ``1e-05 to 0.01, logarithmic`` or ``adam, sgd``."""
    from hpo.space.parameters import Categorical

    if isinstance(parameter, Categorical):
        return ", ".join(setting(choice) for choice in parameter.choices)
    if parameter.low == parameter.high:
        return f"always {setting(parameter.low)}"
    scale = ", logarithmic" if parameter.log else ""
    step = f", in steps of {setting(parameter.step)}" if parameter.step else ""
    return f"{setting(parameter.low)} to {setting(parameter.high)}{scale}{step}"


def position(parameter: Parameter, value: Any) -> float | None:
    """Where a value lies in the range of its parameter.

    Args:
        parameter: The parameter.
        value: The value.

    Returns:
        0.0 at the low end to 1.0 at the high end, on the parameter's own scale; None where the
        parameter is a constant or not numeric.
    """
    from hpo.space.parameters import Categorical

    found = finite(value)
    if isinstance(parameter, Categorical) or found is None or parameter.low >= parameter.high:
        return None
    low, high = float(parameter.low), float(parameter.high)
    if parameter.log:
        if found <= 0:
            return None
        low, high, found = math.log(low), math.log(high), math.log(found)
    return min(1.0, max(0.0, (found - low) / (high - low)))


def edge(parameter: Parameter, value: Any) -> str | None:
    """The end of the range at which a value lies: ``lower``, ``upper``, or None."""
    place = position(parameter, value)
    if place is None or EDGE < place < 1 - EDGE:
        return None
    return "lower" if place <= EDGE else "upper"
