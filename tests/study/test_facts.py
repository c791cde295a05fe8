import json

import pytest

from hpo.data.duplicates import Duplicates
from hpo.study.environment import Environment
from hpo.study.facts import DataFacts, Facts
from hpo.task import Reference

FACTS = Facts(
    baseline=6.5,
    reference=Reference(2.5, "a textbook"),
    data=DataFacts(404, 500, "9f2c", {"": [404, 13]}, None, ["crim", "zn"], Duplicates(2, 1, 0)),
    environment=Environment({"hpo": "0.1.0", "keras": "3.12"}, "jax", ("cpu:0",), "Linux"),
)
STORED = {
    "baseline": 6.5,
    "reference": {"score": 2.5, "source": "a textbook"},
    "data": {
        "n_samples": 404,
        "n_samples_whole": 500,
        "fingerprint": "9f2c",
        "shapes": {"": [404, 13]},
        "class_names": None,
        "feature_names": ["crim", "zn"],
        "duplicates": {"within_train": 2, "train_validation": 1, "train_test": 0},
    },
    "environment": {
        "hpo": "0.1.0",
        "keras": "3.12",
        "backend": "jax",
        "devices": ["cpu:0"],
        "platform": "Linux",
    },
}


def test_facts_are_stored_as_version_0_1_0_stored_them():
    assert FACTS.to_json() == STORED
    assert json.dumps(FACTS.to_json()) == json.dumps(STORED)


def test_facts_come_back_as_they_were_stored():
    assert Facts.from_json(json.loads(json.dumps(STORED))) == FACTS


@pytest.mark.parametrize(
    "stored",
    [{}, {"baseline": None, "reference": None, "data": None, "environment": None}, {"more": 1}],
)
def test_what_an_earlier_study_lacks_is_not_known(stored):
    assert Facts.from_json(stored) == Facts()


def test_copies_that_were_not_counted_are_not_known():
    found = Facts.from_json({"data": {"duplicates": {"within_train": 3}, "n_test": 7}})

    assert found.data == DataFacts(duplicates=Duplicates(3, None, 0))


def test_facts_are_read_by_key_for_one_more_release():
    with pytest.warns(
        DeprecationWarning, match=r"Study\.facts\['data'\] is now Study\.facts\.data"
    ):
        assert FACTS["data"]["fingerprint"] == "9f2c"
    with pytest.warns(DeprecationWarning, match=r"Study\.facts\.baseline"):
        assert FACTS.get("baseline") == 6.5
