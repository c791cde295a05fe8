from exporting.exports import NUMBERS, Doubled

from hpo.exporting.steps import describe
from hpo.exporting.store import Arrays, Store


def test_own_functions_are_written_with_what_they_need(tmp_path):
    fitted = Doubled().fit(NUMBERS)

    describe(fitted, Arrays("a test"), Store(tmp_path))

    source = (tmp_path / "own_double.py").read_text()
    assert "OFFSET = 3.0" in source
    assert "sklearn" not in source
