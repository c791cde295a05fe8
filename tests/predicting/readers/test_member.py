import io
from pathlib import Path

import numpy as np
import pytest

from hpo.errors import HPOError
from hpo.predicting.readers.member import Header, Member

ROWS = np.arange(24, dtype="int16").reshape(6, 2, 2)


def written(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), version=version)
    return file.getvalue()


def member(content):
    return Member(Path("samples.npz"), "x.npy", io.BytesIO(content))


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_rows_come_in_parts_in_their_order(version):
    found = member(written(ROWS, version))

    assert found.header == Header((6, 2, 2), np.dtype("int16"))
    parts = [found.rows(4), found.rows(2)]
    np.testing.assert_array_equal(np.concatenate(parts), ROWS)
    parts[0][:] = 0  # whoever gets rows may change them


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "samples.npz: x .*array"),
        (b"PK not an array at all", "samples.npz: x .*array"),
        (written(np.asfortranarray(np.ones((3, 2)))), "column by column"),
    ],
    ids=["empty", "garbage", "by columns"],
)
def test_what_is_not_an_array_of_rows_is_refused(content, message):
    with pytest.raises(HPOError, match=message):
        member(content)


def test_an_array_of_objects_is_refused_before_anything_is_unpickled():
    file = io.BytesIO()
    np.lib.format.write_array(file, np.array([{}], dtype=object), allow_pickle=True)

    with pytest.raises(HPOError, match="Python objects"):
        member(file.getvalue())


def test_an_array_that_ends_too_early_is_damaged():
    found = member(written(ROWS)[:-1])

    found.rows(5)
    with pytest.raises(HPOError, match="damaged"):
        found.rows(1)
