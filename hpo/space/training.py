"""The parameters that say how a configuration is trained: every one is a number of something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpo.plan import TRAINING_PARAMETERS
from hpo.space.messages import refusal, show
from hpo.space.ranges import Float

if TYPE_CHECKING:
    from hpo.space.space import Space


def check_training_parameters(space: Space) -> None:
    """Refuse numbers of epochs or samples that cannot be trained, whatever they depend on.

    Args:
        space: A search space, as it will be searched.

    Raises:
        UsageError: A value of ``epochs``, ``batch_size`` or ``patience`` is not a whole number of 1
            or more.
    """
    for name in TRAINING_PARAMETERS:
        parameter = space[name] if name in space.names else None
        if parameter is None:
            continue
        if isinstance(parameter, Float):
            raise refusal(
                space.name, name, "is a float, but it counts something. Make its type int."
            )
        for value in parameter.ends:
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise refusal(
                    space.name,
                    name,
                    f"allows {show(value)}, but it must be a whole number of 1 or more. Change "
                    "its bounds or choices.",
                )
