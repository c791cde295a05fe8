import pytest

from hpo.space.values import is_number, read_value, same


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("7", 7),
        ("true", True),
        ('"7"', "7"),
        ('["adam", "sgd"]', ["adam", "sgd"]),
        ("adam", "adam"),
        ("", ""),
        ("1\nother = 2", "1\nother = 2"),
        ("{ a = 1 }", "{ a = 1 }"),
        ("2026-01-01", "2026-01-01"),
        ("[" * 5000, "[" * 5000),
    ],
    ids=lambda text: str(text)[:12],
)
def test_text_is_read_as_toml_where_that_gives_a_value(text, value):
    found = read_value(text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [(1, 1.0, True), (1, True, False), (0.0, False, False), ("1", 1, False), (True, True, True)],
)
def test_numbers_are_the_same_across_types_and_booleans_are_not_numbers(left, right, equal):
    assert same(left, right) is equal
    assert same(right, left) is equal


@pytest.mark.parametrize(
    ("value", "expected"), [(1, True), (1.5, True), (True, False), ("1", False), (None, False)]
)
def test_a_boolean_is_not_a_number(value, expected):
    assert is_number(value) is expected
