import pytest
from predicting.files import build_classes, combined, load_classes, make_task


@pytest.fixture(scope="session")
def ensemble(tmp_path_factory):
    return combined(tmp_path_factory.mktemp("runs"), make_task())


@pytest.fixture(scope="session")
def classifier(tmp_path_factory):
    task = make_task(
        load=load_classes, model=build_classes, objective="val_accuracy", preprocessor=None
    )
    return combined(tmp_path_factory.mktemp("runs"), task)
