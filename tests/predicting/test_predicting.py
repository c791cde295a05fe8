"""Predicting files of samples chunk by chunk."""

import csv
import os

import keras
import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

import hpo
from hpo import Data, Float, HPOError, Space, Task
from hpo.errors import UsageError
from hpo.predicting import answers, look_into, predict_file
from hpo.predicting.readers import Expected, open_samples
from hpo_tasks.pictures import load_pictures

N = 40
NAMES = ["width", "height", "age"]


def load(_data_dir):
    x = np.random.default_rng(0).normal(size=(N, 3))
    return Data(x=x, y=x @ [1.0, -2.0, 0.5], feature_names=NAMES)


def build(_params, data):
    network = keras.Sequential([keras.Input(data.x.shape[1:]), keras.layers.Dense(1)])
    network.compile(keras.optimizers.SGD(0.05), "mse", metrics=["mae"])
    return network


def make_task(**settings):
    return Task(
        **{
            "name": "linear",
            "load": load,
            "model": build,
            "space": Space({"rate": Float(1e-3, 0.2, log=True, default=0.05)}),
            "objective": "val_mae",
            "cv": "kfold:2",
            "epochs": 2,
            "batch_size": 8,
            "preprocessor": lambda _params: StandardScaler(),
            **settings,
        }
    )


def combined(folder, task):
    study = hpo.run(task, trials=1, runs=folder)
    return hpo.ensemble(study, task=task, method="mean")


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    return combined(tmp_path_factory.mktemp("runs"), make_task())


X = np.random.default_rng(1).normal(size=(23, 3))


def write_table(path, rows, header=None):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([*([header] if header else []), *rows])
    return path


