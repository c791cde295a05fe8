import os
import subprocess
import sys

import pytest

from hpo.errors import HPOError
from hpo.support.quiet import import_keras


def keras_that(tmp_path, monkeypatch, code):
    """Put a module called keras before the real one."""
    (tmp_path / "keras.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "keras", raising=False)


NOISE = "import os\nos.write(2, b'I am a library\\n')\n"


def test_an_import_that_works_writes_nothing_to_standard_error(tmp_path, monkeypatch, capfd):
    keras_that(tmp_path, monkeypatch, f"{NOISE}class backend:\n    backend = str\n")

    import_keras()
    os.write(2, b"after\n")

    assert capfd.readouterr().err == "after\n"


def test_an_import_that_fails_shows_what_it_wrote(tmp_path, monkeypatch, capfd):
    keras_that(tmp_path, monkeypatch, f"{NOISE}raise RuntimeError('no\\nbackend')\n")

    with pytest.raises(HPOError, match=r"Keras cannot be imported: .*no backend"):
        import_keras()

    assert capfd.readouterr().err == "I am a library\n"


def test_what_is_imported_already_is_left_alone(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "keras", object())

    import_keras()

    assert capfd.readouterr().err == ""


def test_jax_is_not_imported_for_tensorflow_and_can_be_imported_afterwards():
    code = (
        "from hpo.support.quiet import import_keras; import sys\n"
        "import_keras('tensorflow')\n"
        "assert 'jax' not in sys.modules\n"
        "import keras, jax\n"
        "assert keras.backend.backend() == 'tensorflow' and jax.numpy.ones(2).sum() == 2\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
