"""What tests of several modules need."""

import subprocess
import sys

import pytest


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
