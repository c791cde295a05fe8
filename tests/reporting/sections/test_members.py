from __future__ import annotations

import json

import pytest
from fixture_studies import regression_study

from hpo.reporting.reading.snapshot import take
from hpo.reporting.sections.members import members


def test_the_ensemble_section_lists_members_methods_and_test_results(page):
    assert "Members (greedy)" in page.text
    assert "greedy (saved) 2.214 +0.117" in page.text
    assert "mean 2.264 +0.0670" in page.text
    assert "MAE 2.410 2.570" in page.text


CLAIMED = {
    "method_asked": "auto",
    "oof_interval": [2.01, 2.41],
    "oof_apparent": 2.105,
    "correlation": [
        [1.0, 0.9, 0.8, 0.7],
        [0.9, 1.0, 0.85, 0.75],
        [0.8, 0.85, 1.0, 0.65],
        [0.7, 0.75, 0.65, 1.0],
    ],
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return regression_study(tmp_path_factory.mktemp("runs"))


def section(study, **changes):
    """The section after changes to ``ensemble.json``."""
    path = study.directory / "ensemble" / "ensemble.json"
    before = path.read_text()
    path.write_text(json.dumps({**json.loads(before), **changes}))
    try:
        return members(take(study))
    finally:
        path.write_text(before)


def test_the_claimed_score_stands_with_its_interval_the_apparent_one_and_the_gain(study):
    claims = dict(section(study, **CLAIMED).content.claims)

    assert claims == {
        "Cross-fitted score": "2.214",
        "95% interval (sampling variation)": "2.010 to 2.410",
        "Score on the predictions that chose it": "2.105",
        "Gain over the best single trial": "+0.117",
    }


def test_the_methods_stand_with_their_gains_the_saved_one_marked(study):
    results = section(study, **CLAIMED).content.results

    assert [result.name for result in results[:2]] == ["greedy", "mean"]
    assert [result.chosen for result in results] == [True, False, False]
    assert results[1].gain == "+0.0670"


def test_how_alike_the_members_are_is_drawn(study):
    (drawing,) = section(study, **CLAIMED).drawings

    assert "between 0.650 and 0.900" in drawing.alt
    assert list(drawing.plot.data[0].z[0]) == [1.0, 0.9, 0.8, 0.7]


def test_a_single_member_has_nothing_to_be_compared_with(study):
    one = [{"study": study.name, "trial": 0, "weight": 1.0}]

    assert section(study, members=one, correlation=[[1.0]]).drawings == ()


def test_members_of_several_studies_are_named_with_theirs(study):
    several = [
        {"study": study.name, "trial": 0, "weight": 0.7, "oof": 2.5},
        {"study": "other", "trial": 0, "weight": 0.3, "oof": 2.75},
    ]

    shown = section(study, members=several).content.members

    assert [member.trial for member in shown] == [f"{study.name} 0", "other 0"]
    assert shown[0].score.startswith("2.71")
    assert shown[1].score == "2.750"


def test_an_ensemble_without_an_interval_claims_nothing(study):
    assert section(study).content.claims == ()


def test_stacking_is_explained(study):
    lead = section(study, method="stacking", stacking={"": {}}).lead

    assert "linear model of its members' predictions" in lead
    assert "weighted mean" not in lead
