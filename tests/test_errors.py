"""How an exception becomes one line."""

import json

import pytest

from hpo.errors import joined, located, one_line

STACK = "\n".join(
    f'  File "/site-packages/keras/module_{n}.py", line {n}, in call\n    return call(x)'
    for n in range(400)
)
WHY = "Received a label value of 10 which is outside the valid range of [0, 10)."


def test_short_texts_are_joined():
    assert joined("two\n  lines", 100) == "two lines"


def test_of_a_graph_error_the_sentence_behind_the_stack_stays():
    text = (
        "Graph execution error:\n\nDetected at node loss defined at (most recent call last):\n"
        f"{STACK}\n\n{WHY}  Label values: 9 6 10\n\t [[{{{{node loss}}}}]] [Op:__inference_step_1]"
    )

    assert joined(text, 300) == f"Graph execution error: {WHY} Label values: 9 6 10"


def test_of_a_traceback_the_last_line_stays():
    text = f"Traceback (most recent call last):\n{STACK}\nValueError: {WHY}"

    assert joined(text, 300) == f"ValueError: {WHY}"


def test_of_many_lines_the_first_and_the_last_stay():
    text = "\n".join(["It failed:", *[f"detail {n}" for n in range(400)], WHY])

    shown = joined(text, 300)

    assert shown.startswith("It failed:")
    assert shown.endswith(WHY)
    assert "\n" not in shown


@pytest.mark.parametrize("text", ["x" * 10_000, f"{'x' * 10_000}\n{'y' * 10_000}", STACK])
def test_no_text_is_longer_than_is_allowed_for(text):
    assert len(joined(text, 300)) <= 310


def test_an_exception_without_a_text_is_its_type():
    assert one_line(KeyError()) == "KeyError"


def test_of_a_message_of_keras_the_sentence_in_the_middle_stays():
    text = (
        f"Exception encountered when calling Reshape.call().\n\n\x1b[1m{WHY}\x1b[0m\n\n"
        "Arguments received by Reshape.call():\n"
        + "".join(f"  • args=('<KerasTensor shape=(None, {n})>',)\n" for n in range(20))
    )

    assert joined(text, 300) == f"Exception encountered when calling Reshape.call(). {WHY}"


def test_what_makes_text_bold_on_a_terminal_is_left_out():
    assert joined("Exception encountered.\n\n\x1b[1mNo such axis\x1b[0m\n", 100) == (
        "Exception encountered. No such axis"
    )


def test_an_exception_names_the_users_own_line_and_not_that_of_a_library():
    def own():
        return json.loads("{")

    with pytest.raises(ValueError, match="Expecting") as caught:
        own()

    line = own.__code__.co_firstlineno + 1
    assert located(caught.value).endswith(f"(test_errors.py, line {line})")
