"""The best configurations of a study, evaluated again."""

import shutil

import fixture_studies as studies
import numpy as np
import pytest

import hpo
from hpo import Data, HPOError
from hpo.data.duplicates import Duplicates
from hpo.errors import UsageError
from hpo.plugins import IN_CODE
from hpo.study.code import Code
from tasks import N_TRAIN, linear_network, linear_task


def confirm(study, task=None, **settings):
    return hpo.confirm(study, task=task or linear_task(), **{"top": 2, "repeats": 2, **settings})


def reopened(study):
    return hpo.load_study(study.directory)


@pytest.fixture
def invented(tmp_path):
    return studies.declining_study(tmp_path)


# ---------------------------------------------------------------- evaluating again


def test_the_best_configurations_are_evaluated_again(study):
    found = confirm(study)

    assert [one.number for one in found.configurations] == [t.number for t in study.ranking[:2]]
    assert [one.first for one in found.configurations] == [t.score for t in study.ranking[:2]]
    for one in found.configurations:
        assert len(set(one.scores)) == 2
        assert one.first not in one.scores
        assert one.score == pytest.approx(np.mean(one.scores))
        assert one.std_error == pytest.approx(np.std(one.scores, ddof=1) / 2**0.5)
    assert found.new_cuts


def test_the_study_keeps_what_was_confirmed(study):
    assert study.confirmation is None

    found = confirm(study)

    assert reopened(study).confirmation == found


def test_confirming_twice_evaluates_once(study):
    first = confirm(study)
    told = []

    second = confirm(study, on_progress=told.append)

    assert told == []
    assert second == first


def test_asking_for_more_evaluates_only_what_is_missing(study):
    first = confirm(study, top=1, repeats=1)
    told = []

    second = confirm(study, on_progress=told.append)

    assert sum(progress.seconds is not None for progress in told) == 3
    assert second.configurations[0].scores[0] == first.configurations[0].scores[0]


def test_a_confirmation_that_was_stopped_goes_on_where_it_was(study, searched, tmp_path):
    def stop(told):
        if told.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        confirm(study, on_progress=stop)
    half = reopened(study)
    assert not half.confirmation.is_complete
    assert half.confirmation.best is None
    assert half.chosen == half.best

    told = []
    resumed = confirm(half, on_progress=told.append)

    shutil.copytree(searched, tmp_path / "other")
    at_once = confirm(hpo.load_study("linear", tmp_path / "other"))
    assert sum(progress.seconds is not None for progress in told) == 2
    assert resumed.is_complete
    assert resumed == at_once


def test_only_seeds_change_where_the_data_cannot_be_cut_anew(tmp_path):
    task = linear_task(cv="time:2")
    study = hpo.run(task, trials=1, runs=tmp_path, keep=0)

    found = confirm(study, task)

    assert not found.new_cuts
    assert len(set(found.configurations[0].scores)) == 2


def test_a_part_of_the_data_and_copies_in_one_fold_are_those_of_the_search(tmp_path):
    """Where copies fell into both parts, the model below would have nothing left to get wrong."""
    task = linear_task(
        load=lambda _dir: Data(x=np.repeat(np.eye(6), 4, axis=0), y=np.repeat(np.arange(6.0), 4)),
        cv="kfold:3",
    )
    study = hpo.run(task, trials=1, runs=tmp_path, keep=0, group_duplicates=True, train_size=0.5)
    assert study.facts.data.n_samples == 12
    assert study.facts.data.duplicates == Duplicates(24, 0, 0)

    assert confirm(study, task).is_complete


# ---------------------------------------------------------------- what goes wrong


def broken(params, data):
    if params["rate"] != pytest.approx(0.05):
        raise RuntimeError("the plugin\nis broken")
    return linear_network(params, data)


def confirm_with_changed_code(study, model, **settings):
    """Confirm after the study accepted another model."""
    task = linear_task(model=model)
    study.code = Code.of(task, IN_CODE)
    return confirm(study, task, **settings)


