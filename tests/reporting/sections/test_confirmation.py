import fixture_studies as studies
import pytest

import hpo
from hpo.reporting.reading.snapshot import take
from hpo.reporting.sections.verdict import verdict


@pytest.fixture
def invented(tmp_path):
    return studies.declining_study(tmp_path)


def test_the_report_shows_first_and_confirmed_scores_side_by_side(invented):
    studies.confirm(invented, {0: [2.5, 2.5, 2.5], 1: [2.2, 2.1, 2.3], 2: ["it <b>diverged</b>"]})

    page = hpo.report(invented).read_text()

    section = page.partition('id="confirmation"')[2].partition("</section>")[0]
    assert "winner" in section
    assert "2.200 ± 0.058" in section.replace("\u00a0", " ")
    assert "failed: it &lt;b&gt;diverged" in section


def test_the_verdict_goes_by_the_confirmed_score(invented):
    studies.confirm(invented, {0: [2.5, 2.5, 2.5], 1: [2.2, 2.1, 2.3]})

    found = verdict(take(invented))

    assert found.headline.startswith("Trial 1 is the best of 2 re-evaluated configurations")
    assert "than the common-sense baseline" in found.sentences[0]
    assert found.sentences[0].startswith("That is 4.44 ")
    assert {tile.label for tile in found.comparisons} >= {"Best trial (confirmed)"}


def test_a_study_that_was_not_confirmed_has_no_such_section(invented):
    assert 'id="confirmation"' not in hpo.report(invented).read_text()
