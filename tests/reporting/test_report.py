from __future__ import annotations

import dataclasses
import html
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import fixture_studies as studies
import numpy as np
import pytest
from click.testing import CliRunner

import hpo
from hpo.cli.report import command
from hpo.errors import HPOError, UsageError
from hpo.reporting import write_report, write_reports
from hpo.reporting.figures.curves import chosen_epoch
from hpo.reporting.figures.regression import MOST_POINTS, scatter
from hpo.reporting.html import formats
from hpo.reporting.html.escape import json_block, label
from hpo.reporting.html.ranges import edge, position
from hpo.reporting.reading.snapshot import take
from hpo.reporting.sections.verdict import verdict
from hpo.scoring.outcomes import read_values
from hpo.space.parameters import Categorical, Float, Int
from hpo.study.folder import create_study, load_study
from hpo.study.trial import Trial

MARKUP, IMAGE, LINK = studies.MARKUP, studies.IMAGE, studies.LINK


class Document(HTMLParser):
    """The text, the elements and the JSON block of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def figures(self) -> dict:
        return json.loads(self.scripts[0])["figures"]

    def attributes(self, name: str) -> list[str | None]:
        return [found[name] for _tag, found in self.elements if name in found]

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        inside = self._open[-1] if self._open else ""
        if inside == "script":
            self.scripts.append(data)
        elif inside != "style":
            self.words.append(data)


def read(study) -> Document:
    return Document(write_report(study).read_text(encoding="utf-8"))


def anchors(document: Document) -> list[str]:
    return [found["id"] for tag, found in document.elements if tag == "section" and "id" in found]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def regression(runs):
    return studies.regression_study(runs)


@pytest.fixture(scope="module")
def page(regression):
    return read(regression)


# The page of a full study -------------------------------------------------------------------


def test_a_full_study_has_every_section_in_order(page):
    assert anchors(page) == [
        "summary",
        "history",
        "parameters",
        "curves",
        "folds",
        "predictions",
        "ensemble",
        "leaderboard",
        "space",
        "reproduction",
    ]


def test_the_summary_sets_the_best_score_beside_everything_it_should_be_measured_against(page):
    for text in (
        "is the best of 18 complete trials: validation MAE 2.344 ± 0.178 over 4 folds.",
        "lower than the common-sense baseline",
        "Tuning was worth 0.366 (14 %) against the default configuration.",
        "The ensemble is 0.117 (5 %) better than the best single trial on samples that were held",
        "On the test set, consulted once, the ensemble reaches 2.410 (MAE)",
        "the textbook reference is 2.550.",
        "F. Author, A Textbook, 2nd edition",
    ):
        assert text in page.text


def test_the_summary_warns_of_few_trials_noise_and_failures(page):
    assert "Only 18 trials completed" in page.text
    assert "Within noise." in page.text
    assert "3 of 24 trials failed, for this reason: the loss became NaN in epoch 3" in page.text


def test_the_leaderboard_lists_every_trial_best_first_and_failed_ones_last(regression, page):
    rows = [found["class"] for tag, found in page.elements if tag == "tr" and found.get("class")]
    states = [state for state in rows if state in ("complete", "pruned", "failed")]
    assert states == ["complete"] * 18 + ["pruned"] * 3 + ["failed"] * 3
    assert len(states) == len(regression.trials)


def test_the_history_shows_scored_pruned_and_failed_trials(regression, page):
    traces = {trace["name"]: trace for trace in page.figures["history-scores"]["data"]}
    assert len(traces["complete"]["x"]) == 18
    assert traces["failed"]["x"] == [5, 13, 21]
    assert traces["pruned"]["x"] == [3, 11, 19]
    assert f"best: trial {regression.best.number}" in traces


def test_every_figure_has_alternative_text_and_a_caption(page):
    plots = [found for _tag, found in page.elements if "data-figure" in found]
    assert {plot["data-figure"] for plot in plots} == set(page.figures)
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)
    captions = [tag for tag, _found in page.elements if tag == "figcaption"]
    assert len(captions) == len(plots)


def test_learning_curves_are_drawn_for_the_five_best_trials(regression, page):
    numbers = [trial.number for trial in regression.ranking[:5]]
    expected = {f"curves-{n}-{kind}" for n in numbers for kind in ("objective", "loss")}
    assert {name for name in page.figures if name.startswith("curves-")} == expected


def test_trial_and_ensemble_are_drawn_against_the_truth(page):
    names = [name for name in page.figures if name.startswith("predictions-")]
    assert names == [
        f"predictions-{n}-0-{kind}" for n in (0, 1) for kind in ("values", "residuals")
    ]
    assert "Mean absolute error" in page.text


def test_the_ensemble_section_lists_members_methods_and_test_results(page):
    assert "Members (greedy)" in page.text
    assert "greedy (saved) 2.214 +0.117" in page.text
    assert "mean 2.264 +0.0670" in page.text
    assert "MAE 2.410 2.570" in page.text


def test_the_commands_reproduce_search_and_ensemble(page):
    assert "hpo run boston --sampler tpe --trials 50 --seed 7" in page.text
    assert "hpo ensemble boston" in page.text
    assert "9f2c51d0" in page.text


def test_a_page_loads_nothing_and_says_so_in_its_policy(page):
    policy = page.attributes("content")[0]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert page.attributes("src") == []
    assert all(link.startswith("#") for link in page.attributes("href"))
    assert not [tag for tag, _found in page.elements if tag in ("link", "img", "iframe")]


def test_writing_a_report_leaves_only_the_report(regression):
    before = {path for path in regression.directory.rglob("*") if path.is_file()}
    path = write_report(regression)
    assert path == regression.directory / "report.html"
    assert {p for p in regression.directory.rglob("*") if p.is_file()} == before | {path}


def test_a_report_can_be_written_elsewhere(regression, tmp_path):
    assert write_report(regression, tmp_path / "new" / "a.html").is_file()


def test_a_report_that_cannot_be_written_says_where(regression, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(HPOError, match=r"a\.html: the report cannot be written.*--output FILE"):
        write_report(regression, tmp_path / "file" / "a.html")


# Classification -----------------------------------------------------------------------------


def test_a_classification_gets_a_confusion_matrix_instead(tmp_path):
    document = read(studies.classification_study(tmp_path))
    figure = document.figures["predictions-0-0-confusion"]["data"][0]
    assert np.sum(figure["hovertext"]) == 300
    assert figure["x"] == [f"topic {n}" for n in range(5)]
    assert "predictions are right" in document.text
    assert "higher than the common-sense baseline" in document.text


def test_classes_of_one_name_stay_apart(tmp_path):
    study = studies.classification_study(tmp_path, classes=3)
    study.facts = study.facts | {"data": {"class_names": ["a", "a", "b"]}}
    assert read(study).figures["predictions-0-0-confusion"]["data"][0]["x"] == ["a", "a (2)", "b"]


def test_of_very_many_classes_the_most_frequent_are_shown(tmp_path):
    document = read(studies.classification_study(tmp_path, classes=80))
    assert "50 most frequent of 80 classes" in document.text


# Studies with little in them ----------------------------------------------------------------


def test_an_empty_study_says_that_there_is_nothing_yet(tmp_path):
    document = read(studies.new_study(tmp_path, facts=None))
    assert anchors(document) == ["summary", "space", "reproduction"]
    assert "This study has no trials yet" in document.text
    assert document.figures == {}


def test_a_study_of_failures_gives_their_commonest_reason(tmp_path):
    study = studies.new_study(tmp_path)
    for reason in ("out of memory", "the loss became NaN", "out of memory"):
        studies.add_failed(study, reason)
    document = read(study)
    assert anchors(document) == ["summary", "leaderboard", "space", "reproduction"]
    assert "None of the 3 trials of this study was completed." in document.text
    assert (
        "3 of 3 trials failed, most often (twice) for this reason: out of memory" in document.text
    )


def test_interrupted_trials_are_not_counted_as_failures(tmp_path):
    study = studies.new_study(tmp_path)
    studies.add_failed(study, "interrupted", "interrupted")
    assert "Failed trials" not in read(study).text


def test_a_single_trial_makes_a_page(tmp_path):
    study = studies.new_study(tmp_path)
    studies.add_complete(study, studies.evaluation(2.5), study.space.defaults())
    document = read(study)
    assert "Trial 0 is the only complete trial" in document.text
    assert "No trial did better than the default configuration." in document.text
    assert "Predicted against true" not in document.text  # no targets were stored


def test_a_holdout_has_no_standard_error_and_says_so(tmp_path):
    study = studies.new_study(tmp_path)
    for score in (2.5, 2.4):
        studies.add_complete(study, studies.evaluation(score, folds=1))
    document = read(study)
    assert "No standard error." in document.text
    assert "±" not in document.text.partition("Leaderboard Every")[2]
    curves = document.figures["curves-1-objective"]["data"]
    assert [trace["name"] for trace in curves] == ["training", "validation"]


def test_values_that_are_no_numbers_are_shown_as_missing(tmp_path):
    study = studies.new_study(
        tmp_path, facts={"baseline": None, "reference": {"score": float("nan")}, "data": None}
    )
    found = studies.evaluation(2.5)
    curves = {name: curve.copy() for name, curve in found.arrays.curves.items()}
    curves["loss"][3] = np.nan
    curves["val_loss"][:] = np.nan
    arrays = dataclasses.replace(found.arrays, curves=curves)
    studies.add_complete(study, dataclasses.replace(found, arrays=arrays, model_size=None))
    unbounded = dataclasses.replace(studies.evaluation(2.0), score=float("inf"))
    studies.add_complete(study, unbounded)
    document = read(study)
    assert "Trial 0 is the only complete trial" in document.text
    assert "nan" not in document.text.lower().split()
    assert "Textbook reference" not in document.text


def test_a_missing_file_costs_only_its_part_of_the_page(tmp_path):
    study = studies.regression_study(tmp_path, trials=8)
    (study.trial_directory(study.best.number) / "evaluation.npz").unlink()
    (study.directory / "ensemble" / "ensemble.json").write_text("{")
    (study.directory / "targets.npz").write_bytes(b"PK")
    document = read(study)
    assert "ensemble" not in anchors(document)
    assert document.text.count("Left out.") == 3
    assert f"curves-{study.best.number}-objective" not in document.figures
    assert f"curves-{study.ranking[1].number}-objective" in document.figures


def test_a_study_whose_run_never_began_makes_a_page(tmp_path):
    settings = studies.new_study(tmp_path, "other").settings
    document = read(create_study(tmp_path, "bare", settings))
    assert "This study has no trials yet" in document.text
    assert "hpo run" not in document.text


def test_several_outputs_are_drawn_one_by_one(tmp_path):
    study = studies.new_study(tmp_path)
    study.targets = {"price": np.linspace(0, 1, 20), "kind": np.arange(20) % 3}
    found = studies.evaluation(2.5, targets=np.linspace(0, 1, 20))
    outputs = {name: studies.predictions(target, 0.1) for name, target in study.targets.items()} | {
        "unknown": np.zeros(20)
    }
    arrays = dataclasses.replace(found.arrays, predictions=outputs)
    studies.add_complete(study, dataclasses.replace(found, arrays=arrays))
    names = [name for name in read(study).figures if name.startswith("predictions")]
    assert names == [
        "predictions-0-0-values",
        "predictions-0-0-residuals",
        "predictions-0-1-confusion",
        "predictions-0-1-reliability",
        "predictions-0-1-confidence",
    ]


# The verdict --------------------------------------------------------------------------------


def test_a_search_that_is_no_better_than_the_baseline_is_said_to_have_learned_nothing(tmp_path):
    study = studies.new_study(tmp_path, facts={"baseline": 2.0})
    studies.add_complete(study, studies.evaluation(2.5))
    found = verdict(take(study))
    assert "Nothing learned" in [caveat.title for caveat in found.caveats]
    assert "0.500 (25 %) higher than the common-sense baseline" in " ".join(found.sentences)


def test_a_difference_of_many_times_is_not_told_in_percent(tmp_path):
    study = studies.new_study(tmp_path, facts={"baseline": 0.1}, direction="maximize")
    studies.add_complete(study, studies.evaluation(0.9))
    sentence = verdict(take(study)).sentences[0]
    assert sentence == "That is 0.800 higher than the common-sense baseline."


def test_a_best_value_at_the_edge_of_its_range_is_pointed_out(tmp_path):
    study = studies.new_study(tmp_path)
    params = {"learning_rate": 9.9e-3, "layers": 3, "optimizer": "adam"}
    studies.add_complete(study, studies.evaluation(2.5), params)
    caveats = {caveat.title: caveat.text for caveat in verdict(take(study)).caveats}
    assert caveats["Edge of the search space"].startswith(
        "The best trial's learning_rate = 0.0099 lies at the upper end of its range "
        "(1e-05 to 0.01, logarithmic)."
    )


def test_several_values_at_the_edge_are_pointed_out_together(tmp_path):
    study = studies.new_study(tmp_path)
    params = {"learning_rate": 1e-5, "layers": 5, "optimizer": "adam"}
    studies.add_complete(study, studies.evaluation(2.5), params)
    edges = [c.text for c in verdict(take(study)).caveats if c.title == "Edge of the search space"]
    assert len(edges) == 1
    assert "learning_rate = 1e-05 (lower end of 1e-05 to 0.01, logarithmic)" in edges[0]
    assert "layers = 5 (upper end of 1 to 5)" in edges[0]


def test_scores_that_are_far_apart_are_not_called_noise(tmp_path):
    study = studies.new_study(tmp_path)
    for score in (2.5, 9.0):
        studies.add_complete(study, studies.evaluation(score))
    assert "Within noise" not in [caveat.title for caveat in verdict(take(study)).caveats]


def test_looking_at_the_test_set_again_is_warned_of(tmp_path):
    study = studies.regression_study(tmp_path, trials=3)
    study.record_consultation("hpo ensemble boston --method mean", {"mae": 2.5})
    document = read(study)
    assert "It was consulted twice." in document.text
    assert "hpo ensemble boston --method mean" in document.text


def test_trials_that_are_still_running_are_mentioned(tmp_path):
    study = studies.new_study(tmp_path)
    study.space.suggest(study.record.ask())
    assert "1 trial had not ended" in read(study).text


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (Float(1e-4, 1e-2, log=True), 1e-3, 0.5),
        (Float(0.0, 1.0), 0.25, 0.25),
        (Int(1, 5), 5, 1.0),
        (Float(2.0, 2.0), 2.0, None),
        (Categorical(["a", "b"]), "a", None),
        (Float(0.0, 1.0), None, None),
        (Float(1e-4, 1e-2, log=True), 0.0, None),
    ],
)
def test_a_value_has_its_place_in_the_range(parameter, value, expected):
    found = position(parameter, value)
    assert found == (None if expected is None else pytest.approx(expected))


def test_edges_are_measured_on_the_scale_that_was_searched():
    assert edge(Float(1e-5, 1e-1, log=True), 1.1e-5) == "lower"
    assert edge(Float(1e-5, 1e-1, log=True), 1e-3) is None
    assert edge(Float(1e-5, 1e-1), 1e-3) == "lower"


# Escaping -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return studies.hostile_study(tmp_path_factory.mktemp("hostile"))


def test_text_from_outside_never_becomes_markup(hostile):
    document = read(hostile)
    tags = [tag for tag, _found in document.elements]
    assert tags.count("script") == 3  # the figures, plotly.js, and the page's own
    assert not {"img", "b"} & set(tags)
    assert not [name for _tag, found in document.elements for name in found if name[:2] == "on"]
    for text in (MARKUP, IMAGE, LINK):
        assert " ".join(text.split()) in document.text


def test_text_in_figures_is_escaped_for_plotly_and_for_the_script(hostile):
    page = write_report(hostile).read_text(encoding="utf-8")
    block = page.partition('id="figures">')[2].partition("</script>")[0]
    assert not set("<>&") & set(block)
    labels = Document(page).figures["predictions-0-0-confusion"]["data"][0]["x"]
    assert labels[0] == "&lt;script&gt;window.hacked=1…"
    assert "<" not in "".join(labels)


def test_labels_are_cut_flattened_and_escaped():
    assert label("a\n<b>&amp;</b>") == "a &lt;b&gt;&amp;amp;&lt;/b&gt;"
    assert len(html.unescape(label("x" * 500, 24))) == 24


def test_a_json_block_means_the_same_after_escaping():
    content = {"a": "</script>&\u2028 \u00e9", "b": [1, None]}
    assert json.loads(json_block(json.dumps(content, ensure_ascii=False))) == content


# Numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2.31, "2.310"),
        (0, "0"),
        (12345.678, "12,346"),
        (0.00001234, "1.234e-05"),
        (9.99996, "10.00"),
        (-0.5, "-0.5000"),
        (float("nan"), "—"),
        (float("inf"), "—"),
        (None, "—"),
        (True, "—"),
    ],
)
def test_numbers_have_four_significant_digits(value, expected):
    assert formats.number(value) == expected


@pytest.mark.parametrize(
    ("score", "error", "expected"),
    [
        (2.3443, 0.1812, "2.344 ± 0.181"),
        (0.8123, 0.00421, "0.8123 ± 0.0042"),
        (99.999, 1e-5, "100.0 ± 1e-05"),
        (0.0, 0.1, "0 ± 0.10"),
        (2.5, None, "2.500"),
        (None, 0.1, "—"),
    ],
)
def test_a_standard_error_ends_at_the_decimal_of_its_score(score, error, expected):
    assert formats.plus_minus(score, error).replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kfold:4", "4-fold cross-validation"),
        ("repeated-kfold:5x2", "5-fold cross-validation, 2 times"),
        ("holdout:0.2 on 500 training samples", "20 % held out, on 500 training samples"),
        ("time:5", "5 cuts in time"),
        ("GroupKFold(n_splits=3, shuffle=False)", "GroupKFold(n_splits=3, shuffle=False)"),
    ],
)
def test_the_evaluation_is_told_in_words(name, expected):
    assert formats.evaluation(name) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.8123, "0.812 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (100_000, "1 d 3 h"),
        (None, "—"),
    ],
)
def test_durations_are_readable(seconds, expected):
    assert formats.duration(seconds) == expected


def test_the_chosen_epoch_is_found_in_curves_of_several_stages():
    curve = np.array([[3.0], [2.0], [4.0], [1.5], [1.8]])
    assert chosen_epoch(Trial(0, "complete", {}, score=2.0, epochs=2), curve) == 2
    assert chosen_epoch(Trial(0, "complete", {}, score=1.5, epochs=3), curve) == 4
    assert chosen_epoch(Trial(0, "complete", {}, score=9.0, epochs=3), curve) == 3
    assert chosen_epoch(Trial(0, "complete", {}, score=9.0, epochs=3), None) == 3


def test_very_many_points_are_thinned_and_the_title_says_so():
    values = np.random.default_rng(0).normal(size=MOST_POINTS + 1000)
    drawing = scatter(read_values(values, values + 1), "p")[0]
    assert "2,000 of 3,000, at random" in drawing.title
    assert "Mean absolute error 1.000" in drawing.note
    assert len(drawing.plot.data[1].x) == MOST_POINTS


# A large study ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return studies.large_study(tmp_path_factory.mktemp("large"))


def test_a_thousand_trials_make_a_small_page_without_tensorflow(large):
    program = (
        "import sys; from hpo import load_study; from hpo.reporting import write_report; "
        f"print(write_report(load_study({str(large.directory)!r}))); "
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()).stat().st_size < 6_000_000


# All studies of a folder --------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    studies.regression_study(tmp_path, "boston two", trials=3)
    studies.new_study(tmp_path, "empty", task_name=MARKUP)
    return tmp_path


def test_the_index_lists_and_links_the_pages(folder):
    found = write_reports(folder)
    document = Document(found.index.read_text(encoding="utf-8"))
    assert list(found.pages) == ["boston two", "empty"]
    assert document.attributes("href") == ["#main", "boston%20two/report.html", "empty/report.html"]
    assert MARKUP in document.text
    assert "3 complete" in document.text
    assert found.index.stat().st_size < 100_000


def test_a_damaged_study_is_named_and_the_others_go_on(folder):
    (folder / "broken").mkdir()
    (folder / "broken" / "journal.log").write_text("nonsense\n{}\n")
    found = write_reports(folder)
    assert list(found.pages) == ["boston two", "empty"]
    assert "is damaged" in found.failures["broken"]
    assert "broken." in Document(found.index.read_text(encoding="utf-8")).text


def test_programs_can_write_a_report_by_name(folder, tmp_path):
    output = tmp_path / "elsewhere.html"
    assert hpo.report("empty", str(output), runs=str(folder)) == output
    assert hpo.report(load_study("empty", folder)) == folder / "empty" / "report.html"
    assert output.is_file()


def test_a_folder_without_studies_is_refused(tmp_path):
    with pytest.raises(UsageError, match="there is no study in"):
        write_reports(tmp_path)


# The command --------------------------------------------------------------------------------


def invoke(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_command_prints_where_the_page_is(folder):
    result = invoke("boston two", "--runs", folder)
    assert result.exit_code == 0
    assert result.stdout == f"boston two: {folder / 'boston two' / 'report.html'}\n"


def test_the_command_prints_one_json_object(folder):
    output = folder / "page.html"
    result = invoke("empty", "--runs", folder, "--output", output, "--json")
    assert json.loads(result.stdout) == {"study": "empty", "report": str(output)}
    assert output.is_file()


def test_without_a_study_the_command_writes_all_and_an_index(folder):
    result = invoke("--runs", folder, "--json")
    found = json.loads(result.stdout)
    assert found["index"] == str(folder / "index.html")
    assert [report["study"] for report in found["reports"]] == ["boston two", "empty"]
    assert found["failures"] == []


def test_the_command_fails_where_a_study_has_no_page(folder):
    (folder / "broken").mkdir()
    (folder / "broken" / "journal.log").write_text("nonsense\n{}\n")
    result = invoke("--runs", folder)
    assert isinstance(result.exception, HPOError)
    assert "no page was written for broken: " in str(result.exception)
    assert "all studies:" in result.stdout


def test_an_unknown_study_is_a_usage_error(folder):
    result = invoke("nowhere", "--runs", folder)
    assert isinstance(result.exception, UsageError)


def test_all_pages_can_be_written_to_a_folder(folder, tmp_path):
    output = tmp_path / "pages"
    found = json.loads(invoke("--runs", folder, "--output", output, "--json").stdout)
    assert sorted(path.name for path in output.iterdir()) == [
        "boston two.html",
        "empty.html",
        "index.html",
    ]
    document = Document(Path(found["index"]).read_text(encoding="utf-8"))
    assert document.attributes("href") == ["#main", "boston%20two.html", "empty.html"]


def test_a_file_for_all_studies_is_refused(folder):
    page = folder / "page.html"
    page.touch()
    result = invoke("--runs", folder, "--output", page)
    assert isinstance(result.exception, UsageError)
    assert "Name a study to write its page there, or a folder" in str(result.exception)


def test_a_folder_for_one_study_is_refused(folder):
    result = invoke("empty", "--runs", folder, "--output", folder)
    assert isinstance(result.exception, UsageError)
    assert f"Name a file: {folder / 'empty'}.html" in str(result.exception)


def test_pages_of_a_folder_can_share_one_plotly(folder):
    assert invoke("--runs", folder, "--assets", "directory").exit_code == 0
    (shared,) = folder.glob("plotly-*.min.js")
    page = folder / "boston two" / "report.html"
    document = Document(page.read_text(encoding="utf-8"))
    assert document.attributes("src") == [f"../{shared.name}"]
    assert page.stat().st_size < 600_000


def test_pages_beside_each_other_share_one_plotly(folder, tmp_path):
    for name in ("boston two", "empty"):
        output = tmp_path / "gallery" / f"{name}.html"
        assert (
            invoke(name, "--runs", folder, "--output", output, "--assets", "directory").exit_code
            == 0
        )
    assert len(list((tmp_path / "gallery").glob("plotly-*.js"))) == 1


def test_open_shows_the_page_in_a_browser(folder, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: not opened.append(address))
    assert invoke("empty", "--runs", folder, "--open").exit_code == 0
    assert opened == [(folder / "empty" / "report.html").resolve().as_uri()]


def test_open_without_a_browser_says_so(folder, monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda _address: False)
    result = invoke("empty", "--runs", folder, "--open")
    assert result.exit_code == 0
    assert "no web browser was found" in result.stderr
