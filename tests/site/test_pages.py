"""Every page of the built site, opened from ``file://`` without a network, works and can be read by everybody.

One visit serves all checks: wide and light, in a narrow window, in the dark. On CI every page is visited; elsewhere one of each
kind, as all of them take minutes.
"""

import re

import pytest
from publish.sources import contents

from ..conftest import ON_CI
from . import checks
from .visit import pages

ONE_OF_EACH_KIND = (
    "book/index.html",
    "book/notation.html",
    "book/checked-mathematics.html",
    "book/4-convergence/01-when-signs-mislead.html",
    "book/exercises/warm-up.html",
    "book/appendix/bibliography.html",
    "book/appendix/claims.html",
    "book/appendix/checks-package.html",
    "book/appendix/glossary.html",
    "book/appendix/api.html",
    "book/teach.html",
    "genindex.html",
    "search.html",
)
ALL = (*(f"{page.docname}.html" for page in contents()), "search.html")


@pytest.mark.parametrize("address", ALL if ON_CI else ONE_OF_EACH_KIND)
def test_a_page(html, tab, address):
    found = checks.look_over(tab, html / address)
    assert not found, "\n".join(["", *found])


@pytest.mark.parametrize("address", ["book/appendix/api.html", "book/notation.html", "genindex.html", "book/citation.html"])
def test_a_page_enlarged_four_times_does_not_scroll_sideways(html, tab, address):
    page = tab.open(html / address, {"width": 320, "height": 640}).page
    checks.lay_out(page)
    assert checks.sideways(page) == []


def test_the_pages_that_are_visited_are_those_of_the_site(html):
    found = {path.relative_to(html).as_posix() for path in pages(html)}
    assert found == set(ALL) > set(ONE_OF_EACH_KIND)


def test_the_front_door_leads_to_the_landing_page(html, visitor):
    page = visitor().context.new_page()
    page.goto((html / "index.html").as_uri(), wait_until="commit")
    page.wait_for_url((html / "book/index.html").as_uri())
    assert "Adaptive Optimizers" in page.locator("h1").inner_text()


def test_formulas_are_set_as_the_reader_comes_near_and_all_once_the_reader_does_something(html, visitor):
    """As readers meet them, in short pieces; the other tests ask for the whole page at once."""
    page = visitor().context.new_page()
    page.goto((html / "book/2-adagrad/03-regret-and-projection.html").as_uri(), wait_until="load")
    formulas, done = page.locator(".math"), page.locator(".math mjx-container")
    total = formulas.count()
    assert total > 200
    done.first.wait_for()
    page.wait_for_timeout(500)
    assert 0 < done.count() < total
    page.keyboard.press("PageDown")
    page.wait_for_function("(total) => document.querySelectorAll('.math mjx-container').length === total", arg=total)
    assert checks.formulas(page) == []


# What the browser adds up of each jump of lines, as Lighthouse does; 0.1 is the most that counts as good.
JUMPS = """window.jumps = 0;
new PerformanceObserver((list) => list.getEntries().forEach((jump) => { window.jumps += jump.value; }))
    .observe({type: 'layout-shift', buffered: true});"""


# Whether since the last look, half a second ago, no formula was set.
QUIET = """() => {
    const before = window.counted;
    window.counted = document.querySelectorAll('mjx-container').length;
    return window.counted === before;
}"""


def test_lines_stay_where_they_are_while_a_page_loads(html, visitor):
    """On a telephone, as readers meet them."""
    window = visitor({"width": 412, "height": 823})
    window.context.add_init_script(JUMPS)
    jumps = {}
    for address in ALL if ON_CI else ONE_OF_EACH_KIND[::3]:
        page = window.context.new_page()
        page.goto((html / address).as_uri(), wait_until="load")
        page.wait_for_function(QUIET, polling=500)
        jumps[address] = page.evaluate("() => window.jumps")
        page.close()
    assert {address: jump for address, jump in jumps.items() if jump >= 0.1} == {}


@pytest.fixture(scope="module")
def places(html):
    """The places of every page of the site."""
    return {path: checks.Places(path.read_text(encoding="utf-8")) for path in pages(html)}


def test_internal_links_lead_somewhere(html, places):
    assert sum(len(page.links) for page in places.values()) > 10 * len(places)
    assert checks.broken_links(html, places) == []


def test_the_site_has_formulas_and_figures_to_check(html):
    text = "".join(path.read_text(encoding="utf-8") for path in pages(html))
    assert len(re.findall(r'class="[^"]*\bmath\b', text)) > 20
    assert len(re.findall(r"<figure", text)) > 20


def test_no_style_sheet_names_a_part_on_another_machine(html):
    sheets = list(html.rglob("*.css"))
    assert sheets
    assert [(sheet.name, checks.remote_parts_of_css(sheet.read_text(encoding="utf-8"))) for sheet in sheets] == [
        (sheet.name, []) for sheet in sheets
    ]
