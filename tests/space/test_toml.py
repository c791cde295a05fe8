import pytest
from hypothesis import given, settings
from space.strategies import refusal_of, refusal_of_toml, spaces

from hpo.space.parameters import Categorical, Float, Int
from hpo.space.space import Space

DESIGN_EXAMPLE = """\
[learning_rate]
type = "float"
low = 1e-05
high = 0.01
log = true

[architecture]
type = "categorical"
choices = ["mlp", "conv1d"]

[layers]
type = "int"
low = 1
high = 3

[units_2]
type = "int"
low = 16
high = 256
log = true
when = { layers = ">=2", architecture = "mlp" }
"""


@given(space=spaces())
@settings(deadline=None, max_examples=200)
def test_a_space_written_as_toml_reads_back_equal(space):
    read = Space.from_text(space.to_toml(), "x")

    assert read == space
    assert read.names == space.names
    assert read.to_toml() == space.to_toml()


def test_toml_is_written_as_the_design_shows_it():
    space = Space(
        {
            "learning_rate": Float(1e-5, 1e-2, log=True),
            "architecture": Categorical(["mlp", "conv1d"]),
            "layers": Int(1, 3),
            "units_2": Int(16, 256, log=True, when={"layers": ">=2", "architecture": "mlp"}),
        }
    )

    assert space.to_toml() == DESIGN_EXAMPLE


def test_every_key_is_written_in_its_place():
    space = Space(
        {
            "a": Categorical(["x", 'say "hi" [b]ü[/b]\n'], default="x"),
            "b": Float(0, 1, step=0.25, default=0, when={"a": ["x"]}),
        }
    )

    assert space.to_toml() == (
        '[a]\ntype = "categorical"\nchoices = ["x", "say \\"hi\\" [b]ü[/b]\\n"]\ndefault = "x"\n\n'
        '[b]\ntype = "float"\nlow = 0.0\nhigh = 1.0\nstep = 0.25\ndefault = 0.0\n'
        'when = { a = ["x"] }\n'
    )


