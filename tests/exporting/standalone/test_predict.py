import os
import subprocess
import venv
from pathlib import Path

import numpy as np
import pytest
from exporting.exports import assert_same, refusal, save_lambda

from tasks import linear_data


def test_samples_are_predicted_in_parts(ensemble, exported):
    x = np.random.default_rng(1).normal(size=(4100, 3))

    assert_same(ensemble, exported, x)


def test_a_model_with_a_lambda_is_refused(exported):
    save_lambda(next((exported / "models").glob("000-*.keras")))

    assert "cannot be loaded safely" in refusal(exported, np.zeros((1, 3)))


def site_without_hpo(folder):
    """A folder of links to all that is installed but hpo and the tasks."""
    folder.mkdir()
    for entry in Path(np.__file__).parent.parent.iterdir():
        if "hpo" not in entry.name:
            (folder / entry.name).symlink_to(entry)
    return folder


@pytest.mark.slow  # a new environment, and TensorFlow imported anew
def test_an_export_predicts_in_an_environment_without_hpo(ensemble, exported, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    packages = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    (packages / "others.pth").write_text(str(site_without_hpo(tmp_path / "others")))
    x = linear_data().x_test
    np.savez(tmp_path / "x.npz", x=x)
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}

    def run(*arguments):
        return subprocess.run(
            [str(python), *arguments],
            cwd=exported,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )

    for module in ("hpo", "hpo_tasks"):
        assert "ModuleNotFoundError" in run("-c", f"import {module}").stderr
    done = run("predict.py", str(tmp_path / "x.npz"), str(tmp_path / "out.npz"))

    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as arrays:
        np.testing.assert_allclose(arrays["predictions"], ensemble.predict(x), atol=1e-5)
    wrong = run("predict.py", str(tmp_path / "missing.npz"), str(tmp_path / "other.npz"))
    assert wrong.returncode == 1
    assert wrong.stderr.splitlines()[-1].startswith("predict.py: ")
