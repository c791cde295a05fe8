import optuna

from hpo.pruners.pruning import Pruning, TrialPruned
from hpo.study.running import RunningTrial
from hpo.training.lockstep import EpochReport

MAX_EPOCHS = 120


def run(study, level, *, name="asha", max_epochs=MAX_EPOCHS, folds=(0.0,) * 5, slope=1.0):
    """Tell a trial whose objective falls towards ``level``; returns the epoch of its end."""
    trial = study.ask()
    prune = Pruning(RunningTrial(study, trial), name, max_epochs=max_epochs, epochs=max_epochs)
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
