from dataclasses import dataclass, field

import keras
import numpy as np

from hpo.training import FoldArrays


@dataclass
class ScriptedModel:
    """Its one weight is the number of epochs it was trained."""

    epochs: int = 0
    stop_training: bool = False
    optimizer: object = field(default_factory=object)

    def compile(self):
        self.optimizer = object()

    def get_weights(self):
        return [np.array(self.epochs)]

    def set_weights(self, weights):
        self.epochs = int(weights[0])


class ScriptedTrainer:
    """Logs what a script says, and predicts how many epochs its model was trained."""

    path = "scripted"

    def __init__(self, model, script, max_epochs=1):
        self.model = model
        self.script = [list(of_fold) for of_fold in script]
        self.orders = [[] for _fold in script]
        self.max_epochs = max_epochs

    def save(self):
        return self.model.epochs

    def load(self, state):
        self.model.epochs = state

    def run_fold(self, fold, state, orders):
        self.model.epochs = state
        return [self._run_epoch(fold, order) for order in orders]

    def _run_epoch(self, fold, order):
        self.model.epochs += 1
        self.orders[fold].append(order)
        logs = self.script[fold].pop(0)
        logs = logs if isinstance(logs, dict) else {"loss": 0.5, "val_loss": logs}
        return logs, self.model.epochs

    def predict(self, fold):
        del fold
        return {"": np.array([self.model.epochs])}


def linear_model(*layers):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), *(layers or [keras.layers.Dense(1)])])
    model.compile(keras.optimizers.SGD(0.02), "mse")
    return model


def linear_folds():
    """Two folds of 12 samples to train on and 4 to validate on."""
    x = np.random.default_rng(1).normal(size=(16, 3)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    rows = np.arange(16)
    return [
        FoldArrays(x, y.copy(), None, rows[4:], rows[:4]),
        FoldArrays(x, y.copy(), None, rows[:12], rows[12:]),
    ]
