"""``hpo export`` as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

import hpo

TINY = str(Path(__file__).parent.parent / "plugins" / "tiny_task.py")


def test_the_exported_folder_predicts_what_the_study_predicts(shell):
    study = hpo.run(TINY, trials=1, runs=shell.folder / "runs", executor="inline")
    ensemble = hpo.ensemble(study, task=TINY)
    x = np.random.default_rng(1).normal(size=(7, 3))
    np.savez(shell.folder / "x.npz", x=x)

    status, out, err = shell.run("export", "tiny", "taken", "--task", TINY, "--json")

    assert status == 0, err
    told = json.loads(out)
    assert (told["study"], told["models"]) == ("tiny", 2)
    assert told["directory"] == str(shell.folder / "taken")
    command = [sys.executable, "taken/predict.py", "x.npz", "out.npz"]
    subprocess.run(command, cwd=shell.folder, check=True, capture_output=True)
    with np.load(shell.folder / "out.npz", allow_pickle=False) as found:
        np.testing.assert_allclose(found["predictions"], ensemble.predict(x), atol=1e-5)

    status, _out, err = shell.run("export", "tiny", "taken", "--task", TINY)

    assert status == 2
    assert "taken exists and is not an empty folder" in err
