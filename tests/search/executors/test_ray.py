"""Searches on a real Ray cluster of several nodes on this machine."""

import builtins
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import hpo
from hpo.errors import HPOError, UsageError
from hpo.search.events import TrialStarted

ray = pytest.importorskip("ray")

PLUGIN = """
import os, time
from pathlib import Path

import numpy as np
from own_layers import dense

from hpo import Data, Float, Int, Space, Task

FOLDER = Path({folder!r})


def load(data_dir):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    return Data(x=x, y=x @ [1.0, -2.0, 0.5] + rng.normal(scale=0.1, size=60))


def behave():
    import ray

    node = ray.get_runtime_context().get_node_id()
    (FOLDER / f"{{os.getpid()}}-{{node}}").touch()
    while (FOLDER / "hold").exists():
        time.sleep(0.05)
    hoard = []
    while (FOLDER / "hog").exists():
        hoard.append(np.ones(2_000_000))


def model(params, data):
    import keras

    if FOLDER.name != "plain":
        behave()
    network = keras.Sequential([keras.Input((3,)), dense(params["units"]), dense(1)])
    network.compile(keras.optimizers.SGD(params["learning_rate"]), loss="mse", metrics=["mae"])
    return network


task = Task(
    name="own",
    load=load,
    model=model,
    space=Space({{"units": Int(1, 16), "learning_rate": Float(1e-3, 1e-1, log=True)}}),
    objective="val_mae",
    cv="kfold:2",
    epochs=3,
    batch_size=8,
)
"""
BESIDE = """
def dense(units):
    import keras

    return keras.layers.Dense(units)
"""


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    started.add_node(num_cpus=1)
    started.add_node(num_cpus=1)
    started.wait_for_nodes()
    yield started
    started.shutdown()


@pytest.fixture
def plugin(tmp_path):
    return write_plugin(tmp_path, "folder")


def write_plugin(tmp_path, name):
    (tmp_path / name).mkdir()
    source = tmp_path / "source"
    source.mkdir()
    (source / "own.py").write_text(PLUGIN.format(folder=str(tmp_path / name)))
    (source / "own_layers.py").write_text(BESIDE)
    return source / "own.py"


def search(cluster, plugin, n_trials, **options):
    return hpo.run(
        str(plugin),
        runs=plugin.parent.parent / "runs",
        trials=n_trials,
        executor="ray",
        address=cluster.address,
        sampler="random",
        **options,
    )


def placed(folder):
    """The processes and nodes in which models were built."""
    return [tuple(path.name.split("-")) for path in folder.glob("*-*")]


def states(study):
    return [trial.state for trial in study.trials]


def test_one_worker_and_one_seed_give_the_trials_of_a_local_search(cluster, tmp_path):
    plugin = write_plugin(tmp_path, "plain")
    on_ray = search(cluster, plugin, 3, study="ray")
    local = hpo.run(str(plugin), runs=tmp_path / "runs", trials=3, sampler="random", study="local")

    assert [t.params for t in on_ray.trials] == [t.params for t in local.trials]
    scores = [trial.score for trial in local.trials]
    assert [t.score for t in on_ray.trials] == pytest.approx(scores, rel=1e-6)
    for trial in local.trials:
        expected, found = (study.files.arrays(trial.number) for study in (local, on_ray))
        np.testing.assert_allclose(found.predictions[""], expected.predictions[""], rtol=1e-5)
        assert len(on_ray.files.model_paths(trial.number)) == 2
    assert on_ray.facts.baseline == pytest.approx(local.facts.baseline)
    assert (on_ray.directory / "samples.json").exists()


