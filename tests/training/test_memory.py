import os

import keras
import numpy as np

from hpo.training.memory import _gradient_registry, freed_after, resident_bytes


def train():
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.compile("adam", "mse")
    network.fit(np.zeros((4, 2)), np.zeros((4, 1)), verbose=0)


def test_the_gradients_that_training_registers_are_taken_out_again():
    before = set(_gradient_registry())

    with freed_after():
        train()
        assert set(_gradient_registry()) > before

    assert set(_gradient_registry()) == before


def test_the_dtype_policy_outlasts_the_session():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        with freed_after():
            pass
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy(before)


def test_memory_that_a_process_takes_is_counted():
    before = resident_bytes()

    taken = np.ones(8_000_000)  # 64 MB

    assert resident_bytes() - before > 0.8 * taken.nbytes
    assert resident_bytes(os.getpid()) > taken.nbytes


def test_a_process_that_has_ended_takes_nothing(python):
    process = python("")
    process.wait()

    assert resident_bytes(process.pid) == 0