def predict(ensemble, path, output, **settings):
    return predict_file(ensemble, look_into(ensemble.study, path, output), output, **settings)


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("chunk", [5, 23, 1000])
def test_an_npz_file_is_predicted_in_chunks(save, chunk, ensemble, tmp_path):
    save(tmp_path / "x.npz", x=X)
    told = []

    predicted = predict(
        ensemble,
        tmp_path / "x.npz",
        tmp_path / "out.npz",
        chunk=chunk,
        on_progress=lambda *progress: told.append(progress),
    )

    assert predicted.n_samples == 23
    assert told[-1] == (23, 23)
    assert len(told) == -(-23 // chunk)
    with np.load(tmp_path / "out.npz") as found:
        assert found.files == ["predictions"]
        np.testing.assert_allclose(found["predictions"], ensemble.predict(X), rtol=1e-5)


def test_columns_of_a_table_are_found_by_their_names(ensemble, tmp_path):
    rows = np.column_stack([np.arange(23), X[:, [2, 0, 1]]])
    path = write_table(tmp_path / "x.csv", rows, ["number", "age", "width", "height"])

    predict(ensemble, path, tmp_path / "out.csv", chunk=7)

    found = [float(row["value"]) for row in rows_of(tmp_path / "out.csv")]
    np.testing.assert_allclose(found, ensemble.predict(X).ravel(), rtol=1e-5)


def test_columns_without_names_stand_in_the_order_of_the_features(ensemble, tmp_path):
    path = write_table(tmp_path / "x.csv", X)

    predict(ensemble, path, tmp_path / "out.npz")

    with np.load(tmp_path / "out.npz") as found:
        np.testing.assert_allclose(found["predictions"], ensemble.predict(X), rtol=1e-5)


def test_numbers_of_columns_as_pandas_writes_them_are_no_sample(tmp_path):
    path = write_table(tmp_path / "x.csv", [[5, 6, 7]], ["0", "1", "2"])

    chunk = next(open_samples(path, Expected({"": (3,)}, NAMES)).chunks(10))

    np.testing.assert_array_equal(chunk, [[5, 6, 7]])


def test_an_empty_cell_is_not_a_number(tmp_path):
    path = write_table(tmp_path / "x.csv", [[1, "", 3]], NAMES)

    chunk = next(open_samples(path, Expected({"": (3,)}, NAMES)).chunks(10))

    np.testing.assert_array_equal(chunk, [[1, np.nan, 3]])


def test_without_an_output_a_table_is_printed(ensemble, tmp_path, capsys):
    np.savez(tmp_path / "x.npz", x=X)

    predict(ensemble, tmp_path / "x.npz", None)

    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "value"
    assert len(rows) == 23


# ---------------------------------------------------------------- classes


def load_classes(_data_dir):
    x = np.random.default_rng(0).integers(0, 256, size=(40, 8, 6, 3), dtype="uint8")
    return Data(x=x, y=np.arange(40) % 2, class_names=["cat", "dog"])


def build_classes(_params, data):
    layers = [keras.Input(data.x.shape[1:]), keras.layers.Rescaling(1 / 255)]
    layers += [keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")]
    network = keras.Sequential(layers)
    network.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return network


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    task = make_task(
        load=load_classes, model=build_classes, objective="val_accuracy", preprocessor=None
    )
    return combined(tmp_path_factory.mktemp("runs"), task)


def test_classes_get_a_label_and_a_probability_each(classifier, tmp_path):
    x = load_classes(None).x[:9]
    np.savez(tmp_path / "x.npz", x=x)

    predict(classifier, tmp_path / "x.npz", tmp_path / "out.csv", chunk=4)

    chances = classifier.predict(x).ravel()
    for row, chance in zip(rows_of(tmp_path / "out.csv"), chances, strict=True):
        assert float(row["probability_dog"]) == pytest.approx(chance, abs=1e-5)
        assert float(row["probability_cat"]) == pytest.approx(1 - chance, abs=1e-5)
        assert row["label"] == ("dog" if chance > 0.5 else "cat")


def test_an_npz_output_of_classes_holds_the_labels(classifier, tmp_path):
    x = load_classes(None).x[:9]
    np.savez(tmp_path / "x.npz", x=x)

    predict(classifier, tmp_path / "x.npz", tmp_path / "out.npz", chunk=2)

    with np.load(tmp_path / "out.npz", allow_pickle=False) as found:
        assert found["predictions"].shape == (9, 1)
        assert set(found["labels"]) <= {"cat", "dog"}
        assert found["labels"].shape == (9,)


def test_of_several_classes_the_most_probable_is_the_label():
    found = answers(np.array([[0.2, 0.7, 0.1], [0.5, 0.1, 0.4]]), ("a", "b", "c"))

    assert found.labels.tolist() == ["b", "a"]


# ---------------------------------------------------------------- pictures


def save_picture(path, pixels):
    import tensorflow as tf

    encode = tf.io.encode_png if path.suffix == ".png" else tf.io.encode_jpeg
    path.write_bytes(encode(pixels).numpy())


def test_a_folder_of_pictures_is_predicted_in_the_order_of_names(classifier, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    x = load_classes(None).x[:5]
    for number, pixels in enumerate(x):
        save_picture(folder / f"{number}.png", pixels)
    (folder / "notes.txt").touch()

    predict(classifier, folder, tmp_path / "out.npz", chunk=2)

    with np.load(tmp_path / "out.npz") as found:
        np.testing.assert_allclose(found["predictions"], classifier.predict(x), rtol=1e-5)


def test_pictures_are_decoded_and_shrunk_as_those_of_the_built_in_task(tmp_path, monkeypatch):
    monkeypatch.setenv("HPO_CACHE_DIR", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for number, shape in enumerate([(40, 30, 3), (17, 33, 3), (20, 20, 3)]):
        save_picture(tmp_path / f"{number}.jpg", rng.integers(0, 256, shape, dtype="uint8"))

    samples = open_samples(tmp_path, Expected({"": (20, 20, 3)}))

    expected = load_pictures(sorted(tmp_path.glob("*.jpg")), 20)
    np.testing.assert_array_equal(np.concatenate([*samples.chunks(2)]), expected)


def test_pictures_for_samples_that_are_no_bytes_are_refused(tmp_path):
    def as_floats(data_dir):
        data = load_classes(data_dir)
        return Data(x=data.x / 255, y=data.y, class_names=data.class_names)

    task = make_task(
        load=as_floats, model=build_classes, objective="val_accuracy", preprocessor=None
    )
    made = combined(tmp_path / "runs", task)
    folder = tmp_path / "pictures"
    folder.mkdir()
    save_picture(folder / "a.png", load_classes(None).x[0])

    with pytest.raises(HPOError, match="samples are no bytes but float64"):
        predict(made, folder, tmp_path / "out.csv")


def test_a_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "broken.jpg").write_text("no picture")

    with pytest.raises(HPOError, match=r"broken\.jpg is no picture"):
        next(open_samples(tmp_path, Expected({"": (8, 6, 3)})).chunks(1))


# ---------------------------------------------------------------- texts

TEXTS = [[1, 5, 6], [], [1], [1, 7, 8, 9]]
OF_TEXTS = Expected({"": ()})


def test_padded_texts_become_arrays_of_their_own_lengths(tmp_path):
    padded = np.array([[*text, *[0] * (5 - len(text))] for text in TEXTS])
    np.savez(tmp_path / "x.npz", x=padded)

    chunks = [*open_samples(tmp_path / "x.npz", OF_TEXTS).chunks(3)]

    assert [len(chunk) for chunk in chunks] == [3, 1]
    assert [text.tolist() for chunk in chunks for text in chunk] == TEXTS


@pytest.mark.parametrize("size", [1, 3, 10])
def test_ragged_texts_are_given_as_tokens_and_offsets(size, tmp_path):
    offsets = np.cumsum([0, *map(len, TEXTS)])
    tokens = np.concatenate([np.array(text, "int64") for text in TEXTS])
    np.savez_compressed(tmp_path / "x.npz", tokens=tokens, offsets=offsets)

    samples = open_samples(tmp_path / "x.npz", OF_TEXTS)

    assert samples.n_samples == 4
    found = [text for chunk in samples.chunks(size) for text in chunk]
    assert [text.tolist() for text in found] == TEXTS
    assert {text.dtype for text in found} == {np.dtype("int32")}


@pytest.mark.parametrize("offsets", [[1, 8], [0, 7], [0, 9, 8], [0.0, 8.0]])
def test_offsets_that_do_not_fit_are_refused(offsets, tmp_path):
    np.savez(tmp_path / "x.npz", tokens=np.arange(8), offsets=np.array(offsets))

    with pytest.raises(HPOError, match="offsets must rise from 0 to the number of tokens, 8"):
        next(open_samples(tmp_path / "x.npz", OF_TEXTS).chunks(9))


# ---------------------------------------------------------------- several inputs


def test_several_inputs_are_arrays_of_their_names(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.arange(10).reshape(5, 2), b=np.arange(5))
    expected = Expected({"a": (2,), "b": ()})

    chunks = [*open_samples(tmp_path / "x.npz", expected).chunks(3)]

    assert [chunk["a"].shape for chunk in chunks] == [(3, 2), (2, 2)]
    np.testing.assert_array_equal(np.concatenate([chunk["b"] for chunk in chunks]), np.arange(5))


# ---------------------------------------------------------------- what does not fit


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros((2, 4))}, r"x must have shape \(n_samples, 3\). Received: \(2, 4\)"),
        ({"y": np.zeros((2, 3))}, "must hold x and nothing else. It holds: y"),
        ({"x": np.zeros((2, 3)), "y": np.zeros(2)}, "It holds: x, y"),
        ({"x": np.array([[1, "a", None]], dtype=object)}, "x is an array of Python objects"),
        ({"x": np.asfortranarray(np.zeros((4, 3)))}, "stored column by column"),
    ],
)
def test_arrays_that_do_not_fit_are_told_before_anything_is_loaded(arrays, message, tmp_path):
    np.savez(tmp_path / "x.npz", **arrays)

    with pytest.raises(HPOError, match=message):
        open_samples(tmp_path / "x.npz", Expected({"": (3,)}))


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        (["width", "age", "deep"], [[1, 2, 3]], "lacks the columns height. Its header has: width"),
        (None, [[1, 2]], "must have 3 columns. Received: 2"),
        (None, [[1, 2, 3], [1, 2]], "line 2 has 2 cells, the first line 3"),
        (NAMES, [[1, 2, 3], [1, "two", 3]], "line 3 holds no numbers: .*'two'"),
        ([*NAMES, "age"], [[1, 2, 3, 4]], "stands twice"),
    ],
)
def test_tables_that_do_not_fit_are_refused(header, rows, message, tmp_path):
    path = write_table(tmp_path / "x.csv", rows, header)

    with pytest.raises(HPOError, match=message):
        [*open_samples(path, Expected({"": (3,)}, NAMES)).chunks(10)]


