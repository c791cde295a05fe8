import optuna
import pytest


@pytest.fixture
def study():
    # Hyperband draws brackets by the name.
    return optuna.create_study(study_name="homes", direction="minimize")
