import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from study.demo_study import SETTINGS, SPACE, ask, complete

from hpo.options import Options
from hpo.study.facts import DataFacts, Facts
from hpo.study.folder import create_study, load_study
from hpo.study.trial import Failure

# ---------------------------------------------------------------- making and continuing


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_optuna_searches_in_the_direction_of_the_study(runs, direction):
    settings = dataclasses.replace(SETTINGS, direction=direction)

    study = create_study(runs, "demo", settings)

    assert study._record.direction.name == direction.upper()


def test_a_run_keeps_its_own_options_when_another_run_has_others(runs, study):
    study.options = Options(trials=30)
    load_study("demo", runs).options = Options(trials=5)

    assert (study.target, load_study("demo", runs).target) == (30, 5)


# ---------------------------------------------------------------- what a study knows


def test_options_are_those_of_the_latest_run(runs, study):
    study.options = Options(trials=10)
    study.options = Options(trials=20, timeout=1.5, command="hpo run demo")

    assert load_study("demo", runs).options == Options(
        trials=20, timeout=1.5, command="hpo run demo"
    )


def test_the_space_is_that_of_the_settings(study):
    assert study.space.names == ("units", "rate")
    assert study.space.to_toml() == SPACE


def test_there_are_no_facts_until_a_worker_found_them(runs, study):
    assert study.facts is None

    study.facts = Facts(baseline=6.5, data=DataFacts(shapes={"": [404, 13]}))

    assert load_study("demo", runs).facts == Facts(
        baseline=6.5, data=DataFacts(shapes={"": [404, 13]})
    )


def test_consultations_of_the_test_set_are_appended(runs, study):
    study.record_consultation("hpo ensemble demo", {"mae": 2.5})
    study.record_consultation("hpo ensemble demo --method mean", {"mae": 2.4})

    first, second = load_study("demo", runs).test_consultations
    assert (first["command"], first["result"]) == ("hpo ensemble demo", {"mae": 2.5})
    assert (second["command"], second["result"]) == (
        "hpo ensemble demo --method mean",
        {"mae": 2.4},
    )
    assert datetime.fromisoformat(first["time"]).tzinfo is not None


def test_consultations_at_the_same_time_are_all_counted(runs, study):
    openers = [load_study("demo", runs) for _ in range(4)]

    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda opener: opener.record_consultation("hpo ensemble", {}), openers))

    assert len(study.test_consultations) == 4


# ---------------------------------------------------------------- ranking


def test_without_a_complete_trial_there_is_no_best(study):
    ask(study)

    assert study.best is None
    assert study.ranking == []


@pytest.mark.parametrize(
    ("direction", "order"), [("minimize", [2, 0, 3, 1]), ("maximize", [1, 0, 3, 2])]
)
def test_trials_are_ranked_best_first_and_the_earlier_of_equal_ones_first(runs, direction, order):
    study = create_study(runs, "demo", dataclasses.replace(SETTINGS, direction=direction))
    complete(study, 2.0, 3.0, -1.0, 2.0)
    study.queue.fail(ask(study).number, Failure("NaN", "configuration"))

    assert [trial.number for trial in study.ranking] == order
    assert study.best.number == order[0]


def test_a_score_of_zero_is_ranked_like_any_other(study):
    complete(study, 1.0, 0.0, -1.0)

    assert [trial.number for trial in study.ranking] == [2, 1, 0]


@pytest.mark.parametrize(
    ("direction", "expected"), [("minimize", [0, 1, 1, 3]), ("maximize", [3, 2, 1, 0])]
)
def test_a_score_is_ranked_by_how_many_trials_are_better(runs, direction, expected):
    study = create_study(runs, "demo", dataclasses.replace(SETTINGS, direction=direction))
    complete(study, 1.0, 2.0, 3.0)

    assert [study.rank(score) for score in (0.5, 1.5, 2.0, 9.0)] == expected


# ---------------------------------------------------------------- models


def test_the_journal_holds_json_and_nothing_that_would_have_to_be_unpickled(study):
    complete(study, 1.0)
    study.record_consultation("hpo ensemble demo", {"mae": 1.0})

    for line in (study.directory / "journal.log").read_text().splitlines():
        assert "op_code" in json.loads(line)
