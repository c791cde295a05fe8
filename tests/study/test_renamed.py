import numpy as np
import optuna
import pytest
from study.demo_study import ask, complete

from hpo.options import Options
from hpo.study.ensemble_record import EnsembleRecord
from hpo.study.files import OutOfFold
from hpo.study.renamed import STUDY, TRIAL


@pytest.mark.parametrize("name", STUDY)
def test_a_study_answers_to_its_earlier_names_and_says_the_new_one(study, name):
    study.options = Options()

    now = "private" if name == "record" else rf"Study\.{STUDY[name]}"
    with pytest.warns(DeprecationWarning, match=rf"Study\.{name} is now {now};"):
        getattr(study, name)


@pytest.mark.parametrize("name", TRIAL)
def test_a_trial_answers_to_its_earlier_names_and_says_the_new_one(study, name):
    complete(study, 1.0)

    with pytest.warns(DeprecationWarning, match=rf"Trial\.{name} is now Trial\.{TRIAL[name]};"):
        getattr(study.best, name)


@pytest.mark.filterwarnings("always::DeprecationWarning")
def test_an_earlier_name_gives_what_it_gave(study, recwarn):
    study.options = Options(trials=7)
    complete(study, 2.0, 1.0, 3.0)

    assert (study.counted, study.in_vain, study.wanted) == (3, 1, 7)
    assert study.best.counts
    assert len(study.arrays(0).index) == 6
    assert study.targets == {}
    assert study.model_paths(0) == []
    assert isinstance(study.record, optuna.Study)
    assert {warning.filename for warning in recwarn} == {__file__}


@pytest.mark.parametrize("name", ["colour", "__len__"])
def test_a_name_that_never_was_is_an_error(study, name):
    ask(study)

    for owner in (study, study.trials[0]):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
            getattr(owner, name)


def test_the_ensemble_is_still_what_hpo_ensemble_prints(study):
    record = EnsembleRecord("demo", method="greedy", test={"mae": 2.5})
    study.files.write_ensemble(record, OutOfFold(np.arange(2), {"": np.ones((2, 1))}))

    with pytest.warns(DeprecationWarning, match="Study.files.ensemble"):
        assert study.ensemble == record.to_json()
