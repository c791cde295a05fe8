"""What tests of several modules need."""

import subprocess
import sys

import pytest
from fuzzing import Fuzzer


def pytest_addoption(parser):
    parser.addoption(
        "--fuzz-seconds",
        type=float,
        default=0.7,
        help="How long each kind of file is damaged and read again, in seconds.",
    )


@pytest.fixture
def fuzzer(request):
    """Damages files for as long as --fuzz-seconds says."""
    return Fuzzer(request.config.getoption("--fuzz-seconds"))


@pytest.fixture
def python():
    """Start other Python processes: ``python(script, *arguments)``; they end with the test."""
    started = []

    def start(script, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
