"""Which worker sees which device."""

import os

import pytest

from hpo.errors import UsageError
from hpo.options import Options
from hpo.placement import devices


@pytest.fixture
def gpus(monkeypatch):
    """A stand-in for the list of devices."""
    found = ["0", "1"]
    monkeypatch.setattr(devices, "list_gpus", lambda: found)
    return found


def seen(options):
    return [env.get("CUDA_VISIBLE_DEVICES") for env in devices.environments(options)]


def test_every_gpu_gets_a_worker_of_its_own_by_default(gpus):
    assert seen(Options(workers=None)) == gpus


def test_workers_share_devices_evenly_when_asked_to(gpus):
    assert seen(Options(workers=None, trials_per_device=2)) == [*gpus, *gpus]
    assert seen(Options(workers=3, trials_per_device=2)) == ["0", "1", "0"]


def test_only_the_named_devices_are_used(gpus):
    assert seen(Options(workers=None, devices="1")) == ["1"]


def test_a_gpu_leaves_memory_to_others(gpus):
    (environment, _) = devices.environments(Options(workers=None))
    assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_a_gpu_that_is_not_there_is_refused(gpus):
    with pytest.raises(UsageError, match=r"no such GPU\. Available: 0,1"):
        devices.environments(Options(workers=None, devices="0,7"))


def test_on_the_cpu_there_is_one_worker_unless_more_are_asked_for(gpus):
    assert seen(Options(workers=None, devices="cpu")) == ["-1"]
    assert seen(Options(workers=2, devices="cpu")) == ["-1", "-1"]


def test_without_a_gpu_the_devices_are_the_cpu(gpus):
    gpus.clear()
    assert devices.environments(Options(workers=None)) == [{}]


def test_more_workers_than_the_devices_take_are_refused(gpus):
    with pytest.raises(UsageError, match="devices 0,1 take 2 workers, not 3"):
        devices.environments(Options(workers=3))


@pytest.mark.parametrize("named", ["gpu", "0,", "a,b", ""])
def test_what_names_no_device_is_refused(named):
    with pytest.raises(UsageError, match="expected auto, cpu, or numbers"):
        devices.check(named)


def test_workers_share_out_the_cores(gpus, monkeypatch):
    gpus.clear()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)), raising=False)
    (first, *_) = devices.environments(Options(workers=3))
    assert first["HPO_THREADS"] == first["OMP_NUM_THREADS"] == "2"


def test_a_number_of_threads_that_the_user_gave_stays(gpus, monkeypatch):
    gpus.clear()
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    (first, _) = devices.environments(Options(workers=2))
    assert "OMP_NUM_THREADS" not in first


def test_gpus_that_are_hidden_are_not_used(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3")
    assert devices.list_gpus() == ["2", "3"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert devices.list_gpus() == []


def test_a_machine_without_the_driver_has_no_gpus(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devices.list_gpus() == []
