import pytest

from hpo.errors import HPOError, UsageError
from hpo.search.events import (
    EpochEnded,
    FoldEnded,
    SearchStopping,
    TrialEnded,
    TrialStarted,
    Warned,
    WorkerFailed,
    WorkerLeft,
    from_line,
    raising,
    to_line,
)

EVENTS = [
    TrialStarted("w", 3, {"rate": 0.1, "kind": "größe", "bias": True}),
    FoldEnded("w", 3, 2, 1, 4),
    EpochEnded("w", 3, 2, 10, 1.5),
    TrialEnded("w", 3, "complete", 1.5, 0.2),
    TrialEnded("w", 3, "failed", None, 0.2, "the loss\nbecame NaN"),
    Warned("w", "no GPU"),
    WorkerFailed("w", "no such task", usage=True),
    WorkerLeft("w"),
    SearchStopping("interrupted", trials_run=False),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_one_line_and_is_read_back_equal(event):
    line = to_line(event)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert from_line(line) == event


def test_events_are_passed_on():
    seen = []

    for event in EVENTS[:6]:
        raising(seen.append)(event)

    assert seen == EVENTS[:6]


@pytest.mark.parametrize(("usage", "kind"), [(True, UsageError), (False, HPOError)])
def test_a_worker_that_cannot_work_raises(usage, kind):
    seen = []

    with pytest.raises(HPOError, match="no such task") as caught:
        raising(seen.append)(WorkerFailed("w", "no such task", usage))

    assert type(caught.value) is kind
    assert seen == []
