import pytest

from hpo.placement.children import last_words

LOGGED = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    "E0000 00:00:1795721589.368379   19345 cuda_platform.cc:52] failed call to cuInit: INTERNAL: "
    "CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)\n"
)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("", ""),
        ("\n", ""),
        (LOGGED, ""),
        ("KeyError: 'units'\n" + LOGGED, "KeyError: 'units'"),
        (LOGGED + "Traceback:\n  KeyError: 'units'  \n\n", "KeyError: 'units'"),
        ("W0100 is the name of a part", "W0100 is the name of a part"),
    ],
)
def test_the_last_words_of_a_worker_are_not_what_tensorflow_logged(printed, expected):
    assert last_words(printed) == expected