def test_the_trial_of_a_lost_node_is_tried_again_elsewhere(cluster, plugin, tmp_path):
    folder = tmp_path / "folder"
    hold = folder / "hold"
    hold.touch()
    extra = cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    started = []

    def lose_a_node(event):
        if isinstance(event, TrialStarted):
            started.append(event.number)
        if len(started) == 4 and hold.exists():
            while len(placed(folder)) < 4:
                time.sleep(0.05)
            cluster.remove_node(extra)
            hold.unlink()

    study = search(cluster, plugin, 6, workers=4, on_event=lose_a_node)

    assert sorted(states(study)) == ["complete"] * 6 + ["interrupted"]
    lost = next(trial for trial in study.trials if trial.state == "interrupted")
    assert lost.reason == "its node was lost"
    again = [t for t in study.trials if t.params == lost.params and t.state == "complete"]
    assert [(trial.seed, trial.state) for trial in again] == [(lost.seed, "complete")]


def test_a_killed_worker_fails_only_its_trial(cluster, plugin, tmp_path):
    folder = tmp_path / "folder"
    (folder / "hold").touch()

    def kill_a_worker(event):
        if isinstance(event, TrialStarted) and event.number == 1:
            while not placed(folder):
                time.sleep(0.05)
            os.kill(int(placed(folder)[0][0]), signal.SIGKILL)
            (folder / "hold").unlink()

    study = search(cluster, plugin, 4, workers=2, on_event=kill_a_worker)

    assert sorted(states(study)) == ["complete"] * 3 + ["failed"]
    failed = next(trial for trial in study.trials if trial.state == "failed")
    assert failed.reason == "its worker died (killed, crashed, or out of memory)"


def test_a_worker_that_takes_too_much_memory_fails_its_trial(cluster, plugin, tmp_path):
    (tmp_path / "folder" / "hog").touch()

    study = search(
        cluster, plugin, 2, worker_memory="2G", on_event=lambda event: _end_hog(event, tmp_path)
    )

    assert states(study) == ["failed", "complete"]
    assert "took more than the 2 GiB of --worker-memory" in study.trials[0].reason


def _end_hog(event, tmp_path):
    if type(event).__name__ == "TrialEnded":
        (tmp_path / "folder" / "hog").unlink(missing_ok=True)


def test_ctrl_c_ends_the_search_and_it_goes_on_when_run_again(cluster, plugin, tmp_path):
    folder = tmp_path / "folder"
    (folder / "hold").touch()
    words = ["run", str(plugin), "--runs", str(tmp_path / "runs"), "--trials", "3"]
    words += ["--executor", "ray", "--address", cluster.address, "--sampler", "random"]
    process = subprocess.Popen(
        [sys.executable, "-m", "hpo", *words], stderr=subprocess.PIPE, text=True
    )
    while not placed(folder):
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)
    time.sleep(1)
    (folder / "hold").unlink()
    _, err = process.communicate(timeout=120)

    assert process.returncode == 130, err
    assert "trial 0 interrupted; it will be tried again" in err
    again = search(cluster, plugin, 3)
    assert states(again) == ["interrupted", "complete", "complete", "complete"]


def test_workers_for_which_there_is_no_room_do_not_keep_a_search_from_ending(
    cluster, plugin, tmp_path
):
    events = []

    study = search(cluster, plugin, 5, workers=5, on_event=events.append)

    assert states(study) == ["complete"] * 5
    assert "the cluster has room for 3 of 5 workers" in events[0].message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gpus_per_worker": 1}, "no node has 1 GPUs for a worker; the largest has 0"),
        ({"cpus_per_worker": 64}, "no node has 64 CPUs for a worker; the largest has"),
        ({"devices": "cpu"}, "On a Ray cluster use --gpus-per-worker"),
        ({"tensorboard": "board"}, "do not write for TensorBoard"),
    ],
)
def test_what_a_cluster_does_not_have_is_refused(cluster, plugin, options, message):
    with pytest.raises(UsageError, match=message):
        search(cluster, plugin, 1, **options)


def test_an_address_where_nothing_answers_is_refused_soon(plugin, tmp_path):
    began = time.monotonic()
    with pytest.raises(HPOError, match=r"no cluster answers at 127\.0\.0\.1:9 \(Conn"):
        hpo.run(str(plugin), runs=tmp_path, executor="ray", address="127.0.0.1:9")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("address", ["127.0.0.1:{}", "ray://127.0.0.1:{}"])
