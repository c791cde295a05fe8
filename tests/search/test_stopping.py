import fixture_studies as studies
import pytest

from hpo.options import Options
from hpo.search import stopping
from hpo.search.events import SearchStopping, TrialEnded, TrialStarted
from hpo.search.stopping import Stopping
from hpo.support.interrupts import Interrupted


class Clock:
    """Stands still until it is set."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(stopping, "time", found)
    return found


@pytest.fixture
def events():
    return []


@pytest.fixture
def searched(tmp_path):
    """Make a study that is searched with these options."""

    def make(**options):
        study = studies.new_study(tmp_path)
        study.options = Options(**options)
        return study

    return make


def test_a_search_goes_on_without_a_reason_to_stop(events, searched):
    assert not Stopping(searched(), Interrupted(), events.append)()
    assert events == []


def test_an_interrupted_search_stops_for_good_and_says_so_once(events, searched):
    interrupted = Interrupted()
    stop = Stopping(searched(), interrupted, events.append)

    interrupted.set()

    assert [stop(), stop()] == [True, True]
    assert events == [SearchStopping("interrupted", trials_run=False)]


def test_once_a_search_stops_the_next_interrupt_ends_it_at_once(events, searched, clock):
    interrupted = Interrupted()
    stop = Stopping(searched(timeout=5.0), interrupted, events.append)
    assert not interrupted.next_raises

    clock.now = 6.0
    stop()

    assert interrupted.next_raises


def test_a_search_stops_when_its_time_is_over(events, searched, clock):
    stop = Stopping(searched(timeout=5.0), Interrupted(), events.append)

    clock.now = 5.0
    assert not stop()
    clock.now = 5.1
    assert stop()
    assert len(events) == 1


def test_a_search_stops_after_too_many_trials_without_a_better_score(events, searched):
    study = searched(patience=2)
    stop = Stopping(study, Interrupted(), events.append)

    stopped = []
    for number, score in enumerate((1.0, 2.0, 2.0)):
        studies.add_complete(study, studies.evaluation(score))
        stop.notice(TrialEnded("w", number, "complete", score, 0.1))
        stopped.append(stop())

    assert stopped == [False, False, True]
    assert "2 trials" in events[-1].reason


def test_trials_that_still_run_are_told_of(events, searched):
    interrupted = Interrupted()
    stop = Stopping(searched(), interrupted, events.append)
    stop.notice(TrialStarted("w", 1, {}))
    stop.notice(TrialStarted("v", 2, {}))
    stop.notice(TrialEnded("w", 1, "complete", 2.0, 0.1))

    interrupted.set()
    stop()

    assert [type(event) for event in events] == [TrialStarted] * 2 + [TrialEnded, SearchStopping]
    assert events[-1].trials_run


def end(stopping, number, reason, state="failed"):
    stopping.notice(TrialEnded("w", number, state, None, 1.0, reason))


def test_a_search_whose_first_ten_trials_fail_alike_stops_with_that_reason(events, searched):
    stopping = Stopping(searched(), Interrupted(), events.append)
    for number in range(9):
        end(stopping, number, f"shapes (8, {number}) and (9, 2) do not agree")
    assert not stopping()

    end(stopping, 9, "shapes (8, 17) and (9, 2) do not agree")

    assert stopping()
    assert events[-1].reason == "the first 10 trials failed for the same reason"


@pytest.mark.parametrize(
    ("state", "reason"), [("complete", None), ("pruned", "pruned"), ("failed", "another reason")]
)
def test_a_search_in_which_anything_else_happens_goes_on(events, searched, state, reason):
    stopping = Stopping(searched(), Interrupted(), events.append)
    for number in range(5):
        end(stopping, number, "no such layer")
    end(stopping, 5, reason, state)
    for number in range(6, 20):
        end(stopping, number, "no such layer")

    assert not stopping()
