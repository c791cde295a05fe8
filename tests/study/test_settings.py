import dataclasses

import pytest
from study.demo_study import SETTINGS

from hpo.errors import HPOError
from hpo.options import Options
from hpo.study.facts import Facts
from hpo.study.folder import create_study, load_study


def test_options_of_another_version_are_read_as_far_as_they_are_known(runs, study):
    study.options = Options(trials=7)
    study._record.set_user_attr("options", {**dataclasses.asdict(study.options), "speed": "high"})

    assert load_study("demo", runs).options == Options(trials=7)


def test_a_study_from_before_there_were_train_sizes_goes_on(runs, study):
    attributes = dataclasses.asdict(SETTINGS)
    del attributes["train_size"]
    study._record.set_user_attr("settings", attributes)
    study.facts = Facts(baseline=1.0)

    assert create_study(runs, "demo", SETTINGS).settings.train_size is None


@pytest.mark.parametrize(
    ("train_size", "evaluation"),
    [
        (None, "kfold:2"),
        (0.2, "kfold:2 on 0.2 of the training data"),
        (2000, "kfold:2 on 2,000 training samples"),
    ],
)
def test_settings_say_how_trials_are_evaluated(train_size, evaluation):
    assert dataclasses.replace(SETTINGS, train_size=train_size).evaluation == evaluation


def test_a_study_that_was_never_run_has_no_options(study):
    with pytest.raises(HPOError, match="its options are missing"):
        _ = study.options
