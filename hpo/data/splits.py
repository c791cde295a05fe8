"""How training data is split for validation: names for scikit-learn's splitters."""

from __future__ import annotations

import copy
import re
import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from hpo.task import Data

FORMS = "kfold:5, repeated-kfold:5x2, holdout:0.2, time:5, predefined"

# All studies of a task split its data in the same way, whatever their seed, so that their
# out-of-fold predictions can be compared and combined.
SPLIT_SEED = 0


@dataclass(frozen=True, eq=False)
class Split:
    """One split of the training data into two parts.

    Attributes:
        train: Positions of the samples to train on, shape (n_train,), ascending.
        validation: Positions of the samples to validate on, shape (n_validation,), ascending.
    """

    train: np.ndarray
    validation: np.ndarray


def split(cv: Any, data: Data, objective: str = "") -> list[Split]:
    """Split the training data.

    Classification is stratified, and groups stay together if ``data`` has them.

    Args:
        cv: A name with its argument (``"kfold:5"``, ``"repeated-kfold:5x2"``,
            ``"holdout:0.2"``, ``"time:5"``, ``"predefined"``) or a scikit-learn splitter that
            splits the same way every time.
        data: The data; its test set is not read.
        objective: The name of the task's objective, which tells classes from quantities.

    Returns:
        One split per fold.

    Raises:
        UsageError: ``cv`` is unknown, or splits differently each time.
        HPOError: The data cannot be split in this way.
    """
    splitter = make_splitter(cv, data, objective=objective)
    if not callable(getattr(splitter, "split", None)):
        raise UsageError(
            f"cv {cv!r}: is not a way to split the data. Expected a name like {FORMS}, or a "
            "scikit-learn splitter."
        )
    splits = _split(splitter, cv, data, objective)
    if not isinstance(cv, str) and not _same(splits, _split(splitter, cv, data, objective)):
        # Every worker, and later the ensemble, splits the data again.
        raise UsageError(f"cv {cv}: splits the data differently each time. Give it a random_state.")
    _check_splits(splits, cv, data)
    return splits


def make_splitter(cv: Any, data: Data, *, objective: str = "", seed: int = SPLIT_SEED) -> Any:
    """Make the splitter that a name stands for.

    Args:
        cv: A name or a splitter, as :func:`split` takes it.
        data: The data to split: whether it has classes and groups decides on the splitter.
        objective: The name of the task's objective, which tells classes from quantities.
        seed: By default the seed of all studies. Another seed splits differently if the way to
            split is random; it moves a splitter's own ``random_state`` by its distance from the
            default.

    Raises:
        UsageError: ``cv`` is unknown.
    """
    if isinstance(cv, str):
        return _named_splitter(cv, data, objective, seed)
    if seed == SPLIT_SEED or not depends_on_seed(cv):
        return cv
    moved = copy.copy(cv)
    moved.random_state = cv.random_state + seed - SPLIT_SEED
    return moved


