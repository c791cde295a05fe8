import dataclasses
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import numpy as np
import optuna
import pytest

from hpo.errors import HPOError, UsageError
from hpo.space.parameters import Float
from hpo.space.space import Space
from hpo.study.folder import create_study, list_studies, load_study, runs_directory
from hpo.study.journal import open_journal
from hpo.study.keys import SEED, WORKER
from hpo.study.settings import Options, Settings
from hpo.study.trial import Failure
from hpo.study.workers import new_worker_name
from hpo.support import artifacts
from hpo.support.locks import FileLock
from hpo.training.evaluation import Evaluation, TrialArrays

SPACE = """\
[units]
type = "int"
low = 1
high = 64
default = 8

[rate]
type = "float"
low = 0.0
high = 1.0
"""

SETTINGS = Settings(
    task="demo",
    task_name="demo",
    objective="val_mae",
    direction="minimize",
    cv="kfold:2",
    space=SPACE,
)

INTERRUPTED = Failure("interrupted: the search was stopped", "interrupted")


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.delenv("HPO_RUNS", raising=False)
    return tmp_path / "runs"


@pytest.fixture
def study(runs):
    return create_study(runs, "demo", SETTINGS)


def evaluation(score=1.0, outputs=("",), **more):
    n = 6
    return Evaluation(
        score=score,
        fold_scores=[score - 0.5, score + 0.5],
        epochs=[3, 2],
        model_size=42,
        training="fused",
        loss="mse",
        arrays=TrialArrays(
            curves={"mae": np.ones((7, 2)), "val_mae": np.full((7, 2), score)},
            index=np.arange(n),
            predictions={name: np.full((n, 1), score, "float32") for name in outputs},
            fold=np.arange(n) % 2,
        ),
        **more,
    )


def ask(study, worker=None, seed=None):
    """Begin a trial as a worker does."""
    trial = study.record.ask()
    if worker is not None:
        trial.set_user_attr(WORKER, worker)
    if seed is not None:
        trial.set_user_attr(SEED, seed)
    study.space.suggest(trial)
    return trial


def complete(study, *scores):
    for score in scores:
        study.complete(ask(study), evaluation(score))


def keep_models(study, number, folds=2):
    study.trial_directory(number).mkdir(parents=True, exist_ok=True)
    for fold in range(folds):
        (study.trial_directory(number) / f"fold-{fold}.keras").touch()


# ---------------------------------------------------------------- making and continuing


def test_a_new_study_is_a_folder_with_its_settings(runs, study):
    assert study.directory == runs / "demo"
    assert study.name == "demo"
    assert study.settings == SETTINGS
    assert study.trials == []
    assert load_study("demo", runs).settings == SETTINGS


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_optuna_searches_in_the_direction_of_the_study(runs, direction):
    settings = dataclasses.replace(SETTINGS, direction=direction)

    study = create_study(runs, "demo", settings)

    assert study.record.direction.name == direction.upper()


def test_a_study_of_the_same_settings_goes_on(runs, study):
    complete(study, 2.0)

    again = create_study(runs, "demo", SETTINGS)

    assert [trial.score for trial in again.trials] == [2.0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task", "other:task"),
        ("task_name", "other"),
        ("objective", "val_mse"),
        ("direction", "maximize"),
        ("cv", "holdout:0.2"),
    ],
)
def test_a_study_of_other_settings_is_refused_with_what_differs(runs, study, field, value):
    ask(study)
    with pytest.raises(HPOError) as caught:
        create_study(runs, "demo", dataclasses.replace(SETTINGS, **{field: value}))

    message = str(caught.value)
    assert f"{field} was {getattr(SETTINGS, field)}, is {value}. " in message
    assert "'demo'" in message
    assert "--study NAME" in message
    assert "\n" not in message
    assert study.settings == SETTINGS


def begin(runs, train_size):
    study = create_study(runs, "part", dataclasses.replace(SETTINGS, train_size=train_size))
    ask(study)
    return study


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        (None, 0.2, "was all, is 0.2"),
        (0.2, 0.3, "was 0.2, is 0.3"),
        (2000, None, "was 2000, is all"),
    ],
)
def test_a_study_goes_on_only_with_the_same_part_of_the_data(runs, old, new, difference):
    begin(runs, old)

    create_study(runs, "part", dataclasses.replace(SETTINGS, train_size=old))
    with pytest.raises(HPOError, match=f"train size {difference}"):
        create_study(runs, "part", dataclasses.replace(SETTINGS, train_size=new))


