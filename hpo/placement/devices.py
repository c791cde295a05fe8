"""Which device each worker sees, or its share of the CPU."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from typing import TYPE_CHECKING

from hpo.errors import UsageError
from hpo.support import formats
from hpo.training.threads import THREADS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.options import Placement

QUERY_SECONDS = 10

Environment = dict[str, str]

GROWING = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
"""Otherwise a backend takes (nearly) all memory of a GPU and leaves none to other workers."""

CORES = "HPO_CORES"
"""The environment variable with the cores that a worker keeps to, such as 0,1."""


def environments(options: Placement) -> list[Environment]:
    """The variables to add to the environment of every worker.

    Args:
        options: ``devices`` is "auto" (all GPUs, or the CPU if there are none), "cpu", or numbers
            of GPUs such as "0,1"; each takes ``trials_per_device`` workers. ``workers`` is their
            total number: by default as many as the GPUs take, or one on the CPU.

    Returns:
        One environment per worker; workers of one device have equal ones.

    Raises:
        UsageError: There are no such devices, or they do not take so many workers.
    """
    gpus = _chosen(options.devices)
    if not gpus:
        n = options.workers or options.trials_per_device
        hidden = {"CUDA_VISIBLE_DEVICES": "-1"} if options.devices == "cpu" else {}
        return [hidden | _share_of_threads(n) | cores for cores in _shares_of_cores(n)]
    places = list(gpus) * options.trials_per_device
    n = options.workers or len(places)
    if n > len(places):
        raise UsageError(
            f"devices {','.join(gpus)} take {formats.count(len(places), 'worker')}, not {n}. Use "
            "fewer --workers, or more --trials-per-device."
        )
    return [{"CUDA_VISIBLE_DEVICES": gpu} | GROWING | _share_of_threads(n) for gpu in places[:n]]


def list_gpus() -> list[str]:
    """The numbers of the GPUs that this process may use, in the order of NVIDIA's driver."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [gpu.strip() for gpu in visible.split(",") if gpu.strip() not in ("", "-1")]
    try:
        listing = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=QUERY_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return listing.stdout.split()


def unused_gpus() -> str:
    """What to do if the machine has a GPU that Keras's backend cannot use; else "".

    TensorFlow installed without the libraries of CUDA silently trains on the CPU.
    """
    import keras

    if not list_gpus() or any(
        device.startswith("gpu") for device in keras.distribution.list_devices()
    ):
        return ""
    return (
        f"{keras.backend.backend()} cannot use this machine's GPU, only the CPU. Install what it "
        "needs, such as pip install 'tensorflow[and-cuda]', or use --devices cpu."
    )


def check(devices: str) -> None:
    """Refuse text that is not a choice of devices.

    Raises:
        UsageError: It is neither "auto" nor "cpu" nor numbers of GPUs.
    """
    if devices not in ("auto", "cpu") and not re.fullmatch(r"\d+(,\d+)*", devices):
        raise UsageError(
            f"devices: expected auto, cpu, or numbers of GPUs such as 0,1. Received: {devices!r}"
        )


def _chosen(devices: str) -> Sequence[str]:
    check(devices)
    if devices == "cpu":
        return []
    available = list_gpus()
    if devices == "auto":
        return available
    chosen = devices.split(",")
    if not set(chosen) <= set(available):
        raise UsageError(
            f"devices {devices}: this machine has no such GPU. "
            f"Available: {','.join(available) or 'none; use --devices cpu'}."
        )
    return chosen


def keep_to_cores(backend: str | None) -> None:
    """Keep this process to its share of the cores, where threads cannot be limited otherwise.

    Args:
        backend: Keras's backend, which must not be imported yet. XLA's pools of threads, which
            JAX uses, are as large as the number of cores that it finds.
    """
    cores = os.environ.get(CORES, "")
    if backend == "jax" and cores and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError, ValueError):
            os.sched_setaffinity(0, {int(core) for core in cores.split(",")})


def _shares_of_cores(workers: int) -> list[Environment]:
    """The cores of each of several workers, as evenly as they can be shared."""
    if workers == 1 or CORES in os.environ or not hasattr(os, "sched_getaffinity"):
        return [{}] * workers
    cores = sorted(os.sched_getaffinity(0))
    shares = [cores[k::workers] or [cores[k % len(cores)]] for k in range(workers)]
    return [{CORES: ",".join(map(str, share))} for share in shares]


def _share_of_threads(workers: int) -> Environment:
    """How many threads each of several workers uses, instead of one per core."""
    if workers == 1:
        return {}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    share = str(max(1, (cores or 1) // workers))
    return {name: share for name in (THREADS, "OMP_NUM_THREADS") if name not in os.environ}
