"""How training data is cut for validation: names for scikit-learn's splitters."""

from __future__ import annotations

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


@dataclass(frozen=True)
class Split:
    """One cut of the training data.

    Attributes:
        train: Positions of the samples to train on, shape (n_train,).
        validation: Positions of the samples to validate on, shape (n_validation,).
    """

    train: np.ndarray
    validation: np.ndarray


def split(cv: Any, data: Data) -> list[Split]:
    """Cut the training data.

    Classification is stratified, and groups stay together where ``data`` has them.

    Args:
        cv: A name with its argument (``"kfold:5"``, ``"repeated-kfold:5x2"``,
            ``"holdout:0.2"``, ``"time:5"``, ``"predefined"``) or a scikit-learn splitter.
        data: The data; its test set is not looked at.

    Returns:
        One split per fold.

    Raises:
        UsageError: There is no such way to cut data.
        HPOError: The data cannot be cut in this way.
    """
    import numpy as np

    labels = class_labels(data)
    splitter = _splitter(cv, data, stratified=labels is not None) if isinstance(cv, str) else cv
    rows = np.arange(data.n_samples)
    target = rows if labels is None else labels
    with warnings.catch_warnings():
        # A class with fewer samples than folds is absent from some folds, and that is all.
        warnings.filterwarnings("ignore", message="The least populated class")
        try:
            pairs = list(splitter.split(rows, target, data.groups))
        except ValueError as error:
            raise HPOError(f"cv {cv}: {error}") from error
    return [Split(np.sort(train), np.sort(validation)) for train, validation in pairs]


def check(cv: str) -> None:
    """Refuse a name that is no way to cut data, without looking at any data.

    Raises:
        UsageError: It is not.
    """
    _parse(cv)


def class_labels(data: Data) -> np.ndarray | None:
    """The class of every training sample, shape (n_samples,); None for a regression.

    Targets are classes if ``data`` names its classes, or if they are integers or booleans; of
    several outputs the first that is so counts.
    """
    import numpy as np

    targets = list(data.y.values()) if isinstance(data.y, Mapping) else [data.y]
    for target in map(np.asarray, targets):
        if target.ndim > 1 and target.shape[-1] > 1 and data.class_names is not None:
            return np.asarray(np.argmax(target, axis=-1))
        if target.size == len(target) and (
            data.class_names is not None or target.dtype.kind in "iub"
        ):
            return target.reshape(-1)
    return None


def _parse(cv: str) -> tuple[str, list[str]]:
    name, _, argument = cv.partition(":")
    patterns = {
        "kfold": r"(\d+)",
        "repeated-kfold": r"(\d+)x(\d+)",
        "holdout": r"(0?\.\d+)",
        "time": r"(\d+)",
        "predefined": r"",
    }
    match = re.fullmatch(patterns.get(name, r"(?!)"), argument)
    if match is None or any(float(number) in (0, 1) for number in match.groups()[:1]):
        raise UsageError(f"cv {cv!r}: is not a way to cut data. Expected one like {FORMS}.")
    return name, list(match.groups())


def _splitter(cv: str, data: Data, *, stratified: bool) -> Any:
    from sklearn import model_selection as sk

    name, arguments = _parse(cv)
    grouped = data.groups is not None
    if name == "holdout":
        return _holdout(float(arguments[0]), grouped=grouped, stratified=stratified)
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
        return repeated(n_splits=n_splits, n_repeats=n_repeats, random_state=SPLIT_SEED)
    kfold = {
        (False, False): sk.KFold,
        (True, False): sk.StratifiedKFold,
        (False, True): sk.GroupKFold,
        (True, True): sk.StratifiedGroupKFold,
    }[stratified, grouped]
    return kfold(n_splits=int(arguments[0]), shuffle=True, random_state=SPLIT_SEED)


def _holdout(size: float, *, grouped: bool, stratified: bool) -> Any:
    from sklearn import model_selection as sk

    if grouped:
        kind = sk.GroupShuffleSplit
    else:
        kind = sk.StratifiedShuffleSplit if stratified else sk.ShuffleSplit
    return kind(n_splits=1, test_size=size, random_state=SPLIT_SEED)
