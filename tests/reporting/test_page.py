from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import fixture_studies as studies
import numpy as np
import pytest
from reporting.documents import anchors, read

from hpo.study.folder import create_study


def test_a_full_study_has_every_section_in_order(page):
    assert anchors(page) == [
        "summary",
        "history",
        "parameters",
        "curves",
        "folds",
        "predictions",
        "ensemble",
        "leaderboard",
        "space",
        "reproduction",
    ]


def test_every_figure_has_alternative_text_and_a_caption(page):
    plots = [found for _tag, found in page.elements if "data-figure" in found]
    assert {plot["data-figure"] for plot in plots} == set(page.figures)
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)
    captions = [tag for tag, _found in page.elements if tag == "figcaption"]
    assert len(captions) == len(plots)


def test_a_page_loads_nothing_and_says_so_in_its_policy(page):
    policy = page.attributes("content")[0]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert page.attributes("src") == []
    assert all(link.startswith("#") for link in page.attributes("href"))
    assert not [tag for tag, _found in page.elements if tag in ("link", "img", "iframe")]


def test_an_empty_study_says_that_there_is_nothing_yet(tmp_path):
    document = read(studies.new_study(tmp_path, facts=None))
    assert anchors(document) == ["summary", "space", "reproduction"]
    assert "This study has no trials yet" in document.text
    assert document.figures == {}


def test_a_study_of_failures_gives_their_commonest_reason(tmp_path):
    study = studies.new_study(tmp_path)
    for reason in ("out of memory", "the loss became NaN", "out of memory"):
        studies.add_failed(study, reason)
    document = read(study)
    assert anchors(document) == ["summary", "leaderboard", "space", "reproduction"]
    assert "None of the 3 trials of this study was completed." in document.text
    assert "3 of 3 trials failed. Most common reason (twice): out of memory" in document.text


def test_a_single_trial_makes_a_page(tmp_path):
    study = studies.new_study(tmp_path)
    studies.add_complete(study, studies.evaluation(2.5), study.space.defaults())
    document = read(study)
    assert "Trial 0 is the only complete trial" in document.text
    assert "No trial did better than the default configuration." in document.text
    assert "Predicted vs. true" not in document.text  # no targets were stored


def test_a_holdout_has_no_standard_error_and_says_so(tmp_path):
    study = studies.new_study(tmp_path)
    for score in (2.5, 2.4):
        studies.add_complete(study, studies.evaluation(score, folds=1))
    document = read(study)
    assert "No standard error." in document.text
    _, heading, table = document.text.partition("All trials The best trials come first.")
    assert heading
    assert "±" not in table
    curves = document.figures["curves-1-objective"]["data"]
    assert [trace["name"] for trace in curves] == ["training", "validation"]


def test_values_that_are_no_numbers_are_shown_as_missing(tmp_path):
    study = studies.new_study(
        tmp_path, facts={"baseline": None, "reference": {"score": float("nan")}, "data": None}
    )
    found = studies.evaluation(2.5)
    curves = {name: curve.copy() for name, curve in found.arrays.curves.items()}
    curves["loss"][3] = np.nan
    curves["val_loss"][:] = np.nan
    arrays = dataclasses.replace(found.arrays, curves=curves)
    studies.add_complete(study, dataclasses.replace(found, arrays=arrays, model_size=None))
    unbounded = dataclasses.replace(studies.evaluation(2.0), score=float("inf"))
    studies.add_complete(study, unbounded)
    document = read(study)
    assert "Trial 0 is the only complete trial" in document.text
    assert "nan" not in document.text.lower().split()
    assert "Textbook reference" not in document.text


def test_a_missing_file_costs_only_its_part_of_the_page(tmp_path):
    study = studies.regression_study(tmp_path, trials=8)
    (study.files.trial_directory(study.best.number) / "evaluation.npz").unlink()
    (study.directory / "ensemble" / "ensemble.json").write_text("{")
    (study.directory / "targets.npz").write_bytes(b"PK")
    document = read(study)
    assert "ensemble" not in anchors(document)
    assert document.text.count("Incomplete page.") == 3
    assert f"curves-{study.best.number}-objective" not in document.figures
    assert f"curves-{study.ranking[1].number}-objective" in document.figures


def test_a_study_whose_run_never_began_makes_a_page(tmp_path):
    settings = studies.new_study(tmp_path, "other").settings
    document = read(create_study(tmp_path, "bare", settings))
    assert "This study has no trials yet" in document.text
    assert "hpo run" not in document.text


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return studies.large_study(tmp_path_factory.mktemp("large"))


def test_a_thousand_trials_make_a_small_page_without_tensorflow(large):
    program = (
        "import sys; from hpo import load_study; from hpo.reporting import write_report; "
        f"print(write_report(load_study({str(large.directory)!r}))); "
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).stat().st_size < 6_000_000
