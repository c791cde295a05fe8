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


ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    "latin-1",
    "cp1252",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_table_is_read_in_the_encodings_that_programs_write(encoding, tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("Größe,Länge,notes\r\n1,2,Müller\r\n3,4,ñ\r\n".encode(encoding))

    chunk = next(open_samples(path, Expected({"": (2,)}, ["Länge", "Größe"])).chunks(10))

    np.testing.assert_array_equal(chunk, [[2, 1], [4, 3]])


def test_a_table_with_line_ends_of_old_machines_is_read(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"1,2\r3,4\r")

    chunk = next(open_samples(tmp_path / "x.csv", Expected({"": (2,)})).chunks(10))

    np.testing.assert_array_equal(chunk, [[1, 2], [3, 4]])


def test_long_texts_in_other_columns_are_ignored(tmp_path):
    path = write_table(tmp_path / "x.csv", [["t" * 200_000, 1, 2, 3]], ["text", *NAMES])

    chunk = next(open_samples(path, Expected({"": (3,)}, NAMES)).chunks(10))

    np.testing.assert_array_equal(chunk, [[1, 2, 3]])


def test_a_blank_line_of_one_column_is_an_empty_cell_and_moves_no_row(tmp_path):
    (tmp_path / "x.csv").write_text("1\n\n3\n")

    chunk = next(open_samples(tmp_path / "x.csv", Expected({"": (1,)})).chunks(10))

    np.testing.assert_array_equal(chunk, [[1], [np.nan], [3]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.csv is empty"),
        (b"\n\n", "x.csv is empty"),
        (b"width,age,height\n1,2,3\n1,,x\n", "line 3 has a cell .* 'x' in column 'height'"),
        (b"1,2,3\n\n1,2,oops\n", "line 3 has a cell that is not a number: 'oops' in column 3"),
        (b"1,2,3\n1,2,1_000\n", "line 2 has a cell that is not a number: '1_000' in column 3"),
        (b"1,2,3\n1,2," + b"x" * 200_000, r"line 2 has a cell .*: 'x{40}\.\.\.' in column 3"),
        (b'1,2,3\n1,2,"' + b"9" * (1 << 24) + b"9", r"line 2 cannot be read \(field larger"),
        (b"1,2,3\n1,2,3\n1,2\n", "line 3 has 2 cells, but the first line has 3"),
        (b"1,2,3\n1,\x002,3\n", r"line 2 has a cell .*: '\\x002' in column 2"),
        ("1,2,3\n".encode("utf-16")[:-1], "cannot be read .*truncated data"),
        (b"\xff\xfe\x00\xd8" + "1,2,3".encode("utf-16-le"), "cannot be read .*surrogate"),
        (b"width;age;height\n1;2;3\n", "are missing.* separated by ';': use commas"),
        (b"1\t2\t3\n", r"are missing.* separated by '\\t': use commas"),
        (b"width,age,age,height\n1,2,3,4\n", "has a column name twice: age"),
    ],
)
def test_a_damaged_table_is_refused_with_line_and_column(content, message, tmp_path):
    (tmp_path / "x.csv").write_bytes(content)

    with pytest.raises(HPOError, match=message):
        [*open_samples(tmp_path / "x.csv", Expected({"": (3,)}, NAMES)).chunks(10)]


@pytest.mark.parametrize("header", [None, NAMES])
def test_the_place_of_a_value_is_its_line_and_column(header, tmp_path):
    path = write_table(tmp_path / "x.csv", [[1, 2, 3], [], [4, 5, 6]], header)

    place = open_samples(path, Expected({"": (3,)}, NAMES)).place("", (1, 2))

    assert place == ("line 4, column 'age'" if header else "line 3, column 3")


def test_pictures_are_no_table(tmp_path):
    path = write_table(tmp_path / "x.csv", [[1, 2]])

    with pytest.raises(HPOError, match=r"a table cannot hold samples of shape x \(n_samples, 8"):
        open_samples(path, Expected({"": (8, 6, 3)}))
