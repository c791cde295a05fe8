import dataclasses
import os
import shutil
from pathlib import Path

import optuna
import pytest
from study.demo_study import SETTINGS, SPACE, ask, complete

from hpo.errors import HPOError, HPOWarning, UsageError
from hpo.study.commands import runs_directory
from hpo.study.facts import Facts
from hpo.study.folder import create_study, list_studies, load_study, opened_study
from hpo.study.journal import open_journal


def test_a_new_study_is_a_folder_with_its_settings(runs, study):
    assert study.directory == runs / "demo"
    assert study.name == "demo"
    assert study.settings == SETTINGS
    assert study.trials == []
    assert load_study("demo", runs).settings == SETTINGS


def test_a_study_of_the_same_settings_goes_on(runs, study):
    complete(study, 2.0)

    again = create_study(runs, "demo", SETTINGS)

    assert [trial.score for trial in again.trials] == [2.0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
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
    label = field.replace("_", " ")
    assert f"{label} is {value}, not {getattr(SETTINGS, field)}. " in message
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
        (None, 0.2, "is 0.2, not all"),
        (0.2, 0.3, "is 0.3, not 0.2"),
        (2000, None, "is all, not 2000"),
    ],
)
def test_a_study_goes_on_only_with_the_same_part_of_the_data(runs, old, new, difference):
    begin(runs, old)

    create_study(runs, "part", dataclasses.replace(SETTINGS, train_size=old))
    with pytest.raises(HPOError, match=f"train size {difference}"):
        create_study(runs, "part", dataclasses.replace(SETTINGS, train_size=new))


def test_a_study_that_never_began_a_trial_may_get_other_settings(runs):
    refused = create_study(runs, "part", dataclasses.replace(SETTINGS, train_size=9_999_999))
    refused.queue.enqueue({"units": 3})
    refused.facts = Facts(baseline=1.0)

    mended = create_study(
        runs, "part", dataclasses.replace(SETTINGS, train_size=500, direction="maximize")
    )

    assert mended.settings.train_size == 500
    assert (mended.trials, mended.facts) == ([], None)
    assert load_study("part", runs).settings == mended.settings


def test_a_study_that_another_run_is_about_to_begin_stays(runs, study):
    study.queue.enqueue({"units": 3})

    with study.workers.in_use():
        assert len(create_study(runs, "demo", SETTINGS).trials) == 1
        with pytest.raises(HPOError, match="cv is kfold:9, not kfold:2"):
            create_study(runs, "demo", dataclasses.replace(SETTINGS, cv="kfold:9"))

    assert create_study(runs, "demo", SETTINGS).trials == []


def test_all_that_differs_is_named(runs, study):
    ask(study)
    other = dataclasses.replace(SETTINGS, cv="kfold:9", objective="val_mse")

    with pytest.raises(HPOError, match=r"objective is val_mse, not val_mae; cv is kfold:9, not"):
        create_study(runs, study.name, other)


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("high = 64", "high = 128", "[units] high is 128, not 64"),
        ("high = 64\ndefault = 8", "high = 64", "[units] default is unset, not 8"),
        ('"float"', '"float"\nlog = true', "[rate] log is True, not unset"),
        ("[rate]", "[speed]", "[rate] is missing, [speed] is new"),
        (SPACE, "", "[units] is missing, [rate] is missing"),
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

    with pytest.raises(HPOError, match="space: its parameters are in another order"):
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

    with pytest.raises(HPOError, match=r"runs/demo: cannot be created \(.+\)"):
        create_study(runs, "demo", SETTINGS)