def test_a_space_is_read_from_a_file_and_named_after_it(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(DESIGN_EXAMPLE, encoding="utf-8")

    space = Space.from_toml(path)

    assert space.name == "mine.toml"
    assert space.to_toml() == DESIGN_EXAMPLE


def test_a_file_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "mine.toml"

    assert refusal_of(Space.from_toml, path) == (
        f"search_spaces: {path}: there is no such file. Check the path."
    )


def test_a_folder_is_no_space(tmp_path):
    assert "Is a directory. Choose a readable file." in refusal_of(Space.from_toml, tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes("# größe".encode("latin-1"))

    assert refusal_of(Space.from_toml, path).endswith("mine.toml: is not UTF-8. Save it as UTF-8.")


INT = '[units]\ntype = "int"\n'


FLOAT = '[rate]\ntype = "float"\n'


CHOICE = '[opt]\ntype = "categorical"\n'


LAYERS = '[layers]\ntype = "int"\nlow = 1\nhigh = 3\n[opt]\ntype = "categorical"\nchoices = ["a"]\n'


ON = f"{LAYERS}{INT}low = 1\nhigh = 2\nwhen = "


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        (
            f"{INT}low = 16\nhigh = 8",
            "[units] high=8 is below low=16. Swap them or widen the range.",
        ),
        (
            f"{INT}low = 1\nhigher = 8",
            '[units] has an unknown key "higher". Did you mean high?',
        ),
        (
            f"{INT}low = 1\nhigh = 8\nchoices = [1]",
            (
                '[units] has an unknown key "choices". '
                "Choose one of: type, low, high, log, step, default, when."
            ),
        ),
        (f"{INT}low = 1", "[units] has no high. Add it."),
        (CHOICE, "[opt] has no choices. Add it."),
        ("[units]\nlow = 1", "[units] has no type. Add one of: float, int, categorical."),
        (
            '[units]\ntype = "floats"',
            '[units] has an unknown type "floats". Did you mean float?',
        ),
        (
            "[units]\ntype = [1]",
            "[units] has an unknown type [1]. Choose one of: float, int, categorical.",
        ),
        ("units = 3", "[units] is 3. Make it a table with a type."),
        (
            f"{INT}low = 1.0\nhigh = 8",
            "[units] low=1.0 is not a whole number. Give low a whole number.",
        ),
        (f"{INT}low = true\nhigh = 8", "[units] low=true is not a whole number."),
        (f"{INT}low = 1\nhigh = 8\nstep = true", "[units] step=true is not a whole number."),
        (f'{FLOAT}low = "a"\nhigh = 8', '[rate] low="a" is not a finite number.'),
        (f"{FLOAT}low = 0\nhigh = inf", "[rate] high=Infinity is not a finite number."),
        (f"{FLOAT}low = 1\nhigh = 8\nlog = 1", "[rate] log=1 is neither true nor false."),
        (
            f"{FLOAT}low = 0\nhigh = 8\nlog = true",
            "[rate] log needs low above 0. Received: low=0.0. Raise low or leave log out.",
        ),
        (
            f"{FLOAT}low = 1\nhigh = 8\nlog = true\nstep = 1",
            "[rate] log excludes step=1.0. Leave one of them out.",
        ),
        (f"{FLOAT}low = 0\nhigh = 8\nstep = 0", "[rate] step=0.0 is not above 0. Make it positive"),
        (f"{INT}low = 0\nhigh = 8\nstep = -1", "[units] step=-1 is not above 0."),
        (
            f"{INT}low = 1\nhigh = 9\nstep = 3",
            "[units] step=3 does not divide low=1 to high=9. Set high=10 or another step.",
        ),
        (f"{INT}low = 1\nhigh = 2\nstep = 5", "Set high=6 or another step."),
        (f"{FLOAT}low = 0.1\nhigh = 0.95\nstep = 0.1", "Set high=0.9 or another step."),
        (f"{CHOICE}choices = []", "[opt] choices is empty. List at least one value."),
        (
            f'{CHOICE}choices = "abc"',
            '[opt] choices="abc" is not a list. Write it like choices=[16, 32].',
        ),
        (
            f'{CHOICE}choices = ["a", "a"]',
            '[opt] choices has "a" and "a", which are equal. Keep one.',
        ),
        (
            f"{CHOICE}choices = [1, true]",
            "[opt] choices has 1 and true, which are equal. Keep one.",
        ),
        (
            f"{CHOICE}choices = [[1]]",
            "[opt] choices has [1], which is not a string, boolean or finite",
        ),
        (
            f"{CHOICE}choices = [nan]",
            "[opt] choices has NaN, which is not a string, boolean or finite",
        ),
        (
            f"{INT}low = 1\nhigh = 8\ndefault = 9",
            "[units] default=9 is not a whole number between low=1 and high=8. Choose a default",
        ),
        (
            f"{INT}low = 1\nhigh = 9\nstep = 2\ndefault = 2",
            "default=2 is not a whole number between low=1 and high=9 in steps of 2.",
        ),
        (
            f'{CHOICE}choices = ["a"]\ndefault = "b"',
            '[opt] default="b" is not one of ["a"]. Choose a default that fits.',
        ),
        (f"{CHOICE}choices = [true]\ndefault = 1", "[opt] default=1 is not one of [true]."),
        (
            '["a b"]\ntype = "int"\nlow = 1\nhigh = 2',
            '["a b"] is not a Python identifier. Use letters',
        ),
        ('["a\\nb"]\ntype = "int"\nlow = 1\nhigh = 2', '["a\\nb"] is not a Python identifier.'),
        (f"{ON}3", '[units] when=3 is not a table. Write it like { layers = ">=2" }.'),
        (f"{ON}false", "[units] when=false is not a table."),
        (f"{ON}{{ units = 1 }}", "[units] when names the parameter itself. Name an earlier one."),
        (
            f"{ON}{{ layerz = 1 }}",
            '[units] when names an unknown parameter "layerz". Did you mean layers?',
        ),
        (
            f"{ON}{{ last = 1 }}\n[last]\ntype = 'int'\nlow = 1\nhigh = 2",
            "[units] when names [last], which comes later. Move [last] above [units].",
        ),
        (
            f"{ON}{{ layers = 4 }}",
            (
                "[units] when layers = 4 names 4, but [layers] is a whole number between low=1 "
                "and high=3. Name only values that it can take."
            ),
        ),
        (f"{ON}{{ layers = [1, 4] }}", "[units] when layers = [1, 4] names 4, but"),
        (f"{ON}{{ layers = [] }}", "[units] when layers = [] lists no values."),
        (f"{ON}{{ layers = {{ a = 1 }} }}", '[units] when layers = {"a": 1} names {"a": 1}, but'),
        (f'{ON}{{ layers = "==1.5" }}', '[units] when layers = "==1.5" names 1.5, but [layers]'),
        (f'{ON}{{ layers = "!=9" }}', '[units] when layers = "!=9" names 9, but [layers]'),
        (
            f'{ON}{{ layers = ">3" }}',
            (
                '[units] when layers = ">3" never holds: [layers] is a whole number between low=1 '
                "and high=3. Fix the condition or widen [layers]."
            ),
        ),
        (f'{ON}{{ layers = "<1" }}', '[units] when layers = "<1" never holds'),
        (
            f'{ON}{{ layers = ">=" }}',
            'compares with "", which is not a number. Write a number after >=.',
        ),
        (
            f'{ON}{{ layers = ">two" }}',
            'compares with "two", which is not a number. Write a number after >.',
        ),
        (f'{ON}{{ opt = "!=a" }}', '[units] when opt = "!=a" never holds: [opt] is one of ["a"].'),
        (
            f'{ON}{{ opt = "!=b" }}',
            '[units] when opt = "!=b" names "b", but [opt] is one of ["a"].',
        ),
        (
            f'{ON}{{ opt = ">=2" }}',
            (
                '[units] when opt = ">=2" compares numbers, but [opt] is one of ["a"]. '
                "Write a list of values instead."
            ),
        ),
        (
            "[units]\nlow = \n",
            "is not valid TOML: Invalid value (at line 2, column 7). Fix that line.",
        ),
        (
            "[units]\nlow = [1,",
            "is not valid TOML: Invalid value (at the end of line 2). Fix that line.",
        ),
        (f"{INT}low = {'1' * 5000}", "is not valid TOML:"),
    ],
)
def test_a_wrong_space_is_refused_with_file_parameter_and_mend(toml, problem):
    text = refusal_of_toml(toml)

    assert text.startswith("search_spaces: imdb.toml: ")
    assert problem in text


def test_a_refusal_is_the_whole_sentence():
    assert refusal_of_toml(f"{INT}low = 16\nhigh = 8") == (
        "search_spaces: imdb.toml: [units] high=8 is below low=16. Swap them or widen the range."
    )
