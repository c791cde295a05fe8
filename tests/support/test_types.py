from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from hpo.support.types import checked, fits, fitting, misfits


@dataclass(frozen=True)
class Inner:
    name: str


@dataclass(frozen=True)
class Outer:
    count: int
    share: float | None = None
    inner: Inner | None = None
    table: dict[str, list[float]] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (1, int, True),
        (True, int, False),
        (1, float, True),
        ("1", float, False),
        (None, float | None, True),
        ([1, 2.5], list[float], True),
        ([1, None], list[float], False),
        ((1, 2), Sequence[int], True),
        ("ab", Sequence[str], False),
        ({"a": [1]}, Mapping[str, list[int]], True),
        ({1: [1]}, Mapping[str, list[int]], False),
        ("min", Literal["min", "max"], True),
        ([], Literal["min", "max"], False),
        ([{}], list[Any], True),
        (Inner("a"), Inner, True),
        (Inner(7), Inner, False),
    ],
)
def test_values_are_compared_with_annotated_types(value, kind, expected):
    assert fits(value, kind) is expected


def test_the_fields_that_do_not_fit_are_named():
    record = Outer(1.5, 1, Inner(None), {"a": ["b"]})

    assert misfits(record) == ["count", "inner", "table"]
    with pytest.raises(TypeError, match="count, inner, table of an unexpected type"):
        checked(record)
    assert checked(Outer(1)) == Outer(1)


@pytest.mark.parametrize("stored", [None, 7, [], "text"])
def test_what_is_not_a_mapping_has_no_fitting_values(stored):
    assert fitting(Outer, stored) == {}


def test_only_known_fields_of_fitting_values_are_kept():
    stored = {"count": "1", "share": 2, "table": {"a": [1]}, "unknown": 1}

    assert fitting(Outer, stored) == {"share": 2, "table": {"a": [1]}}
