"""Damaged journals: the search goes on or is refused in one line, and no score is lost."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

import hpo
from hpo.data.splits import validated_by
from hpo.errors import HPOError
from hpo.training.evaluation import Evaluation, Evaluator, TrialArrays

PLUGIN = Path(__file__).parents[1] / "plugins" / "tiny_task.py"


def evaluate(evaluator, params, **_settings):
    score = params["learning_rate"] * params["units"]
    curves = {name: np.full((2, 1), score) for name in ("loss", "mae", "val_loss", "val_mae")}
    index, fold = validated_by([split.validation for split in evaluator.splits])
    arrays = TrialArrays(curves, index, {"": np.zeros((len(index), 1), "float32")}, fold)
    return Evaluation(score, [score], [2], 10, "fused", "mse", arrays)


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """A study of eight trials, evaluated by a formula."""
    monkeypatch.setattr(Evaluator, "evaluate", evaluate)
    search(tmp_path / "runs", n_trials=8)
    return tmp_path / "runs" / "tiny"


def search(runs, n_trials):
    return hpo.run(str(PLUGIN), runs=runs, trials=n_trials, executor="inline", sampler="tpe")


def scores(directory):
    """The scores by trial; empty where the study cannot be read."""
    try:
        return {trial.number: trial.score for trial in hpo.load_study(directory).ranking}
    except HPOError:
        return {}


@pytest.mark.parametrize("kind", ["bytes", "values", "lines"])
def test_a_search_on_a_damaged_journal_goes_on_or_is_refused_and_loses_no_score(
    fuzzer, whole, tmp_path, kind
):
    content = (whole / "journal.log").read_bytes()
    for number in fuzzer.rounds(at_least=6):
        copy = Path(shutil.copytree(whole, tmp_path / f"copy-{number}" / "tiny"))
        (copy / "journal.log").write_bytes(fuzzer.damaged_journal(content, kind))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            before = scores(copy)
            try:
                search(copy.parent, n_trials=10)
            except HPOError as error:
                assert "\n" not in str(error)  # noqa: PT017  (or it is read)
            after = scores(copy)
        assert before.items() <= after.items()
        shutil.rmtree(copy.parent)
