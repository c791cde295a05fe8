import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hpo.ensembles.members import Member
from hpo.ensembles.selection import (
    Candidates,
)
from hpo.ensembles.selection.choice import WAYS
from hpo.scoring.metrics import mean_absolute_error, on_output

TARGETS = np.array([1.0, 2.0, 3.0, 4.0])


EVERY_WAY = [way for ways in WAYS.values() for way in ways]


def trial(number):
    return Member("study", number)


def library(predictions, targets, metric=mean_absolute_error, maximize=False, n_parts=2):
    """Candidates 10, 11, ... with these predictions of one output."""
    n = len(targets)
    return Candidates(
        predictions={trial(10 + i): {"": np.asarray(p)} for i, p in enumerate(predictions)},
        targets={"": np.asarray(targets)},
        index=np.arange(n),
        fold=np.arange(n) % n_parts,
        scorer=on_output(metric),
        direction="maximize" if maximize else "minimize",
    )


def candidates(*errors, targets=TARGETS, **more):
    """Candidates 10, 11, ... that are off the targets by these errors."""
    return library([targets + np.array(error) for error in errors], targets, **more)


def score(found, combiner):
    return found.score(combiner.combine(found.predictions))


UP, DOWN, WRONG = [1.0, 1, 1, 1], [-1.0, -1, -1, -1], [9.0, -9, 9, -9]


libraries = st.integers(1, 10).flatmap(
    lambda n: arrays("float32", (n, 6), elements=st.floats(-10, 10, width=32))
)