def validated_by(parts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The samples that are validated, and the first fold that validates each.

    Args:
        parts: The positions of the samples that each fold validates.

    Returns:
        Positions of samples, shape (n,), ascending, and folds, shape (n,).
    """
    import numpy as np

    fold_of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    index, first = np.unique(np.concatenate(parts), return_index=True)
    return index, fold_of[first]


def are_in_time_order(splits: Sequence[Split]) -> bool:
    """Whether every split validates on samples that follow its training part, each later ones."""
    return len(splits) > 1 and all(
        earlier.validation.max() < later.validation.min()
        and earlier.train.max() < earlier.validation.min()
        and later.train.max() < later.validation.min()
        for earlier, later in pairwise(splits)
    )


def depends_on_seed(cv: Any) -> bool:
    """Whether another seed splits differently: not by time, nor into predefined folds."""
    if isinstance(cv, str):
        return _parse(cv)[0] not in ("time", "predefined")
    seed = getattr(cv, "random_state", None)
    return isinstance(seed, int) and not isinstance(seed, bool)


def check_name(cv: str) -> None:
    """Refuse a name that does not stand for a splitter, without reading any data.

    Raises:
        UsageError: The name is unknown.
    """
    if not isinstance(cv, str):
        raise UsageError(f"cv {cv}: expected a name like {FORMS}. A splitter belongs in Task(cv=).")
    _parse(cv)


def class_labels(data: Data, objective: str = "") -> np.ndarray | None:
    """The class of every training sample, shape (n_samples,); None if there are no classes.

    The first of several outputs that has one class per sample counts.

    Args:
        data: The data.
        objective: The name of the task's objective, which tells classes from whole-numbered
            quantities; see :mod:`hpo.data.targets`.
    """
    from hpo.data.targets import strata

    return strata(data, objective)


def _parse(cv: str) -> tuple[str, list[str]]:
    name, _, argument = cv.partition(":")
    patterns = {
        "kfold": r"(\d+)",
        "repeated-kfold": r"(\d+)x(0*[1-9]\d*)",
        "holdout": r"(0?\.\d+)",
        "time": r"(\d+)",
        "predefined": r"",
    }
    match = re.fullmatch(patterns.get(name, r"(?!)"), argument)
    if match is None or any(float(number) in (0, 1) for number in match.groups()[:1]):
        raise UsageError(
            f"cv {cv!r}: is not a way to split the data. Expected one like {FORMS}, with 2 folds "
            "or more."
        )
    return name, list(match.groups())


def _named_splitter(cv: str, data: Data, objective: str, seed: int) -> Any:
    from sklearn import model_selection as sk

    name, arguments = _parse(cv)
    grouped = data.groups is not None
    labels = class_labels(data, objective)
    stratified = labels is not None
    if name == "holdout":
        share = float(arguments[0])
        stratified = stratified and not _may_be_rare_quantities(labels, share, data, objective)
        return _holdout(share, seed, grouped=grouped, stratified=stratified)
    if name == "time":
        return sk.TimeSeriesSplit(n_splits=int(arguments[0]))
    if name == "predefined":
        if data.folds is None:
            raise UsageError("cv predefined: the task's Data has no folds. Give Data(folds=...).")
        return sk.PredefinedSplit(data.folds)
    if name == "repeated-kfold":
        n_splits, n_repeats = map(int, arguments)
        if grouped:
            raise UsageError("cv repeated-kfold: does not work for data with groups. Use kfold:K.")
        repeated = sk.RepeatedStratifiedKFold if stratified else sk.RepeatedKFold
        return repeated(n_splits=n_splits, n_repeats=n_repeats, random_state=seed)
    kfold = {
        (False, False): sk.KFold,
        (True, False): sk.StratifiedKFold,
        (False, True): sk.GroupKFold,
        (True, True): sk.StratifiedGroupKFold,
    }[stratified, grouped]
    return kfold(n_splits=int(arguments[0]), shuffle=True, random_state=seed)


def _may_be_rare_quantities(labels: Any, share: float, data: Data, objective: str) -> bool:
    """Whether a hold-out would be refused for classes that may as well be whole quantities."""
    import numpy as np

    from hpo.data.targets import meaning_of

    if not objective or meaning_of(objective) or data.class_names is not None:
        return False
    counts = np.unique(labels, return_counts=True)[1]
    return bool(counts.min() == 1 or len(counts) > share * data.n_samples)


def _holdout(size: float, seed: int, *, grouped: bool, stratified: bool) -> Any:
    from sklearn import model_selection as sk

    if grouped:
        kind = sk.GroupShuffleSplit
    else:
        kind = sk.StratifiedShuffleSplit if stratified else sk.ShuffleSplit
    return kind(n_splits=1, test_size=size, random_state=seed)


def _split(splitter: Any, cv: Any, data: Data, objective: str) -> list[Split]:
    import numpy as np

    labels = class_labels(data, objective)
    rows = np.arange(data.n_samples)
    with warnings.catch_warnings():
        # A class with fewer samples than folds is absent from some folds, and that is all.
        warnings.filterwarnings("ignore", message="The least populated class")
        # _check_splits refuses splits that tear groups apart.
        warnings.filterwarnings("ignore", message="The groups parameter is ignored")
        try:
            pairs = list(splitter.split(rows, rows if labels is None else labels, data.groups))
        except ValueError as error:
            raise HPOError(f"cv {cv}: {error}") from error
    return [Split(np.sort(train), np.sort(validation)) for train, validation in pairs]


def _same(splits: list[Split], others: list[Split]) -> bool:
    import numpy as np

    return len(splits) == len(others) and all(
        np.array_equal(one.train, other.train) and np.array_equal(one.validation, other.validation)
        for one, other in zip(splits, others, strict=True)
    )


def _check_splits(splits: list[Split], cv: Any, data: Data) -> None:
    import numpy as np

    if not splits:
        raise HPOError(f"cv {cv}: makes no fold. At least one sample must be validated on.")
    for fold, one in enumerate(splits):
        if not len(one.train) or not len(one.validation):
            part = "validate" if len(one.train) else "train"
            raise HPOError(f"cv {cv}: fold {fold} has no sample to {part} on.")
        last = max(one.train[-1], one.validation[-1])
        if last >= data.n_samples:
            raise HPOError(
                f"cv {cv}: fold {fold} contains sample {last}, but there are only {data.n_samples} "
                "samples. The splitter was made for other data; with --train-size, use "
                "Data(folds=)."
            )
        if data.groups is None:
            continue
        groups = np.asarray(data.groups)
        torn = np.intersect1d(groups[one.train], groups[one.validation])
        if len(torn):
            raise HPOError(
                f"cv {cv}: fold {fold} trains on one part of group {torn[0]} and validates on "
                "another (with --group-duplicates, copies of a sample are a group). Use kfold:K or "
                "holdout:SHARE, which keep groups together."
            )
