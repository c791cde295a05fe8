import keras

from hpo._version import __version__
from hpo.study.environment import Environment, versions


def test_versions_name_what_is_installed():
    found = versions()

    assert found["hpo"] == __version__
    assert found["keras"] == keras.__version__
    assert all(found.values())


def test_the_environment_of_this_process_comes_back_as_it_was_stored():
    here = Environment.here()

    assert here.backend == keras.backend.backend()
    assert here.devices
    assert Environment.from_json(here.to_json()) == here


def test_what_an_earlier_version_stored_beside_is_a_version():
    found = Environment.from_json({"torch": "2.2", "backend": "torch"})

    assert found == Environment({"torch": "2.2"}, "torch")
