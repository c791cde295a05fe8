import os
import subprocess
import venv
from pathlib import Path

import numpy as np
import pytest
from exporting.exports import assert_same, combined, imported, refusal, save_lambda
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hpo.exporting import export
from tasks import linear_data, linear_task


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
    assert done.stdout == f"10 samples predicted: {tmp_path / 'out.npz'}\n"
    assert "retracing" not in done.stderr
    with np.load(tmp_path / "out.npz") as arrays:
        np.testing.assert_allclose(arrays["predictions"], ensemble.predict(x), atol=1e-5)
    wrong = run("predict.py", str(tmp_path / "missing.npz"), str(tmp_path / "other.npz"))
    assert wrong.returncode == 1
    assert wrong.stderr.splitlines()[-1].startswith("predict.py: ")


# ---------------------------------------------------------------- the command


@pytest.fixture
def command(exported, tmp_path, monkeypatch, capsys):
    """Runs predict.py in an empty folder; gives what it says when it fails, else None."""
    monkeypatch.chdir(tmp_path)
    np.savez("x.npz", x=linear_data().x_test)

    def run(*arguments):
        with imported(exported) as module:
            try:
                module.main([*arguments])
            except SystemExit as error:
                return error.code
        assert capsys.readouterr().out.startswith("10 samples predicted: ")
        return None

    return run


def test_a_link_stays_one_and_no_other_file_appears(ensemble, command):
    Path("link.npz").symlink_to("target.npz")

    assert command("x.npz", "link.npz") is None

    assert Path("link.npz").is_symlink()
    with np.load("target.npz") as arrays:
        expected = ensemble.predict(linear_data().x_test)
        np.testing.assert_allclose(arrays["predictions"], expected, atol=1e-5)
    assert sorted(p.name for p in Path().iterdir() if p.suffix == ".npz") == [
        "link.npz",
        "target.npz",
        "x.npz",
    ]


@pytest.mark.parametrize(
    ("source", "output", "message"),
    [
        ("x.npz", "x.npz", "x.npz is the file with the samples"),
        ("x.npz", "x", "x is the file with the samples"),
        ("x.npz", "/dev/null", "/dev/null is not a file"),
        ("x.npz", "fifo.npz", "fifo.npz is not a file"),
        ("x.npz", "folder.npz", "folder.npz is not a file"),
        ("x.npz", "missing/out.npz", "missing/out.npz cannot be written"),
        ("fifo.npz", "out.npz", "fifo.npz is not a file"),
        ("folder.npz", "out.npz", "folder.npz is not a file"),
        ("missing.npz", "out.npz", "missing.npz cannot be read"),
        ("text.csv", "out.npz", "text.csv cannot be read"),
        ("wide.npz", "out.npz", "wide.npz"),
        ("gap.npz", "out.npz", r"x[1, 2] is nan"),
        ("\x1b[2J.npz", "out.npz", "\\x1b[2J.npz cannot be read"),
    ],
)
def test_files_that_cannot_be_used_are_named_in_one_line(command, source, output, message):
    os.mkfifo("fifo.npz")
    Path("folder.npz").mkdir()
    Path("text.csv").write_text("1,2,3")
    np.savez("wide.npz", x=np.zeros((2, 4)))
    np.savez("gap.npz", x=np.array([[1, 2, 3], [4, 5, np.nan]]))
    before = Path("x.npz").read_bytes()

    said = command(source, output)

    assert said.startswith("predict.py: ")
    assert message in said
    assert said.isprintable()
    assert Path("x.npz").read_bytes() == before
    assert not Path("out.npz").exists()


def test_gaps_that_the_preprocessing_fills_are_predicted(tmp_path):
    task = linear_task(
        preprocessor=lambda _params: make_pipeline(SimpleImputer(), StandardScaler())
    )
    made = combined(tmp_path, task, trials=1)
    x = np.array([[1, np.nan, 3], [4, 5, 6]])

    folder = export(made, tmp_path / "export").directory

    assert_same(made, folder, x)
    x[0, 0] = np.inf
    assert "x[0, 0] is inf" in refusal(folder, x)