def test_pictures_are_no_table(tmp_path):
    path = write_table(tmp_path / "x.csv", [[1, 2]])

    with pytest.raises(HPOError, match=r"a table cannot hold samples of shape x \(n_samples, 8"):
        open_samples(path, Expected({"": (8, 6, 3)}))


def test_a_table_is_no_folder_of_pictures(tmp_path):
    with pytest.raises(HPOError, match=r"samples are no pictures but of shape x \(n_samples, 3\)"):
        open_samples(tmp_path, Expected({"": (3,)}))


@pytest.mark.parametrize("name", ["missing.npz", "notes.txt"])
def test_a_file_of_another_kind_is_a_wrong_usage(name, tmp_path):
    (tmp_path / "notes.txt").touch()

    with pytest.raises(UsageError):
        open_samples(tmp_path / name, Expected({"": (3,)}))


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "x.npz").write_text("no archive")

    with pytest.raises(HPOError, match=r"x\.npz: is no \.npz file"):
        open_samples(tmp_path / "x.npz", Expected({"": (3,)}))


def test_no_samples_are_an_error_and_leave_no_file(ensemble, tmp_path):
    np.savez(tmp_path / "x.npz", x=np.zeros((0, 3)))

    with pytest.raises(HPOError, match="there are no samples"):
        predict(ensemble, tmp_path / "x.npz", tmp_path / "out.csv")

    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]


