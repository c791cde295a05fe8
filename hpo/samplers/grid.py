"""Grid search: every combination of values once, in random order.

The grid has all choices, and all values of numbers with few of them. From a wider range it takes
the two ends and three evenly spread values between, on a logarithmic scale if the parameter has
one. With a ``step`` (above 1 for whole numbers) it takes all values, up to 1,024. Parameters that
do not apply add no combinations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.errors import UsageError
from hpo.samplers.joint import JointSampler
from hpo.space.combinations import applicable, combinations, grid_values, key

if TYPE_CHECKING:
    from hpo.samplers.joint import Question

_MAX_DRAWS = 200


def make(seed: int) -> JointSampler:
    """Make the sampler with a seed."""
    return JointSampler(choose, seed)


def choose(question: Question) -> dict[str, Any]:
    """Choose a combination that has not been tried.

    Raises:
        UsageError: All combinations have been tried.
    """
    axes, fixed, tried = question.axes, question.fixed, question.known()
    values = grid_values(axes) | {name: [value] for name, value in fixed.items()}
    drawn: dict[str, Any] = {}
    for _ in range(_MAX_DRAWS):
        drawn = {
            name: listed[int(question.rng.integers(len(listed)))] for name, listed in values.items()
        }
        if key(applicable(axes, drawn)) not in tried:
            return drawn
    for combination in combinations(axes, values):
        if key(combination) not in tried:
            return {name: listed[0] for name, listed in values.items()} | combination
    if fixed:  # a queued trial is tried in any case
        return drawn
    count = sum(1 for _ in combinations(axes, values))
    raise UsageError(
        f"sampler 'grid': all {count} combinations of the search space have been tried. Stop at "
        f"--trials {count}, give a number a smaller step, or continue with another sampler."
    )
