"""The lines of a journal: which are damaged, and what is still known of those."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any

from hpo.study.keys import FAILURE, SETTINGS
from hpo.support.files import parse_json


class Operation(IntEnum):
    """Optuna's operations, as far as this package tells them apart."""

    CREATE_STUDY = 0
    DELETE_STUDY = 1
    STUDY_USER_ATTRIBUTE = 2
    STUDY_SYSTEM_ATTRIBUTE = 3
    CREATE_TRIAL = 4
    PARAMETER = 5
    STATE = 6
    INTERMEDIATE_VALUE = 7
    TRIAL_USER_ATTRIBUTE = 8
    TRIAL_SYSTEM_ATTRIBUTE = 9
    DISCARD_TRIALS = 10


RUNNING, COMPLETE, FAILED = 0, 1, 3
"""Optuna's numbers of states."""


class DamagedLine(dict[str, Any]):
    """A line that cannot be read; Optuna takes it for an entry without any key.

    Attributes:
        creates_trial: Whether it created a trial; None if the line itself does not tell.
        in_its_place: The entry that is read instead, or None.
    """

    def __init__(self, line: bytes) -> None:
        super().__init__()
        self.creates_trial = _creates_trial(line)
        self.in_its_place: dict[str, Any] | None = None


def parse_line(line: bytes) -> dict[str, Any]:
    """Read a line; one that is damaged becomes a :class:`DamagedLine`."""
    try:
        entry = parse_json(line)
    except ValueError:
        return DamagedLine(line)
    return entry if _is_entry(entry) else DamagedLine(line)


def damaged(entry: Mapping[str, Any]) -> DamagedLine:
    """What is known of an entry that could be parsed but not applied."""
    return DamagedLine(json.dumps(entry, separators=(",", ":")).encode())


def fill_in(
    entries: list[dict[str, Any]], n_trials: int, n_studies: int, name: str, first_line: int
) -> None:
    """Find what is read in place of damaged lines, so that no later number shifts.

    Optuna numbers trials by counting the lines that create one. Later lines name the trials that
    they change, so a trial that none of the lines before created was created by a damaged one.

    Args:
        entries: Consecutive entries; damaged ones get what is read in their place, and entries for
            a study that never was are replaced by damaged ones.
        n_trials: Number of trials that the lines before these created.
        n_studies: Number of studies that the lines before these created.
        name: The name for a study whose creation is damaged.
        first_line: The number of the first of these lines in the journal, from 1.
    """
    search = _Search(n_trials)
    for position, entry in enumerate(entries):
        operation = entry.get("op_code")
        if operation == Operation.CREATE_STUDY:
            n_studies += 1
        elif operation == Operation.CREATE_TRIAL and entry["study_id"] >= n_studies > 0:
            entries[position] = damaged(entry)
        if first_line + position == 1 and isinstance(entry, DamagedLine):
            entry.in_its_place = _study(name, entries)
            n_studies += entry.in_its_place is not None
        else:
            search.see(position, entries[position])
    changed = {entry["trial_id"] for entry in entries if "trial_id" in entry}
    for number, position in search.numbers():
        line = entries[position]
        if isinstance(line, DamagedLine):
            state = RUNNING if number in changed else FAILED
            line.in_its_place = trial_in_place(first_line + position, n_studies - 1, state)


class _Search:
    """The search for the lines that created trials, the damaged ones among them.

    Args:
        n_trials: Number of trials that the lines before created.
    """

    def __init__(self, n_trials: int) -> None:
        self._n_before = n_trials
        self._creating: list[int] = []
        self._unknown: list[int] = []

    def see(self, position: int, entry: Mapping[str, Any]) -> None:
        """Take the next entry into account."""
        if isinstance(entry, DamagedLine):
            if entry.creates_trial is None:
                self._unknown.append(position)
            elif entry.creates_trial:
                self._creating.append(position)
        elif entry["op_code"] == Operation.CREATE_TRIAL:
            self._creating.append(position)
        n_missing = entry.get("trial_id", -1) + 1 - self._n_before - len(self._creating)
        if 0 < n_missing <= len(self._unknown):
            self._creating += self._unknown[-n_missing:]
            del self._unknown[-n_missing:]

    def numbers(self) -> Iterable[tuple[int, int]]:
        """Optuna's numbers of the trials, each with the position of the line that created it."""
        return enumerate(sorted(self._creating), start=self._n_before)


def trial_in_place(line: int, study: int, state: int) -> dict[str, Any]:
    """The entry for a trial whose creation is damaged.

    Args:
        line: The number of the damaged line, from 1.
        study: Optuna's number of the study.
        state: ``RUNNING`` if later lines say more of the trial, else ``FAILED``.
    """
    failure = {"reason": f"line {line} of the journal is damaged", "cause": "outside"}
    return {
        "op_code": Operation.CREATE_TRIAL,
        "worker_id": "",
        "study_id": study,
        "datetime_start": None,
        "state": state,
        "user_attrs": {FAILURE: failure} if state == FAILED else {},
    }


