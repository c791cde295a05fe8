import numpy as np
import pytest
from predicting.files import NAMES, X, predict, rows_of, write_table

from hpo import HPOError
from hpo.predicting.readers import Expected, open_samples


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


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        (
            ["width", "age", "deep"],
            [[1, 2, 3]],
            "the columns height are missing. The header has: width",
        ),
        (None, [[1, 2]], "must have 3 columns. Received: 2"),
        (None, [[1, 2, 3], [1, 2]], "line 2 has 2 cells, but the first line has 3"),
        (NAMES, [[1, 2, 3], [1, "two", 3]], "line 3 has a cell that is not a number: .*'two'"),
        ([*NAMES, "age"], [[1, 2, 3, 4]], "has a column name twice"),
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
