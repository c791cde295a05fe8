import pytest

from hpo.errors import UsageError
from hpo.space.messages import refusal, show


@pytest.mark.parametrize(
    ("value", "shown"),
    [("größe", '"größe"'), (True, "true"), (0.1, "0.1"), ([1, "a"], '[1, "a"]'), ({1}, '"{1}"')],
)
def test_a_value_is_shown_as_toml_writes_it(value, shown):
    assert show(value) == shown


@pytest.mark.parametrize(("name", "shown"), [("units", "[units]"), ("a b", '["a b"]'), (3, "[3]")])
def test_a_refusal_names_space_and_parameter(name, shown):
    error = refusal("imdb.toml", name, "high=8 is below low=16.")

    assert isinstance(error, UsageError)
    assert str(error) == f"search_spaces: imdb.toml: {shown} high=8 is below low=16."
