import numpy as np
import pytest
from predicting.files import combined, predict

from hpo import Data, HPOError
from hpo.predicting.readers import Expected, open_samples
from hpo_tasks.pictures import load_pictures
from tasks import picture_data, picture_task


def save_picture(path, pixels):
    import tensorflow as tf

    encode = tf.io.encode_png if path.suffix == ".png" else tf.io.encode_jpeg
    path.write_bytes(encode(pixels).numpy())


def test_a_folder_of_pictures_is_predicted_in_the_order_of_names(classifier, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    x = picture_data().x[:5]
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
        data = picture_data()
        return Data(x=data.x / 255, y=data.y, class_names=data.class_names)

    task = picture_task(load=as_floats)
    made = combined(tmp_path / "runs", task)
    folder = tmp_path / "pictures"
    folder.mkdir()
    save_picture(folder / "a.png", picture_data().x[0])

    with pytest.raises(HPOError, match=r"samples are float64, not bytes"):
        predict(made, folder, tmp_path / "out.csv")


def test_a_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "broken.jpg").write_text("no picture")

    with pytest.raises(HPOError, match=r"broken\.jpg is not a picture"):
        next(open_samples(tmp_path, Expected({"": (8, 6, 3)})).chunks(1))


def test_a_table_is_no_folder_of_pictures(tmp_path):
    with pytest.raises(HPOError, match=r"are not pictures; they have shape x \(n_samples, 3\)"):
        open_samples(tmp_path, Expected({"": (3,)}))


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg"])
def test_a_picture_that_was_cut_short_is_named(name, tmp_path):
    path = tmp_path / name
    save_picture(path, picture_data().x[0])
    path.write_bytes(path.read_bytes()[:90])

    with pytest.raises(HPOError, match=f"{name} is not a picture"):
        next(open_samples(tmp_path, Expected({"": (8, 6, 3)})).chunks(1))


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "notes.txt").touch()

    with pytest.raises(HPOError, match=r"does not contain pictures \(\.jpg, "):
        open_samples(tmp_path, Expected({"": (8, 6, 3)}))
