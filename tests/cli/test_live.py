import io

import pytest
from rich.console import Console

from hpo.cli.live import Live
from hpo.options import Options
from hpo.search.events import EpochEnded, FoldEnded, TrialEnded, TrialStarted, WorkerLeft
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


def show(study, *events, width=100):
    """What stands on a terminal at the end."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    live = Live(study, console)
    for event in events:
        live(event)
    with console.capture() as captured:
        console.print(live._render())
    return captured.get().splitlines()


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