def test_a_study_that_never_began_a_trial_may_get_other_settings(runs):
    refused = create_study(runs, "part", dataclasses.replace(SETTINGS, train_size=9_999_999))
    refused.record.enqueue_trial({"units": 3})
    refused.facts = {"baseline": 1.0}

    mended = create_study(
        runs, "part", dataclasses.replace(SETTINGS, train_size=500, direction="maximize")
    )

    assert mended.settings.train_size == 500
    assert (mended.trials, mended.facts) == ([], {})
    assert load_study("part", runs).settings == mended.settings


def test_a_study_that_another_run_is_about_to_begin_stays(runs, study):
    study.record.enqueue_trial({"units": 3})

    with study.in_use():
        assert len(create_study(runs, "demo", SETTINGS).trials) == 1
        with pytest.raises(HPOError, match="cv was kfold:2, is kfold:9"):
            create_study(runs, "demo", dataclasses.replace(SETTINGS, cv="kfold:9"))

    assert create_study(runs, "demo", SETTINGS).trials == []


def test_options_of_another_version_are_read_as_far_as_they_are_known(runs, study):
    study.options = Options(trials=7)
    study.record.set_user_attr("options", {**dataclasses.asdict(study.options), "speed": "high"})

    assert load_study("demo", runs).options == Options(trials=7)


def test_a_run_keeps_its_own_options_when_another_run_has_others(runs, study):
    study.options = Options(trials=30)
    load_study("demo", runs).options = Options(trials=5)

    assert (study.wanted, load_study("demo", runs).wanted) == (30, 5)


def test_what_killed_workers_left_is_swept_up_and_their_logs_are_kept(study, worker):
    folder = study.directory / "workers"
    for name in ("alive", "dead"):
        (folder / f"{name}.log").write_text(f"{name} said so\n")
    (folder / "dead.lock").touch()

    study.sweep()

    assert sorted(path.name for path in folder.iterdir()) == ["alive.lock", "alive.log"]
    assert (study.directory / "worker.log").read_text() == "dead said so\n"


def test_a_study_from_before_there_were_train_sizes_goes_on(runs, study):
    attributes = dataclasses.asdict(SETTINGS)
    del attributes["train_size"]
    study.record.set_user_attr("settings", attributes)
    study.facts = {"baseline": 1.0}

    assert create_study(runs, "demo", SETTINGS).settings.train_size is None


@pytest.mark.parametrize(
    ("train_size", "evaluation"),
    [
        (None, "kfold:2"),
        (0.2, "kfold:2 on 0.2 of the training data"),
        (2000, "kfold:2 on 2,000 training samples"),
    ],
)
def test_settings_say_how_trials_are_evaluated(train_size, evaluation):
    assert dataclasses.replace(SETTINGS, train_size=train_size).evaluation == evaluation


def test_all_that_differs_is_named(runs, study):
    ask(study)
    other = dataclasses.replace(SETTINGS, cv="kfold:9", objective="val_mse")

    with pytest.raises(HPOError, match=r"objective was val_mae.*cv was kfold:2, is kfold:9"):
        create_study(runs, study.name, other)


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("high = 64", "high = 128", "[units] high was 64, is 128"),
        ("high = 64\ndefault = 8", "high = 64", "[units] default was 8, is None"),
        ('"float"', '"float"\nlog = true', "[rate] log was None, is True"),
        ("[rate]", "[speed]", "[rate] is gone, [speed] is new"),
        (SPACE, "", "[units] is gone, [rate] is gone"),
    ],
)
def test_a_space_that_differs_is_refused_with_the_parameter(runs, study, old, new, difference):
    ask(study)
    other = dataclasses.replace(SETTINGS, space=SPACE.replace(old, new))

    with pytest.raises(HPOError) as caught:
        create_study(runs, study.name, other)

    assert f"space: {difference}. " in str(caught.value)


def test_a_space_in_another_order_is_refused(runs, study):
    ask(study)
    units, rate = SPACE.split("\n\n")
    other = dataclasses.replace(SETTINGS, space=f"{rate}\n\n{units}\n")

    with pytest.raises(HPOError, match="space: its parameters stand in another order"):
        create_study(runs, study.name, other)


