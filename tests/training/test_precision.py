import keras
import pytest

from hpo.training.precision import precision


def policy():
    return keras.config.dtype_policy().name


def test_a_policy_holds_in_its_block_and_no_longer():
    before = policy()

    with precision("mixed_bfloat16"):
        assert policy() == "mixed_bfloat16"
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"

    assert policy() == before


def test_an_error_in_the_block_puts_the_policy_back_too():
    before = policy()

    with pytest.raises(ZeroDivisionError), precision("mixed_bfloat16"):
        raise ZeroDivisionError

    assert policy() == before


def test_no_policy_leaves_the_present_one():
    with precision("float64"), precision(None):
        assert policy() == "float64"
