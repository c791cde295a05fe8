import keras
import numpy as np
from keras import layers

from hpo.training import FoldArrays, variables
from hpo.training.fit import FitTrainer
from hpo.training.tensorflow import FusedTrainer

BATCH = 8


def samples(n, *shape):
    return np.random.default_rng(n).normal(size=(n, *shape)).astype("float32")


def two_folds(x=None, y=None, weight=None):
    """Folds of 20 and 27 training samples out of 40."""
    x = samples(40, 4) if x is None else x
    y = samples(40, 1) if y is None else y
    order = np.random.default_rng(0).permutation(40)
    return [
        FoldArrays(x, y, weight, order[:20], order[20:]),
        FoldArrays(x, y, weight, order[13:], order[:13]),
    ]


def compiled(*hidden, metrics=("mae",), **settings):
    model = keras.Sequential([keras.Input((4,)), *hidden, layers.Dense(1)])
    model.compile("adam", "mse", metrics=list(metrics), **settings)
    return model


def trainer_of(model, folds, loop):
    variables.build(model, folds[0], BATCH)
    if loop == "fit":
        return FitTrainer(model, folds, batch_size=BATCH)
    return FusedTrainer(model, folds, batch_size=BATCH, xla=loop == "fused-xla")


def train(trainer, state, fold, arrays, epochs=1):
    """Train a fold, as many epochs in a call as the trainer takes."""
    logs = []
    while len(logs) < epochs:
        n_epochs = min(trainer.max_epochs, epochs - len(logs))
        trained = trainer.run_fold(fold, state, [arrays.train] * n_epochs)
        logs += [log for log, _state in trained]
        state = trained[-1][1]
    return state, logs


def run_epoch(trainer, fold, arrays):
    """Train a fold for one epoch from where the model is, and leave the model there."""
    state, logs = train(trainer, trainer.save(), fold, arrays)
    trainer.load(state)
    return logs[0]
