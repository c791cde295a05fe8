import pytest

from hpo.study.source_files import digest, file_digests


def write(folder, **sources):
    for name, source in sources.items():
        path = folder / (name.replace("__", "/", 1) + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)


def test_a_file_counts_with_what_it_imports_from_its_folder(tmp_path):
    write(
        tmp_path,
        task="import numpy\nfrom layers import Block\ndef load(d):\n    import reading.csv\n",
        layers="import depths",
        depths="N = 3",
        reading__csv="from . import dates",
        reading__dates="",
        unused="",
    )
    (tmp_path / "reading" / "__init__.py").touch()

    names = list(file_digests(tmp_path / "task.py", tmp_path))

    assert names[0] == "task.py"
    assert set(names) == {
        "task.py",
        "layers.py",
        "depths.py",
        "reading/__init__.py",
        "reading/csv.py",
        "reading/dates.py",
    }


def test_a_package_is_found_by_relative_imports(tmp_path):
    write(tmp_path, pkg__task="from .layers import Block\nfrom .. import pkg", pkg__layers="")

    assert set(file_digests(tmp_path / "pkg" / "task.py", tmp_path)) == {
        "pkg/task.py",
        "pkg/layers.py",
    }


def test_of_installed_packages_only_that_of_the_task_counts(tmp_path):
    root = tmp_path / "site-packages"
    write(root, mine__task="import mine.layers, other.layers", mine__layers="", other__layers="")

    assert set(file_digests(root / "mine" / "task.py", root)) == {"mine/task.py", "mine/layers.py"}


def test_hpo_itself_does_not_count(tmp_path):
    write(tmp_path, task="import hpo\nfrom hpo.task import Task", hpo__task="")
    (tmp_path / "hpo" / "__init__.py").touch()

    assert list(file_digests(tmp_path / "task.py", tmp_path)) == ["task.py"]


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("a = 1\nb = 2\n", "a = 1  # one\n\n# two\nb = 2", True),
        ("a = 1\n", "a = 1\r\n", True),
        ("a = '# one'\n", "a = '# two'\n", False),
        ("a = 1\n", "a = 2\n", False),
        ("if a:\n    b = 1\nc = 2\n", "if a:\n    b = 1\n    c = 2\n", False),
        ("not python (", "not python [", False),
        ("x = 'é'", "x = 'è'", False),
    ],
)
def test_comments_and_empty_lines_are_no_change_of_code(old, new, is_same):
    assert (digest(old.encode()) == digest(new.encode())) == is_same


def test_files_that_cannot_be_parsed_count_by_their_bytes(tmp_path):
    (tmp_path / "task.py").write_bytes(b"import \xff\x00")

    assert list(file_digests(tmp_path / "task.py", tmp_path)) == ["task.py"]
