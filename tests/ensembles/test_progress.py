from hpo.ensembles.members import Member
from hpo.ensembles.progress import Tally


def test_epochs_and_models_are_counted_over_all_models():
    reports = []
    tally = Tally(reports.append, models=2, epochs=3)

    tally.count_epoch(Member("one", 5), seed=1, epochs=2)
    tally.count_epoch(Member("one", 5), seed=1, epochs=2)
    tally.count_model(Member("one", 5), seed=1, epochs=2, seconds=1.5)
    tally.count_epoch(Member("one", 6), seed=2, epochs=1)
    tally.count_model(Member("one", 6), seed=2, epochs=1, seconds=0.5)

    assert [(r.trial, r.model, r.epochs_done, r.seconds) for r in reports] == [
        (5, 1, 1, None),
        (5, 1, 2, None),
        (5, 1, 2, 1.5),
        (6, 2, 3, None),
        (6, 2, 3, 0.5),
    ]
    assert {(r.models, r.epochs_wanted) for r in reports} == {(2, 3)}


def test_models_that_are_trained_at_the_same_time_are_counted_when_they_end():
    reports = []
    tally = Tally(reports.append, models=2, epochs=2)

    tally.count_epoch(Member("one", 5), seed=1, epochs=1)
    tally.count_epoch(Member("one", 6), seed=2, epochs=1)
    tally.count_model(Member("one", 6), seed=2, epochs=1, seconds=0.5)
    tally.count_model(Member("one", 5), seed=1, epochs=1, seconds=1.5)

    assert [(r.trial, r.model) for r in reports] == [(5, 1), (6, 1), (6, 1), (5, 2)]


def test_a_model_that_exists_takes_no_time():
    reports = []

    Tally(reports.append, models=1, epochs=0).count_model(Member("one", 5), seed=1, epochs=2)

    (report,) = reports
    assert (report.epochs, report.epochs_done, report.seconds) == (2, 0, 0.0)


def test_the_study_is_named_where_there_are_several():
    reports = []
    members = Member("one", 5), Member("other", 5)

    for several in (False, True):
        tally = Tally(reports.append, models=2, epochs=0, several=several)
        for member in members:
            tally.count_model(member, seed=1, epochs=2)

    assert [r.study for r in reports] == ["", "", "one", "other"]
