"""Grid search: every combination of values once, in random order.

Choices, and numbers with few values, are tried in full; from a wider range come values spread
evenly, on a logarithmic scale where the parameter has one: its ends and three between. A ``step``
(of a whole number above 1) keeps all of up to 1,024 values. Parameters that do not apply multiply
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpo.errors import UsageError
from hpo.samplers.joint import JointSampler
from hpo.space.combinations import applicable, combinations, grid_values, key

if TYPE_CHECKING:
    from hpo.samplers.joint import Question

_DRAWS = 200


def make(seed: int) -> JointSampler:
    """Make the sampler, with a seed of its own."""
    return JointSampler(choose, seed)


def choose(question: Question) -> dict[str, Any]:
    """Choose a combination that has not been tried.

    Raises:
        UsageError: All have been.
    """
    axes, fixed, tried = question.axes, question.fixed, question.known()
    values = grid_values(axes) | {name: [value] for name, value in fixed.items()}
    drawn: dict[str, Any] = {}
    for _ in range(_DRAWS):
        drawn = {name: own[int(question.rng.integers(len(own)))] for name, own in values.items()}
        if key(applicable(axes, drawn)) not in tried:
            return drawn
    for combination in combinations(axes, values):
        if key(combination) not in tried:
            return {name: own[0] for name, own in values.items()} | combination
    if fixed:  # queued, and so to be tried in any case
        return drawn
    count = sum(1 for _ in combinations(axes, values))
    raise UsageError(
        f"sampler 'grid': all {count} combinations of the search space have been tried. Stop at "
        f"--trials {count}, give a number a smaller step, or go on with another sampler."
    )
