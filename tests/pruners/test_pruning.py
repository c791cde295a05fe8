import optuna
import pytest
from pruners.levels import MAX_EPOCHS, run

from hpo.pruners import MIN_COMPLETE_TRIALS, rungs
from hpo.pruners.halving import HalvingPruner
from hpo.pruners.pruning import Pruning
from hpo.study.keys import FAILURE
from hpo.study.running import RunningTrial
from hpo.training.lockstep import EpochReport


@pytest.mark.parametrize("name", ["asha", "hyperband", "median", "wilcoxon"])
def test_a_bad_trial_is_pruned_and_a_good_one_is_not(study, name):
    for level in range(MIN_COMPLETE_TRIALS):
        assert run(study, 10.0 + level, name=name) == MAX_EPOCHS

    assert run(study, 1.0, name=name) == MAX_EPOCHS
    assert run(study, 100.0, name=name) < MAX_EPOCHS


@pytest.mark.parametrize("name", ["asha", "hyperband", "median", "wilcoxon"])
def test_no_trial_is_pruned_before_enough_are_complete(study, name):
    assert [run(study, 10.0 + level, name=name) for level in range(MIN_COMPLETE_TRIALS)] == [
        MAX_EPOCHS
    ] * MIN_COMPLETE_TRIALS


def test_a_trial_that_has_had_its_last_epoch_is_not_pruned(study):
    for level in range(MIN_COMPLETE_TRIALS):
        run(study, 10.0 + level)
    rung = rungs(MAX_EPOCHS)[0]

    def is_hopeless(**settings):
        trial = RunningTrial(study, study.ask())
        pruning = Pruning(trial, "asha", max_epochs=MAX_EPOCHS, epochs=MAX_EPOCHS)
        return pruning.is_hopeless(EpochReport(rung, 100.0, 100.0, [100.0], **settings))

    assert not is_hopeless(is_last=True)
    assert is_hopeless()


def test_none_prunes_nothing(study):
    assert [run(study, 10.0 * level, name="none") for level in range(8)] == [MAX_EPOCHS] * 8
    assert all(not trial.intermediate_values for trial in study.trials)


def test_what_was_interrupted_counts_once_it_is_tried_again(study):
    for value in (0.4, 0.4, 0.5, 0.6, 0.7, 0.8):
        trial = study.ask()
        trial.report(value, 10)
    first = study.get_trials(deepcopy=False)[0]
    study._storage.set_trial_user_attr(
        first._trial_id, FAILURE, {"reason": "stopped", "cause": "interrupted"}
    )
    study.tell(first.number, state=optuna.trial.TrialState.FAIL)
    trial = study.ask()
    trial.report(0.45, 10)

    assert not HalvingPruner(10, 3).prune(study, study.trials[-1])  # the second of six


def test_where_more_is_better_the_low_one_is_pruned():
    study = optuna.create_study(direction="maximize")
    for level in range(MIN_COMPLETE_TRIALS):
        run(study, 10.0 + level, slope=-1.0)

    assert run(study, 100.0, slope=-1.0) == MAX_EPOCHS
    assert run(study, 1.0, slope=-1.0) < MAX_EPOCHS


def test_a_trial_reports_on_its_rungs_only(study):
    run(study, 1.0)

    assert list(study.trials[0].intermediate_values) == rungs(MAX_EPOCHS)
