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
LOADING, IN_WIDTH, IN_NARROWNESS = "loads offline without an error", "nothing sideways", "nothing sideways at 390 pixels"
ASPECTS = (LOADING, IN_WIDTH, IN_NARROWNESS, *CHECKS)


@pytest.fixture(scope="module")
def survey(html, open_window):
    """One visit to every page: the problems of each aspect, each with its page; what links where; how many formulas."""
    window = open_window()
    found, gathered, count = {aspect: [] for aspect in ASPECTS}, {}, 0
    for path in pages(html):
        visit = window.open(path)
        page = visit.page
        problems = {name: check(page) for name, check in CHECKS.items()}
        gathered[path] = checks.links_and_ids(page)
        count += page.locator("mjx-container").count()
        checks.open_folds(page)
        problems[IN_WIDTH] = checks.sideways(page)
        page.set_viewport_size(NARROW)
        problems[IN_NARROWNESS] = checks.sideways(page)
        problems[LOADING] = visit.problems
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


@pytest.mark.parametrize("aspect", ASPECTS)
def test_every_page(survey, aspect):
    found = survey["found"][aspect]
    assert not found, "\n".join(["", *found])


def test_there_are_formulas_to_set(survey):
    assert survey["formulas"] > 20


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
