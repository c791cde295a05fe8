import numpy as np

import hpo
from hpo import Data
from hpo.data.gaps import describe_gaps
from hpo.search.events import Warned
from tasks import bare_task, linear_data, linear_task


def table(*gaps, shape=(20, 3), value=np.nan):
    array = np.zeros(shape)
    for place in gaps:
        array[place] = value
    return array


def test_data_without_gaps_is_not_described():
    data = Data(x={"a": table(), "text": np.array(["a"] * 20)}, y=np.arange(20))

    assert describe_gaps(bare_task(), data) == ()


def test_gaps_are_counted_by_column():
    x = table((3, 0), (3, 2), (7, 2))
    data = Data(x=x, y=np.zeros(20), feature_names=["age", "rooms", "price"])

    (text,) = describe_gaps(bare_task(), data)

    assert text.startswith(
        "x has 3 values that are missing (NaN) or infinite, in 2 of 20 rows (price: 2, age: 1). "
    )


def test_infinity_and_what_single_precision_cannot_hold_are_gaps():
    for value in (np.inf, -np.inf, 1e300):
        (text,) = describe_gaps(bare_task(), Data(x=table((1, 1), value=value), y=np.zeros(20)))
        assert "1 value that are" in text or "in 1 of 20 rows (column 1: 1)" in text


def test_only_a_few_columns_are_named():
    x = table(*((0, column) for column in range(9)), shape=(20, 9))

    assert "column 4: 1, and 4 more)" in describe_gaps(bare_task(), Data(x=x, y=x[:, 0] * 0))[0]


def test_arrays_with_more_axes_are_counted_as_a_whole():
    x = table((0, 1, 2), (5, 0, 0), shape=(20, 3, 3))

    (text,) = describe_gaps(bare_task(), Data(x={"picture": x}, y=np.zeros(20)))

    assert text.startswith("x['picture'] has 2 values that are missing")
    assert "in 2 of 20 rows. " in text


def test_a_preprocessor_may_fill_gaps_of_samples_but_not_of_targets():
    task = bare_task(preprocessor=lambda _params: None)
    data = Data(x=table((0, 0)), y={"price": table((4, 0), shape=(20, 1))})

    (text,) = describe_gaps(task, data)

    assert text.startswith("y['price'] has 1 value")
    assert "Leave them out" in text


def test_a_search_warns_of_gaps_in_every_run_and_records_them(tmp_path):
    whole = linear_data()
    x = whole.x.copy()
    x[3] = np.nan
    task = linear_task(load=lambda _data_dir: Data(x=x, y=whole.y), preprocessor=None)

    for trials in (1, 2):
        events = []
        study = hpo.run(task, trials=trials, runs=tmp_path, on_event=events.append)
        (warning,) = [event.message for event in events if isinstance(event, Warned)]
        assert warning.startswith("task 'linear': x has 3 values")
        assert "1 of 30 rows" in warning

    assert len(study.facts.data.gaps) == 1


def test_a_trial_that_fails_names_gaps_that_preprocessing_left(tmp_path):
    whole = linear_data()
    x = whole.x.copy()
    x[3, 1] = np.nan
    task = linear_task(load=lambda _data_dir: Data(x=x, y=whole.y))

    (trial,) = hpo.run(task, trials=1, runs=tmp_path).trials

    assert "After preprocessing, x has 1 value that is missing (NaN)" in trial.reason
    assert "in 1 of 30 rows (column 1: 1). Fill them" in trial.reason
