import numpy as np
import pytest
from predicting.files import NAMES, X, predict, rows_of, write_table

from hpo import HPOError
from hpo.errors import UsageError
from hpo.predicting import look_into
from tasks import picture_data


def test_without_an_output_a_table_is_printed(ensemble, tmp_path, capsys):
    np.savez(tmp_path / "x.npz", x=X)

    predict(ensemble, tmp_path / "x.npz", None)

    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "value"
    assert len(rows) == 23


def test_classes_get_a_label_and_a_probability_each(classifier, tmp_path):
    x = picture_data().x[:9]
    np.savez(tmp_path / "x.npz", x=x)

    predict(classifier, tmp_path / "x.npz", tmp_path / "out.csv", chunk=4)

    chances = classifier.predict(x).ravel()
    for row, chance in zip(rows_of(tmp_path / "out.csv"), chances, strict=True):
        assert float(row["probability_dog"]) == pytest.approx(chance, abs=1e-5)
        assert float(row["probability_cat"]) == pytest.approx(1 - chance, abs=1e-5)
        assert row["label"] == ("dog" if chance > 0.5 else "cat")


def test_an_npz_output_of_classes_holds_the_labels(classifier, tmp_path):
    x = picture_data().x[:9]
    np.savez(tmp_path / "x.npz", x=x)

    predict(classifier, tmp_path / "x.npz", tmp_path / "out.npz", chunk=2)

    with np.load(tmp_path / "out.npz", allow_pickle=False) as found:
        assert found["predictions"].shape == (9, 1)
        assert set(found["labels"]) <= {"cat", "dog"}
        assert found["labels"].shape == (9,)


def test_no_samples_are_an_error_and_leave_no_file(ensemble, tmp_path):
    np.savez(tmp_path / "x.npz", x=np.zeros((0, 3)))

    with pytest.raises(HPOError, match="there are no samples"):
        predict(ensemble, tmp_path / "x.npz", tmp_path / "out.csv")

    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]


@pytest.mark.parametrize("name", ["out.csv", "out.npz"])
def test_an_error_half_way_leaves_what_was_there(name, ensemble, tmp_path):
    path = write_table(tmp_path / "x.csv", [*X, [1, "two", 3]], NAMES)
    (tmp_path / name).write_text("before")

    with pytest.raises(HPOError, match="line 25 has a cell that is not a number"):
        predict(ensemble, path, tmp_path / name, chunk=5)

    assert (tmp_path / name).read_text() == "before"
    assert sorted(found.name for found in tmp_path.iterdir()) == sorted([name, "x.csv"])


def test_an_output_of_another_kind_is_a_wrong_usage(ensemble, tmp_path):
    np.savez(tmp_path / "x.npz", x=X)

    with pytest.raises(UsageError, match=r"written to a \.csv or an \.npz file"):
        look_into(ensemble.study, tmp_path / "x.npz", tmp_path / "out.json")
