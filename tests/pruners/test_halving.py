import numpy as np
import optuna
from pruners.levels import MAX_EPOCHS, run

from hpo.pruners import rungs
from hpo.pruners.halving import HalvingPruner


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
