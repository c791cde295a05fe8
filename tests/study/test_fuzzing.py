"""Damaged studies: shown and reported, or refused in one line; nothing else is ever raised."""

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
            do()
    except HPOError as error:
        assert "\n" not in str(error)  # noqa: PT017  (or it is read)


@pytest.mark.parametrize("kind", ["bytes", "values", "lines"])
def test_a_damaged_journal_is_read_or_refused_in_one_line(fuzzer, copy, kind):
    journal = copy / "journal.log"
    whole = journal.read_bytes()

    for number in fuzzer.rounds():
        lines = whole.splitlines(keepends=True)
        position = fuzzer.random.randrange(len(lines))
        if kind == "bytes":
            lines = [fuzzer.damaged(whole)]
        elif kind == "values":
            lines[position] = fuzzer.damaged_text(lines[position]) + b"\n"
        else:
            lines[position : position + 1] = fuzzer.random.sample(lines, fuzzer.random.randrange(3))
        journal.write_bytes(b"".join(lines))
        look(copy, report=number % 4 == 0)


FILES = ["ensemble/ensemble.json", "samples.json", "ensemble/oof.npz", "targets.npz"]
FILES += ["trials/3/evaluation.npz"]


@pytest.mark.parametrize("name", FILES)
def test_any_other_damaged_file_is_read_or_refused_in_one_line(fuzzer, copy, name):
    path = copy / name
    whole = path.read_bytes()
    for number in fuzzer.rounds(at_least=6):
        if number % 2:
            path.write_bytes(fuzzer.damaged(whole))
        elif path.suffix == ".json":
            path.write_bytes(fuzzer.damaged_text(whole))
        else:
            path.write_bytes(fuzzer.damaged_archive(whole))
        look(copy)
