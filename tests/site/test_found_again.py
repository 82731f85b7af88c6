"""Whatever the book names is found again: in the index, by the search, in a tip beside the text, on the page of the package."""

import importlib
import inspect
import re
from urllib.parse import unquote

import pytest
import yaml

from .conftest import ROOT
from .test_use import results
from .visit import NARROW, pages

CHAPTER = "book/2-adagrad/03-regret-and-projection.html"
KILOBYTE = 1000


def test_the_index_has_sixty_terms_that_lead_to_places_of_the_book(html):
    text = (html / "genindex.html").read_text(encoding="utf-8")
    links = re.findall(r'<a href="([^"#]+)#([^"]*)">(.*?)</a>', text[text.index("genindextable") :], re.DOTALL)
    terms = {re.sub("<[^>]+>", "", words) for _, _, words in links if not re.fullmatch(r"\[\d+\]", words)}
    assert len(terms) >= 60
    assert {"regret", "AdaGrad", "bias correction", "effective support"} <= terms
    places = {(page, unquote(anchor)) for page, anchor, _ in links}
    assert all(anchor for _, anchor in places)
    for page in {page for page, _ in places}:
        ids = set(re.findall(r'id="([^"]+)"', (html / page).read_text(encoding="utf-8")))
        assert {anchor for other, anchor in places if other == page} <= ids, page


def test_the_first_place_of_a_term_is_its_definition_in_a_chapter(html):
    text = (html / "genindex.html").read_text(encoding="utf-8")
    assert re.search(r'<a href="book/2-adagrad/03-regret-and-projection\.html#def-regret"><strong>regret</strong></a>', text)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("hidden schedule", "book/3-adam/07-adam-at-work.html#prop-hidden-schedule"),
        ("sum of ratios", "book/2-adagrad/03-regret-and-projection.html#lem-sum-of-ratios"),
        ("effective support", "book/1-sparse-gradients/01-what-sparse-means.html#equation-eq-effective-support"),
        ("inverse_sqrt", "book/appendix/api.html#lecture_optim.schedules.inverse_sqrt"),
    ],
)
def test_the_search_leads_to_a_named_statement_formula_or_function(html, tab, words, place):
    page = tab.open(html / "search.html", query=f"?q={words.replace(' ', '+')}").page
    assert (html / place.partition("#")[0]).as_uri() + "#" + place.partition("#")[2] in [address for address, _ in results(page)]


def tip(page):
    return page.locator("#tip")


def test_the_statements_of_a_chapter_share_one_counter(html):
    kinds = set()
    for path in sorted(html.glob("book/[1-4]-*/*.html")):
        text = path.read_text(encoding="utf-8")
        found = re.findall(
            r'<div class="proof[^>]*>\s*<p class="admonition-title"><span class="caption-number">(\w+) (\d+)\.(\d+)', text
        )
        kinds |= {kind for kind, _, _ in found}
        assert [int(number) for _, _, number in found] == list(range(1, len(found) + 1)), path.name
        assert len({chapter for _, chapter, _ in found}) <= 1
    assert kinds >= {"Algorithm", "Corollary", "Definition", "Lemma", "Proposition", "Theorem"}


def test_a_term_shows_its_meaning_to_the_keyboard_and_escape_takes_it_away(html, tab):
    visit = tab.open(html / CHAPTER)
    page, link = visit.page, visit.page.locator("a.tip:not(.symbol)").first
    assert tip(page).is_hidden()
    link.focus()
    assert tip(page).is_visible()
    assert len(tip(page).inner_text()) > 20
    assert link.get_attribute("aria-describedby") == tip(page).get_attribute("id")
    assert tip(page).get_attribute("role") == "tooltip"
    page.keyboard.press("Escape")
    assert tip(page).is_hidden()
    assert link.get_attribute("aria-describedby") is None
    assert visit.problems == []
    page.keyboard.press("Enter")
    page.wait_for_url("**/appendix/glossary.html#term-*")


