import numpy as np
import optuna

from hpo.study.keys import SEED, WORKER
from hpo.study.settings import Settings
from hpo.training.evaluation import Evaluation, TrialArrays

SPACE = """\
[units]
type = "int"
low = 1
high = 64
default = 8

[rate]
type = "float"
low = 0.0
high = 1.0
"""


SETTINGS = Settings(
    task="demo",
    task_name="demo",
    objective="val_mae",
    direction="minimize",
    cv="kfold:2",
    space=SPACE,
)


def evaluation(score=1.0, outputs=("",), **more):
    n = 6
    return Evaluation(
        score=score,
        fold_scores=[score - 0.5, score + 0.5],
        epochs=[3, 2],
        model_size=42,
        training="fused",
        loss="mse",
        arrays=TrialArrays(
            curves={"mae": np.ones((7, 2)), "val_mae": np.full((7, 2), score)},
            index=np.arange(n),
            predictions={name: np.full((n, 1), score, "float32") for name in outputs},
            fold=np.arange(n) % 2,
        ),
        **more,
    )


def ask(study, worker=None, seed=None):
    """Begin a trial as a worker does."""
    trial = study.queue.ask(optuna.samplers.RandomSampler())
    if worker is not None:
        trial.set_attribute(WORKER, worker)
    if seed is not None:
        trial.set_attribute(SEED, seed)
    trial.suggest(study.space)
    return trial


def complete(study, *scores):
    for score in scores:
        study.queue.complete(ask(study), evaluation(score))
