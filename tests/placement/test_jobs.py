"""Giving jobs to hands that wait, leave, die and are lost; the hands here only play it."""

import time

import pytest

from hpo.errors import HPOError
from hpo.placement.hands import Hand, Hands
from hpo.placement.jobs import MAX_FAILED_STARTS, MAX_LOSSES, _Giving


class Played(Hand):
    """Sends what it is told to: a list of messages for every time it is asked."""

    def __init__(self, part):
        super().__init__()
        self.part = part
        self.closed = False

    def _send(self, job):
        pass

    def take(self):
        return self.part(self)

    def close(self):
        self.closed = True


class Stage(Hands):
    def __init__(self, *parts):
        self.n = len(parts)
        self.parts = parts
        self.started = []

    def start(self, place):
        self.started.append(Played(self.parts[place]))
        return self.started[-1]

    def wait(self, hands):
        assert hands, "nobody is left to wait for"


class Heard:
    """Notes what happens."""

    def __init__(self, *, unwanted=()):
        self.results, self.reasons, self.begun_jobs, self.epochs = {}, {}, [], []
        self.unwanted = unwanted

    def wants(self, job):
        return job not in self.unwanted

    def begun(self, job):
        self.begun_jobs.append(job)

    def epoch(self, job):
        self.epochs.append(job)

    def done(self, job, result):
        self.results[job] = result

    def lost(self, job, error):
        self.reasons[job] = str(error)


def good(hand):
    if not hand.is_ready:
        return [("ready", None)]
    return [] if hand.job is None else [("event", None), ("done", hand.job.upper())]


def give(stage, jobs, heard, limit=None):
    _Giving(stage, jobs, heard, limit).run()
    assert all(hand.closed for hand in stage.started)


def test_every_job_is_done_once():
    heard, stage = Heard(), Stage(good, good)

    give(stage, "abcde", heard)

    assert heard.results == {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}
    assert sorted(heard.begun_jobs) == sorted(heard.epochs) == list("abcde")
    assert len(stage.started) == 2


def test_no_more_hands_are_started_than_there_are_jobs():
    stage = Stage(good, good, good)

    give(stage, "ab", Heard())

    assert len(stage.started) == 2


def test_nobody_waits_for_a_hand_that_a_cluster_has_no_room_for():
    heard = Heard()

    give(Stage(lambda _hand: [], good), "abc", heard)

    assert list(heard.results) == ["a", "b", "c"]


def test_jobs_that_make_no_sense_any_more_are_left_out():
    heard = Heard(unwanted="bc")

    give(Stage(good), "abcd", heard)

    assert list(heard.results) == ["a", "d"]


def test_a_hand_whose_memory_has_grown_is_replaced_and_its_next_job_is_done():
    def leaves_after_the_first(hand):
        hand.times = getattr(hand, "times", 0) + 1
        if hand.times == 3:  # it has been given the next job meanwhile
            return [("left", None)]
        return good(hand)

    heard, stage = Heard(), Stage(leaves_after_the_first)

    give(stage, "abc", heard)

    assert heard.results == {"a": "A", "b": "B", "c": "C"}
    assert len(stage.started) == 3


def test_the_job_of_a_dead_process_is_lost_and_the_others_are_done():
    def dies_of_b(hand):
        if hand.job == "b":
            hand.why = "killed"
            return []
        return good(hand)

    heard = Heard()

    give(Stage(dies_of_b), "abc", heard)

    assert heard.results == {"a": "A", "c": "C"}
    assert heard.reasons == {"b": "killed"}


@pytest.mark.parametrize(("losses", "is_lost"), [(MAX_LOSSES, False), (MAX_LOSSES + 1, True)])
def test_the_job_of_a_lost_node_is_given_again_but_not_forever(losses, is_lost):
    left = [losses]

    def is_on_a_bad_node(hand):
        if hand.job == "b" and left[0]:
            left[0] -= 1
            hand.why, hand.is_lost = "its node was lost", True
            return []
        return good(hand)

    heard = Heard()

    give(Stage(is_on_a_bad_node), "abc", heard)

    assert heard.reasons == ({"b": "its node was lost"} if is_lost else {})
    assert heard.begun_jobs.count("b") == losses + (not is_lost)
    assert "C" in heard.results.values()


def test_hands_that_die_before_they_begin_end_it():
    def never_begins(hand):
        hand.why = "its worker exited with status 1"
        return []

    stage = Stage(never_begins)

    with pytest.raises(HPOError, match="its worker exited with status 1, twice before it began"):
        give(stage, "abc", Heard())

    assert len(stage.started) == MAX_FAILED_STARTS


def test_what_a_hand_says_is_wrong_is_raised_and_nobody_goes_on():
    stage = Stage(lambda _hand: [("failed", HPOError("the data has changed"))], good)

    with pytest.raises(HPOError, match="the data has changed"):
        give(stage, "abc", Heard())

    assert all(hand.closed for hand in stage.started)


def test_a_job_that_hangs_is_lost_after_its_limit_and_some_more(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def hangs(hand):
        if hand.job == "a":
            now[0] += 6.0
            return []
        return good(hand)

    heard = Heard()

    give(Stage(hangs), "ab", heard, limit=5.0)

    assert heard.reasons == {
        "a": "ran far longer than --trial-timeout (5 s) without ending an epoch, and was killed"
    }
    assert heard.results == {"b": "B"}
