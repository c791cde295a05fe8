"""What the command line says to wrong names, values and files: one line, no traceback."""

import shutil

import click
import fixture_studies as studies
import pytest

from hpo.cli import main
from hpo.errors import HPOError


@pytest.fixture
def hpo(capsys, monkeypatch, tmp_path):
    """Runs the command line in an empty folder; gives exit status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HPO_RUNS", raising=False)

    def run(*arguments):
        status = 0
        try:
            main(arguments)
        except SystemExit as error:
            status = error.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


WRONG_USAGE = {
    "a task that is not installed": (("run", "bosten"), "Did you mean boston?"),
    "a task file that is not there": (("run", "./nothing.py"), "there is no such file"),
    "a module that is not there": (("run", "no.module:task"), "package.module:attribute"),
    "an unknown sampler": (("run", "boston", "--sampler", "tpee"), "Did you mean tpe?"),
    "an unknown way to cut data": (("run", "boston", "--cv", "kfold:1"), "kfold:5"),
    "no trials": (("run", "boston", "--trials", "0"), "--trials"),
    "a time that is none": (("run", "boston", "--timeout", "soon"), "30m"),
    "an unknown parameter": (("run", "boston", "--set", "layrs=2"), "layers"),
    "a value out of range": (("run", "boston", "--set", "layers=9"), "layers"),
    "no samples per step": (("run", "boston", "--set", "batch_size.choices=[0]"), "1 or more"),
    "a space that cannot train": (("space", "boston", "--set", "patience=0"), "1 or more"),
    "a space file that is not there": (("run", "boston", "--space", "x.toml"), "x.toml"),
    "a study name that is no folder's": (("run", "boston", "--study", "../x"), "--study NAME"),
    "a study that is not there": (("show", "boston"), "hpo run TASK"),
    "an ensemble of no study": (("ensemble", "boston"), "hpo run TASK"),
    "a report of no study": (("report", "boston"), "hpo run TASK"),
    "a worker for no study": (("worker", "boston"), "hpo run TASK"),
    "an unknown command": (("rum", "boston"), "rum"),
    "an unknown option": (("run", "boston", "--trails", "3"), "--trials"),
    "a new task with a name that is none": (("new", "my task"), "letters, digits"),
}


@pytest.mark.parametrize(("arguments", "hint"), WRONG_USAGE.values(), ids=WRONG_USAGE.keys())
def test_wrong_usage_ends_with_status_2_and_says_what_to_do(hpo, tmp_path, arguments, hint):
    status, out, err = hpo(*arguments)

    assert status == 2
    assert out == ""
    assert hint in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_an_error_of_ours_is_one_line(hpo):
    _, _, err = hpo("run", "bosten")

    assert err.startswith("hpo: ")
    assert err.count("\n") == 1


def test_a_damaged_study_is_named_with_file_and_line(hpo, tmp_path):
    journal = tmp_path / "runs" / "boston" / "journal.log"
    journal.parent.mkdir(parents=True)
    journal.write_text(
        '{"op_code": 0, "worker_id": "a", "study_name": "boston", "directions": [1]}\nx\n'
    )

    status, out, err = hpo("show", "boston")

    assert status == 1
    assert out == ""
    assert err.count("\n") == 1
    assert "journal.log: line 2 is damaged" in err


def test_a_space_file_with_a_wrong_bound_is_named_with_parameter_and_mend(hpo, tmp_path):
    (tmp_path / "mine.toml").write_text('[units]\ntype = "int"\nlow = 16\nhigh = 8\n')

    status, _, err = hpo("run", "boston", "--space", "mine.toml")

    assert status == 2
    assert err == (
        "hpo: search_spaces: mine.toml: [units] high=8 is below low=16. "
        "Swap them or widen the range.\n"
    )


def test_a_runs_folder_that_cannot_be_made_is_one_line(hpo, tmp_path):
    (tmp_path / "file").touch()

    status, _, err = hpo("run", "boston", "--runs", "file/runs")

    assert status == 1
    assert err.count("\n") == 1
    assert "cannot be created" in err


def test_debug_shows_the_traceback(hpo):
    with pytest.raises(Exception, match="no task 'bosten'"):
        main(["--debug", "run", "bosten"])


def test_new_refuses_to_overwrite_a_file(hpo, tmp_path):
    (tmp_path / "mine.py").write_text("precious")

    status, _, err = hpo("new", "mine")

    assert status == 2
    assert "already exists" in err
    assert (tmp_path / "mine.py").read_text() == "precious"


# ---------------------------------------------------------------- the last line of defense


@pytest.fixture
def failing(hpo, monkeypatch):
    """Runs a command that raises an error."""

    def run(error):
        def callback():
            raise error

        module = click.Command("tasks", callback=callback)
        monkeypatch.setattr("hpo.cli.tasks.command", module)
        return hpo("tasks")

    return run


SEE_WHERE = "To see where, put --debug before the command: hpo --debug ..."


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (HPOError("first\n\n  second"), "hpo: first second\n"),
        (HPOError("\x1b[2Jgone\r"), "hpo: \\x1b[2Jgone\n"),
        (OSError(28, "No space left"), "hpo: standard output: No space left\n"),
        (OSError(111, "Connection refused"), "hpo: Connection refused\n"),
        (
            OSError(28, "No space left on device", "a.json"),
            "hpo: a.json: No space left on device\n",
        ),
        (OSError(2, "No such file", b"\xff"), "hpo: \\udcff: No such file\n"),
        (OSError("odd"), "hpo: odd\n"),
        (
            KeyError("data"),
            f"hpo: unexpected KeyError: 'data'. {SEE_WHERE}\n",
        ),
    ],
)
def test_every_error_is_one_line_that_a_terminal_only_prints(failing, error, line):
    assert failing(error) == (1, "", line)


def test_an_error_of_400_lines_is_one_line_with_the_reason(failing):
    text = "\n".join(f'  File "module.py", line {n}, in call' for n in range(400))

    _, _, err = failing(HPOError(f"it failed:\n{text}\nthe label 10 is out of range"))

    assert err == "hpo: it failed: the label 10 is out of range\n"


def test_wrong_usage_with_escapes_is_printed_only(hpo):
    _, _, err = hpo("rum\x1b[2J")

    assert "\x1b" not in err
    assert "\\x1b[2J" in err


@pytest.mark.parametrize("arguments", [("--all",), ("--trial", "0")])
def test_escapes_in_the_reason_of_a_failure_do_not_reach_the_terminal(hpo, tmp_path, arguments):
    study = studies.new_study(tmp_path / "runs")
    studies.add_failed(study, "\x1b[2Jgone")

    status, out, _ = hpo("show", "boston", *arguments)

    assert status == 0
    assert "\\x1b[2Jgone" in out
    assert "\x1b" not in out


@pytest.mark.skipif(not shutil.which("sh"), reason="needs a shell")
@pytest.mark.parametrize(
    ("redirection", "status", "message"),
    [
        (">&-", 1, "hpo: standard output is closed. To discard it, use: >/dev/null\n"),
        ("<&- >/dev/null", 0, ""),
        ("2>&-", 0, ""),
        (">/dev/full", 1, "hpo: standard output: No space left on device\n"),
    ],
)
def test_streams_that_are_closed_or_full_are_reported_in_one_line(
    shell, redirection, status, message
):
    under = ["sh", "-c", f'exec "$@" {redirection}', "sh"]

    assert shell.run("tasks", under=under)[::2] == (status, message)


def test_escapes_in_names_of_another_study_do_not_reach_the_terminal(hpo, tmp_path):
    journal = studies.regression_study(tmp_path / "runs", trials=2).directory / "journal.log"
    journal.write_text(journal.read_text().replace("val_mae", "val_\\u001b[2J"))

    status, out, err = hpo("show", "boston")

    assert status == 0, err
    assert "val_\\x1b[2J" in out
    assert "\x1b" not in out