def test_a_study_is_found_by_the_path_of_its_folder(runs, study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    for name in (study.directory, str(study.directory), "runs/demo"):
        assert load_study(name, tmp_path / "elsewhere").settings == SETTINGS


@pytest.mark.usefixtures("study")
def test_an_unknown_study_is_refused_with_the_closest_or_all_known_ones(runs):
    create_study(runs, "again", SETTINGS)

    with pytest.raises(UsageError, match=r"no study 'qqqq' in .*runs.*Choose one of: again, demo"):
        load_study("qqqq", runs)
    with pytest.raises(UsageError, match=r"no study 'demo2' in .*runs.*Did you mean demo"):
        load_study("demo2", runs)


def test_where_there_is_no_study_the_way_to_make_one_is_told(runs):
    with pytest.raises(UsageError, match=r"no study 'demo'.*Make one first: hpo run"):
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

    with pytest.raises(HPOError, match=r"journal\.log: does not contain a study"):
        load_study("demo", runs)


def test_a_damaged_line_costs_only_what_it_says(runs, study):
    with (study.directory / "journal.log").open("a") as journal:
        journal.write("garbage\n")

    with pytest.warns(HPOWarning, match=r"journal\.log: line \d+ is damaged"):
        assert load_study("demo", runs).settings == study.settings


def test_a_pipe_instead_of_a_journal_is_refused(runs):
    (runs / "pipe").mkdir(parents=True)
    os.mkfifo(runs / "pipe" / "journal.log")

    with pytest.raises(HPOError, match=r"journal\.log: is a device, a pipe or a socket"):
        load_study("pipe", runs)


@pytest.mark.parametrize("attributes", [{}, {"settings": {"task": "demo", "colour": "green"}}])
def test_a_study_of_somebody_elses_is_refused_where_its_settings_matter(runs, attributes):
    (runs / "other").mkdir(parents=True)
    storage = open_journal(runs / "other" / "journal.log")
    foreign = optuna.create_study(storage=storage, study_name="other")
    for name, value in attributes.items():
        foreign.set_user_attr(name, value)

    with pytest.raises(HPOError, match=r"study 'other' in .*: its settings are missing"):
        _ = load_study("other", runs).settings


def snapshot(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("move", [shutil.copytree, Path.rename], ids=["copied", "renamed"])
def test_a_study_continues_whatever_its_folder_is_called(runs, study, move):
    complete(study, 2.0)
    move(study.directory, runs / "fork")

    fork = create_study(runs, "fork", SETTINGS)
    complete(fork, 3.0)

    assert (fork.name, len(fork.trials)) == ("fork", 2)
    assert load_study("fork", runs).name == "fork"
    assert (runs / "fork" / "journal.log").read_text().count('"study_name"') == 1


def test_a_study_has_the_name_of_its_folder_also_from_within(study, monkeypatch):
    monkeypatch.chdir(study.directory)

    assert load_study(".").name == "demo"


def test_a_study_continues_wherever_its_task_is_found(runs, study):
    ask(study)

    moved = create_study(runs, "demo", dataclasses.replace(SETTINGS, task="moved.py"))

    assert moved.settings == dataclasses.replace(SETTINGS, task="moved.py")
    assert len(moved.trials) == 1


@pytest.mark.parametrize("n_trials", [0, 3])
def test_somebody_elses_study_is_refused_and_stays(runs, n_trials):
    (runs / "demo").mkdir(parents=True)
    foreign = optuna.create_study(
        storage=open_journal(runs / "demo" / "journal.log"), study_name="theirs"
    )
    for _ in range(n_trials):
        foreign.tell(foreign.ask(), 1.0)
    before = snapshot(runs / "demo")["journal.log"]

    with pytest.raises(HPOError, match=r"Optuna study that hpo did not make: 'theirs'.*--study"):
        create_study(runs, "demo", SETTINGS)

    assert snapshot(runs / "demo")["journal.log"] == before


@pytest.mark.parametrize("settings", [{"task": "demo", "colour": "green"}, 3, None])
def test_a_study_whose_settings_cannot_be_read_is_refused_and_stays(runs, study, settings):
    study._record.set_user_attr("settings", settings)
    before = snapshot(study.directory)["journal.log"]

    with pytest.raises(HPOError, match="its settings are missing"):
        create_study(runs, "demo", SETTINGS)

    assert snapshot(study.directory)["journal.log"] == before


def test_a_second_study_that_an_earlier_version_added_is_left_out(runs, study):
    complete(study, 2.0)
    added = optuna.create_study(
        storage=open_journal(study.directory / "journal.log"), study_name="fork"
    )
    added.set_user_attr("settings", dataclasses.asdict(SETTINGS))
    added.enqueue_trial({"units": 3})

    assert len(load_study("demo", runs).trials) == 1
    assert len(create_study(runs, "demo", SETTINGS).trials) == 1


def test_a_journal_with_several_studies_that_began_is_refused(runs, study):
    complete(study, 2.0)
    other = optuna.create_study(
        storage=open_journal(study.directory / "journal.log"), study_name="other"
    )
    other.tell(other.ask(), 1.0)

    for open_it in (lambda: load_study("demo", runs), lambda: create_study(runs, "demo", SETTINGS)):
        with pytest.raises(HPOError, match="holds several Optuna studies, expected one"):
            open_it()


def test_a_run_that_has_not_begun_a_trial_keeps_its_study_from_others(runs):
    with opened_study(runs, "demo", SETTINGS) as first:
        with opened_study(runs, "demo", SETTINGS) as second:
            second.queue.enqueue({"units": 3})
        assert first.settings == SETTINGS
        assert len(first.trials) == 1
        with pytest.raises(HPOError, match="cv is"):
            create_study(runs, "demo", dataclasses.replace(SETTINGS, cv="kfold:9"))
