"""``hpo`` as a user runs it: a process in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

PATIENCE_SECONDS = 120


def _heed_ctrl_c():
    """Tests may run in the background, where Ctrl-C is ignored, and that is inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Shell:
    """Runs ``hpo`` in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "TINY_FOLDER": str(folder), "PYTHONUNBUFFERED": "1"}

    def start(self, *arguments, behaviour="", under=()):
        return subprocess.Popen(
            [*under, sys.executable, "-m", "hpo", *arguments],
            cwd=self.folder,
            env={**self.environment, "TINY_BEHAVIOUR": behaviour},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed_ctrl_c,  # noqa: PLW1509  (tests start no threads)
        )

    def run(self, *arguments, behaviour="", under=(), patience=PATIENCE_SECONDS):
        process = self.start(*arguments, behaviour=behaviour, under=under)
        out, err = process.communicate(timeout=patience)
        return process.returncode, out, err

    def shown_trials(self):
        status, out, err = self.run("show", "tiny", "--json")
        assert status == 0, err
        return json.loads(out)["trials"]

    def pid_of_worker(self):
        path = self.folder / "pid"
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not path.exists():
            assert time.monotonic() < deadline, "no worker told its number"
            time.sleep(0.05)  # another process writes the file
        return int(path.read_text())


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)
