from hpo.ensembles.progress import Tally


def test_epochs_and_models_are_counted_over_all_models():
    reports = []
    tally = Tally(reports.append, models=2, epochs=3)

    with tally.model(trial=5, seed=1, epochs=2) as count_epoch:
        count_epoch()
        count_epoch()
    with tally.model(trial=6, seed=2, epochs=1) as count_epoch:
        count_epoch()

    assert [(r.trial, r.model, r.epochs_done, r.seconds is None) for r in reports] == [
        (5, 1, 1, True),
        (5, 1, 2, True),
        (5, 1, 2, False),
        (6, 2, 3, True),
        (6, 2, 3, False),
    ]
    assert {(r.models, r.epochs_wanted) for r in reports} == {(2, 3)}


def test_a_model_that_exists_takes_no_time():
    reports = []

    with Tally(reports.append, models=1, epochs=0).model(trial=5, seed=1, epochs=2):
        pass

    (report,) = reports
    assert (report.epochs, report.epochs_done, report.seconds) == (2, 0, 0.0)
