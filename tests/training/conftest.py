import numpy as np
import pytest
from training.scripted import ScriptedModel, ScriptedTrainer

from hpo.training import FoldArrays, lockstep, stage_run
from tasks import bare_task


@pytest.fixture
def made():
    """The trainers that the test made."""
    return []


@pytest.fixture
def train_scripted(monkeypatch, made):
    """Trains as scripts say: the objective by stage, fold and epoch."""

    def train(*stages, params=None, report=None, **settings):
        scripts = list(stages)

        def make(model, folds, **choices):
            made.append(ScriptedTrainer(model, scripts.pop(0)))
            made[-1].choices = choices
            assert len(folds) == len(made[-1].script)
            return made[-1]

        monkeypatch.setattr(stage_run, "make_trainer", make)
        rows = np.arange(12)
        folds = [
            FoldArrays(rows, rows, None, rows[rows % 3 != fold], rows[rows % 3 == fold])
            for fold in range(len(stages[0]))
        ]
        task = bare_task(
            **{"objective": "val_loss", "epochs": len(stages[0][0]), "patience": 100, **settings}
        )
        return lockstep.train(task, ScriptedModel(), folds, params or {}, seed=7, report=report)

    return train
