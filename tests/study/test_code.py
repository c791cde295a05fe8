import dataclasses
import sys

import pytest

import hpo
from hpo.errors import HPOError, HPOWarning
from hpo.plugins import IN_CODE, load_task
from hpo.study.code import Code
from hpo.study.opening import open_data
from tasks import linear_data, linear_network, linear_task

PLUGIN = """\
import layers
from hpo import Data, Float, Space, Task
import numpy as np

def load(data_dir):
    x = np.arange(12.0).reshape(6, 2)
    return Data(x=x, y=x[:, 0])

def model(params, data):
    import keras
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.compile("sgd", "mse", metrics=["mae"])
    return network

task = Task("mine", load, model, Space({"rate": Float(0, 1)}), "val_mae", cv="kfold:2", epochs=1)
"""


@pytest.fixture(autouse=True)
def path(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("layers", None)


@pytest.fixture
def plugin(tmp_path):
    file = tmp_path / "project" / "mine.py"
    file.parent.mkdir()
    file.write_text(PLUGIN)
    (file.parent / "layers.py").write_text("WIDTH = 3\n")
    return file


def search(task, runs, trials=1, **options):
    return hpo.run(task, runs=runs, trials=trials, executor="inline", **options)


def network(units):
    def model(params, data):
        network = linear_network(params, data)
        assert units
        return network

    return model


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ({"a.py": "1"}, {"b.py": "1"}, []),
        ({"a.py": "1", "c.py": "3"}, {"a.py": "2", "b.py": "3"}, ["a.py", "c.py", "b.py"]),
        ({"model": "1"}, {"model": "2"}, ["model"]),
    ],
)
def test_what_changed_is_named(old, new, changes):
    names = [name.split(" ")[0] for name in Code(new).changes_since(Code(old))]

    assert names == changes


def test_files_that_come_and_go_are_marked():
    changes = Code({"a.py": "1", "b.py": "2"}).changes_since(Code({"a.py": "1", "c.py": "3"}))

    assert changes == ["c.py (no longer used)", "b.py (new)"]


def test_another_version_with_the_same_code_is_no_change():
    old, new = Code({"a.py": "1"}, "mine 1.0"), Code({"a.py": "1"}, "mine 1.1")

    assert new.changes_since(old) == []
    assert Code({"a.py": "2"}, "mine 1.1").changes_since(old) == [
        "a.py",
        "mine 1.1 instead of mine 1.0",
    ]


def test_an_installed_task_is_known_with_its_version():
    code = Code.of(load_task("boston"), "boston")

    assert next(iter(code.parts)) == "hpo_tasks/boston.py"
    assert code.version.startswith("hpo-keras ")


def test_a_project_may_be_moved_and_its_file_renamed(plugin, tmp_path):
    search(str(plugin), tmp_path / "runs")
    moved = plugin.parent.rename(tmp_path / "elsewhere") / "mine.py"
    renamed = moved.rename(moved.with_name("yours.py"))

    study = search(str(renamed), tmp_path / "runs", trials=2)

    assert len(study.trials) == 2
    assert study.settings.task == str(renamed)
    assert study.code_changes == []


@pytest.mark.parametrize("name", ["mine.py", "layers.py"])
def test_a_study_whose_code_has_changed_is_refused_with_the_file(plugin, tmp_path, name):
    search(str(plugin), tmp_path / "runs")
    with (plugin.parent / name).open("a") as file:
        file.write("more = 1\n")

    with pytest.raises(HPOError, match=rf"code of its task has changed.*: {name}\. .*keep") as err:
        search(str(plugin), tmp_path / "runs", trials=2)

    assert "--study NAME" in str(err.value)
    assert len(hpo.load_study("mine", tmp_path / "runs").trials) == 1


def test_a_comment_is_no_change(plugin, tmp_path):
    search(str(plugin), tmp_path / "runs")
    plugin.write_text(f"# A comment.\n\n{PLUGIN}")

    assert len(search(str(plugin), tmp_path / "runs", trials=2).trials) == 2