def test_an_address_where_something_else_answers_is_refused_soon(plugin, tmp_path, address):
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = address.format(other.getsockname()[1])
        with pytest.raises(HPOError, match=r"no cluster answers .*something else listens there"):
            hpo.run(str(plugin), runs=tmp_path, executor="ray", address=address)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("option", [{"address": "auto"}, {"gpus_per_worker": 1}])
def test_options_of_a_cluster_need_one(plugin, tmp_path, option):
    with pytest.raises(UsageError, match="are for a Ray cluster: add --executor ray"):
        hpo.run(str(plugin), runs=tmp_path, **option)


def test_without_ray_the_extra_is_named(plugin, tmp_path, monkeypatch):
    real = builtins.__import__

    def without_ray(name, *rest):
        if name == "ray":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_ray)

    with pytest.raises(UsageError, match=r"pip install 'hpo-keras\[ray\]'"):
        hpo.run(str(plugin), runs=tmp_path, executor="ray")


def test_a_plugins_folder_travels():
    from hpo.placement.cluster import shipped

    task, environment = shipped("/home/me/project/own.py:task")

    assert task == "own.py:task"
    assert environment["working_dir"] == "/home/me/project"
    assert Path(environment["py_modules"][0]).name == "hpo"
    assert shipped("boston")[0] == "boston"
    assert "pip" not in shipped("boston")[1]


# ---------------------------------------------------------------- after the search


def test_configurations_are_confirmed_and_refitted_on_the_cluster_as_here(cluster, tmp_path):
    plugin = write_plugin(tmp_path, "plain")
    study = hpo.run(str(plugin), runs=tmp_path / "runs", trials=3, sampler="random")
    shutil.copytree(study.directory, tmp_path / "copy" / "own")
    copy = hpo.load_study(tmp_path / "copy" / "own")
    on_ray = {"executor": "ray", "address": cluster.address, "workers": 2}

    here = hpo.confirm(study, task=str(plugin), top=2, repeats=2)
    there = hpo.confirm(copy, task=str(plugin), top=2, repeats=2, **on_ray)
    refitted = hpo.ensemble(copy, task=str(plugin), refit=True, **on_ray)

    for one, other in zip(here.configurations, there.configurations, strict=True):
        assert other.scores == pytest.approx(one.scores, rel=1e-5)
    expected = hpo.ensemble(study, task=str(plugin), refit=True)
    x = np.ones((2, 3))
    np.testing.assert_allclose(refitted.predict(x), expected.predict(x), rtol=1e-4)


def test_an_evaluation_whose_node_is_lost_is_done_on_another(cluster, plugin):
    folder = plugin.parent.parent / "folder"
    study = search(cluster, plugin, 2)
    for path in folder.glob("*-*"):
        path.unlink()
    node = cluster.add_node(num_cpus=1, resources={"here": 1})
    (folder / "hold").touch()

    def lose_the_node():
        deadline = time.monotonic() + 120
        while not any(name == node.node_id for _, name in placed(folder)):
            assert time.monotonic() < deadline, "nothing was placed on the new node"
            time.sleep(0.1)
        cluster.remove_node(node)
        (folder / "hold").unlink()

    losing = threading.Thread(target=lose_the_node)
    losing.start()
    found = hpo.confirm(
        study,
        task=str(plugin),
        top=2,
        repeats=2,
        executor="ray",
        address=cluster.address,
        workers=4,
    )
    losing.join()

    assert all(len(one.scores) == 2 and one.reason is None for one in found.configurations)


def test_what_ray_prints_of_a_dead_worker_is_not_in_the_way(cluster, plugin):
    folder = plugin.parent.parent
    source = plugin.read_text().replace("    behave()", "    time.sleep(1)\n    os._exit(7)")
    (plugin.parent / "dying.py").write_text(source)
    words = ("run", plugin.parent / "dying.py", "--trials", 1, "--runs", folder / "dying")
    words += ("--executor", "ray", "--address", cluster.address)

    ended = subprocess.run(
        [sys.executable, "-m", "hpo", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "failed: its worker died (killed, crashed, or out of memory)" in ended.stderr
    assert "Worker exit type" not in ended.stderr
