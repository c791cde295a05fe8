from __future__ import annotations

import dataclasses

import fixture_studies as studies

from hpo.reporting.reading.snapshot import take
from hpo.reporting.sections.verdict import verdict


def test_the_summary_sets_the_best_score_beside_everything_it_should_be_measured_against(page):
    for text in (
        "is the best of 18 complete trials: validation MAE 2.344 ± 0.178 over 4 folds.",
        "lower than the common-sense baseline",
        "Tuning improved the score of the default configuration by 0.366 (14%).",
        "The ensemble is 0.117 (5%) better than the best single trial on held-out samples.",
        "On the test set, consulted once, the ensemble reaches 2.410 (MAE)",
        "the textbook reference is 2.550.",
        "F. Author, A Textbook, 2nd edition",
    ):
        assert text in page.text


def test_a_search_that_is_no_better_than_the_baseline_is_said_to_have_learned_nothing(tmp_path):
    study = studies.new_study(tmp_path, facts={"baseline": 2.0})
    studies.add_complete(study, studies.evaluation(2.5))
    found = verdict(take(study))
    assert "Nothing learned" in [caveat.title for caveat in found.caveats]
    assert "0.500 (25%) higher than the common-sense baseline" in " ".join(found.sentences)


def test_a_difference_of_many_times_is_not_told_in_percent(tmp_path):
    study = studies.new_study(tmp_path, facts={"baseline": 0.1}, direction="maximize")
    studies.add_complete(study, studies.evaluation(0.9))
    sentence = verdict(take(study)).sentences[0]
    assert sentence == "That is 0.800 higher than the common-sense baseline."


def test_the_interval_of_an_ensemble_is_shown_where_it_is_known(tmp_path):
    study = studies.regression_study(tmp_path, trials=3)
    record = dataclasses.replace(study.files.ensemble, oof_interval=[2.1, 2.4])
    study.files.write_ensemble(record, study.files.ensemble_predictions)
    tiles = {tile.label: tile.detail for tile in verdict(take(study)).comparisons}
    assert "95% interval 2.100 to 2.400" in tiles["Ensemble"]


def test_a_gain_smaller_than_the_error_is_called_noise(tmp_path):
    study = studies.new_study(tmp_path)
    studies.add_complete(study, studies.evaluation(2.50), study.space.defaults())
    studies.add_complete(study, studies.evaluation(2.49))
    assert "which is within noise" in " ".join(verdict(take(study)).sentences)


def test_a_confirmed_score_is_not_compared_with_a_first_one(tmp_path):
    study = studies.new_study(tmp_path)
    studies.add_complete(study, studies.evaluation(2.50), study.space.defaults())
    studies.add_complete(study, studies.evaluation(2.20))  # confirmed, it will be 2.60
    studies.confirm(study, {1: [2.6, 2.6, 2.6]})

    found = verdict(take(study))

    assert (
        "Tuning improved the score of the default configuration by 0.300 (12%) "
        "(by scores of the search)."
    ) in found.sentences
    tiles = {tile.label: tile.detail for tile in found.comparisons}
    assert tiles["Default configuration"] == "best trial: 0.300 (12%) lower, both in the search"


def test_two_confirmed_scores_are_compared_with_each_other(tmp_path):
    study = studies.new_study(tmp_path)
    studies.add_complete(study, studies.evaluation(2.50), study.space.defaults())
    studies.add_complete(study, studies.evaluation(2.20))
    studies.confirm(study, {0: [2.6, 2.6, 2.6], 1: [2.4, 2.4, 2.4]})

    tiles = {tile.label: tile for tile in verdict(take(study)).comparisons}

    assert tiles["Default configuration (confirmed)"].detail == "best trial: 0.200 (8%) lower"
