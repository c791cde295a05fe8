"""The report in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import fixture_studies as studies
import pytest

from hpo.reporting import write_report, write_reports

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


def test_figures_are_drawn(tab):
    for name, marks in (
        ("history-scores", ".point"),
        ("folds-scores", ".point"),
        ("predictions-0-0-values", ".point"),
        ("predictions-1-0-residuals", ".point"),
    ):
        assert tab.page.locator(f"[data-figure={name}] svg {marks}").count() > 10
    assert tab.page.locator("[data-figure^=curves]:visible svg .js-line").count() > 4


def test_another_trial_can_be_chosen_for_the_curves(tab, regression):
    second = regression.ranking[1].number
    drawn = tab.page.locator(f"[data-figure=curves-{second}-loss] svg .js-line")
    assert drawn.count() == 0
    tab.page.locator(".panels select").select_option("1")
    assert drawn.count() > 0
    assert tab.complaints == []


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
    tab.page.locator(".sortable input").fill("FAILED nan")
    assert tab.column("State") == ["failed"] * 3
    assert "3 match" in tab.page.locator(".status").text_content()
    tab.page.locator(".sortable input").fill("")
    assert len(tab.column("State")) == 24


def test_a_long_leaderboard_starts_short_and_opens(browser, tmp_path):
    with Tab(browser, write_report(studies.large_study(tmp_path))) as tab:
        rows = tab.page.locator(".leaderboard tbody tr:visible")
        assert rows.count() == 50
        tab.page.locator("button.all").click()
        assert rows.count() == 1000
        assert tab.complaints == []


def test_page_and_figures_follow_the_theme_and_its_switch(browser, regression):
    def colours(page):
        return page.evaluate(
            """() => [getComputedStyle(document.body).backgroundColor,
                getComputedStyle(document.querySelector("[data-figure] .xtick text")).fill]"""
        )

    with Tab(browser, write_report(regression), color_scheme="light") as tab:
        toggle = tab.page.locator("[data-theme-toggle]")
        light = colours(tab.page)
        tab.page.emulate_media(color_scheme="dark")
        assert toggle.get_attribute("aria-pressed") == "true"
        dark = colours(tab.page)
        assert all(old != new for old, new in zip(light, dark, strict=True))
        toggle.click()
        assert colours(tab.page) == light
        assert toggle.get_attribute("aria-pressed") == "false"
        assert tab.complaints == []


@pytest.mark.parametrize("name", ["regression", "hostile"])
def test_nothing_overflows_the_page(browser, request, name):
    path = write_report(request.getfixturevalue(name))
    with Tab(browser, path, viewport={"width": 360, "height": 800}) as tab:
        for width in (360, 768, 1280):
            tab.page.set_viewport_size({"width": width, "height": 800})
            assert tab.page.evaluate("window.innerWidth") == width
            assert tab.fits()


def test_hostile_text_stays_text_in_the_browser(browser, hostile):
    with Tab(browser, write_report(hostile)) as tab:
        tab.page.locator("[data-figure=history-scores]").hover()
        assert tab.page.evaluate("window.hacked === undefined")
        assert tab.page.locator("a[href*=evil]").count() == 0
        assert tab.page.locator("svg a, img").count() == 0
        ticks = tab.page.locator("[data-figure$=confusion] .xtick text").all_text_contents()
        assert ticks[:3] == LABELS
        assert tab.complaints == []
        assert len(tab.requests) == 1


def test_a_command_can_be_copied(browser, regression):
    permissions = ["clipboard-read", "clipboard-write"]
    with Tab(browser, write_report(regression), permissions=permissions) as tab:
        button = tab.page.locator("#reproduction [data-copy]").first
        button.click()
        tab.page.wait_for_function(
            "document.querySelector('#reproduction [data-copy]').textContent === 'Copied'"
        )
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
