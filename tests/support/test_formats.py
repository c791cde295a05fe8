"""Numbers as people read them."""

import pytest

from hpo.support import formats


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (512, "512 B"),
        (83_251, "81.3 KiB"),
        (1_610_612_736, "1.5 GiB"),
        (3 << 50, "3072 TiB"),
    ],
)
def test_an_amount_of_memory_is_readable(n_bytes, text):
    assert formats.memory(n_bytes) == text


def test_a_score_with_its_error_has_plain_spaces_on_a_terminal():
    assert formats.plus_minus(2.3443, 0.1812) == "2.344 ± 0.181"


def test_a_score_without_an_error_stands_alone():
    assert formats.plus_minus(2.3443, None) == "2.344"


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), True, "1"])
def test_what_is_not_a_finite_number_is_missing(value):
    assert formats.number(value) == formats.MISSING


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich — 東京", "Zürich — 東京"),
        ("two\nlines\tand tabs", "two\nlines\tand tabs"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("over\rwritten\x08", "over\\rwritten\\x08"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("name-\udcff", "name-\\udcff"),
    ],
)
def test_a_terminal_only_prints_what_is_shown(text, shown):
    assert formats.visible(text) == shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2.31, "2.310"),
        (0, "0"),
        (12345.678, "12,346"),
        (0.00001234, "1.234e-05"),
        (9.99996, "10.00"),
        (-0.5, "-0.5000"),
        (float("nan"), "—"),
        (float("inf"), "—"),
        (None, "—"),
        (True, "—"),
    ],
)
def test_numbers_have_four_significant_digits(value, expected):
    assert formats.number(value) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.8123, "0.8 s"),
        (0.0328, "0.03 s"),
        (30, "30 s"),
        (59.97, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (100_000, "1 d 3 h"),
        (None, "—"),
    ],
)
def test_durations_are_readable(seconds, expected):
    assert formats.duration(seconds) == expected
