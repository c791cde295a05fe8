import os
import signal
import threading

import pytest

from hpo.support.interrupts import interruptible

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _default_handlers():
    """Tests may run where signals are ignored, and that is inherited."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_only_sets_the_event(number):
    with interruptible() as interrupted:
        assert not interrupted.is_set()
        os.kill(os.getpid(), number)
        assert interrupted.is_set()


def test_the_second_signal_raises():
    with interruptible():
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_first_signal_raises_where_something_ends_already():
    with interruptible() as interrupted:
        interrupted.next_raises = True
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_handlers_from_before_are_put_back():
    before = [signal.getsignal(number) for number in SIGNALS]

    with interruptible():
        assert [signal.getsignal(number) for number in SIGNALS] != before

    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_hangup_that_is_ignored_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with interruptible() as interrupted:
        os.kill(os.getpid(), signal.SIGHUP)

    assert not interrupted.is_set()


def test_another_thread_gets_an_event_that_nothing_sets():
    before, events = signal.getsignal(signal.SIGINT), []

    def work():
        with interruptible() as interrupted:
            events.append((interrupted.is_set(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert events == [(False, before)]
