import json
import zipfile

import pytest
from exporting.exports import combined, save_lambda

from hpo import HPOError
from hpo.exporting import export
from tasks import linear_task


def test_a_lambda_that_came_into_a_study_is_not_exported(tmp_path):
    made = combined(tmp_path, linear_task(), trials=1)
    save_lambda(made.study.files.model_paths(0)[0])

    with pytest.raises(HPOError, match="Lambda layer, which contains code"):
        export(made, tmp_path / "export")


def test_saved_models_keep_their_members_weights(ensemble, exported):
    manifest = json.loads((exported / "manifest.json").read_text())

    assert [m["weight"] for m in manifest["members"]] == pytest.approx([*ensemble.weights.values()])
    for member in manifest["members"]:
        for saved in member["models"]:
            assert zipfile.is_zipfile(exported / saved["file"])
