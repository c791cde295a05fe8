"""Which device each worker sees, or its share of the CPU."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from hpo.errors import UsageError
from hpo.support import formats
from hpo.training.threads import THREADS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.options import Options

QUERY_SECONDS = 10

Environment = dict[str, str]


def environments(options: Options) -> list[Environment]:
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
        return [hidden | _share_of_threads(n)] * n
    places = list(gpus) * options.trials_per_device
    n = options.workers or len(places)
    if n > len(places):
        raise UsageError(
            f"devices {','.join(gpus)} take {formats.count(len(places), 'worker')}, not {n}. Use "
            "fewer --workers, or more --trials-per-device."
        )
    return [
        # Otherwise TensorFlow takes all memory of the GPU and leaves none to other workers.
        {"CUDA_VISIBLE_DEVICES": gpu, "TF_FORCE_GPU_ALLOW_GROWTH": "true"} | _share_of_threads(n)
        for gpu in places[:n]
    ]


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


def _share_of_threads(workers: int) -> Environment:
    """How many threads each of several workers uses, instead of one per core."""
    if workers == 1:
        return {}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    share = str(max(1, (cores or 1) // workers))
    return {name: share for name in (THREADS, "OMP_NUM_THREADS") if name not in os.environ}
