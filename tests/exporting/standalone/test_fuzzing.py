"""Damaged exports: they predict or are refused in one line; nothing else is ever raised."""

import warnings

import numpy as np
import pytest
from exporting.exports import combined, imported
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PowerTransformer, QuantileTransformer

from hpo.exporting import export
from tasks import linear_data, linear_task


def many_steps(_params):
    """Every kind of step that is more than arithmetic."""
    columns = [
        ("power", make_pipeline(SimpleImputer(), PowerTransformer(), PCA(1)), [0]),
        ("quantile", QuantileTransformer(n_quantiles=5), [1]),
        ("one-hot", OneHotEncoder(handle_unknown="ignore", sparse_output=False), [2]),
    ]
    return ColumnTransformer(columns)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An export with many steps."""
    folder = tmp_path_factory.mktemp("whole")
    made = combined(folder, linear_task(preprocessor=many_steps), trials=2, method="stacking")
    return export(made, folder / "export").directory


def predict_or_refuse(folder, tmp_path):
    """What predict.py says when it refuses to predict; None if it does not."""
    with imported(folder) as module, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module.main([str(tmp_path / "x.npz"), str(tmp_path / "out.npz")])
        except SystemExit as error:
            return error.code
    return None


@pytest.mark.parametrize(
    "kind", ["manifest.json", "preprocessing/*.json", "preprocessing/*.npz", "models/*.keras"]
)
@pytest.mark.parametrize("way", ["bytes", "values"])
def test_a_damaged_export_predicts_or_refuses_in_one_line(fuzzer, whole, tmp_path, kind, way):
    np.savez(tmp_path / "x.npz", x=linear_data().x_test)
    path = min(whole.glob(kind))
    before = path.read_bytes()
    try:
        for _ in fuzzer.rounds(at_least=3):
            if way == "bytes":
                path.write_bytes(fuzzer.damaged(before))
            elif path.suffix == ".json":
                path.write_text(fuzzer.damaged_json(before.decode()))
            else:
                path.write_bytes(fuzzer.damaged_archive(before))
            said = predict_or_refuse(whole, tmp_path)
            assert said is None or (said.startswith("predict.py: ") and said.isprintable())
    finally:
        path.write_bytes(before)


def test_damaged_samples_are_predicted_or_refused_in_one_line(fuzzer, whole, tmp_path):
    np.savez(tmp_path / "x.npz", x=linear_data().x_test)
    before = (tmp_path / "x.npz").read_bytes()

    for _ in fuzzer.rounds(at_least=3):
        (tmp_path / "x.npz").write_bytes(fuzzer.damaged(before))
        said = predict_or_refuse(whole, tmp_path)
        assert said is None or said.startswith(f"predict.py: {tmp_path}")
