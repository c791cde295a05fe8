from types import SimpleNamespace

from hpo.ensembles.members import Member
from hpo.ensembles.progress import Tally
from hpo.ensembles.refitting import _Refitting
from hpo.ensembles.retraining import _Retraining


def test_what_was_begun_on_a_node_that_was_lost_is_still_to_be_done():
    job = SimpleNamespace(member=Member("one", 5), seed=1, n_epochs=2)

    for kind in (_Refitting, _Retraining):
        training = kind({}, Tally(lambda _progress: None, models=1, epochs=2))
        training.begun(job)

        assert training.wants(job)
