"""An option declared once is a flag, a keyword, a check, a record and words of a command."""

from __future__ import annotations

import dataclasses
import inspect
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hpo.cli import options as flags
from hpo.errors import UsageError
from hpo.options import Options
from hpo.support.options import (
    command_words,
    existing_folder,
    folder,
    memory,
    one_of,
    option,
    path,
    read_options,
    seconds,
    switch,
    takes_options,
    text,
    whole,
)

MORE = dataclasses.make_dataclass(
    "MORE",
    [
        ("max_spoons", int, option(3, "Number of spoons at most.", whole(1), metavar="N")),
        ("is_hot", bool, option(False, "Serve it hot.", switch)),
    ],
    bases=(Options,),
    frozen=True,
)


@takes_options(MORE)
def serve(soup, **options):
    """Serve a soup.

    Args:
        soup: The soup.
        **options: See MORE.
    """
    return soup, read_options(MORE, options)


@click.command
@flags.flags(MORE)
def command(**options):
    click.echo(json.dumps(dataclasses.asdict(read_options(MORE, options))))


def test_a_field_more_is_a_flag_with_its_help_and_default():
    printed = CliRunner().invoke(command, ["--help"]).output

    assert "--max-spoons N" in printed
    assert "Number of spoons at most.  [default: 3]" in printed
    assert "--is-hot" in printed


def test_a_field_more_is_a_keyword_of_the_function_and_of_its_help():
    signature = inspect.signature(serve)

    assert signature.parameters["max_spoons"].default == 3
    assert signature.parameters["soup"].default is inspect.Parameter.empty
    assert "options" not in signature.parameters
    assert "        max_spoons: Number of spoons at most.\n" in serve.__doc__


def test_function_and_command_check_a_field_more_with_one_text():
    expected = "expected a whole number of 1 or more. Received: "

    with pytest.raises(UsageError, match=f"^max_spoons: {expected}0$"):
        serve("tomato", max_spoons=0)
    assert (
        f"--max-spoons': {expected}'0'" in CliRunner().invoke(command, ["--max-spoons", "0"]).output
    )


def test_a_field_more_reaches_the_worker_as_json():
    _, asked = serve("tomato", max_spoons=5, is_hot=True)

    sent = json.loads(json.dumps(dataclasses.asdict(asked)))

    assert MORE(**sent) == asked
    assert json.loads(CliRunner().invoke(command, ["--max-spoons", "5", "--is-hot"]).output) == sent


def test_a_field_more_stands_in_the_recorded_command_where_it_differs_from_its_default():
    assert command_words(MORE()) == []
    assert command_words(MORE(max_spoons=5, is_hot=True, trials=9)) == [
        *("--max-spoons", "5"),
        "--is-hot",
        *("--trials", "9"),  # inherited
    ]


def test_what_is_none_keeps_its_default():
    assert serve("tomato", max_spoons=None, sampler=None)[1] == MORE()


def test_an_unknown_keyword_is_refused_with_the_nearest():
    with pytest.raises(
        TypeError, match=r"unexpected keyword argument 'max_spoon'\. .*max_spoons\?"
    ):
        serve("tomato", max_spoon=5)


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (whole(-5), "-3", -3),
        (whole(1), 7, 7),
        (seconds, "90", 90.0),
        (seconds, 90, 90.0),
        (seconds, "1.5h", 5400.0),
        (seconds, "2 d", 172800.0),
        (memory, "800M", 800 << 20),
        (memory, "2.5 GiB", 5 << 29),
        (memory, "2gb", 2 << 30),
        (memory, 1000, 1000),
        (memory, "1000b", 1000),
        (one_of("a", "b"), "b", "b"),
        (text, Path("x") / "y", "x/y"),
        (path, "x/y", Path("x/y")),
        (switch, True, True),
    ],
)
def test_a_value_is_read(read, value, expected):
    assert read(value) == expected
    assert type(read(value)) is type(expected)


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (whole(1), 0, "a whole number of 1 or more"),
        (whole(0, 9), 10, "a whole number from 0 to 9"),
        (whole(1), 1.5, "a whole number of 1 or more"),
        (whole(1), True, "a whole number of 1 or more"),
        (whole(1), "many", "a whole number of 1 or more"),
        (seconds, "soon", "seconds above 0, such as 90s, 30m, 2h"),
        (seconds, 0, "seconds above 0, such as 90s, 30m, 2h"),
        (seconds, float("nan"), "seconds above 0, such as 90s, 30m, 2h"),
        (memory, "2X", "an amount of memory above 0, such as 800M or 2.5G"),
        (memory, [], "an amount of memory above 0, such as 800M or 2.5G"),
        (one_of("a", "b"), "c", "one of a, b"),
        (text, 3, "text"),
        (switch, "yes", "True or False"),
        (existing_folder, "nowhere", "a folder that exists"),
        (folder, __file__, "a folder, not a file"),
    ],
)
def test_another_value_is_refused_with_what_was_expected(read, value, expected):
    with pytest.raises(ValueError, match=f"^{expected}$"):
        read(value)