def test_a_trial_that_fails_is_named_and_the_others_go_on(study):
    told = []

    found = confirm_with_changed_code(study, broken, top=3, on_progress=told.append)

    failed = [one for one in found.configurations if one.reason]
    (default,) = [one for one in found.configurations if not one.reason]
    assert {one.number for one in failed} == {1, 2}
    assert "the plugin is broken" in failed[0].reason
    assert failed[0].score is None
    assert found.is_complete
    assert found.best == default
    assert len(default.scores) == 2
    assert told[-1].done <= told[-1].of == 6


def test_a_configuration_that_failed_is_tried_again(study):
    confirm_with_changed_code(study, broken, top=3)

    found = confirm_with_changed_code(study, linear_network, top=3)

    assert [one.reason for one in found.configurations] == [None] * 3


def test_a_study_without_a_complete_trial_cannot_be_confirmed(tmp_path):
    study = studies.new_study(tmp_path)

    with pytest.raises(HPOError, match=r"no complete trial to confirm.*hpo run"):
        hpo.confirm(study)


def test_other_data_is_refused(study):
    other = linear_task(
        load=lambda _dir: Data(x=np.ones((N_TRAIN, 3)), y=np.arange(float(N_TRAIN)))
    )

    with pytest.raises(HPOError, match="searched on other data"):
        confirm(study, other)
    assert reopened(study).confirmation is None


@pytest.mark.parametrize("wrong", [{"top": 0}, {"repeats": 0}])
def test_nothing_to_confirm_is_wrong_usage(study, wrong):
    with pytest.raises(UsageError, match="1 or more"):
        confirm(study, **wrong)


# ---------------------------------------------------------------- what best means then


def test_the_best_confirmed_score_is_the_best_from_then_on(invented):
    studies.confirm(invented, {0: [2.5, 2.5, 2.5], 1: [2.2, 2.1, 2.3], 2: [2.3, 2.3, 2.3]})

    assert invented.confirmation.best.number == 1
    assert invented.chosen.number == 1
    assert invented.chosen.score == pytest.approx(2.2)
    assert invented.chosen.std_error == pytest.approx(0.1 / 3**0.5)


def test_the_search_still_goes_by_first_scores(invented):
    ranking = invented.ranking

    studies.confirm(invented, {0: [2.5, 2.5, 2.5], 1: [2.2, 2.1, 2.3]})

    assert invented.ranking == ranking
    assert invented.best.number == 0


def test_a_search_that_goes_on_asks_the_same_whether_it_was_confirmed_or_not(study, searched):
    confirm(study, top=3, repeats=1)
    goes_on = hpo.run(linear_task(), trials=5, runs=study.directory.parent, keep=0)
    shutil.copytree(searched, study.directory.parent.parent / "plain")
    plain = hpo.run(linear_task(), trials=5, runs=study.directory.parent.parent / "plain", keep=0)

    assert [t.params for t in goes_on.trials] == [t.params for t in plain.trials]
    assert [t.score for t in goes_on.trials] == [t.score for t in plain.trials]


def test_a_configuration_that_failed_cannot_be_the_best(invented):
    studies.confirm(invented, {0: [1.0, "it diverged"], 1: [2.2, 2.1, 2.3]})

    assert invented.chosen.number == 1


def test_where_all_failed_the_best_is_that_of_the_search(invented):
    studies.confirm(invented, {0: ["it diverged"], 1: ["it diverged"]})

    assert invented.confirmation.is_complete
    assert invented.chosen == invented.best


def test_two_do_not_confirm_one_study_at_the_same_time(study):
    refused = []

    def also(_progress):
        if not refused:
            with pytest.raises(HPOError, match="is being confirmed by another process") as caught:
                confirm(reopened(study))
            refused.append(caught)

    assert confirm(study, on_progress=also).is_complete
    assert refused
    assert confirm(study, repeats=3).is_complete
