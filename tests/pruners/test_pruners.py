import numpy as np
import optuna
import pytest

from hpo import Categorical, Float, Int, Space, Stage
from hpo.errors import UsageError
from hpo.pruners import MIN_COMPLETE_TRIALS, NAMES, check, make_pruner, max_epochs_of, rungs
from hpo.pruners.halving import HalvingPruner
from hpo.pruners.pruning import Pruning, TrialPruned
from hpo.study.keys import FAILURE
from hpo.training.lockstep import EpochReport
from tasks import bare_task

MAX_EPOCHS = 120


@pytest.fixture
def study():
    # Hyperband draws brackets by the name.
    return optuna.create_study(study_name="homes", direction="minimize")


def run(study, level, *, name="asha", max_epochs=MAX_EPOCHS, folds=(0.0,) * 5, slope=1.0):
    """Tell a trial whose objective falls towards ``level``; returns the epoch of its end."""
    trial = study.ask()
    prune = Pruning(study, trial, name, max_epochs=max_epochs, epochs=max_epochs)
    for epoch in range(1, max_epochs + 1):
        best = level + slope / epoch
        try:
            at_folds = [best + fold for fold in folds]
            prune(EpochReport(epoch, best, best, at_folds, is_last=epoch == max_epochs))
        except TrialPruned:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return epoch
    study.tell(trial, level + slope / max_epochs)
    return max_epochs


@pytest.mark.parametrize("max_epochs", [1, 2, 5, 12, 20, 25, 100, 200, 1000])
def test_rungs_are_few_and_within_the_training(max_epochs):
    found = rungs(max_epochs)

    assert found == sorted(set(found))
    assert 1 <= found[0] <= max(1, max_epochs // 12)
    assert found[-1] <= max_epochs
    assert len(found) <= 6


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
    Pruning(study, study.ask(), "asha", max_epochs=MAX_EPOCHS, epochs=MAX_EPOCHS)(
        EpochReport(rung, 100.0, 100.0, [100.0], is_last=True)
    )

    with pytest.raises(TrialPruned):
        Pruning(study, study.ask(), "asha", max_epochs=MAX_EPOCHS, epochs=MAX_EPOCHS)(
            EpochReport(rung, 100.0, 100.0, [100.0])
        )


def test_none_prunes_nothing(study):
    assert [run(study, 10.0 * level, name="none") for level in range(8)] == [MAX_EPOCHS] * 8
    assert all(not trial.intermediate_values for trial in study.trials)


def test_auto_is_asha_for_long_trials_only():
    assert make_pruner("auto", max_epochs=20, epochs=20) is None
    assert isinstance(make_pruner("auto", max_epochs=200, epochs=200), HalvingPruner)


def test_halving_decides_as_optunas_does():
    own, theirs = optuna.create_study(), optuna.create_study()
    optunas = optuna.pruners.SuccessiveHalvingPruner(min_resource=10, reduction_factor=3)
    rng = np.random.default_rng(0)
    decisions = []
    for _ in range(60):
        level, trials = rng.normal(), [own.ask(), theirs.ask()]
        for epoch in rungs(MAX_EPOCHS):
            value = level + rng.normal() / epoch
            for trial in trials:
                trial.report(value, epoch)
            decisions.append(
                (
                    HalvingPruner(10, 3).prune(own, own.trials[-1]),
                    optunas.prune(theirs, theirs.trials[-1]),
                )
            )
            if decisions[-1][0]:
                break
        for study, trial in zip((own, theirs), trials, strict=True):
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)

    assert {first == second for first, second in decisions} == {True}
    assert {first for first, _ in decisions} == {True, False}


def test_a_study_may_go_over_from_hyperband_to_asha(study):
    for level in range(30):
        run(study, float(level % 7), name="hyperband")

    kept = [run(study, float(level % 7)) for level in range(30)]

    assert 3 <= kept.count(MAX_EPOCHS) <= 20


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


def test_folds_that_do_not_agree_are_no_reason_to_prune(study):
    for level in range(MIN_COMPLETE_TRIALS):
        run(study, 10.0 + level, name="wilcoxon")

    # Worse in the mean, and better on two of five folds.
    mixed = run(study, 10.5, name="wilcoxon", folds=(3.0, 3.0, 3.0, -1.0, -1.0))

    assert mixed == MAX_EPOCHS


def test_a_trial_reports_on_its_rungs_only(study):
    run(study, 1.0)

    assert list(study.trials[0].intermediate_values) == rungs(MAX_EPOCHS)


def test_a_pruner_that_does_not_exist_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean asha"):
        check("ahsa")


def test_a_test_of_folds_needs_folds():
    with pytest.raises(UsageError, match="needs 4 folds or more, not 3"):
        check("wilcoxon", 3)
    for name in NAMES:
        check(name, 4)


@pytest.mark.parametrize(
    ("epochs", "stages", "max_epochs"),
    [
        (None, (), 30),
        (Int(10, 50), (), 50),
        (Categorical([5, 80]), (), 80),
        (Int(5, 10, when={"rate": ">0.5"}), (), 30),
        (None, (Stage("more", 12, lambda *_: None),), 42),
        (None, (Stage("more", lambda _: 12, lambda *_: None),), 30),
    ],
)
def test_the_most_epochs_are_those_of_the_space_or_the_task(epochs, stages, max_epochs):
    parameters = {"rate": Float(0.1, 1.0)} | ({"epochs": epochs} if epochs else {})
    space = Space(parameters)
    task = bare_task(space=space, epochs=30, stages=stages)

    assert max_epochs_of(task, space) == max_epochs
