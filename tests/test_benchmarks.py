"""Benchmarks run, here on little data; their figures are for docs/performance.md."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def run(script, *arguments, **environment):
    process = subprocess.run(
        [sys.executable, BENCHMARKS / script, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.slow
def test_the_ways_to_train_on_a_device_are_compared(tmp_path):
    pytest.importorskip("jax", reason="the extra jax is not installed")

    printed = run(
        "gpu.py",
        "--tiny",
        "--epochs",
        "2",
        "--processes",
        "1",
        "--trials",
        "1",
        KERAS_BACKEND="jax",
        HPO_CACHE_DIR=str(tmp_path),
        CUDA_VISIBLE_DEVICES="-1",
    )

    ways = [
        (kind, way)
        for kind in ("dense", "convolutional", "embedding")
        for way in ("fit", "in turn", "together")
    ]
    rows = re.findall(
        r"^(\w+) +(fit|in turn|together) +[\d.]+ s +([\d.]+) ms", printed, re.MULTILINE
    )
    assert [(kind, way) for kind, way, _ in rows] == ways
    assert all(float(milliseconds) > 0 for *_, milliseconds in rows)
    assert re.search(r"1 processes on the device: \d+ trials a minute", printed)


@pytest.mark.slow
def test_the_cost_of_the_engine_is_measured():
    printed = run("overhead.py", "--trials", "3", "--large", "30")

    assert re.search(r"random: [\d.]+ ms per trial; Optuna directly", printed)
    assert re.search(r"hpo report: [\d.]+ s", printed)


@pytest.mark.slow
def test_the_memory_of_a_worker_is_measured(tmp_path):
    printed = run(
        "memory.py",
        *("--backend", "tensorflow", "--trials", "2", "--epochs", "1"),
        HPO_CACHE_DIR=str(tmp_path),
    )

    assert re.search(r"tensorflow: \d+ MB after 2 trials, \d+ MB after 2: 1\.00 times", printed)


@pytest.mark.slow
def test_the_rate_of_several_workers_is_measured():
    printed = run("scale.py", "--kind", "journal", "--workers", "2", "--trials", "10")

    assert re.fullmatch(r"workers +journal\n +2 +[\d.]+\n", printed)


def test_the_simulation_gives_what_can_be_computed_by_hand():
    names = runpy.run_path(str(BENCHMARKS / "simulate.py"))
    share, costs = names["share_of_training"], names["Costs"]

    free = costs(ask=0.0, ask_later={}, most=1e9)
    assert share([10.0], 4, 400, 0.0, free) == pytest.approx(1)
    # One asks at a time, for as long as a trial takes: one of a hundred trains.
    slow = costs(ask=1.0, ask_later={}, most=1e9)
    assert share([1.0], 100, 5000, 1.0, slow) == pytest.approx(0.01, rel=0.01)
    # Two trials a second of two seconds each keep four of eight busy.
    assert share([2.0], 8, 4000, 0.0, costs(0.0, {}, most=2)) == pytest.approx(0.5, rel=0.01)
