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
    trainer.load(state)
    logs = [trainer.run_epoch(fold, arrays.train) for _ in range(epochs)]
    return trainer.save(), logs
