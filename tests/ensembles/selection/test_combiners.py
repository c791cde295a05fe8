import json

import numpy as np
import pytest
from ensembles.selection.libraries import (
    DOWN,
    EVERY_WAY,
    TARGETS,
    UP,
    WRONG,
    candidates,
    libraries,
    trial,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.ensembles.selection import Blend, combiner_of
from hpo.errors import HPOError
from hpo.study.ensemble_record import EnsembleRecord, MemberRecord


def test_a_blend_is_the_weighted_sum_of_the_predictions():
    blend = Blend({trial(10): 0.75, trial(11): 0.25})

    found = blend.combine(candidates(UP, DOWN, WRONG).predictions)

    np.testing.assert_allclose(found[""], TARGETS + 0.5)


def test_a_blend_has_all_outputs():
    both = {trial(n): {"a": np.full((3, 1), n), "b": np.full((3, 2), -n)} for n in (1, 3)}

    found = Blend({trial(1): 0.5, trial(3): 0.5}).combine(both)

    np.testing.assert_array_equal(found["a"], np.full((3, 1), 2))
    np.testing.assert_array_equal(found["b"], np.full((3, 2), -2))


def test_a_blend_lets_go_of_the_lightest_and_the_negligible():
    weights = {trial(0): 0.3, trial(1): 0.5, trial(2): 0.195, trial(3): 0.005}

    assert Blend.of(weights, 2).weights == pytest.approx({trial(1): 0.625, trial(0): 0.375})
    assert trial(3) not in Blend.of(weights, 4).weights


@settings(deadline=None, max_examples=40)
@given(libraries, st.sampled_from(EVERY_WAY))
def test_a_combiner_is_the_same_after_being_stored(errors, way):
    found = candidates(*errors, targets=np.arange(6.0))
    combiner = way(found, 5)

    stored = combiner_of(EnsembleRecord.from_json(json.loads(json.dumps(as_stored(combiner)))))

    before, after = (one.combine(found.predictions)[""] for one in (combiner, stored))
    np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-5)


def test_a_damaged_file_is_told():
    stored = as_stored(Blend({trial(1): 1.0}))

    for damaged in ({}, {**stored, "members": []}, {**stored, "stacking": {"": {"kind": "x"}}}):
        with pytest.raises(HPOError, match="is damaged"):
            combiner_of(EnsembleRecord.from_json(damaged))


def as_stored(combiner):
    """What ``ensemble.json`` holds of a combiner."""
    members = [MemberRecord(m.study, m.trial, weight) for m, weight in combiner.weights.items()]
    return EnsembleRecord("study", members=members, stacking=combiner.settings()).to_json()
