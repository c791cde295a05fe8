"""What a search, a confirmation and a refit show, on a terminal and in a pipe."""

import io

import click
import pytest
from rich.console import Console

from hpo.cli.display.models import ConfirmDisplay, TrainingDisplay
from hpo.cli.display.screen import Bar, Pipe
from hpo.cli.display.search import SearchDisplay
from hpo.cli.display.terminal import Terminal
from hpo.ensembles.progress import RefitProgress
from hpo.options import Options
from hpo.search.confirm import ConfirmProgress
from hpo.search.events import (
    EpochEnded,
    FoldEnded,
    SearchStopping,
    TrialEnded,
    TrialStarted,
    Warned,
    WorkerLeft,
    WorkerPlaced,
)
from hpo.study.folder import create_study
from hpo.study.settings import Settings


@pytest.fixture
def study(tmp_path):
    settings = Settings(
        "t", "t", "val_mae", "minimize", "kfold:4", '[a]\ntype="int"\nlow=1\nhigh=99'
    )
    made = create_study(tmp_path, "homes", settings)
    made.options = Options(trials=7)
    return made


@pytest.fixture
def terminal():
    """A terminal of 100 columns."""
    with Terminal(console(100)) as opened:
        yield opened


def console(width):
    return Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)


def lines_on(terminal):
    """What stands on a terminal now."""
    other = console(terminal._console.width)
    other.print(terminal.render())
    return other.file.getvalue().splitlines()


def show(study, *events, width=100):
    """What stands on a terminal after these events of a search."""
    with Terminal(console(width)) as terminal:
        display = SearchDisplay(terminal)
        display.open(study)
        for event in events:
            display(event)
        return lines_on(terminal)


def test_a_worker_on_another_machine_is_shown_with_it(study):
    _bar, first, second = show(
        study,
        WorkerPlaced("a", "10.0.0.7"),
        TrialStarted("a", 3, {}),
        TrialStarted("b", 4, {}),
    )

    assert first.split("  ")[0] == "worker 1 on 10.0.0.7"
    assert second.split("  ")[0].strip() == "worker 2"


def test_every_worker_has_a_row_with_its_trial_fold_and_epoch(study):
    bar, first, second = show(
        study,
        TrialStarted("a", 3, {}),
        TrialStarted("b", 4, {}),
        EpochEnded("a", 3, 17, 200, 2.34567),
        FoldEnded("a", 3, 18, 2, 4),
        EpochEnded("b", 4, 1, 200, 9.0),
    )

    assert "homes" in bar
    assert "0/7" in bar
    assert first.split("  ")[:5] == [
        "worker 1",
        "trial 3",
        "epoch 17/200",
        "fold 2/4",
        "val_mae 2.346",
    ]
    assert second.split()[:4] == ["worker", "2", "trial", "4"]


def test_a_row_goes_when_its_worker_has_nothing_to_do(study):
    lines = show(
        study,
        TrialStarted("a", 0, {}),
        TrialStarted("b", 1, {}),
        TrialEnded("a", 0, "complete", 1.0, 2.0),
        WorkerLeft("a"),
    )

    assert len(lines) == 2
    assert "trial 1" in lines[1]


def test_on_a_narrow_terminal_a_row_stays_one_line(study):
    lines = show(study, TrialStarted("a", 3, {}), EpochEnded("a", 3, 17, 200, 2.3), width=40)

    assert all(len(line) <= 40 for line in lines)
    assert "trial 3" in lines[-1]


def test_a_warning_of_every_worker_is_shown_once(study, capsys):
    display = SearchDisplay(Pipe())
    display.open(study)

    display(Warned("a", "no GPU"))
    display(Warned("b", "no GPU"))

    assert capsys.readouterr().err == "hpo: no GPU\n"


def test_a_pipe_gets_a_line_for_every_trial_and_nothing_in_between(study, capsys):
    display = SearchDisplay(Pipe())
    display.open(study)
    for event in (
        TrialStarted("a", 0, {}),
        EpochEnded("a", 0, 1, 9, 0.5),
        TrialEnded("a", 0, "complete", 2.34567, 200.4),
        TrialEnded("a", 1, "failed", None, 0.25, "out of memory"),
        SearchStopping("interrupted"),
    ):
        display(event)

    assert capsys.readouterr().err.splitlines() == [
        "trial 0  val_mae 2.346  3 min 20 s  (0/7 trials)",
        "trial 1 failed: out of memory  0.2 s  (0/7 trials)",
        "interrupted: finishing the running epoch; Ctrl-C stops at once",
    ]


def test_a_terminal_writes_failures_above_the_bar_and_leaves_out_what_went_well(study):
    with Terminal(console(100)) as terminal:
        display = SearchDisplay(terminal)
        display.open(study)
        display(TrialEnded("a", 0, "complete", 2.0, 1.0))
        display(TrialEnded("a", 1, "failed", None, 1.0, "out of memory"))
        written = terminal._console.file.getvalue()

    assert "trial 1 failed: out of memory" in written
    assert "trial 0" not in written


def test_what_is_printed_to_a_file_does_not_end_up_on_the_terminal(terminal, capsys):
    terminal.update(Bar("predicting", 0, 4000, "samples"))

    click.echo("a table")

    assert capsys.readouterr().out == "a table\n"
    assert "a table" not in terminal._console.file.getvalue()


def test_the_time_left_is_shown_once_a_part_is_done(terminal):
    terminal.update(Bar("predicting", 0, 4000, "samples"))
    (before,) = lines_on(terminal)
    terminal.update(Bar("predicting", 1000, 4000, "samples"))
    (after,) = lines_on(terminal)

    assert "left" not in before
    assert "1,000/4,000 samples  0 s left" in after


def test_an_evaluation_of_a_confirmation_shows_its_epoch(terminal):
    display = ConfirmDisplay(terminal, "val_mae")
    display(ConfirmProgress(done=1, of=4, trial=3, repeat=2, epoch=5, epochs=10))

    bar, row = lines_on(terminal)
    assert "1/4 evaluations" in bar
    assert row == "trial 3  repeat 2  epoch 5/10"
    assert display.bar.share == pytest.approx(1.5 / 4)


def test_a_pipe_gets_the_score_of_an_evaluation(capsys):
    ConfirmDisplay(Pipe(), "val_mae")(
        ConfirmProgress(2, 4, 3, 2, 0, 10, seconds=0.5, score=0.12345)
    )

    line = "trial 3  repeat 2  val_mae 0.1235  0.5 s  (2/4 evaluations)\n"
    assert capsys.readouterr().err == line


def test_the_bar_of_a_refit_counts_models_and_advances_by_epochs(terminal):
    display = TrainingDisplay(terminal)
    display(RefitProgress(7, 5, 2, 4, epochs=10, epochs_done=15, epochs_wanted=40))

    bar, row = lines_on(terminal)
    assert "1/4 models" in bar
    assert row == "trial 7  seed 5  10 epochs"
    assert display.bar.share == pytest.approx(15 / 40)


def test_a_pipe_is_told_of_a_model_that_was_there(capsys):
    TrainingDisplay(Pipe())(RefitProgress(7, 5, 2, 4, 10, 20, 40, seconds=0.0))

    line = "trial 7  seed 5  10 epochs  already trained  (2/4 models)\n"
    assert capsys.readouterr().err == line