@pytest.mark.parametrize("name", ["out.csv", "out.npz"])
def test_an_error_half_way_leaves_what_was_there(name, ensemble, tmp_path):
    path = write_table(tmp_path / "x.csv", [*X, [1, "two", 3]], NAMES)
    (tmp_path / name).write_text("before")

    with pytest.raises(HPOError, match="line 25 holds no numbers"):
        predict(ensemble, path, tmp_path / name, chunk=5)

    assert (tmp_path / name).read_text() == "before"
    assert sorted(found.name for found in tmp_path.iterdir()) == sorted([name, "x.csv"])


def test_an_output_of_another_kind_is_a_wrong_usage(ensemble, tmp_path):
    np.savez(tmp_path / "x.npz", x=X)

    with pytest.raises(UsageError, match=r"written to a \.csv or an \.npz file"):
        look_into(ensemble.study, tmp_path / "x.npz", tmp_path / "out.json")


# ---------------------------------------------------------------- tampering


def test_a_model_that_is_a_link_to_elsewhere_is_refused(tmp_path):
    made = combined(tmp_path / "runs", make_task())
    model = made.study.model_paths(0)[0]
    model.rename(tmp_path / "elsewhere.keras")
    model.symlink_to(tmp_path / "elsewhere.keras")
    np.savez(tmp_path / "x.npz", x=X)
    loaded = hpo.load_ensemble(made.study, task=make_task())

    with pytest.raises(HPOError, match="outside of its study"):
        predict(loaded, tmp_path / "x.npz", tmp_path / "out.csv")


def test_a_study_whose_folder_was_renamed_or_lies_elsewhere_predicts(tmp_path):
    made = combined(tmp_path / "runs", make_task())
    made.study.directory.rename(tmp_path / "disk")
    (tmp_path / "runs" / "renamed").symlink_to(tmp_path / "disk")
    np.savez(tmp_path / "x.npz", x=X)
    loaded = hpo.load_ensemble("renamed", runs=tmp_path / "runs", task=make_task())

    predict(loaded, tmp_path / "x.npz", tmp_path / "out.npz")

    with np.load(tmp_path / "out.npz") as found:
        assert found["predictions"].shape == (23, 1)


def test_a_member_that_was_searched_after_the_ensemble_was_made_is_refused(tmp_path):
    made = combined(tmp_path / "runs", make_task())
    path = made.study.directory / "ensemble" / "ensemble.json"
    path.write_text(path.read_text().replace(made.result["created"], "2020-01-01T00:00:00+00:00"))

    with pytest.raises(HPOError, match="searched after the ensemble was made"):
        hpo.load_ensemble(made.study, task=make_task())


def test_a_member_of_a_study_elsewhere_is_refused(tmp_path):
    made = combined(tmp_path / "runs", make_task())
    path = made.study.directory / "ensemble" / "ensemble.json"
    path.write_text(path.read_text().replace('"study": "linear"', '"study": "../linear"'))

    with pytest.raises(HPOError, match=r"members of study '\.\./linear'"):
        hpo.load_ensemble(made.study, task=make_task())


def test_a_model_with_a_lambda_is_refused(tmp_path):
    made = combined(tmp_path / "runs", make_task())
    inputs = keras.Input((3,))
    outputs = keras.layers.Lambda(lambda x: x * 2)(inputs)
    keras.Model(inputs, outputs).save(made.study.model_paths(0)[0])
    np.savez(tmp_path / "x.npz", x=X)
    loaded = hpo.load_ensemble(made.study, task=make_task())

    with pytest.raises(HPOError, match="Lambda layers are not loaded"):
        predict(loaded, tmp_path / "x.npz", tmp_path / "out.csv")


class Harm:
    """Makes a folder when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_samples_of_python_objects_are_not_unpickled(ensemble, tmp_path):
    harm = Harm(str(tmp_path / "harm"))
    np.savez(tmp_path / "x.npz", x=np.array([harm], dtype=object))

    with pytest.raises(HPOError, match="would have to be unpickled"):
        predict(ensemble, tmp_path / "x.npz", None)

    assert not (tmp_path / "harm").exists()
