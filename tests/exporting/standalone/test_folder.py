import json
import os

import numpy as np
import pytest
from exporting.exports import refusal


def edit_manifest(folder, **changes):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["members"][0]["models"][0] |= changes
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", ["../x.keras", "models/../../x.keras", "/x.keras"])
def test_a_path_that_leaves_the_folder_is_refused(name, exported):
    (exported.parent / "x.keras").touch()
    edit_manifest(exported, file=name)

    assert f"'{name}' leads out of" in refusal(exported, np.zeros((1, 3)))


def test_an_absolute_path_into_the_folder_is_refused_too(exported):
    edit_manifest(exported, file=str(exported / "README.md"))

    assert "leads out of" in refusal(exported, np.zeros((1, 3)))


def test_a_link_that_leaves_the_folder_is_refused(exported, tmp_path):
    (tmp_path / "elsewhere.keras").touch()
    (exported / "models" / "link.keras").symlink_to(tmp_path / "elsewhere.keras")
    edit_manifest(exported, file="models/link.keras")

    assert "leads out of" in refusal(exported, np.zeros((1, 3)))


def test_a_module_that_is_none_of_the_export_is_not_run(exported):
    steps = exported / "preprocessing" / "000.json"
    own = {"kind": "own", "module": "os", "function": "getcwd", "arrays": {}, "models": {}}
    steps.write_text(json.dumps(own))

    assert "'os' is not a module of this folder" in refusal(exported, np.zeros((1, 3)))


def test_arrays_of_objects_are_refused_and_not_unpickled(exported):
    harm = Harm(str(exported / "harm"))
    np.savez(exported / "preprocessing" / "000.npz", np.array([harm], dtype=object))

    assert "allow_pickle=False" in refusal(exported, np.zeros((1, 3)))
    assert not (exported / "harm").exists()


class Harm:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)
