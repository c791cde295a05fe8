"""Damaged studies: shown and reported, or refused in one line; nothing else is ever raised."""

import os
import shutil
import warnings
from pathlib import Path

import pytest

from hpo.cli.show import command
from hpo.errors import HPOError, HPOWarning
from hpo.reporting import write_report
from hpo.study.folder import load_study

WHOLE = Path(__file__).parents[1] / "studies" / "tiny-0.1.0"


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(WHOLE, tmp_path / "tiny"))


def look(directory, *, report=True):
    """Do what ``hpo show`` and ``hpo report`` do."""
    runs = str(directory.parent)
    for arguments in ([], ["--json"], ["--trial", "1"]):
        _call(lambda arguments=arguments: command.callback(**_options(arguments, runs)))
    if report:
        _call(lambda: write_report(load_study(directory), assets="directory"))


def _options(arguments, runs):
    number = int(arguments[1]) if arguments[:1] == ["--trial"] else None
    as_json = arguments == ["--json"]
    return {"study": "tiny", "number": number, "all_trials": True, "runs": runs, "as_json": as_json}


def _call(do):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HPOWarning)
            warnings.simplefilter("ignore", RuntimeWarning)  # NumPy, of numbers that overflow
            do()
    except HPOError as error:
        assert "\n" not in str(error)  # noqa: PT017  (or it is read)


@pytest.mark.parametrize("kind", ["bytes", "values", "lines"])
def test_a_damaged_journal_is_read_or_refused_in_one_line(fuzzer, copy, kind):
    journal = copy / "journal.log"
    whole = journal.read_bytes()

    for number in fuzzer.rounds(at_least=8):
        journal.write_bytes(fuzzer.damaged_journal(whole, kind))
        look(copy, report=number % 4 == 0)


FILES = ["ensemble/ensemble.json", "samples.json", "ensemble/oof.npz", "targets.npz"]
FILES += ["trials/3/evaluation.npz"]


@pytest.mark.parametrize("name", FILES)
def test_any_other_damaged_file_is_read_or_refused_in_one_line(fuzzer, copy, name):
    path = copy / name
    whole = path.read_bytes()
    for number in fuzzer.rounds(at_least=4):
        if number % 2:
            path.write_bytes(fuzzer.damaged(whole))
        elif path.suffix == ".json":
            path.write_bytes(fuzzer.damaged_text(whole))
        else:
            path.write_bytes(fuzzer.damaged_archive(whole))
        look(copy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"repeats":2', b'"repeats":9223372036854775808'),
        (b'"trials":[', b'"trials":[99,'),
        (b'"direction":"minimize"', b'"direction":"sideways"'),
        (b'"task_name":"tiny"', b'"task_name":7'),
    ],
)
def test_a_wrong_value_is_named_with_its_file(copy, old, new):
    journal = copy / "journal.log"
    assert old in journal.read_bytes()
    journal.write_bytes(journal.read_bytes().replace(old, new))

    with pytest.raises(HPOError) as caught:
        command.callback(**_options([], str(copy.parent)))

    assert str(copy) in str(caught.value)


def test_a_damaged_result_costs_only_the_values_that_are_damaged(copy):
    journal = copy / "journal.log"
    text = journal.read_bytes()
    journal.write_bytes(text.replace(b'"epochs_trained":3', b'"epochs_trained":"three"'))
    assert journal.read_bytes() != text

    trials = load_study(copy).trials

    assert all(trial.epochs_trained is None for trial in trials)
    assert trials[3].score == pytest.approx(0.40469713509082794)
    assert trials[3].epochs == 3


def test_a_pipe_instead_of_any_file_is_not_waited_for(copy):
    for name in FILES:
        (copy / name).unlink()
        os.mkfifo(copy / name)

    look(copy)
