"""Disks that are full, and folders that cannot be written to."""

import shutil
from pathlib import Path

import pytest

TINY = str(Path(__file__).parents[1] / "plugins" / "tiny_task.py")

# The system refuses to let a file grow beyond the limit, as it does on a disk that is full.
needs_prlimit = pytest.mark.skipif(not shutil.which("prlimit"), reason="needs prlimit")
WITHOUT_PRIVILEGE = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
"""Permissions count for root, too."""


@needs_prlimit
def test_where_a_trial_finds_no_room_for_its_files_it_fails_through_nothing_of_its_own(shell):
    status, _, err = shell.run("run", TINY, "--trials", "1", under=["prlimit", "--fsize=12000"])

    assert status == 1
    assert err.splitlines()[-1].startswith("hpo: no trial of study 'tiny' succeeded")
    (trial,) = shell.shown_trials()
    assert trial["state"] == "failed"
    assert "File too large" in trial["reason"]
    assert not list((shell.folder / "runs" / "tiny").rglob(".*"))  # nothing half-written


@needs_prlimit
def test_a_full_disk_ends_a_search_in_one_line_and_loses_no_finished_trial(shell):
    shell.run("run", TINY, "--trials", "2")
    finished = shell.shown_trials()
    used = (shell.folder / "runs" / "tiny" / "journal.log").stat().st_size

    status, _, err = shell.run(
        "run", TINY, "--trials", "4", under=["prlimit", f"--fsize={used + 100}"]
    )

    assert status == 1
    assert err.splitlines()[-1].endswith("journal.log: File too large")
    assert shell.shown_trials()[:2] == finished
    status, _, err = shell.run("run", TINY, "--trials", "4")
    assert status == 0, err
    assert shell.shown_trials()[:2] == finished
    assert [t["state"] for t in shell.shown_trials()].count("complete") == 4


@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv")
def test_a_study_that_cannot_be_written_to_is_told_in_one_line(shell):
    shell.run("run", TINY, "--trials", "1")
    finished = shell.shown_trials()
    study = shell.folder / "runs" / "tiny"
    for path in [study, *study.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)

    status, _, err = shell.run("run", TINY, "--trials", "2", under=WITHOUT_PRIVILEGE)
    for path in [study, *study.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)

    assert status == 1
    assert err.count("\n") == 1
    assert "Permission denied" in err
    assert shell.shown_trials() == finished
