"""The range of a hyperparameter in words, and the position of a value in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hpo.support.formats import finite, setting

if TYPE_CHECKING:
    from hpo.space.parameters import Parameter

EDGE_SHARE = 0.02
"""A value within this share of the range from an end counts as at that end."""


def describe(parameter: Parameter) -> str:
    """Describe the range: ``1e-05 to 0.01, logarithmic`` or ``adam, sgd``."""
    from hpo.space.parameters import Categorical

    if isinstance(parameter, Categorical):
        return ", ".join(setting(choice) for choice in parameter.choices)
    if parameter.low == parameter.high:
        return f"always {setting(parameter.low)}"
    scale = ", logarithmic" if parameter.log else ""
    step = f", in steps of {setting(parameter.step)}" if parameter.step else ""
    return f"{setting(parameter.low)} to {setting(parameter.high)}{scale}{step}"


def is_searched(parameter: Parameter) -> bool:
    """Whether a hyperparameter can take more than one value."""
    return len(set(parameter.ends)) > 1


def position(parameter: Parameter, value: Any) -> float | None:
    """Locate a value in the range of its parameter.

    Args:
        parameter: The parameter.
        value: The value.

    Returns:
        0.0 at the low end to 1.0 at the high end, on the parameter's own scale; None if the
        parameter is a constant or not numeric, or if the value has no position.
    """
    from hpo.space.parameters import Categorical

    x = finite(value)
    if isinstance(parameter, Categorical) or x is None or parameter.low >= parameter.high:
        return None
    low, high = float(parameter.low), float(parameter.high)
    if parameter.log:
        if x <= 0:
            return None
        low, high, x = math.log(low), math.log(high), math.log(x)
    return min(1.0, max(0.0, (x - low) / (high - low)))


def edge(parameter: Parameter, value: Any) -> str | None:
    """The end of the range that a value is at: ``lower``, ``upper`` or None."""
    share = position(parameter, value)
    if share is None or EDGE_SHARE < share < 1 - EDGE_SHARE:
        return None
    return "lower" if share <= EDGE_SHARE else "upper"
