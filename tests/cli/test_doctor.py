"""``hpo doctor``."""

import json


def test_the_doctor_says_what_is_there_and_where(shell, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    status, out, err = shell.run("doctor", "--json", "--data-dir", str(data), "--runs", "mine")
    assert status == 0, err
    found = json.loads(out)
    assert found["backend"] == "tensorflow"
    assert found["data"] == str(data)
    assert found["runs"] == str(tmp_path / "mine")
    assert {"boston", "imdb"} <= set(found["tasks"])
    assert found["devices"]
    assert found["backends"] == ["tensorflow", "jax"]
    assert set(found["task_backends"]) == set(found["tasks"])
    assert found["compiled_programs"]["takes_back"]
    assert all(name == name.lower().replace(" ", "_") for name in found)


def test_the_doctor_shows_a_line_each(shell):
    status, out, err = shell.run("doctor")

    assert status == 0, err
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert lines["backends"] == "tensorflow, jax"
    assert "taken back" in lines["compiled"]


def test_the_doctor_says_what_it_can_where_keras_cannot_be_imported(shell):
    shell.environment["KERAS_BACKEND"] = "mxnet"

    status, out, err = shell.run("doctor", "--json")

    assert status == 0, err
    assert json.loads(out)["backend"] is None
    assert "hpo: Keras cannot be imported: ValueError" in err
    assert "Traceback" not in err
