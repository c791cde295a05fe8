import numpy as np
import pytest

import hpo
from hpo import Data, Float, Space, Task
from hpo.search import tensorboard

event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

WORDS = ["", "<start>", "<unknown>", "good", "bad", "film", "plot"]


def load(_data_dir):
    rng = np.random.default_rng(0)
    x = rng.integers(3, 7, (48, 5))
    return Data(x=x, y=(x == 3).any(axis=1).astype("float32"), decode=decode)


def decode(sample):
    return " ".join(WORDS[number] for number in sample)


def model(params, data):
    import keras

    del data
    network = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Embedding(7, 4),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    network.compile(keras.optimizers.Adam(params["rate"]), loss="binary_crossentropy")
    return network


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """The folder of the only trial of a search."""
    folder = tmp_path_factory.mktemp("board")
    task = Task(
        name="words",
        load=load,
        model=model,
        space=Space({"rate": Float(0.01, 0.1, default=0.05)}),
        objective="val_loss",
        cv="kfold:2",
        epochs=3,
    )
    hpo.run(task, trials=1, runs=folder / "runs", tensorboard=folder / "tb")
    return folder / "tb" / "words" / "trial-0"


def read(folder):
    found = event_accumulator.EventAccumulator(str(folder))
    found.Reload()
    return found


@pytest.mark.parametrize("part", ["train", "validation"])
def test_the_curves_have_a_point_for_every_epoch(board, part):
    points = [event.step for event in read(board / part).Tensors("epoch_loss")]

    assert points == [1, 2, 3]


def test_weights_score_and_hyperparameters_are_there(board):
    tags = read(board).Tags()["tensors"]

    assert "val_loss" in tags
    assert any("embedding" in tag for tag in tags)
    assert "_hparams_/session_start_info" in read(board).PluginTagToContent("hparams")


def test_the_projector_gets_a_labelled_row_for_every_word(board):
    vectors = np.loadtxt(board / "words.tsv")
    labels = (board / "labels.tsv").read_text().splitlines()

    assert vectors.shape == (7, 4)
    assert labels[3:] == ["good", "bad", "film", "plot"]
    assert "words.tsv" in (board / "projector_config.pbtxt").read_text()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(hpo.HPOError, match="cannot create this folder"):
        tensorboard.check_folder(tmp_path / "file" / "board")


def test_without_tensorboard_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(hpo.HPOError, match=r"hpo-keras\[tensorboard\]"):
        tensorboard.check_folder(tmp_path)
