import json
from pathlib import Path

import pytest

from hpo.study.ensemble_record import EnsembleRecord, MemberRecord, RetrainedRecord

STORED = {
    "study": "a",
    "method": "stacking",
    "method_asked": "auto",
    "refit": True,
    "seeds": 2,
    "members": [{"study": "b", "trial": 3, "weight": 0.75, "oof": 2.5}],
    "stacking": {"": {"kind": "quantities", "coefficients": [[1.0]], "intercepts": [0.5]}},
    "correlation": [[1.0, None], [None, 1.0]],
    "oof": 2.0,
    "oof_interval": [1.5, 2.5],
    "oof_apparent": 1.75,
    "gain": 0.25,
    "best_single": 3,
    "best_single_study": "b",
    "best_single_oof": 2.25,
    "oof_by_method": {"mean": 2.5, "stacking": 2.0, "greedy": None},
    "retrained": [{"study": "b", "trial": 3, "score": 2.5, "recorded": 2.5}],
    "test": {"mae": 2.25, "rmse": None},
    "test_best_single": {"mae": 2.5},
    "test_consulted": 4,
    "created": "2026-01-31T12:00:00+00:00",
    "id": "0123456789ab",
    "notes": ["one of them"],
}


def test_a_record_comes_back_key_by_key_as_it_was_stored():
    assert json.dumps(EnsembleRecord.from_json(STORED).to_json()) == json.dumps(STORED)


def test_the_record_of_a_study_of_version_0_1_0_only_gains_an_id_and_notes():
    folder = Path(__file__).parent.parent / "studies" / "tiny-0.1.0"
    stored = json.loads((folder / "ensemble" / "ensemble.json").read_text())

    read = EnsembleRecord.from_json(stored).to_json()

    assert json.dumps(read) == json.dumps({**stored, "id": "", "notes": []})


def test_members_and_trials_are_records_too():
    record = EnsembleRecord.from_json(STORED)

    assert record.members == [MemberRecord("b", 3, 0.75, 2.5)]
    assert record.retrained == [RetrainedRecord("b", 3, 2.5, 2.5)]


def test_what_an_earlier_record_lacks_is_not_known():
    members = [{"trial": 1, "weight": 0.5}]

    record = EnsembleRecord.from_json({"study": "a", "members": members, "test": None})

    assert record == EnsembleRecord("a", members=[MemberRecord("a", 1, 0.5)], best_single_study="a")


@pytest.mark.parametrize(("studies", "expected"), [("aa", False), ("ab", True)])
def test_members_may_come_from_several_studies(studies, expected):
    members = [MemberRecord(study, number, 0.5) for number, study in enumerate(studies)]

    assert EnsembleRecord("a", members=members).has_members_of_several_studies is expected