def _study(name: str, entries: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The entry that creates a study with the direction that its settings name, if they do."""
    for entry in entries:
        settings = entry.get("user_attr", {}).get(SETTINGS)
        if entry.get("op_code") == Operation.STUDY_USER_ATTRIBUTE and isinstance(settings, dict):
            direction = {"minimize": 1, "maximize": 2}.get(str(settings.get("direction")))
            return (
                None
                if direction is None
                else {
                    "op_code": Operation.CREATE_STUDY,
                    "worker_id": "",
                    "study_name": name,
                    "directions": [direction],
                }
            )
    return None


_SIGNS_OF_TRIAL = (rb'"op_code":4[,}]', rb'"study_id":', rb'"datetime_start":')
_SIGNS_OF_OTHERS = (rb'"trial_id":', rb'"(user|system)_attr":', rb'"study_name":')


def _creates_trial(line: bytes) -> bool | None:
    """Whether a damaged line created a trial; None if it does not tell."""
    if any(re.search(sign, line) for sign in _SIGNS_OF_OTHERS):
        return False
    n_signs = sum(bool(re.search(sign, line)) for sign in _SIGNS_OF_TRIAL)
    return True if n_signs > 1 else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_attribute(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _is_number_or_none(value: Any) -> bool:
    return value is None or _is_number(value)


def _is_numbers_or_none(value: Any) -> bool:
    return value is None or (
        isinstance(value, list) and bool(value) and all(map(_is_number, value))
    )


def _are_directions(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(v in (1, 2) for v in value)


_Check = Callable[[Any], bool]
_STUDY_ID: dict[str, _Check] = {"study_id": _is_count}
_TRIAL_ID: dict[str, _Check] = {"trial_id": _is_count}
_REQUIRED: dict[int, dict[str, _Check]] = {
    Operation.CREATE_STUDY: {"study_name": _is_text, "directions": _are_directions},
    Operation.DELETE_STUDY: _STUDY_ID,
    Operation.STUDY_USER_ATTRIBUTE: {**_STUDY_ID, "user_attr": _is_attribute},
    Operation.STUDY_SYSTEM_ATTRIBUTE: {**_STUDY_ID, "system_attr": _is_attribute},
    Operation.CREATE_TRIAL: {**_STUDY_ID, "datetime_start": lambda v: v is None or _is_text(v)},
    Operation.PARAMETER: {
        **_TRIAL_ID,
        "param_name": _is_text,
        "param_value_internal": _is_number,
        "distribution": _is_text,
    },
    Operation.STATE: {**_TRIAL_ID, "state": _is_count, "values": _is_numbers_or_none},
    Operation.INTERMEDIATE_VALUE: {
        **_TRIAL_ID,
        "step": _is_count,
        "intermediate_value": _is_number_or_none,
    },
    Operation.TRIAL_USER_ATTRIBUTE: {**_TRIAL_ID, "user_attr": _is_attribute},
    Operation.TRIAL_SYSTEM_ATTRIBUTE: {**_TRIAL_ID, "system_attr": _is_attribute},
    Operation.DISCARD_TRIALS: {},
}
_OPTIONAL: dict[str, _Check] = {
    "distributions": _is_mapping,
    "params": _is_mapping,
    "user_attrs": _is_mapping,
    "system_attrs": _is_mapping,
    "intermediate_values": _is_mapping,
    "value": _is_number_or_none,
    "values": _is_numbers_or_none,
}


def _is_entry(entry: Any) -> bool:
    """Whether it has the keys and types that Optuna writes; Optuna does not check all of them."""
    if not isinstance(entry, dict) or not _is_text(entry.get("worker_id")):
        return False
    operation = entry.get("op_code")
    required = _REQUIRED.get(operation) if type(operation) is int else None
    if required is None or not all(name in entry for name in required):
        return False
    if operation == Operation.DELETE_STUDY:
        return len(entry) == len(("op_code", "worker_id", "study_id")) and _has(entry, required)
    if operation == Operation.CREATE_TRIAL and not _has(entry, _OPTIONAL):
        return False
    if operation == Operation.STATE and entry["state"] == COMPLETE and entry["values"] is None:
        return False
    return _has(entry, required)


def _has(entry: Mapping[str, Any], checks: Mapping[str, _Check]) -> bool:
    return all(check(entry[name]) for name, check in checks.items() if name in entry)


def numbers_of(lines: Sequence[int]) -> str:
    """Numbers of lines as a message names them: "line 3" or "lines 3, 4 and 9"."""
    if len(lines) == 1:
        return f"line {lines[0]}"
    return f"lines {', '.join(map(str, lines[:-1]))} and {lines[-1]}"