def test_changed_code_may_be_kept_and_is_recorded_once(plugin, tmp_path):
    runs = tmp_path / "runs"
    search(str(plugin), runs)
    plugin.write_text(PLUGIN + "more = 1\n")

    search(str(plugin), runs, trials=2, code_changed="keep")
    study = search(str(plugin), runs, trials=3)

    assert len(study.trials) == 3
    assert [(c.n_before, list(c.parts)) for c in study.code_changes] == [(1, ["mine.py"])]


def test_a_study_without_a_fingerprint_gets_one_in_its_next_run(plugin, tmp_path):
    study = search(str(plugin), tmp_path)
    study._record.set_user_attr("code", None)
    assert study.code is None

    assert list(search(str(plugin), tmp_path, trials=2).code.parts) == ["mine.py", "layers.py"]


def test_an_edited_cell_of_a_notebook_is_noticed(tmp_path):
    search(linear_task(model=network(1)), tmp_path)
    search(linear_task(model=network(1)), tmp_path, trials=2)

    with pytest.raises(HPOError, match="has changed since its trials were evaluated: model"):
        search(linear_task(model=network(64)), tmp_path, trials=3)
    with pytest.raises(HPOError, match="evaluated: epochs"):
        search(linear_task(model=network(1), epochs=4), tmp_path, trials=3)


def test_a_task_may_be_given_as_a_file_and_in_code_in_turn(plugin, tmp_path):
    search(str(plugin), tmp_path)
    search(load_task(str(plugin)), tmp_path, trials=2)
    study = search(str(plugin), tmp_path, trials=3)

    assert len(study.trials) == 3
    assert study.code_changes == []


def test_a_task_searched_in_code_may_be_continued_as_a_file(plugin, tmp_path):
    search(load_task(str(plugin)), tmp_path)
    study = search(str(plugin), tmp_path, trials=2)

    assert study.code.is_by_function
    assert study.code_changes == []


def test_scores_of_changed_code_are_refused_and_models_warned_about(tmp_path):
    study = search(linear_task(model=network(1)), tmp_path)
    edited = linear_task(model=network(2))

    with pytest.raises(HPOError, match=r"evaluated: model\. .*--study linear --code-changed keep"):
        open_data(study, edited, for_scores=True)
    with pytest.raises(HPOError, match="evaluated: model"):
        hpo.confirm(study, task=edited, top=1, repeats=1)
    with pytest.warns(HPOWarning, match="has changed since its trials were evaluated: model"):
        data = open_data(study, edited)

    assert data.searched.n_samples == linear_data().n_samples


def test_a_task_in_code_is_known_by_its_functions():
    assert Code.of(linear_task(), IN_CODE).is_by_function


def test_a_plugin_may_be_mended_while_no_trial_has_a_score(plugin, tmp_path):
    plugin.write_text(PLUGIN.replace("Dense(1)", "Dense(0)"))
    assert search(str(plugin), tmp_path).best is None

    plugin.write_text(PLUGIN)
    study = search(str(plugin), tmp_path, trials=2)

    assert study.best is not None
    assert study.code_changes == []


def test_a_plugin_whose_model_is_elsewhere_is_known_by_its_own_file(plugin, tmp_path):
    source = PLUGIN.replace('Task("mine", load, model,', 'Task("mine", load, layers.model,')
    model = PLUGIN[PLUGIN.index("def model") : PLUGIN.index("task =")]
    (plugin.parent / "layers.py").write_text(model)
    plugin = plugin.rename(plugin.with_name("my-task.py"))
    plugin.write_text(source)
    search(str(plugin), tmp_path)

    study = search(load_task(str(plugin)), tmp_path, trials=2)

    assert list(study.code.parts) == ["my-task.py", "layers.py"]


def test_a_task_object_that_no_module_has_is_taken_for_that_of_the_file(plugin, tmp_path):
    search(str(plugin), tmp_path)
    copied = dataclasses.replace(load_task(str(plugin)))

    assert len(search(copied, tmp_path, trials=2).trials) == 2
