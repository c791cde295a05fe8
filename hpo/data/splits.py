"""How training data is cut for validation: names for scikit-learn's splitters."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo.errors import HPOError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from hpo.task import Data

FORMS = "kfold:5, repeated-kfold:5x2, holdout:0.2, time:5, predefined"

# Studies of one task are cut alike whatever their seed, so that their out-of-fold predictions
# can be compared and combined.
SPLIT_SEED = 0


@dataclass(frozen=True, eq=False)
class Split:
    """One cut of the training data.

    Attributes:
        train: Positions of the samples to train on, shape (n_train,), ascending.
        validation: Positions of the samples to validate on, shape (n_validation,), ascending.
    """

    train: np.ndarray
    validation: np.ndarray


def split(cv: Any, data: Data) -> list[Split]:
    """Cut the training data.

    Classification is stratified, and groups stay together where ``data`` has them.

    Args:
        cv: A name with its argument (``"kfold:5"``, ``"repeated-kfold:5x2"``,
            ``"holdout:0.2"``, ``"time:5"``, ``"predefined"``) or a scikit-learn splitter that
            cuts the same way every time.
        data: The data; its test set is not looked at.

    Returns:
        One split per fold.

    Raises:
        UsageError: There is no such way to cut data, or it is a matter of chance.
        HPOError: The data cannot be cut in this way.
    """
    splitter = make(cv, data)
    if not callable(getattr(splitter, "split", None)):
        raise UsageError(
            f"cv {cv!r}: is not a way to cut data. Expected a name like {FORMS}, or a "
            "scikit-learn splitter."
        )
    splits = _cut(splitter, cv, data)
    if not isinstance(cv, str) and not _same(splits, _cut(splitter, cv, data)):
        # Every worker, and later the ensemble, cuts the data anew.
        raise UsageError(f"cv {cv}: cuts the data differently each time. Give it a random_state.")
    _check_splits(splits, cv, data)
    return splits


def make(cv: Any, data: Data, *, seed: int = SPLIT_SEED) -> Any:
    """The splitter that a way to cut data stands for.

    Args:
        cv: As :func:`split` takes it.
        data: The data to cut: whether it has classes and groups decides on the splitter.
        seed: By default that with which all studies cut; another cuts anew, where the way to
            cut is one of chance. A splitter's own ``random_state`` is the seed it is moved from.

    Raises:
        UsageError: There is no such way to cut data.
    """
    if isinstance(cv, str):
        return _named_splitter(cv, data, seed)
    if seed == SPLIT_SEED or not can_cut_anew(cv):
        return cv
    moved = copy.copy(cv)
    moved.random_state = cv.random_state + seed - SPLIT_SEED
    return moved


def can_cut_anew(cv: Any) -> bool:
    """Whether another seed cuts the data otherwise: not in time, nor into predefined folds."""
    if isinstance(cv, str):
        return _parse(cv)[0] not in ("time", "predefined")
    seed = getattr(cv, "random_state", None)
    return isinstance(seed, int) and not isinstance(seed, bool)


def check(cv: str) -> None:
    """Refuse a name that is no way to cut data, without looking at any data.

    Raises:
        UsageError: It is not.
    """
    if not isinstance(cv, str):
        raise UsageError(f"cv {cv}: expected a name like {FORMS}. A splitter goes into Task(cv=).")
    _parse(cv)


def class_labels(data: Data) -> np.ndarray | None:
    """The class of every training sample, shape (n_samples,); None where they have none.

    Targets with one value per sample are classes if ``data`` names its classes, if they are
    booleans, or if they are integers that can be class numbers: from 0 to less than half the
    number of samples. One-hot rows are classes if ``data`` names as many. Of several outputs the
    first that is so counts.
    """
    import numpy as np

    n_names = len(data.class_names) if data.class_names is not None else 0
    targets = list(data.y.values()) if isinstance(data.y, Mapping) else [data.y]
    for target in map(np.asarray, targets):
        if target.size == len(target):
            if n_names or _are_class_numbers(target):
                return target.reshape(-1)
        elif target.shape == (len(target), n_names) and np.allclose(target.sum(axis=1), 1):
            return np.asarray(np.argmax(target, axis=1))
    return None


def _are_class_numbers(target: np.ndarray) -> bool:
    """Tell classes from quantities that happen to be whole, such as prices or ages in days."""
    if target.dtype.kind not in "iu":
        return target.dtype.kind == "b"
    return len(target) > 0 and target.min() >= 0 and target.max() < len(target) / 2


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
        raise UsageError(f"cv {cv!r}: is not a way to cut data. Expected one like {FORMS}.")
    return name, list(match.groups())


def _named_splitter(cv: str, data: Data, seed: int) -> Any:
    from sklearn import model_selection as sk

    name, arguments = _parse(cv)
    grouped, stratified = data.groups is not None, class_labels(data) is not None
    if name == "holdout":
        return _holdout(float(arguments[0]), seed, grouped=grouped, stratified=stratified)
    if name == "time":
        return sk.TimeSeriesSplit(n_splits=int(arguments[0]))
    if name == "predefined":
        if data.folds is None:
            raise UsageError("cv predefined: the task's Data has no folds. Give Data(folds=...).")
        return sk.PredefinedSplit(data.folds)
    if name == "repeated-kfold":
        n_splits, n_repeats = map(int, arguments)
        if grouped:
            raise UsageError("cv repeated-kfold: scikit-learn has none for groups. Use kfold:K.")
        repeated = sk.RepeatedStratifiedKFold if stratified else sk.RepeatedKFold
        return repeated(n_splits=n_splits, n_repeats=n_repeats, random_state=seed)
    kfold = {
        (False, False): sk.KFold,
        (True, False): sk.StratifiedKFold,
        (False, True): sk.GroupKFold,
        (True, True): sk.StratifiedGroupKFold,
    }[stratified, grouped]
    return kfold(n_splits=int(arguments[0]), shuffle=True, random_state=seed)


def _holdout(size: float, seed: int, *, grouped: bool, stratified: bool) -> Any:
    from sklearn import model_selection as sk

    if grouped:
        kind = sk.GroupShuffleSplit
    else:
        kind = sk.StratifiedShuffleSplit if stratified else sk.ShuffleSplit
    return kind(n_splits=1, test_size=size, random_state=seed)


def _cut(splitter: Any, cv: Any, data: Data) -> list[Split]:
    import numpy as np

    labels = class_labels(data)
    rows = np.arange(data.n_samples)
    with warnings.catch_warnings():
        # A class with fewer samples than folds is absent from some folds, and that is all.
        warnings.filterwarnings("ignore", message="The least populated class")
        # Where a splitter does not see to the groups, _check_splits does.
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
        raise HPOError(f"cv {cv}: cuts no fold. At least one sample has to be validated on.")
    for fold, cut in enumerate(splits):
        if not len(cut.train) or not len(cut.validation):
            part = "validate" if len(cut.train) else "train"
            raise HPOError(f"cv {cv}: fold {fold} has no sample to {part} on.")
        last = max(cut.train[-1], cut.validation[-1])
        if last >= data.n_samples:
            raise HPOError(
                f"cv {cv}: fold {fold} names sample {last}, and there are {data.n_samples}. It was "
                "made for other data; with --train-size give the folds in Data(folds=)."
            )
        if data.groups is None:
            continue
        groups = np.asarray(data.groups)
        torn = np.intersect1d(groups[cut.train], groups[cut.validation])
        if len(torn):
            raise HPOError(
                f"cv {cv}: fold {fold} trains on one part of group {torn[0]} and validates on "
                "another (with --group-duplicates, copies of a sample are a group). Use kfold:K or "
                "holdout:SHARE, which keep groups together."
            )
