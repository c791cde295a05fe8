import json
import stat
from pathlib import Path

import pytest

pytest.importorskip("jax", reason="the extra jax is not installed")

SCRIPT = """
import json, sys
from hpo.support import compilation_cache
compilation_cache.enable()
import jax
probe = compilation_cache.probe()
limit = jax.config.jax_compilation_cache_max_size
print(json.dumps([probe.directory, probe.n_bytes, probe.takes_back, limit]))
"""


def test_what_jax_compiles_is_kept_for_this_user_alone_and_taken_back(
    python, tmp_path, monkeypatch
):
    monkeypatch.setenv("HPO_CACHE_DIR", str(tmp_path))

    process = python(SCRIPT)
    directory, n_bytes, takes_back, max_bytes = json.loads(process.communicate()[0])

    assert directory == str(tmp_path / "jax")
    assert stat.S_IMODE(Path(directory).stat().st_mode) == 0o700
    assert n_bytes > 0
    assert max_bytes == 1 << 30
    assert takes_back


def test_without_a_folder_of_its_own_nothing_is_kept(python, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("HPO_CACHE_DIR", str(tmp_path / "file"))

    process = python(SCRIPT)

    assert json.loads(process.communicate()[0])[0] == ""
