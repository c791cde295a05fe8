"""Search spaces: hyperparameters, their ranges and their conditions."""

from __future__ import annotations

from hpo.space.parameters import Categorical, Float, Int, Parameter
from hpo.space.space import Space

__all__ = ["Categorical", "Float", "Int", "Parameter", "Space"]
