"""Which devices workers use: each sees one, or its share of the CPU."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from hpo.errors import UsageError
from hpo.training.threads import THREADS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpo.options import Options

QUERY_SECONDS = 10

Environment = dict[str, str]


def environments(options: Options) -> list[Environment]:
    """What the environment of every worker has beside that of this process.

    Args:
        options: ``devices`` is "auto" (every GPU there is, else the CPU), "cpu", or numbers of
            GPUs such as "0,1"; each takes ``trials_per_device`` workers. ``workers`` says how many
            there are in all: by default as many as the GPUs take, or one on the CPU.

    Returns:
        One environment per worker; workers of one place have equal ones.

    Raises:
        UsageError: The devices are not named so, or do not take so many workers.
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
            f"{n} workers are more than devices {','.join(gpus)} take: {len(places)}. Give fewer "
            "--workers, or more --trials-per-device."
        )
    return [
        # Without it TensorFlow takes all of a GPU's memory, and leaves none to other workers.
        {"CUDA_VISIBLE_DEVICES": gpu, "TF_FORCE_GPU_ALLOW_GROWTH": "true"} | _share_of_threads(n)
        for gpu in places[:n]
    ]


def list_gpus() -> list[str]:
    """The numbers of the GPUs that this process may use, as NVIDIA's driver counts them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [gpu.strip() for gpu in visible.split(",") if gpu.strip() not in ("", "-1")]
    try:
        asked = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=QUERY_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return asked.stdout.split()


def unused_gpus() -> str:
    """What to do about a GPU that is there and that Keras's backend cannot use; else "".

    TensorFlow installed without the libraries of CUDA trains on the CPU and does not say so.
    """
    import keras

    if not list_gpus() or any(
        device.startswith("gpu") for device in keras.distribution.list_devices()
    ):
        return ""
    return (
        f"{keras.backend.backend()} cannot use the GPU that is there, only the CPU. "
        "Install what it lacks, such as pip install 'tensorflow[and-cuda]', or say --devices cpu."
    )


def check(devices: str) -> None:
    """Refuse what names no devices.

    Raises:
        UsageError: It is neither "auto" nor "cpu" nor a list of numbers.
    """
    if devices not in ("auto", "cpu") and not re.fullmatch(r"\d+(,\d+)*", devices):
        raise UsageError(
            f"devices {devices!r}: expected auto, cpu, or numbers of GPUs such as 0,1."
        )


def _chosen(devices: str) -> Sequence[str]:
    check(devices)
    if devices == "cpu":
        return []
    found = list_gpus()
    if devices == "auto":
        return found
    named = devices.split(",")
    if not set(named) <= set(found):
        raise UsageError(
            f"devices {devices}: there is no such GPU here. "
            f"There are: {','.join(found) or 'none; use --devices cpu'}."
        )
    return named


def _share_of_threads(workers: int) -> Environment:
    """The threads of one of several workers, which would else each use all cores."""
    if workers == 1:
        return {}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    share = str(max(1, (cores or 1) // workers))
    return {name: share for name in (THREADS, "OMP_NUM_THREADS") if name not in os.environ}
