from __future__ import annotations

import dataclasses

import fixture_studies as studies

from hpo.reporting.reading.snapshot import take
from hpo.reporting.sections.reproduction import reproduction


def test_the_commands_reproduce_search_and_ensemble(page):
    assert "hpo run boston --sampler tpe --trials 50 --seed 7" in page.text
    assert "hpo ensemble boston" in page.text
    assert "9f2c51d0" in page.text


def test_a_confirmation_and_a_plugin_file_are_part_of_the_commands(tmp_path):
    study = studies.declining_study(tmp_path)
    study.settings = dataclasses.replace(study.settings, task="/my plugins/own.py")
    studies.confirm(study, {0: [2.5, 2.5, 2.5], 1: [2.2, 2.1, 2.0]})

    commands = [command.text for command in reproduction(take(study)).content.commands]

    expected = f"hpo confirm {study.name} --top 2 --repeats 3 --task '/my plugins/own.py'"
    assert expected in commands
