import pytest

from hpo.errors import HPOError
from hpo.predicting.readers.expected import Expected
from hpo.study.facts import DataFacts, Facts

TABLE = Facts(data=DataFacts(shapes={"": [40, 3]}, feature_names=["width", "height", "age"]))
TEXTS_AND_NUMBERS = Facts(data=DataFacts(shapes={"text": [40], "n": [40, 2, 2]}))


def test_what_is_expected_is_read_from_the_facts_of_a_study():
    found = Expected.of(TABLE)

    assert found == Expected({"": (3,)}, ["width", "height", "age"])
    assert found.only == (3,)
    assert found.shown() == "x (n_samples, 3)"


def test_several_inputs_are_shown_by_name():
    found = Expected.of(TEXTS_AND_NUMBERS)

    assert found.only is None
    assert found.shown() == "text (n_samples), n (n_samples, 2, 2)"


def test_a_study_that_has_seen_no_data_says_what_to_do():
    with pytest.raises(HPOError, match="hpo run"):
        Expected.of(None)
