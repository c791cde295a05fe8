import threading
import time

from hpo.support.heartbeat import Heartbeat


def test_it_beats_until_it_is_stopped():
    beats, third = [], threading.Event()

    def beat():
        beats.append(1)
        if len(beats) == 3:
            third.set()

    heartbeat = Heartbeat(0.01, beat)
    assert third.wait(10)
    heartbeat.stop()
    n_beats = len(beats)
    time.sleep(0.05)
    assert len(beats) == n_beats


def test_stopping_waits_for_a_beat_that_has_begun():
    begun, may_end, ended = threading.Event(), threading.Event(), []

    def beat():
        begun.set()
        may_end.wait(10)
        ended.append(1)

    heartbeat = Heartbeat(0.01, beat)
    assert begun.wait(10)
    threading.Timer(0.1, may_end.set).start()
    heartbeat.stop()
    assert ended == [1]
