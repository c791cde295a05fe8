import pytest

from hpo.errors import UsageError
from hpo.reporting.html.assets import provide


def test_a_page_can_hold_plotly_itself(tmp_path):
    found = provide("embed", tmp_path / "report.html", tmp_path)

    assert len(found.code) > 1_000_000
    assert found.address == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("page", "up"),
    [("report.html", ""), ("boston two/report.html", "../"), ("a/b/r.html", "../../")],
)
def test_a_shared_file_is_addressed_relative_to_the_page(tmp_path, page, up):
    found = provide("directory", tmp_path / page, tmp_path)

    (shared,) = tmp_path.glob("plotly-*.min.js")
    assert found.code == ""
    assert found.address == f"{up}{shared.name}"


def test_a_shared_file_is_written_once(tmp_path):
    provide("directory", tmp_path / "a" / "report.html", tmp_path)
    (shared,) = tmp_path.iterdir()
    written = shared.stat().st_mtime_ns

    provide("directory", tmp_path / "b" / "report.html", tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [shared.name]
    assert shared.stat().st_mtime_ns == written


def test_another_way_is_refused(tmp_path):
    with pytest.raises(UsageError, match="Received: 'cdn'"):
        provide("cdn", tmp_path / "report.html", tmp_path)