def test_a_study_that_was_killed_while_it_was_made_is_made_anew(runs):
    (runs / "demo").mkdir(parents=True)
    (runs / "demo" / "journal.log").touch()

    study = create_study(runs, "demo", SETTINGS)

    assert study.settings == SETTINGS


@pytest.mark.parametrize("name", ["demo", "a", "2026-07-01 run_2.b", "größe"])
def test_a_name_of_letters_digits_and_the_like_is_fine(runs, name):
    assert create_study(runs, name, SETTINGS).directory == runs / name


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "/abs", ".hidden", "-n", "a\nb"])
def test_a_name_that_cannot_be_a_folders_is_refused(runs, name):
    with pytest.raises(UsageError, match=r"cannot be a folder's name.*--study NAME") as caught:
        create_study(runs, name, SETTINGS)

    assert repr(name) in str(caught.value)
    assert not runs.exists()


def test_a_folder_that_cannot_be_made_is_named(runs):
    runs.write_text("in the way")

    with pytest.raises(HPOError, match=r"runs/demo: cannot be made \(.+\)"):
        create_study(runs, "demo", SETTINGS)


# ---------------------------------------------------------------- finding


def test_a_study_is_found_by_the_path_of_its_folder(runs, study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    for name in (study.directory, str(study.directory), "runs/demo"):
        assert load_study(name, tmp_path / "elsewhere").settings == SETTINGS


@pytest.mark.usefixtures("study")
def test_an_unknown_study_is_refused_with_the_known_ones(runs):
    create_study(runs, "again", SETTINGS)

    with pytest.raises(UsageError, match=r"no study 'demo2' in .*runs.*Studies there: again, demo"):
        load_study("demo2", runs)


def test_where_there_is_no_study_the_way_to_make_one_is_told(runs):
    with pytest.raises(UsageError, match=r"no study 'demo'.*none yet: hpo run"):
        load_study("demo", runs)


@pytest.mark.usefixtures("study")
def test_studies_are_looked_for_where_the_environment_says(runs, monkeypatch):
    monkeypatch.setenv("HPO_RUNS", str(runs))

    assert load_study("demo").directory == runs / "demo"
    assert list_studies() == ["demo"]


@pytest.mark.usefixtures("study")
def test_a_folder_that_is_named_comes_before_the_environment(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("HPO_RUNS", str(tmp_path / "other"))

    assert load_study("demo", runs).directory == runs / "demo"


@pytest.mark.usefixtures("study")
def test_studies_are_looked_for_in_runs_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert str(runs_directory()) == "runs"
    assert load_study("demo").settings == SETTINGS


def test_studies_are_listed_by_name(runs):
    for name in ("b", "a", "c"):
        create_study(runs, name, SETTINGS)
    (runs / "no study").mkdir()
    (runs / "file").touch()

    assert list_studies(runs) == ["a", "b", "c"]


def test_where_no_folder_is_there_is_no_study(runs):
    assert list_studies(runs) == []


def test_a_journal_without_a_study_is_refused(runs, study):
    (study.directory / "journal.log").write_text("")

    with pytest.raises(HPOError, match=r"journal\.log: holds no study"):
        load_study("demo", runs)


def test_a_damaged_study_is_refused(runs, study):
    with (study.directory / "journal.log").open("a") as journal:
        journal.write("garbage\n")

    with pytest.raises(HPOError, match=r"journal\.log: line \d+ is damaged"):
        load_study("demo", runs)


@pytest.mark.parametrize("attributes", [{}, {"settings": {"task": "demo", "colour": "green"}}])
def test_a_study_of_somebody_elses_is_refused_where_its_settings_matter(runs, attributes):
    (runs / "other").mkdir(parents=True)
    storage = open_journal(runs / "other" / "journal.log")
    foreign = optuna.create_study(storage=storage, study_name="other")
    for name, value in attributes.items():
        foreign.set_user_attr(name, value)

    with pytest.raises(HPOError, match=r"study 'other' in .*lacks its settings"):
        _ = load_study("other", runs).settings


def test_a_study_that_was_never_run_has_no_options(study):
    with pytest.raises(HPOError, match="lacks its options"):
        _ = study.options


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


def test_facts_are_empty_until_a_worker_found_them(runs, study):
    assert study.facts == {}

    study.facts = {"baseline": 6.5, "data": {"shapes": {"": [404, 13]}}}

    assert load_study("demo", runs).facts == {"baseline": 6.5, "data": {"shapes": {"": [404, 13]}}}


def test_targets_come_back_as_they_were_stored(runs, study):
    targets = {"": np.array([0.5, 1.5])}
    assert study.targets == {}

    study.targets = targets

    np.testing.assert_array_equal(load_study("demo", runs).targets[""], targets[""])


def test_targets_of_several_outputs_keep_their_names(study):
    study.targets = {"price": np.array([0.5, 1.5]), "kind/of": np.array([[1, 0], [0, 1]])}

    assert list(study.targets) == ["price", "kind/of"]
    np.testing.assert_array_equal(study.targets["kind/of"], [[1, 0], [0, 1]])
    assert study.targets["kind/of"].dtype == int


def test_the_ensemble_is_what_was_written(study):
    assert study.ensemble is None

    artifacts.write_json(study.directory / "ensemble" / "ensemble.json", {"method": "greedy"})

    assert study.ensemble == {"method": "greedy"}


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


# ---------------------------------------------------------------- trials


def test_a_complete_trial_keeps_what_it_came_to(runs, study):
    trial = ask(study, worker="w", seed=7)

    study.complete(trial, evaluation(2.0))

    (found,) = load_study("demo", runs).trials
    assert found.state == "complete"
    assert found.params == trial.params
    assert list(found.params) == ["units", "rate"]
    assert found.score == 2.0
    assert found.std_error == pytest.approx(0.5)
    assert found.fold_scores == [1.5, 2.5]
    assert (found.epochs, found.stage_epochs, found.epochs_trained) == (5, [3, 2], 7)
    assert (found.model_size, found.loss, found.training) == (42, "mse", "fused")
    assert (found.worker, found.seed) == ("w", 7)
    assert found.seconds == (found.ended - found.started).total_seconds()
    assert (found.reason, found.cause, found.details) == (None, None, "")
    assert found.counts


def test_the_arrays_of_a_trial_come_back_as_they_were_stored(study):
    stored = evaluation(2.0, outputs=("price", "kind"))

    study.complete(ask(study), stored)

    found = study.arrays(0)
    np.testing.assert_array_equal(found.index, stored.arrays.index)
    np.testing.assert_array_equal(found.fold, stored.arrays.fold)
    for name in ("mae", "val_mae"):
        np.testing.assert_array_equal(found.curves[name], stored.arrays.curves[name])
    assert list(found.predictions) == ["price", "kind"]
    np.testing.assert_array_equal(found.predictions["price"], stored.arrays.predictions["price"])
    assert found.predictions["price"].dtype == np.float32


def test_a_trial_whose_arrays_are_missing_is_named(study):
    complete(study, 1.0)
    (study.trial_directory(0) / "evaluation.npz").unlink()

    with pytest.raises(HPOError, match=r"trials/0/evaluation\.npz: cannot be read"):
        study.arrays(0)


def test_a_trial_that_lacks_some_of_its_arrays_is_named(study):
    complete(study, 1.0)
    artifacts.write_arrays(study.trial_directory(0) / "evaluation.npz", {"index": np.arange(3)})

    with pytest.raises(HPOError, match=r"evaluation\.npz: lacks 'fold'"):
        study.arrays(0)


def test_a_trial_is_not_complete_before_its_files_are_written(study):
    trial = ask(study)
    (study.directory / "trials").write_text("in the way")

    with pytest.raises(OSError, match="trials"):
        study.complete(trial, evaluation())

    assert study.trials[0].state == "running"


def test_a_failed_trial_keeps_its_reason(runs, study):
    study.fail(ask(study).number, Failure("NaN", "configuration", "Traceback ..."))

    (found,) = load_study("demo", runs).trials
    assert (found.state, found.score) == ("failed", None)
    assert (found.reason, found.cause, found.details) == ("NaN", "configuration", "Traceback ...")
    assert found.counts


def test_a_trial_that_failed_without_a_word_says_so(study):
    study.record.tell(ask(study), state=optuna.trial.TrialState.FAIL)

    assert study.trials[0].reason.startswith("unknown")
    assert study.trials[0].cause == "outside"


def test_a_failed_trial_leaves_no_files(study):
    trial = ask(study)
    keep_models(study, trial.number)

    study.fail(trial.number, Failure("disk full", "outside"))

    assert not study.trial_directory(trial.number).exists()


def test_a_trial_that_ended_stays_as_it_ended(study):
    complete(study, 2.0)

    assert study.fail(0, INTERRUPTED) is False

    (found,) = study.trials
    assert (found.state, found.score, found.reason) == ("complete", 2.0, None)
    assert len(study.arrays(0).index) == 6


def test_a_trial_that_was_completed_while_it_was_given_up_counts_as_complete(study):
    trial = ask(study)
    trial.set_user_attr("failure", dataclasses.asdict(INTERRUPTED))

    study.complete(trial, evaluation(2.0))

    (found,) = study.trials
    assert (found.state, found.score, found.reason, found.cause) == ("complete", 2.0, None, None)
    assert found.counts


def test_trials_are_seen_in_every_state(study):
    complete(study, 1.0)
    study.record.tell(ask(study), state=optuna.trial.TrialState.PRUNED)
    study.fail(ask(study).number, Failure("NaN", "configuration"))
    ask(study)
    study.record.enqueue_trial({"units": 3, "rate": 0.5})

    assert [trial.state for trial in study.trials] == [
        "complete",
        "pruned",
        "failed",
        "running",
        "waiting",
    ]
    assert [trial.number for trial in study.trials] == [0, 1, 2, 3, 4]
    assert [trial.counts for trial in study.trials] == [True, True, True, False, False]
    assert study.trials[4].params == {"units": 3, "rate": 0.5}
    assert study.counted == 3


def test_a_pruned_trial_has_no_score_however_far_it_came(study):
    trial = ask(study)
    trial.report(0.5, step=1)
    study.record.tell(trial, state=optuna.trial.TrialState.PRUNED)

    assert study.trials[0].score is None
    assert study.ranking == []


def test_a_trial_that_somebody_else_ends_is_seen_to_end(runs, study):
    trial = ask(study)
    assert study.trials[0].state == "running"

    load_study("demo", runs).fail(trial.number, Failure("NaN", "configuration"))

    assert study.trials[0].state == "failed"


def test_a_value_on_a_step_is_shown_as_it_was_evaluated(study):
    third_step = 0.1 + 2 * 0.1
    study.record.enqueue_trial({"rate": third_step})
    trial = study.record.ask()

    evaluated = Space({"rate": Float(0.1, 0.5, step=0.1)}).suggest(trial)

    assert study.trials[0].params == evaluated == {"rate": 0.3}


# ---------------------------------------------------------------- interrupted trials


def test_an_interrupted_trial_is_tried_again_with_its_seed(study):
    interrupted = ask(study, worker="first", seed=123)

    assert study.fail(interrupted.number, INTERRUPTED)

    again = ask(study, worker="second")
    assert again.params == interrupted.params
    assert again.user_attrs[SEED] == 123
    assert [trial.state for trial in study.trials] == ["interrupted", "running"]


def test_an_interrupted_trial_does_not_count(study):
    study.fail(ask(study).number, INTERRUPTED)

    assert study.counted == 0


def test_an_interrupted_trial_is_queued_once(runs, study):
    number = ask(study, seed=1).number

    outcomes = [one.fail(number, INTERRUPTED) for one in (study, load_study("demo", runs))]

    assert outcomes == [True, False]
    assert [trial.state for trial in study.trials] == ["interrupted", "waiting"]


def test_a_trial_interrupted_before_it_drew_anything_is_not_queued(study):
    number = study.record.ask().number

    study.fail(number, INTERRUPTED)

    assert len(study.trials) == 1


def test_a_queued_trial_that_was_interrupted_early_keeps_its_whole_configuration(study):
    study.record.enqueue_trial({"units": 8, "rate": 0.25})
    trial = study.record.ask()
    trial.suggest_int("units", 1, 64)

    study.fail(trial.number, INTERRUPTED)

    assert ask(study).params == {"units": 8, "rate": 0.25}


@pytest.mark.parametrize("cause", ["configuration", "outside"])
def test_a_trial_that_failed_by_itself_is_not_tried_again(study, cause):
    study.fail(ask(study).number, Failure("NaN", cause))

    assert len(study.trials) == 1


# ---------------------------------------------------------------- workers

WORKER_PROCESS = """
import sys
from pathlib import Path
from hpo.study.journal import open_journal
from hpo.support.locks import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.acquire()
print("working", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def worker(study, python):
    """The process of a worker called "alive"."""
    process = python(WORKER_PROCESS, study.worker_lock("alive"))
    assert process.stdout.readline() == "working\n"
    return process


def states(study):
    return [trial.state for trial in study.trials]


@pytest.mark.usefixtures("worker")
def test_the_trial_of_a_worker_that_lives_goes_on(study):
    ask(study, worker="alive")

    assert study.fail_orphans() == []
    assert study.is_alive("alive")
    assert states(study) == ["running"]


def test_the_trial_of_a_worker_that_was_killed_is_tried_again(study, worker):
    ask(study, worker="alive", seed=5)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    assert study.fail_orphans() == [0]

    assert not study.is_alive("alive")
    assert states(study) == ["interrupted", "waiting"]
    assert study.trials[0].cause == "interrupted"
    assert "killed" in study.trials[0].reason
    assert study.trials[1].seed == 5


@pytest.mark.parametrize("name", ["never seen", None])
def test_the_trial_of_nobody_is_tried_again(study, name):
    ask(study, worker=name)

    assert study.fail_orphans() == [0]


@pytest.mark.usefixtures("worker")
def test_orphans_are_told_from_trials_that_go_on_and_from_those_that_ended(study):
    complete(study, 1.0)
    ask(study, worker="alive")
    ask(study, worker="dead")
    study.record.enqueue_trial({"units": 3, "rate": 0.5})

    assert study.fail_orphans() == [2]
    assert states(study) == ["complete", "running", "interrupted", "waiting", "waiting"]


def test_of_a_worker_known_to_be_dead_only_its_own_trial_fails(study):
    ask(study, worker="dead")
    ask(study, worker="other")

    killed = Failure("its worker was killed by SIGKILL", "outside")
    assert study.fail_orphans("dead", killed) == [0]

    assert states(study) == ["failed", "running"]
    assert study.trials[0].reason == "its worker was killed by SIGKILL"
    assert study.trials[0].cause == "outside"


def test_orphans_are_failed_once(study):
    ask(study, worker="dead")

    assert study.fail_orphans() == [0]
    assert study.fail_orphans() == []


def test_looking_whether_a_worker_lives_does_not_take_its_lock(study):
    lock = FileLock(study.worker_lock("w"))
    lock.acquire()
    lock.release()

    assert not study.is_alive("w")
    assert lock.acquire(block=False)


def test_every_worker_has_a_name_of_its_own():
    names = {new_worker_name() for _ in range(100)}

    assert len(names) == 100
    assert all(f"-{os.getpid()}-" in name for name in names)


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
    study.fail(ask(study).number, Failure("NaN", "configuration"))

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


def test_models_of_all_but_the_best_trials_are_removed(study):
    complete(study, 3.0, 1.0, 2.0)
    for number in range(3):
        keep_models(study, number)

    study.drop_models(keep=2)

    assert [len(study.model_paths(number)) for number in range(3)] == [0, 2, 2]
    assert len(study.arrays(0).index) == 6


def test_models_of_trials_that_have_not_ended_stay(study):
    complete(study, 1.0)
    running = ask(study)
    keep_models(study, running.number)

    study.drop_models(keep=0)

    assert len(study.model_paths(running.number)) == 2


def test_a_trial_that_falls_behind_loses_its_models(study):
    for score in (3.0, 2.0, 1.0):
        complete(study, score)
        keep_models(study, len(study.trials) - 1)
        study.drop_models(keep=1)

    assert [len(study.model_paths(number)) for number in range(3)] == [0, 0, 2]


def test_models_stand_in_the_order_of_the_folds(study):
    keep_models(study, 0, folds=12)
    (study.trial_directory(0) / ".temporary.keras").touch()

    names = [path.name for path in study.model_paths(0)]

    assert names == [f"fold-{fold}.keras" for fold in range(12)]


def test_a_trial_without_models_has_none(study):
    assert study.model_paths(17) == []


def test_the_journal_holds_json_and_nothing_that_would_have_to_be_unpickled(study):
    complete(study, 1.0)
    study.record_consultation("hpo ensemble demo", {"mae": 1.0})

    for line in (study.directory / "journal.log").read_text().splitlines():
        assert "op_code" in json.loads(line)
