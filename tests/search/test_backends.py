import importlib.util
import json
import sys

import keras
import pytest

import hpo
from hpo.errors import HPOError, UsageError
from hpo.support import backends

HERE = keras.backend.backend()
OTHER = next(name for name in ("jax", "tensorflow") if name != HERE)
PLUGIN = "tests/plugins/tiny_task.py"


@pytest.fixture
def unimported(monkeypatch, tmp_path):
    """As in a process that has not imported Keras, on a machine without settings of it."""
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("unimported")
def test_a_task_gets_the_backend_that_it_asks_for_if_it_is_installed(monkeypatch):
    assert backends.default("jax") == "jax"

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert backends.default("jax") == "tensorflow"


def test_the_environment_comes_before_the_task(monkeypatch, unimported):
    monkeypatch.setenv("KERAS_BACKEND", "torch")

    assert backends.default("jax") == "torch"


def test_the_settings_of_keras_come_last(unimported):
    (unimported / "keras.json").write_text(json.dumps({"backend": "jax"}))
    assert backends.default() == "jax"

    (unimported / "keras.json").write_text("{")
    assert backends.default() == "tensorflow"


def test_what_already_runs_comes_first(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", OTHER)

    assert backends.default(OTHER) == HERE


def test_a_backend_that_is_not_installed_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(UsageError, match=r"jax is not installed here.*'hpo-keras\[jax\]'"):
        backends.check("jax")


def test_another_backend_cannot_run_in_the_same_process(tmp_path):
    message = f"backend {OTHER}: Keras already uses {HERE} in this process"

    with pytest.raises(UsageError, match=message):
        hpo.run(hpo.load_task(PLUGIN), trials=1, runs=tmp_path, backend=OTHER)


def test_a_task_cannot_ask_for_a_backend_that_does_not_exist():
    task = hpo.load_task(PLUGIN)

    with pytest.raises(HPOError, match=r"backend must be one of tensorflow, jax, torch.*mxnet"):
        type(task)(
            name="t",
            load=task.load,
            model=task.model,
            space="s",
            objective="val_mae",
            backend="mxnet",
        )


@pytest.mark.slow
def test_a_study_keeps_its_backend_and_its_models_run_under_any(tmp_path):
    study = hpo.run(PLUGIN, trials=2, runs=tmp_path, backend="jax", seed=3)
    assert study.facts.environment.backend == study.settings.backend == "jax"
    assert [trial.training for trial in study.trials] == ["fused-jax"] * 2

    study = hpo.run(PLUGIN, trials=3, runs=tmp_path)
    assert (study.settings.backend, study.trials[2].training) == ("jax", "fused-jax")

    with pytest.raises(HPOError, match=r"backend is tensorflow, not jax\. Start another study"):
        hpo.run(PLUGIN, trials=4, runs=tmp_path, backend="tensorflow")
    made = hpo.ensemble("tiny", runs=tmp_path, task=PLUGIN)
    assert made.record.oof == pytest.approx(study.best.score, rel=0.2)