def test_a_symbol_shows_its_line_of_the_notation_under_the_pointer(html, tab):
    page = tab.open(html / CHAPTER).page
    link = page.locator("a.tip.symbol", has=page.locator("mjx-container")).first
    link.scroll_into_view_if_needed()
    link.hover()
    tip(page).wait_for(state="visible")
    page.wait_for_function("() => document.querySelector('#tip mjx-container')")
    box, place = tip(page).bounding_box(), link.bounding_box()
    assert box["y"] >= place["y"] + place["height"] or box["y"] + box["height"] <= place["y"]
    page.locator("#tip").hover()
    page.wait_for_timeout(300)
    assert tip(page).is_visible(), "the pointer may move onto a tip"
    page.mouse.move(1, 1)
    tip(page).wait_for(state="hidden")


def test_a_tip_stays_in_a_narrow_window(html, tab):
    page = tab.open(html / CHAPTER, NARROW).page
    for link in page.locator("a.tip").all()[:12]:
        link.focus()
        box = tip(page).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= NARROW["width"]


def test_symbols_of_a_part_mean_there_what_its_table_says(html):
    def meaning(page, symbol):
        text = (html / page).read_text(encoding="utf-8")
        links = re.findall(r'<a class="tip symbol" data-tip="([^"]+)"[^>]*><span class="[^"]*math[^>]*>\\\(([^<]*)\\\)', text)
        for name, shown in links:
            if shown == symbol:
                return re.search(rf'<template data-tip="{name}">(.*?)</template>', text, re.DOTALL)[1]
        return ""

    assert "nothing corrected" in meaning("book/4-convergence/04-repairs.html", r"\hat v_t")
    assert "any scale that a step divides by" in meaning("book/4-convergence/04-repairs.html", "s_t")
    assert "bias corrected" in meaning("book/3-adam/03-the-algorithm.html", r"\hat v_t")


def test_a_term_that_is_an_ordinary_word_too_shows_its_meaning_only_where_it_is_meant(html):
    def linked(page, term):
        text = (html / page).read_text(encoding="utf-8")
        return re.findall(rf'<a class="tip" data-tip="term-{term}"[^>]*>(.*?)</a>', text)

    assert linked("book/1-sparse-gradients/01-what-sparse-means.html", "support") == ["support"]
    assert linked("book/3-adam/07-adam-at-work.html", "support") == []  # "our two tasks support"
    assert linked("book/1-sparse-gradients/04-one-learning-rate.html", "travel") == ["travel"]
    assert linked("book/3-adam/03-the-algorithm.html", "travel") == []  # "it travels at most"


def test_the_page_of_the_package_has_every_public_function(html):
    text = (html / "book/appendix/api.html").read_text(encoding="utf-8")
    modules = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]["documented_modules"]
    shown = set(re.findall(r'id="(lecture_optim\.[\w.]+)"', text))
    for name in modules:
        module = importlib.import_module(name)
        things = {public: getattr(module, public) for public in module.__all__}
        named = {public for public, thing in things.items() if inspect.isroutine(thing) or inspect.isclass(thing)}
        missing = {public for public in named if not {f"{name}.{public}", f"{things[public].__module__}.{public}"} & shown}
        assert not missing, name


# The ledger is one table of all claims, to be filtered as a whole; nobody meets it first.
HEAVY = {"claims.html"}


def test_a_first_load_is_light(html, open_window):
    window = open_window()
    heavy = {}
    lightest_last = sorted(pages(html), key=lambda path: -path.stat().st_size)
    assert {path.name for path in lightest_last[:1]} == HEAVY, "a page that is light now need not be named here"
    for path in lightest_last[1:6]:
        page, asked = window.context.new_page(), []
        page.on("requestfinished", lambda request, asked=asked: asked.append(request.url))
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_timeout(500)
        files = {unquote(url.partition("?")[0].removeprefix("file://")) for url in asked if "/mathjax/" not in url}
        weight = sum((html / file).stat().st_size for file in files if file.startswith("/"))
        assert weight > path.stat().st_size
        heavy[path.name] = weight / KILOBYTE
        page.close()
    assert {name: weight for name, weight in heavy.items() if weight > 900} == {}
