"""Every page of the built site, opened from ``file://`` without a network, works and can be read."""

import pytest

from . import checks
from .visit import NARROW, pages

CHECKS = {
    "formulas are set": checks.formulas,
    "images say what they show": checks.images,
    "one title and an orderly outline": checks.headings,
    "a complete head": checks.head,
    "no part comes from another machine": checks.remote_parts,
}


@pytest.fixture(scope="module")
def survey(html, open_window):
    """One visit to every page: {what was looked at: [problems, each with its page]}, and what links where."""
    window = open_window()
    found, gathered, count = {name: [] for name in (*CHECKS, "loads", "wide", "narrow")}, {}, 0
    for path in pages(html):
        visit = window.open(path)
        page = visit.page
        problems = {name: check(page) for name, check in CHECKS.items()}
        gathered[path] = checks.links_and_ids(page)
        count += page.locator("mjx-container").count()
        checks.open_folds(page)
        problems["wide"] = checks.sideways(page)
        page.set_viewport_size(NARROW)
        problems["narrow"] = checks.sideways(page)
        problems["loads"] = visit.problems
        page.close()
        for name, texts in problems.items():
            found[name] += [f"{path.relative_to(html)}: {text}" for text in texts]
    return {"found": found, "links": gathered, "formulas": count}


def test_the_site_has_pages(html):
    found = {path.relative_to(html).as_posix() for path in pages(html)}
    assert {"book/index.html", "book/notation.html", "search.html"} <= found


def test_the_front_door_leads_to_the_landing_page(html, visitor):
    page = visitor().context.new_page()
    page.goto((html / "index.html").as_uri(), wait_until="commit")
    page.wait_for_url((html / "book/index.html").as_uri())
    assert "Adaptive Optimizers" in page.locator("h1").inner_text()


def test_pages_load_without_an_error_and_without_the_network(survey):
    assert survey["found"]["loads"] == []


@pytest.mark.parametrize("check", CHECKS)
def test_every_page(survey, check):
    assert survey["found"][check] == []


def test_there_are_formulas_to_set(survey):
    assert survey["formulas"] > 20


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_no_page_scrolls_sideways(survey, width):
    assert survey["found"][width] == []


def test_internal_links_lead_somewhere(html, survey):
    gathered = survey["links"]
    assert sum(len(links) for links, _ in gathered.values()) > 10 * len(gathered)
    assert checks.broken_links(html, gathered) == []


def test_no_style_sheet_names_a_part_on_another_machine(html):
    sheets = list(html.rglob("*.css"))
    assert sheets
    assert [(sheet.name, checks.remote_parts_of_css(sheet.read_text(encoding="utf-8"))) for sheet in sheets] == [
        (sheet.name, []) for sheet in sheets
    ]
