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
    assert "Is a directory. Name a readable file." in refusal_of(Space.from_toml, tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes("# größe".encode("latin-1"))

    assert refusal_of(Space.from_toml, path).endswith("mine.toml: is no UTF-8. Save it as UTF-8.")


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
            '[units] has an unknown key. Received: "higher". Did you mean high?',
        ),
        (
            f"{INT}low = 1\nhigh = 8\nchoices = [1]",
            (
                '[units] has an unknown key. Received: "choices". '
                "Known: type, low, high, log, step, default, when."
            ),
        ),
        (f"{INT}low = 1", "[units] has no high. Add it."),
        (CHOICE, "[opt] has no choices. Add it."),
        ("[units]\nlow = 1", "[units] has no type. Give one of float, int, categorical."),
        (
            '[units]\ntype = "floats"',
            '[units] has an unknown type. Received: "floats". Did you mean float?',
        ),
        ("[units]\ntype = [1]", "[units] has an unknown type. Received: [1]."),
        ("units = 3", "[units] is 3. Make it a table with a type."),
        (
            f"{INT}low = 1.0\nhigh = 8",
            "[units] low=1.0 is no whole number. Give low a whole number.",
        ),
        (f"{INT}low = true\nhigh = 8", "[units] low=true is no whole number."),
        (f"{INT}low = 1\nhigh = 8\nstep = true", "[units] step=true is no whole number."),
        (f'{FLOAT}low = "a"\nhigh = 8', '[rate] low="a" is no finite number.'),
        (f"{FLOAT}low = 0\nhigh = inf", "[rate] high=Infinity is no finite number."),
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
            '[opt] choices="abc" is no list. Write it like choices=[16, 32].',
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
            "[opt] choices has [1], which is no string, boolean or finite",
        ),
        (
            f"{CHOICE}choices = [nan]",
            "[opt] choices has NaN, which is no string, boolean or finite",
        ),
        (
            f"{INT}low = 1\nhigh = 8\ndefault = 9",
            "[units] default=9 does not fit: the parameter is between low=1 and high=8. ",
        ),
        (
            f"{INT}low = 1\nhigh = 9\nstep = 2\ndefault = 2",
            "is between low=1 and high=9 in steps of 2.",
        ),
        (f'{CHOICE}choices = ["a"]\ndefault = "b"', '[opt] default="b" does not fit'),
        (f"{CHOICE}choices = [true]\ndefault = 1", "[opt] default=1 does not fit"),
        (
            '["a b"]\ntype = "int"\nlow = 1\nhigh = 2',
            '["a b"] is no Python identifier. Use letters',
        ),
        ('["a\\nb"]\ntype = "int"\nlow = 1\nhigh = 2', '["a\\nb"] is no Python identifier.'),
        (f"{ON}3", '[units] when=3 is no table. Write it like { layers = ">=2" }.'),
        (f"{ON}false", "[units] when=false is no table."),
        (f"{ON}{{ units = 1 }}", "[units] has a when on itself. Name an earlier parameter."),
        (
            f"{ON}{{ layerz = 1 }}",
            '[units] has a when on no parameter. Received: "layerz". Did you mean layers?',
        ),
        (
            f"{ON}{{ last = 1 }}\n[last]\ntype = 'int'\nlow = 1\nhigh = 2",
            "[units] has a when on the later [last]. Move [last] above [units].",
        ),
        (
            f"{ON}{{ layers = 4 }}",
            (
                "[units] when layers = 4 names 4, which [layers] never takes: "
                "it is between low=1 and high=3. Name what it can be."
            ),
        ),
        (f"{ON}{{ layers = [1, 4] }}", "[units] when layers = [1, 4] names 4, which"),
        (f"{ON}{{ layers = [] }}", "[units] when layers = [] names no value."),
        (f"{ON}{{ layers = {{ a = 1 }} }}", '[units] when layers = {"a": 1} names {"a": 1}, which'),
        (f'{ON}{{ layers = "==1.5" }}', '[units] when layers = "==1.5" names 1.5, which [layers]'),
        (f'{ON}{{ layers = "!=9" }}', '[units] when layers = "!=9" names 9, which [layers]'),
        (
            f'{ON}{{ layers = ">3" }}',
            (
                '[units] when layers = ">3" never holds: [layers] is between low=1 and high=3. '
                "Mend the condition or widen [layers]."
            ),
        ),
        (f'{ON}{{ layers = "<1" }}', '[units] when layers = "<1" never holds'),
        (f'{ON}{{ layers = ">=" }}', 'compares with "". Write a number after >=.'),
        (f'{ON}{{ layers = ">two" }}', 'compares with "two". Write a number after >.'),
        (f'{ON}{{ opt = "!=a" }}', '[units] when opt = "!=a" never holds: [opt] is one of ["a"].'),
        (f'{ON}{{ opt = "!=b" }}', '[units] when opt = "!=b" names "b", which [opt] never takes'),
        (
            f'{ON}{{ opt = ">=2" }}',
            (
                '[units] when opt = ">=2" compares, but [opt] is one of ["a"], and not all of that '
                "is a number. Name the wanted values in a list."
            ),
        ),
        ("[units]\nlow = \n", "is no TOML: Invalid value (at line 2, column 7). Mend that line."),
        (
            "[units]\nlow = [1,",
            "is no TOML: Invalid value (at the end of line 2). Mend that line.",
        ),
        (f"{INT}low = {'1' * 5000}", "is no TOML:"),
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
