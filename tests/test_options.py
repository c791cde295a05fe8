"""The options of every function and command."""

import dataclasses
import inspect
from typing import get_type_hints

import pytest

import hpo
from hpo.cli.confirm import command as confirm
from hpo.cli.ensemble import command as ensemble
from hpo.cli.predict import command as predict
from hpo.cli.report import command as report
from hpo.cli.run import command as run
from hpo.options import (
    ConfirmKeywords,
    ConfirmOptions,
    EnsembleKeywords,
    EnsembleOptions,
    Options,
    PlacementKeywords,
    PredictOptions,
    ReportOptions,
    RunKeywords,
    StudyOptions,
)
from hpo.support.options import default_of, options_of

PLACES = {
    *("task", "study", "studies", "runs", "storage", "artifacts"),
    *("data_dir", "as_json", "file", "open_page"),
}


@pytest.mark.parametrize(
    ("keywords", "kinds"),
    [
        (RunKeywords, [Options, StudyOptions]),
        (EnsembleKeywords, [EnsembleOptions]),
        (ConfirmKeywords, [ConfirmOptions]),
    ],
)
def test_type_checkers_know_the_options_that_there_are(keywords, kinds):
    declared = [name for kind in kinds for name in options_of(kind)]

    assert sorted(keywords.__annotations__) == sorted(declared)


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        (run, [Options, StudyOptions]),
        (ensemble, [EnsembleOptions]),
        (confirm, [ConfirmOptions]),
        (predict, [PredictOptions]),
        (report, [ReportOptions]),
    ],
)
def test_a_command_has_the_options_that_are_declared_and_says_where_things_lie(command, kinds):
    declared = {name for kind in kinds for name in options_of(kind)}

    assert {one.name for one in command.params} - PLACES == declared - PLACES


@pytest.mark.parametrize(
    ("function", "kinds"),
    [
        (hpo.run, [Options, StudyOptions]),
        (hpo.ensemble, [EnsembleOptions]),
        (hpo.confirm, [ConfirmOptions]),
    ],
)
def test_a_function_shows_every_option_with_its_default(function, kinds):
    parameters = inspect.signature(function).parameters

    for kind in kinds:
        for name, one in options_of(kind).items():
            assert parameters[name].default == default_of(kind, name)
            assert f"        {name}: {one.help.split()[0]}" in function.__doc__


def test_defaults_are_values_that_the_options_take():
    for kind in (Options, StudyOptions, EnsembleOptions, ConfirmOptions, ReportOptions):
        for name, one in options_of(kind).items():
            default = default_of(kind, name)
            assert default is None or one.read(default) == default


def test_all_that_a_worker_needs_is_json():
    kinds = {field.name: field.type for field in dataclasses.fields(Options)}

    plain = {"str", "int", "float", "bool"}
    assert set(kinds.values()) <= plain | {f"{kind} | None" for kind in plain}


def test_keywords_have_types_that_can_be_looked_up():
    assert get_type_hints(EnsembleKeywords) == get_type_hints(PlacementKeywords) | {
        "method": str,
        "size": int,
        "refit": bool,
        "seeds": int,
    }
