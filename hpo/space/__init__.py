"""Search spaces: what may be tried."""

from __future__ import annotations

from hpo.space.parameters import Categorical, Float, Int, Parameter
from hpo.space.space import Space

__all__ = ["Categorical", "Float", "Int", "Parameter", "Space"]
