"""What a user may choose, declared once: commands, functions and records are made of these.

An option is a field here and an entry of the ``TypedDict`` beside it, which tells type checkers of
the keyword. Everything else follows: the flag of the command, its help, the check, what is stored
with a study, what a worker is given, and the command that repeats a call.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args

from hpo.support.backends import NAMES, Backend
from hpo.support.options import (
    existing_folder,
    folder,
    memory,
    one_of,
    option,
    path,
    seconds,
    share,
    switch,
    text,
    texts,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hpo.space.space import Space

MAX_SEED = 2**32 - 1
"""NumPy's and TensorFlow's largest."""

Named = str | os.PathLike[str]
Executor = Literal["local", "inline", "ray"]
CodeChanged = Literal["refuse", "keep"]
Precision = Literal["float32", "mixed_float16", "mixed_bfloat16"]
Assets = Literal["embed", "directory"]


def _train_size(value: Any) -> float | int | None:
    from hpo.data import subset

    return subset.parse(value)


def _cv(value: Any) -> str:
    from hpo.data import splits

    splits.check_name(value)
    return str(value)


def _space(value: Any) -> Any:
    from hpo.space import Space

    return value if isinstance(value, Space) else text(value)


@dataclass(frozen=True)
class Placement:
    """Where trials are evaluated, and how long one may take."""

    executor: str | None = option(
        None,
        "Evaluate in child processes (local), in this process (inline), or on a Ray cluster (ray).",
        one_of(*get_args(Executor)),
        metavar="[local|inline|ray]",
        default_means="inline, or local with several workers",
    )
    workers: int | None = option(
        None,
        "Number of trials evaluated at the same time.",
        whole(1),
        metavar="N",
        default_means="one per device",
    )
    devices: str = option(
        "auto", "Where trials are evaluated: auto, cpu, or GPUs such as 0,1.", text
    )
    trials_per_device: int = option(
        1, "Number of workers that share a device.", whole(1), metavar="N"
    )
    address: str | None = option(
        None,
        "With ray: the address of the cluster, such as auto, HOST:6379 or ray://HOST:10001.",
        text,
        metavar="ADDRESS",
        default_means="a cluster of this machine",
    )
    cpus_per_worker: float = option(
        1.0, "With ray: number of cores that a worker takes.", share, metavar="N"
    )
    gpus_per_worker: float = option(
        0.0, "With ray: number of GPUs that a worker takes, such as 0.5.", share, metavar="N"
    )
    trial_timeout: float | None = option(
        None,
        "Fail a trial that takes longer than so many seconds, or 30m, 2h.",
        seconds,
        metavar="DURATION",
    )


@dataclass(frozen=True)
class Options(Placement):
    """How a study is searched; a later run of it may choose otherwise."""

    sampler: str = option(
        "tpe",
        "Chooses what is tried next: tpe, gp, hyperopt, cmaes, genetic, sobol, grid, random or "
        "gp-torch.",
        text,
        metavar="NAME",
    )
    pruner: str = option(
        "auto",
        "Ends bad trials early: none, median, asha, hyperband, wilcoxon, or auto, which is asha "
        "where a trial trains more than 20 epochs.",
        text,
        metavar="NAME",
    )
    warm_start_from: str | None = option(
        None,
        "Try the best configurations of an earlier study first, also one of another task.",
        text,
        flag="warm-start",
        metavar="STUDY",
    )
    trials: int = option(
        50,
        "Number of trials of the study in all; an existing study is continued.",
        whole(1),
        metavar="N",
    )
    timeout: float | None = option(
        None, "End the search after so many seconds, or 30m, 2h.", seconds, metavar="DURATION"
    )
    patience: int | None = option(
        None,
        "End the search after N finished trials without a better score. (A search space may have "
        "a patience of its own, which counts epochs.)",
        whole(1),
        metavar="N",
    )
    seed: int = option(
        0, "Seed of the sampler, the weights and the batches.", whole(0, MAX_SEED), metavar="N"
    )
    keep: int = option(
        25,
        "Number of the best trials that keep their models, for ensembles.",
        whole(0),
        metavar="N",
    )
    executor: str | None = option(
        None,
        "Evaluate trials in child processes (local), in this process (inline), or on a Ray cluster "
        "(ray).",
        one_of(*get_args(Executor)),
        metavar="[local|inline|ray]",
        default_means="local",
    )
    worker_memory: int | None = option(
        None,
        "Kill a worker that takes more bytes of memory, such as 2G, and fail its trial.",
        memory,
        metavar="SIZE",
    )
    tensorboard: str | None = option(
        None,
        "Write curves, weights and hyperparameters of every trial for TensorBoard.",
        folder,
        metavar="DIR",
    )
    data_dir: str | None = option(
        None,
        "Folder with data sets.",
        existing_folder,
        metavar="DIR",
        default_means="$HPO_DATA_DIR, or that of the search",
    )
    retry: int = option(
        2,
        "Try a configuration so often again whose worker was lost with its machine (on a Ray "
        "cluster, or with --storage).",
        whole(0),
        metavar="N",
    )
    retry_failed: bool = option(
        False, "Try the failed trials again first, with the seeds they had: after a fix.", switch
    )
    code_changed: str = option(
        "refuse",
        "What to do if the task's code has changed since the study's trials were evaluated: refuse "
        "to continue, or keep them all in one ranking.",
        one_of(*get_args(CodeChanged)),
        metavar="[refuse|keep]",
    )
    command: str = ""
    """The command that repeats the search; not an option."""


@dataclass(frozen=True)
class StudyOptions:
    """What makes a study the study it is; none of it may change when the study is continued."""

    cv: str | None = option(
        None,
        "How trials are evaluated: kfold:5, repeated-kfold:5x2, holdout:0.2, time:5 or predefined.",
        _cv,
        metavar="NAME",
        default_means="as the task says",
    )
    train_size: float | int | None = option(
        None,
        "Search on a part of the training data: a share such as 0.2, or a number of samples such "
        "as 2000.",
        _train_size,
        metavar="SIZE",
        default_means="all of it",
    )
    group_duplicates: bool = option(
        False, "Keep all copies of a sample in one fold. (They are counted in any case.)", switch
    )
    space: Space | str | None = option(
        None,
        "A search space in place of the task's own.",
        _space,
        metavar="FILE",
        default_means="the task's own",
    )
    settings: tuple[str, ...] = option(
        (),
        "Fix a hyperparameter (optimizer=adam) or change a bound (units.high=512); repeatable.",
        texts,
        flag="set",
        metavar="NAME=VALUE",
        repeatable=True,
    )
    precision: str | None = option(
        None,
        "Keras's dtype policy.",
        one_of(*get_args(Precision)),
        metavar="[float32|mixed_float16|mixed_bfloat16]",
        default_means="float32",
    )
    backend: str | None = option(
        None,
        "Keras's backend.",
        one_of(*NAMES),
        metavar="[tensorflow|jax|torch]",
        default_means="$KERAS_BACKEND, or what the task asks for if it is installed",
    )


class PlacementKeywords(TypedDict, total=False):
    """The options of :class:`Placement`."""

    executor: Executor | None
    workers: int | None
    devices: str
    trials_per_device: int
    address: str | None
    cpus_per_worker: float
    gpus_per_worker: float
    trial_timeout: float | str | None


class RunKeywords(PlacementKeywords, total=False):
    """The options of ``hpo.run``: those of :class:`Options` and :class:`StudyOptions`."""

    sampler: str
    pruner: str
    warm_start_from: Named | None
    trials: int
    timeout: float | str | None
    patience: int | None
    seed: int
    keep: int
    worker_memory: int | str | None
    tensorboard: Named | None
    data_dir: Named | None
    retry: int
    retry_failed: bool
    code_changed: CodeChanged
    cv: str | None
    train_size: float | str | None
    group_duplicates: bool
    space: Space | Named | None
    settings: Sequence[str]
    precision: Precision | None
    backend: Backend | None


@dataclass(frozen=True)
class EnsembleOptions(Placement):
    """How an ensemble is made."""

    method: str = option(
        "auto",
        "greedy (selection with replacement), weighted (optimized weights), mean (equal weights), "
        "stacking (a linear model of the members' predictions), or auto, which takes the one with "
        "the best cross-fitted score.",
        text,
        metavar="NAME",
    )
    size: int = option(
        20,
        "Largest number of members; mean and stacking have exactly this many.",
        whole(1),
        metavar="N",
    )
    refit: bool = option(
        False,
        "Train every member again on all the training data, for the epochs its trial chose.",
        switch,
    )
    seeds: int = option(
        1,
        "With refit: number of models per member, each from another seed.",
        whole(1),
        metavar="N",
    )


class EnsembleKeywords(PlacementKeywords, total=False):
    """The options of ``hpo.ensemble``: those of :class:`EnsembleOptions`."""

    method: str
    size: int
    refit: bool
    seeds: int


@dataclass(frozen=True)
class ConfirmOptions(Placement):
    """How the best configurations are confirmed."""

    top: int = option(
        5, "Number of the best configurations that are evaluated again.", whole(1), metavar="N"
    )
    repeats: int = option(
        3,
        "Number of times each is evaluated, with new seeds and a new split of the data.",
        whole(1),
        metavar="N",
    )


class ConfirmKeywords(PlacementKeywords, total=False):
    """The options of ``hpo.confirm``: those of :class:`ConfirmOptions`."""

    top: int
    repeats: int


@dataclass(frozen=True)
class PredictOptions:
    """How a file is predicted."""

    output: Path | None = option(
        None,
        "A .csv or .npz file, written whole or not at all.",
        path,
        metavar="FILE",
        default_means="CSV on standard output",
    )
    chunk: int = option(2000, "Number of samples in memory at a time.", whole(1), metavar="N")


@dataclass(frozen=True)
class ReportOptions:
    """How a report is written."""

    output: Path | None = option(
        None,
        "File to write; without STUDY, folder for all pages.",
        path,
        metavar="PATH",
        default_means="report.html in the study's folder",
    )
    assets: Assets = option(
        "embed",
        "Put plotly.js (5 MB) into every page (embed), or once beside them (directory).",
        one_of(*get_args(Assets)),
        metavar="[embed|directory]",
    )
