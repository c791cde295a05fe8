import fixture_studies as studies
import pytest

from hpo.reporting.reading.snapshot import take
from hpo.reporting.sections.search_space import highlight, search_space
from hpo.support.formats import MISSING


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ("# a <note>", '<span class="toml-comment"># a &lt;note&gt;</span>'),
        ("[units]", '<span class="toml-table">[units]</span>'),
        ('type = "int"', '<span class="toml-key">type</span> = &#34;int&#34;'),
        ("]\n  low = 1", ']\n  <span class="toml-key">low</span> = 1'),
        ("]", "]"),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_tables_keys_and_comments_of_toml_are_marked_and_all_is_escaped(line, marked):
    assert str(highlight(line)) == marked


def test_every_hyperparameter_has_a_row_with_the_best_value_and_its_place(tmp_path):
    study = studies.new_study(tmp_path)
    params = {"learning_rate": 1e-2, "layers": 3, "optimizer": "adam"}
    studies.add_complete(study, studies.evaluation(2.5), params)

    section = search_space(take(study))

    assert "The mark shows" in section.lead
    rows = {row.name: row for row in section.content.searched}
    assert list(rows) == ["learning_rate", "layers", "optimizer", "momentum"]
    assert (rows["learning_rate"].best, rows["learning_rate"].position) == ("0.01", 100.0)
    assert (rows["layers"].default, rows["layers"].position) == ("2", 50.0)
    assert (rows["optimizer"].best, rows["optimizer"].position) == ("adam", None)
    assert rows["momentum"].when == "optimizer: sgd"
    assert (rows["momentum"].best, rows["momentum"].position) == (MISSING, None)


def test_without_a_best_trial_nothing_is_said_of_it(tmp_path):
    section = search_space(take(studies.new_study(tmp_path)))

    assert "The mark shows" not in section.lead
    assert {row.best for row in section.content.searched} == {MISSING}
