"""IMDB and Reuters: their data, and that every branch of their spaces is a network that learns."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from hpo import HPOError
from hpo.plugins import load_space, load_task
from hpo.training.evaluation import Evaluator
from hpo_tasks import imdb, reuters
from tasks import text_data

real_data = pytest.mark.skipif(
    "HPO_DATA_DIR" not in os.environ, reason="HPO_DATA_DIR does not name a folder with the data"
)

BRANCHES = {
    "imdb": [
        *(f"architecture=bag layers={layers} weighting=nb" for layers in range(3)),
        "architecture=bag weighting=tfidf ngrams=1",
        "architecture=average ngrams=2",
        "architecture=conv conv_layers=1",
        "architecture=conv conv_layers=2",
        "architecture=recurrent cell=gru",
        "architecture=recurrent cell=lstm",
    ],
    "reuters": [
        *(f"architecture=bag layers={layers} weighting=tfidf" for layers in range(3)),
        "architecture=bag weighting=count",
        "architecture=conv conv_layers=2",
    ],
}
SMALL = {"num_features": 500, "max_ngrams": 30, "num_words": 100, "max_len": 30}


@pytest.mark.parametrize(
    ("name", "branch"), [(name, branch) for name, found in BRANCHES.items() for branch in found]
)
def test_every_branch_learns_in_the_fused_loop_and_loads_without_the_plugin(name, branch, tmp_path):
    n_classes = 2 if name == "imdb" else 46
    params = load_space(name).override(branch.split()).defaults()
    params |= {parameter: value for parameter, value in SMALL.items() if parameter in params}
    params |= {"learning_rate": 0.01, "batch_size": 8, "epochs": 4}
    data = text_data(min(n_classes, 4))
    evaluation = Evaluator(load_task(name), data, "holdout:0.25").evaluate(
        params, keep_models=lambda _score: tmp_path
    )
    assert evaluation.training.startswith("fused")
    curve = evaluation.arrays.curves["loss"].mean(axis=1)
    assert curve[-1] < curve[0]
    model = keras.saving.load_model(tmp_path / "fold-0.keras", safe_mode=True)
    assert model.output_shape == (None, 1 if name == "imdb" else 46)


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_a_network_of_one_branch_has_no_parameters_of_the_others(name):
    bag = load_space(name).override(["architecture=bag"]).names
    conv = load_space(name).override(["architecture=conv"]).names
    assert "ngrams" in bag
    assert not {"kernel_size", "filters", "max_len"} & set(bag)
    assert not {"ngrams", "weighting", "num_features"} & set(conv)


@pytest.mark.parametrize("task", [imdb, reuters])
def test_missing_data_is_told_in_one_line(task, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr("hpo_tasks.sources._fetch", _no_network)
    with pytest.raises(HPOError, match=task.task.name) as caught:
        task.load(tmp_path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def _no_network(*_arguments):
    raise OSError("no network")


@real_data
def test_the_reviews_are_those_of_the_textbooks():
    data = imdb.load(Path(os.environ["HPO_DATA_DIR"]))
    assert len(data.x) == len(data.x_test) == 25_000
    assert data.y.mean() == data.y_test.mean() == 0.5
    assert "bromwell high is a cartoon comedy" in data.decode(data.x[0])


@real_data
def test_the_newswires_are_cut_as_keras_cuts_them():
    data = reuters.load(Path(os.environ["HPO_DATA_DIR"]))
    assert (len(data.x), len(data.x_test)) == (8_982, 2_246)
    assert np.bincount(data.y).max() == 3_159
    assert data.y[0] == 3
    assert data.y_test[0] == 3
    assert data.decode(data.x[0]).startswith("mcgrath rentcorp said as a result")
