import optuna

from hpo.pruners import rungs_of
from hpo.pruners.pruning import Pruning
from hpo.study.running import RunningTrial
from hpo.training.lockstep import EpochReport

MAX_EPOCHS = 120


def run(study, level, *, name="asha", max_epochs=MAX_EPOCHS, folds=(0.0,) * 5, slope=1.0):
    """Tell a trial whose objective falls towards ``level``; returns the epoch of its end."""
    trial = study.ask()
    pruning = Pruning(RunningTrial(study, trial), name, max_epochs=max_epochs, epochs=max_epochs)
    for epoch in sorted(rungs_of(name, max_epochs=max_epochs, epochs=max_epochs)):
        best = level + slope / epoch
        at_folds = [best + fold for fold in folds]
        report = EpochReport(epoch, best, best, at_folds, is_last=epoch == max_epochs)
        if pruning.is_hopeless(report):
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            return epoch
    study.tell(trial, level + slope / max_epochs)
    return max_epochs
