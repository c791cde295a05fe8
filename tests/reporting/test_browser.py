"""The report in a real browser."""

from __future__ import annotations

import base64
import dataclasses
import re
from pathlib import Path

import fixture_studies as studies
import numpy as np
import pytest

from hpo.reporting import write_report, write_reports
from hpo.support.png import encode

LABELS = ["<script>window.hacked=1…", '"><img src=x onerror="w…', '<b>bold</b> <a href="ht…']
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def regression(tmp_path_factory):
    return studies.regression_study(tmp_path_factory.mktemp("regression"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return studies.hostile_study(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: apt-get install chromium")
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


class Tab:
    """A page in a browser, with all that went wrong or over the network in it."""

    def __init__(self, browser, path: Path, **options) -> None:
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.resolve().as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def column(self, name: str) -> list[str]:
        place = 1 + self.page.locator(".leaderboard thead th").all_text_contents().index(name)
        return self.page.locator(
            f".leaderboard tbody tr:visible td:nth-child({place})"
        ).all_text_contents()

    def draw_all(self) -> None:
        """Bring every figure near the window, as a reader who scrolls through the page does."""
        for plot in self.page.locator("[data-figure]:visible").all():
            plot.scroll_into_view_if_needed()
        self.page.wait_for_function(
            """() => [...document.querySelectorAll("[data-figure]")]
                .filter((plot) => plot.offsetParent)
                .every((plot) => plot.querySelector(".main-svg"))"""
        )

    def open_row(self, number: int) -> None:
        self.page.locator("[data-trial]", has_text=re.compile(f"^{number}$")).click()

    def fits(self) -> bool:
        return self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.fixture(scope="module")
def tab(browser, regression):
    with Tab(browser, write_report(regression)) as opened:
        yield opened


def test_the_page_opens_without_complaints_or_network(tab):
    assert tab.complaints == []
    assert len(tab.requests) == 1
    assert tab.requests[0].startswith("file:")


def test_every_figure_is_drawn_with_marks(tab):
    tab.draw_all()
    marks = ".point, .js-line, .bars path, .hm image, .contourlayer path, .points path"
    for plot in tab.page.locator("[data-figure]:visible").all():
        assert plot.locator(marks).count() > 0, plot.get_attribute("data-figure")
    for name in ("history-scores", "folds-scores", "predictions-0-0-values"):
        assert tab.page.locator(f"[data-figure={name}] svg .point").count() > 10
    assert tab.complaints == []


def test_figures_far_below_are_not_drawn_before_they_come_near(browser, regression):
    with Tab(browser, write_report(regression)) as tab:
        tab.page.locator("[data-figure=history-scores] svg").first.wait_for()
        assert tab.page.locator("[data-figure=predictions-0-0-values] svg").count() == 0


def test_another_trial_can_be_chosen_for_the_curves(tab, regression):
    second = regression.ranking[1].number
    drawn = tab.page.locator(f"[data-figure=curves-{second}-loss] svg .js-line")
    assert drawn.count() == 0
    tab.page.locator("#curves select").select_option("1")
    drawn.first.wait_for(state="attached")
    assert tab.complaints == []


def test_curves_can_be_smoothed_and_made_raw_again(tab):
    plot = tab.page.locator("#curves .panel:visible [data-figure$=objective]")
    plot.locator(".cartesianlayer .js-line").first.wait_for(state="attached")

    def validation():
        return plot.evaluate("plot => [...plot.data.at(-1).y]")

    def bends(values):
        return np.abs(np.diff(values, 2)).sum()

    raw = validation()
    tab.page.locator("#curves input[type=checkbox]").check()
    smooth = validation()
    assert smooth[0] == pytest.approx(raw[0])
    assert smooth[1] == pytest.approx((0.6 * raw[0] + raw[1]) / 1.6)
    assert bends(smooth) < bends(raw)
    tab.page.locator("#curves input[type=checkbox]").uncheck()
    assert validation() == raw


def test_a_row_opens_into_its_curves_and_closes(tab, regression):
    number = regression.ranking[2].number
    tab.open_row(number)
    opened = tab.page.locator("tr.opening")
    lines = opened.locator(".cartesianlayer .js-line")
    lines.nth(1).wait_for(state="attached")
    assert lines.count() == 2
    assert f"Trial {number}: MAE by epoch" in opened.text_content()
    folds = ", ".join(f"{score:.3f}" for score in regression.ranking[2].fold_scores)
    assert f"Fold scores{folds}" in opened.text_content()
    assert tab.page.locator("[aria-expanded=true]").count() == 1
    tab.open_row(number)
    assert opened.count() == 0
    assert tab.complaints == []


def test_an_opened_row_shows_the_curve_that_was_stored(tab, regression):
    trial = regression.ranking[0]
    stored = regression.files.arrays(trial.number).curves["val_mae"].mean(axis=1)
    tab.open_row(trial.number)
    drawn = tab.page.locator("tr.opening .plot").evaluate(
        "plot => { const { x, y } = plot.data[1]; return { x: [...x], y: [...y] }; }"
    )
    tab.open_row(trial.number)
    assert drawn["x"] == list(range(1, len(stored) + 1))
    assert drawn["y"] == pytest.approx(stored.tolist(), rel=1e-3)


def test_a_failed_row_opens_into_its_reason(tab, regression):
    failed = next(trial for trial in regression.trials if trial.state == "failed")
    tab.open_row(failed.number)
    assert "Failed: the loss became NaN" in tab.page.locator("tr.opening .reason").text_content()
    tab.open_row(failed.number)


def test_a_row_opens_by_keyboard(tab):
    tab.page.locator("[data-trial]").first.focus()
    tab.page.keyboard.press("Enter")
    assert tab.page.locator("tr.opening").count() == 1
    tab.page.keyboard.press("Enter")
    assert tab.page.locator("tr.opening").count() == 0


def test_the_leaderboard_sorts_by_keyboard(tab):
    heading = tab.page.locator(".leaderboard thead th", has_text="Score")
    heading.locator("button").focus()
    tab.page.keyboard.press("Enter")
    scores = [float(text) for text in tab.column("Score") if text != "—"]
    assert heading.get_attribute("aria-sort") == "ascending"
    assert scores == sorted(scores)
    tab.page.keyboard.press("Enter")
    descending = tab.column("Score")
    assert heading.get_attribute("aria-sort") == "descending"
    assert [float(text) for text in descending[:18]] == scores[::-1]
    assert descending[18:] == ["—"] * 6


@pytest.mark.parametrize("presses", [1, 2])
def test_missing_values_are_sorted_last_whichever_way(tab, presses):
    heading = tab.page.locator(".leaderboard thead th", has_text="Rank")
    heading.locator("button").click()
    heading = tab.page.locator(".leaderboard thead th", has_text="momentum")
    for _ in range(presses):
        heading.locator("button").click()
    momenta = tab.column("momentum")
    known = [float(text) for text in momenta if text != "—"]
    assert 0 < len(known) < len(momenta)
    assert momenta[len(known) :] == ["—"] * (len(momenta) - len(known))
    assert known == sorted(known, reverse=presses == 2)


def test_the_leaderboard_filters(tab):
    tab.page.locator("#leaderboard .sortable input").fill("FAILED nan")
    assert tab.column("State") == ["failed"] * 3
    assert "3 match" in tab.page.locator("#leaderboard .status").text_content()
    tab.page.locator("#leaderboard .sortable input").fill("")
    assert len(tab.column("State")) == 24


def test_a_long_leaderboard_starts_short_and_opens(browser, tmp_path):
    with Tab(browser, write_report(studies.large_study(tmp_path))) as tab:
        rows = tab.page.locator(".leaderboard tbody tr:visible")
        assert rows.count() == 25
        tab.page.locator("#leaderboard button.all").click()
        assert rows.count() == 1000
        tab.open_row(17)
        tab.page.locator("tr.opening svg .js-line").first.wait_for(state="attached")
        tab.draw_all()
        assert tab.complaints == []


def test_page_and_figures_follow_the_theme_and_its_switch(browser, regression):
    def colours(page):
        return page.evaluate(
            """() => [getComputedStyle(document.body).backgroundColor,
                getComputedStyle(document.querySelector("[data-figure] .xtick text")).fill]"""
        )

    with Tab(browser, write_report(regression), color_scheme="light") as tab:
        offers = "[data-theme-toggle]:text-is('Switch to {} mode')"
        tab.page.locator("[data-figure] .xtick text").first.wait_for(state="attached")
        light = colours(tab.page)
        tab.page.emulate_media(color_scheme="dark")
        tab.page.locator(offers.format("light")).wait_for()
        dark = colours(tab.page)
        assert all(old != new for old, new in zip(light, dark, strict=True))
        tab.page.locator("[data-theme-toggle]").click()
        tab.page.locator(offers.format("dark")).wait_for()
        assert colours(tab.page) == light
        assert tab.complaints == []


@pytest.mark.parametrize("name", ["regression", "hostile"])
def test_nothing_overflows_the_page(browser, request, name):
    path = write_report(request.getfixturevalue(name))
    with Tab(browser, path, viewport={"width": 360, "height": 800}) as tab:
        tab.draw_all()
        tab.page.locator("[data-trial]").first.click()
        for width in (360, 768, 1280):
            tab.page.set_viewport_size({"width": width, "height": 800})
            assert tab.page.evaluate("window.innerWidth") == width
            assert tab.fits()


def test_hostile_text_stays_text_in_the_browser(browser, hostile):
    with Tab(browser, write_report(hostile)) as tab:
        tab.draw_all()
        tab.page.locator("[data-figure=history-scores]").hover()
        tab.open_row(3)
        assert studies.MARKUP in tab.page.locator("tr.opening .reason").text_content()
        tab.page.locator("#predictions select").select_option("1")
        tab.draw_all()
        review = tab.page.locator(".gallery blockquote:visible").first.text_content()
        assert review == f"{studies.MARKUP} a review {studies.IMAGE} {studies.LINK}"
        assert tab.page.evaluate("window.hacked === undefined")
        assert tab.page.locator("a[href*=evil]").count() == 0
        assert tab.page.locator("svg a, img").count() == 0
        ticks = tab.page.locator("[data-figure=predictions-1-0-confusion] .xtick text")
        ticks.first.wait_for(state="attached")
        assert ticks.all_text_contents()[:3] == LABELS
        assert tab.complaints == []
        assert len(tab.requests) == 1


def test_a_command_can_be_copied(browser, regression):
    permissions = ["clipboard-read", "clipboard-write"]
    with Tab(browser, write_report(regression), permissions=permissions) as tab:
        button = tab.page.get_by_role("button", name="Copy the command: Run the search")
        button.click()
        tab.page.locator("#reproduction button", has_text="Copied").wait_for()
        copied = tab.page.evaluate("navigator.clipboard.readText()")
        assert copied == regression.options.command


def test_the_index_opens_and_links(browser, tmp_path):
    studies.regression_study(tmp_path, "boston two", trials=3)
    studies.new_study(tmp_path, "empty")
    with Tab(browser, write_reports(tmp_path).index) as tab:
        assert tab.complaints == []
        tab.page.locator("a", has_text="boston two").click()
        assert tab.page.locator("h1").text_content() == "boston two"
        assert re.search(r"boston%20two/report\.html$", tab.page.url)
        assert tab.complaints == []


def test_figures_are_printed_light_and_no_wider_than_paper(browser, regression):
    def look(page):
        return page.evaluate(
            """() => {
                const svg = document.querySelector("[data-figure] svg");
                const { fill } = getComputedStyle(svg.querySelector(".xtick text"));
                return [fill, Number(svg.getAttribute("width"))];
            }"""
        )

    with Tab(browser, write_report(regression), color_scheme="dark") as tab:
        on_screen = look(tab.page)
        tab.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        fill, width = look(tab.page)
        assert fill != on_screen[0]
        assert width <= 680
        assert tab.page.locator("details[open]").count() == 1
        tab.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert look(tab.page) == on_screen
        assert tab.complaints == []


# Studies of other kinds ---------------------------------------------------------------------


def empty(runs):
    return studies.new_study(runs, facts=None)


def only_failures(runs):
    study = studies.new_study(runs)
    for _ in range(3):
        studies.add_failed(study, "out of memory")
    return study


def one_trial(runs):
    study = studies.new_study(runs)
    studies.add_complete(study, studies.evaluation(2.5), study.space.defaults())
    return study


def many_classes(runs):
    return studies.classification_study(runs, classes=46)


def no_numbers(runs):
    study = studies.new_study(runs)
    study.files.write_targets({"": np.linspace(5, 50, 200)})
    found = studies.evaluation(2.5)
    curves = {name: np.full_like(curve, np.nan) for name, curve in found.arrays.curves.items()}
    arrays = dataclasses.replace(found.arrays, curves=curves)
    studies.add_complete(study, dataclasses.replace(found, arrays=arrays))
    for score in (float("inf"), float("-inf")):
        studies.add_complete(study, dataclasses.replace(studies.evaluation(2.0), score=score))
    return study


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (empty, "This study has no trials yet"),
        (only_failures, "None of the 3 trials of this study was completed."),
        (one_trial, "Trial 0 is the only complete trial"),
        (many_classes, "Scores by class"),
        (no_numbers, "Trial 0 is the only complete trial"),
    ],
)
def test_any_study_makes_a_sensible_page(browser, tmp_path, make, says):
    path = write_report(make(tmp_path))
    with Tab(browser, path, viewport={"width": 360, "height": 800}) as tab:
        tab.draw_all()
        if tab.page.locator("[data-trial]").count():
            tab.page.locator("[data-trial]").first.click()
        assert says in tab.page.locator("main").text_content()
        assert tab.fits()
        assert tab.complaints == []
        assert len(tab.requests) == 1


@pytest.fixture(scope="module")
def crowded(browser, tmp_path_factory):
    with Tab(browser, write_report(many_classes(tmp_path_factory.mktemp("crowded")))) as opened:
        yield opened


def test_46_classes_are_all_named_on_the_confusion_matrix(crowded):
    crowded.page.locator("[data-figure$=confusion]").scroll_into_view_if_needed()
    named = crowded.page.locator("[data-figure$=confusion] .ytick text")
    named.first.wait_for(state="attached")
    ticks = named.all_text_contents()
    assert sorted(ticks) == sorted(f"topic {number}" for number in range(46))
    tops = named.evaluate_all("ticks => ticks.map((tick) => tick.getBoundingClientRect().top)")
    assert np.diff(sorted(tops)).min() > 9


def test_classes_can_be_sorted_by_how_well_they_are_recognised(crowded):
    box = crowded.page.locator("#predictions .sortable")
    box.locator("button.all").click()
    box.locator("th", has_text="Recall").locator("button").click()
    shares = [float(text) for text in box.locator("tbody td:nth-child(3)").all_text_contents()]
    assert shares == sorted(shares)


def test_pictures_of_mistakes_are_shown(browser, tmp_path):
    study = studies.classification_study(tmp_path)
    picture = encode(np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 20)
    studies.add_samples(study, "picture", base64.b64encode(picture).decode())
    with Tab(browser, write_report(study)) as tab:
        shown = tab.page.locator(".gallery img")
        assert shown.first.evaluate("image => image.naturalWidth") == 2
        assert "topic 1" in shown.first.get_attribute("alt")
        assert tab.complaints == []
        assert len([url for url in tab.requests if not url.startswith("data:")]) == 1


def test_pages_that_share_plotly_draw_their_figures(browser, tmp_path):
    studies.regression_study(tmp_path, "boston", trials=3)
    found = write_reports(tmp_path, assets="directory")
    with Tab(browser, found.pages["boston"]) as tab:
        tab.page.locator("[data-figure=history-scores] svg .point").first.wait_for(state="attached")
        assert tab.complaints == []
        assert all(url.startswith("file:") for url in tab.requests)
        assert len(tab.requests) == 2


def pixels(tab, box):
    """The colors of a part of the window, shape (height, width, 3)."""
    import tensorflow as tf

    return tf.io.decode_png(tab.page.screenshot(clip=box), channels=3).numpy().astype(int)


def shade(tab, selector, place, *, down=0, height=5):
    """How much darker the edge of an element is than what is 20 pixels further in."""
    box = tab.page.locator(selector).first.bounding_box()
    edge = {"x": box["x"] + box["width"] - 24, "y": box["y"] + down, "width": 22, "height": height}
    if place == "left":
        edge["x"] = box["x"] + 2
    strip = np.median(pixels(tab, edge).mean(axis=2), axis=0)  # text covers less than half
    outer, inner = (strip[-3:], strip[:3]) if place == "right" else (strip[:3], strip[-3:])
    return inner.mean() - outer.mean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_what_is_cut_off_shows_that_there_is_more(browser, regression, scheme, width):
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    with Tab(browser, write_report(regression), **options) as tab:
        tab.page.add_style_tag(content="html { scroll-behavior: auto !important; }")
        cut = "nav ul"
        hidden = tab.page.evaluate(
            "(e) => { const n = document.querySelector(e); return n.scrollWidth - n.clientWidth }",
            cut,
        )
        assert (hidden > 0) or width == 1200
        if hidden > 4:
            assert shade(tab, cut, "right") > 4
            assert abs(shade(tab, cut, "left")) < 2
            tab.page.evaluate("document.querySelector('nav ul').scrollLeft = 1e6")
            assert abs(shade(tab, cut, "right")) < 2
            assert shade(tab, cut, "left") > 4


def test_the_gallery_shows_a_score_on_the_first_screen_of_a_phone(browser, tmp_path):
    for name in ("first", "second"):
        studies.regression_study(tmp_path, name, trials=3)
    with Tab(browser, write_reports(tmp_path).index, viewport={"width": 400, "height": 800}) as tab:
        head = tab.page.locator("thead th", has_text="Best score").bounding_box()
        score = tab.page.locator("tbody tr td.n").first.bounding_box()
    assert head["x"] + head["width"] <= 400
    assert score["x"] + score["width"] <= 400
    assert score["y"] + score["height"] <= 800


def test_a_link_in_the_name_of_an_objective_is_text_in_every_figure(browser, tmp_path):
    objective = 'val_<a href="https://example.org">x</a>'
    study = studies.new_study(tmp_path, objective=objective)
    for score in (2.0, 1.5, 1.2, 1.9):
        studies.add_complete(study, studies.evaluation(score, objective=objective))
    with Tab(browser, write_report(study)) as tab:
        tab.draw_all()
        titles = tab.page.locator("[data-figure] .ytitle").all_text_contents()
        links = tab.page.locator("[data-figure] svg a").count()
    assert any('<a href="https://example.org">' in title for title in titles)
    assert links == 0


def seen(tab, selector):
    """The pixels of an element that is scrolled into the window, shape (height, width, 3)."""
    element = tab.page.locator(selector).first
    element.wait_for(state="attached")
    element.scroll_into_view_if_needed()
    return pixels(tab, element.bounding_box())


def has_color(shown, red, green, blue):
    """Whether some pixels have a color, or nearly."""
    return (np.abs(shown - [red, green, blue]).max(axis=-1) < 24).sum() > 10


def test_a_wide_table_shows_that_there_is_more(browser, regression):
    with Tab(browser, write_report(regression), viewport={"width": 400, "height": 900}) as tab:
        table = "#leaderboard .scroll"
        tab.page.locator(table).first.scroll_into_view_if_needed()
        rows = {"down": 100, "height": 300}
        assert shade(tab, table, "right", **rows) > 4
        tab.page.evaluate("document.querySelector('#leaderboard .scroll').scrollLeft = 1e6")
        assert abs(shade(tab, table, "right", **rows)) < 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_words_of_the_theme_button_can_be_read(browser, regression, scheme):
    with Tab(browser, write_report(regression), color_scheme=scheme) as tab:
        shown = seen(tab, "[data-theme-toggle]").mean(axis=-1)
    assert np.percentile(shown, 99.5) - np.percentile(shown, 0.5) > 100


def test_both_curves_of_two_classes_are_drawn_with_the_threshold(browser, tmp_path):
    path = write_report(studies.classification_study(tmp_path, classes=2))
    with Tab(browser, path) as tab:
        tab.draw_all()
        for curve in ("roc", "precision"):
            figure = f"[data-figure$=-{curve}]"
            shown = seen(tab, f"{figure} .main-svg")
            drawn = tab.page.locator(f"{figure} .js-line").first.evaluate(
                "line => getComputedStyle(line).stroke"
            )
            assert has_color(shown, *map(int, re.findall(r"\d+", drawn)[:3]))
            text = tab.page.locator("figure", has=tab.page.locator(figure)).first.text_content()
            assert "At the threshold 0.5" in text


def test_parallel_coordinates_have_an_axis_of_the_score(tab):
    figure = "[data-figure=parameters-parallel]"
    tab.page.locator(figure).scroll_into_view_if_needed()
    tab.page.locator(f"{figure} .main-svg").first.wait_for(state="attached")
    titles = tab.page.locator(f"{figure} text").all_text_contents()
    assert any("MAE" in title for title in titles)
    shown = seen(tab, f"{figure} .main-svg")
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 50


@pytest.mark.parametrize("make", [empty, only_failures, one_trial, many_classes, no_numbers])
def test_no_heading_promises_what_is_not_there(browser, tmp_path, make):
    with Tab(browser, write_report(make(tmp_path))) as tab:
        tab.draw_all()
        empties = tab.page.evaluate(
            """() => [...document.querySelectorAll("main h2, main h3, main h4, main figcaption")]
                .filter((heading) => heading.offsetParent)
                .filter((heading) => {
                    const around = heading.closest("figure, section, details, div");
                    const part = around ?? heading.parentElement;
                    const rest = part.innerText.replace(heading.innerText, "").trim();
                    return !rest && !part.querySelector("svg, table, img, pre");
                }).map((heading) => heading.innerText)"""
        )
        links = tab.page.evaluate(
            """() => [...document.querySelectorAll("nav a")]
                .filter((link) => !document.querySelector(link.getAttribute("href")))
                .map((link) => link.innerText)"""
        )
    assert empties == []
    assert links == []
