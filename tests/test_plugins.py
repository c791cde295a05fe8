import importlib
import sys

import pytest

from hpo import Int, Space, load_task
from hpo.errors import HPOError, UsageError
from hpo.plugins import absolute_reference, list_tasks, load_space

TASK = """
from hpo import Space, Task
{name} = Task(
    name="{name}", load=lambda d: None, model=lambda p, d: None, space=Space({{}}),
    objective="val_mae", description="{description}",
)
"""


def source(name="task", description=""):
    """A module that holds a task."""
    return TASK.format(name=name, description=description)


@pytest.fixture(autouse=True)
def _forget_imports(monkeypatch, tmp_path):
    """Let no other test import what this one wrote."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    yield
    for name, module in list(sys.modules.items()):
        places = f"{getattr(module, '__file__', '')} {getattr(module, '__path__', '')}"
        if str(tmp_path) in places:
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution: ``install(name, {module: source}, {task: "module:attribute"})``."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install(distribution, modules, tasks):
        for name, text in modules.items():
            path = site / f"{name.replace('.', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        info = site / f"{distribution}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n"
        )
        lines = [f"{name} = {value}" for name, value in tasks.items()]
        (info / "entry_points.txt").write_text("\n".join(["[hpo.tasks]", *lines, ""]))
        importlib.invalidate_caches()

    return install


@pytest.fixture
def write(tmp_path):
    """Write a task file and give its path."""

    def write(text, name="my_task.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


# ---------------------------------------------------------------- installed tasks


def test_the_tasks_that_ship_with_hpo_are_found_by_name():
    assert load_task("boston").name == "boston"


def test_the_tasks_that_ship_with_hpo_are_listed_with_their_distribution():
    listing = {listing.name: listing for listing in list_tasks()}["boston"]

    assert listing.task is load_task("boston")
    assert listing.source.startswith("hpo-keras ")
    assert listing.error == ""


def test_a_task_of_another_distribution_is_found_and_listed(install):
    install("their-plugin", {"their_task": source("task", "theirs")}, {"theirs": "their_task:task"})

    assert load_task("theirs").description == "theirs"
    listing = {listing.name: listing for listing in list_tasks()}["theirs"]
    assert listing.source == "their-plugin 1.2"
    assert listing.task.description == "theirs"


def test_tasks_are_listed_by_name(install):
    install("theirs", {"aa": source()}, {"zebra": "aa:task", "ant": "aa:task"})

    names = [listing.name for listing in list_tasks()]

    assert names == sorted(names)
    assert {"ant", "boston", "zebra"} <= set(names)


BROKEN = {
    "raises": ("raise RuntimeError('no\\nlicence')", "RuntimeError: no licence"),
    "exits": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "misspelt": ("def def", "SyntaxError: invalid syntax"),
    "lacks a library": ("import no_library", "cannot be imported: ModuleNotFoundError"),
    "bad task": (source().replace("val_mae", "mae"), 'Write "val_mae"'),
    "no task": ("task = 5", "is not an hpo.Task but of type int"),
    "lacks the attribute": ("", "their_broken has no attribute 'task'"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_listed_with_its_error_and_harms_no_other(install, kind):
    text, reason = BROKEN[kind]
    install("broken", {"their_broken": text}, {"broken": "their_broken:task"})
    install("fine", {"their_fine": source()}, {"fine": "their_fine:task"})

    listings = {listing.name: listing for listing in list_tasks()}

    assert listings["broken"].task is None
    assert listings["broken"].source == "broken 1.2"
    assert reason in listings["broken"].error
    assert "\n" not in listings["broken"].error
    for name in ("boston", "fine"):
        assert listings[name].task is not None
        assert listings[name].error == ""


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_refused_by_name(install, kind):
    text, reason = BROKEN[kind]
    install("broken", {"their_broken": text}, {"broken": "their_broken:task"})

    with pytest.raises(HPOError, match=r"task 'broken' \(their_broken:task\): ") as caught:
        load_task("broken")

    assert reason in str(caught.value)


def test_a_plugin_whose_module_is_gone_is_listed_with_its_error(install):
    install("gone", {}, {"gone": "their_gone.tasks:task"})

    error = {listing.name: listing.error for listing in list_tasks()}["gone"]

    assert "there is no module 'their_gone' on Python's path" in error


def test_an_attribute_error_within_a_plugin_is_not_taken_for_a_missing_task(install):
    install("broken", {"their_broken": "import os\nos.no_such_thing"}, {"b": "their_broken:task"})

    with pytest.raises(
        HPOError, match=r"cannot be imported: AttributeError: .*no_such_thing"
    ) as caught:
        load_task("b")

    assert not isinstance(caught.value, UsageError)


def test_a_task_may_stand_deep_inside_a_module(install):
    text = source() + "class Tasks:\n    inner = task\n"
    install("deep", {"their_deep": text}, {"deep": "their_deep:Tasks.inner"})

    assert load_task("deep").name == "task"


def test_an_unknown_task_is_refused_with_the_one_that_was_meant():
    with pytest.raises(
        UsageError, match=r"no task 'boston2'\..*Did you mean boston\?.*\./my_task\.py"
    ):
        load_task("boston2")


def test_an_unknown_task_is_refused_with_all_that_are_known(install):
    install("their-plugin", {"their_task": source()}, {"zebra": "their_task:task"})

    with pytest.raises(UsageError, match=r"no task 'qqqq'\..*Choose one of: .*boston.*zebra"):
        load_task("qqqq")


def test_a_name_that_two_distributions_claim_is_refused_with_both(install):
    install("first", {"first_task": source()}, {"twin": "first_task:task"})
    install("second", {"second_task": source()}, {"twin": "second_task:task"})

    with pytest.raises(
        UsageError, match=r"'twin' is registered more than once.*first_task:task, second_task:task"
    ):
        load_task("twin")


# ---------------------------------------------------------------- module:attribute


def test_a_task_is_found_by_module_and_attribute(install):
    install("their-plugin", {"their_package.tasks": source("mine")}, {})

    assert load_task("their_package.tasks:mine").name == "mine"
    assert load_task("hpo_tasks.boston:task") is load_task("boston")


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("no_such_module:task", "there is no module 'no_such_module' on Python's path"),
        ("no_such_package.module:task", "there is no module 'no_such_package'"),
        ("hpo_tasks.no_such:task", "there is no module 'hpo_tasks.no_such'"),
        ("hpo_tasks.boston:no_such", "hpo_tasks.boston has no attribute 'no_such'"),
        ("hpo_tasks.boston:", "expected the name of a task, package.module:attribute or ./FILE.py"),
        (":task", "expected the name of a task, package.module:attribute or ./FILE.py"),
        ("my task:task", "expected the name of a task, package.module:attribute or ./FILE.py"),
        ("a:b:c", "expected the name of a task, package.module:attribute or ./FILE.py"),
    ],
)
def test_a_module_or_attribute_that_is_not_there_is_wrong_usage(reference, reason):
    with pytest.raises(UsageError) as caught:
        load_task(reference)

    assert reason in str(caught.value)
    assert repr(reference) in str(caught.value)


def test_a_package_that_fails_to_import_is_named(install):
    install("broken", {"their_package.__init__": "1 / 0", "their_package.tasks": source()}, {})

    with pytest.raises(HPOError, match=r"their_package\.tasks:task.*ZeroDivisionError"):
        load_task("their_package.tasks:task")


# ---------------------------------------------------------------- files


def test_the_only_task_of_a_file_is_found(write):
    assert load_task(str(write(source("mine")))).name == "mine"


def test_a_file_is_found_from_where_one_stands(write, tmp_path, monkeypatch):
    write(source("mine"), "folder/my_task.py")
    monkeypatch.chdir(tmp_path)

    assert load_task("./folder/my_task.py").name == "mine"
    assert load_task("folder/my_task.py").name == "mine"


def test_of_several_tasks_the_one_called_task_is_meant(write):
    assert load_task(str(write(source("other") + source("task")))).name == "task"


def test_of_several_tasks_one_is_chosen_by_its_name(write):
    path = write(source("first") + source("second") + source("task"))

    assert load_task(f"{path}:second").name == "second"
    assert load_task(f"{path}:").name == "task"


def test_several_tasks_without_a_choice_are_refused(write):
    path = write(source("first") + source("second"))

    with pytest.raises(
        UsageError, match=r"has several tasks.*my_task\.py:first, .*my_task\.py:second"
    ):
        load_task(str(path))


def test_a_file_without_a_task_is_refused(write):
    with pytest.raises(UsageError, match=r"my_task\.py: has no hpo\.Task\. Define one"):
        load_task(str(write("x = 1")))


def test_a_name_that_no_task_of_the_file_has_is_refused_with_those_it_has(write):
    path = write(source("first") + source("second") + "number = 5\n")

    for name in ("third", "number"):
        with pytest.raises(UsageError, match=rf"no Task named '{name}'.*first.*second"):
            load_task(f"{path}:{name}")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"task file .*absent\.py: there is no such file"):
        load_task(str(tmp_path / "absent.py"))


@pytest.mark.parametrize("kind", ["raises", "exits", "misspelt", "lacks a library", "bad task"])
def test_a_file_that_fails_to_import_is_refused_in_one_line(write, kind):
    text, reason = BROKEN[kind]

    with pytest.raises(HPOError, match=r"task file .*my_task\.py: cannot be imported: ") as caught:
        load_task(str(write(text)))

    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, UsageError)


def test_a_file_that_was_mended_is_read_anew(write):
    with pytest.raises(HPOError):
        load_task(str(write("1 / 0")))

    assert load_task(str(write(source("mended")))).name == "mended"


def test_a_task_file_may_import_what_stands_beside_it(write):
    write("DESCRIPTION = 'from next door'", "my_neighbour.py")
    path = write("from my_neighbour import DESCRIPTION\n" + source() + "task2 = DESCRIPTION\n")

    assert load_task(str(path)).name == "task"


def test_files_of_one_name_in_different_folders_are_different_tasks(write):
    first, second = write(source("first"), "a/t.py"), write(source("second"), "b/t.py")

    assert [load_task(str(path)).name for path in (first, second, first)] == [
        "first",
        "second",
        "first",
    ]


def test_loading_a_file_again_does_not_lengthen_the_import_path(write):
    path = str(write(source()))
    load_task(path)
    length = len(sys.path)

    load_task(path)

    assert len(sys.path) == length


def test_a_dataclass_in_a_task_file_finds_its_module(write):
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    text += "@dataclass\nclass Sizes:\n    units: int = 3\n"

    assert load_task(str(write(text + source()))).name == "task"


# ---------------------------------------------------------------- references


def test_a_reference_to_a_file_becomes_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert absolute_reference("./my_task.py") == str(tmp_path / "my_task.py")
    assert absolute_reference("a/../my_task.py:mine") == f"{tmp_path / 'my_task.py'}:mine"
    assert absolute_reference("./my_task.py:") == str(tmp_path / "my_task.py")


@pytest.mark.parametrize("reference", ["boston", "package.module:task", "package.pyramid:task"])
def test_other_references_stay_as_they_are(reference):
    assert absolute_reference(reference) == reference


# ---------------------------------------------------------------- search spaces


def test_a_built_in_space_is_found_by_name():
    assert load_space("boston").name == "boston.toml"


def test_an_unknown_space_is_refused_with_the_one_that_was_meant():
    with pytest.raises(
        UsageError, match=r"no search space 'boston2'.*Did you mean boston\?.*\.toml"
    ):
        load_space("boston2")


@pytest.mark.parametrize("as_text", [True, False])
def test_a_space_is_read_from_a_file(tmp_path, as_text):
    path = tmp_path / "mine.toml"
    path.write_text('[units]\ntype = "int"\nlow = 1\nhigh = 3\n')

    assert load_space(str(path) if as_text else path) == Space({"units": Int(1, 3)})


def test_a_path_needs_no_ending_to_be_a_path(tmp_path):
    path = tmp_path / "mine"
    path.write_text('[units]\ntype = "int"\nlow = 1\nhigh = 3\n')

    assert load_space(path).names == ("units",)


def test_a_space_is_its_own_space():
    space = Space({"units": Int(1, 3)})

    assert load_space(space) is space


def test_a_space_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"absent\.toml: there is no such file"):
        load_space(str(tmp_path / "absent.toml"))
