"""Whatever the book names is found again: in the index, by the search, in a tip beside the text, on the page of the package."""

import importlib
import inspect
import re
from urllib.parse import quote, unquote

import yaml

from ..conftest import ON_CI
from .conftest import ROOT
from .test_use import results
from .visit import NARROW, pages

CHAPTER = "book/2-adagrad/03-regret-and-projection.html"
KILOBYTE = 1000


def test_the_index_has_sixty_terms_that_lead_to_places_of_the_book(html):
    text = (html / "genindex.html").read_text(encoding="utf-8")
    links = re.findall(r'<a( class="further")? href="([^"#]+)#([^"]*)">(.*?)</a>', text[text.index("genindextable") :], re.DOTALL)
    terms = {re.sub("<[^>]+>", "", words) for further, _, _, words in links if not further}
    assert len(terms) >= 60
    assert {"regret", "AdaGrad", "bias correction", "effective support"} <= terms
    places = {(page, unquote(anchor)) for _, page, anchor, _ in links}
    assert all(anchor for _, anchor in places)
    for page in {page for page, _ in places}:
        ids = set(re.findall(r'id="([^"]+)"', (html / page).read_text(encoding="utf-8")))
        assert {anchor for other, anchor in places if other == page} <= ids, page


def test_the_first_place_of_a_term_is_its_definition_in_a_chapter(html):
    text = (html / "genindex.html").read_text(encoding="utf-8")
    assert re.search(r'<a href="book/2-adagrad/03-regret-and-projection\.html#def-regret"><strong>regret</strong></a>', text)


def test_the_index_calls_further_places_by_what_stands_there(html):
    text = (html / "genindex.html").read_text(encoding="utf-8")
    entry = re.search(r"<li>(?:(?!</li>).)*<strong>AdaGrad</strong>.*?</li>", text, re.DOTALL)[0]
    assert re.findall(r'class="further"[^>]*>(.*?)<', entry) == ["Proposition 5.2", "Theorem 10.1", "Chapter 11", "Glossary"]
    assert not re.search(r">\s*\[\d+\]\s*<", text)


# What is asked for, the place to which the first result leads, and the words in which it says so.
ASKED = (
    ("Theorem 10.1", "2-adagrad/04-the-adagrad-theorem.html#thm-adagrad", "Theorem 10.1: AdaGrad"),
    ("lemma 20.4", "4-convergence/02-reddis-example.html#lem-reddi-first", "Lemma 20.4: The first cycle"),
    ("Algorithm 14.1", "3-adam/03-the-algorithm.html#alg-adam", "Algorithm 14.1: Adam (Kingma and Ba 2015, Algorithm 1)"),
    ("(14.10)", "3-adam/03-the-algorithm.html#equation-eq-cap-distance", "Equation (14.10): "),
    ("Equation 15.3", "3-adam/04-bias-correction.html#equation-eq-only-divisor", "Equation (15.3): "),
    ("Figure 7.1", "2-adagrad/01-who-is-speaking.html#fig-spread-and-regret", "Figure 7.1: Spread and regret"),
    ("AdaGrad theorem", "2-adagrad/04-the-adagrad-theorem.html", "10. The AdaGrad theorem"),
    ("β2", "notation.html#symbol-beta1", "β2, beta2"),
    ("β₂", "notation.html#symbol-beta1", "β2, beta2"),
    ("beta2", "notation.html#symbol-beta1", "β2, beta2"),
    ("ε", "notation.html#symbol-epsilon", "ε, epsilon, eps"),
    ("epsilon", "2-adagrad/02-from-counts-to-squares.html#epsilon", "8. From counts to squares > Epsilon"),
    ("bias correction", "3-adam/04-bias-correction.html", "15. Bias correction"),
    ("momentum", "3-adam/02-momentum.html", "13. Momentum, and what averaging does"),
    ("AMSGrad", "4-convergence/04-repairs.html#alg-amsgrad", "Algorithm 22.1: AMSGrad"),
    ("Adam", "3-adam/03-the-algorithm.html#alg-adam", "Algorithm 14.1: Adam (Kingma and Ba 2015, Algorithm 1)"),
    ("AdaGrad regret bound", "2-adagrad/04-the-adagrad-theorem.html", "10. The AdaGrad theorem"),
    ("regret", "2-adagrad/03-regret-and-projection.html#def-regret", "Definition 9.1: Regret"),
    ("norm-adaptive descent", "2-adagrad/03-regret-and-projection.html#thm-norm-adaptive", "norm-adaptive descent: Theorem 9."),
    ("Reddi", "4-convergence/02-reddis-example.html", "20. Reddi’s example"),
    ("pseudo-inverse", "2-adagrad/02-from-counts-to-squares.html", "8. From counts to squares"),
    (
        "effective support",
        "1-sparse-gradients/01-what-sparse-means.html#def-effective-support",
        "Definition 1.2: Effective support",
    ),
    ("sum of ratios", "2-adagrad/03-regret-and-projection.html#lem-sum-of-ratios", "Lemma 9."),
    ("hidden schedule", "3-adam/07-adam-at-work.html#prop-hidden-schedule", "Proposition 18.2: The hidden schedule"),
    ("inverse_sqrt", "appendix/api.html#lecture_optim.schedules.inverse_sqrt", "lecture_optim.schedules.inverse_sqrt"),
)


def test_the_first_result_of_a_search_is_the_place_that_was_meant(html, tab):
    wrong = {}
    for words, place, title in ASKED:
        visit = tab.open(html / "search.html", query=f"?q={quote(words)}")
        found = results(visit.page)
        if visit.problems or not (found[0][0] == f"{(html / 'book').as_uri()}/{place}" and found[0][1].startswith(title)):
            wrong[words] = visit.problems or found[0]
    assert wrong == {}


def test_the_search_has_each_place_once_and_calls_it_by_words_that_the_book_shows(html, tab):
    for words in ("AdaGrad", "bias correction"):
        page = tab.open(html / "search.html", query=f"?q={quote(words)}").page
        found = results(page)
        assert page.locator("p.search-summary").inner_text() == f"Search finished. Results: {len(found)}."
        assert len({address for address, _ in found}) == len(found)
        assert len({(address.split("#")[0], name) for address, name in found}) == len(found)
        chapters = [number for number, (address, _) in enumerate(found) if re.search(r"/book/[1-4]-", address)]
        glossary = [number for number, (address, _) in enumerate(found) if "/glossary.html" in address]
        assert len(glossary) == 1
        assert glossary[0] > chapters[9]
        text = page.locator("#search-results").inner_text()
        assert "Named statements" not in text
        assert "(, in" not in text


def test_results_that_nothing_tells_apart_stand_in_the_order_of_the_book(html, tab):
    found = results(tab.open(html / "search.html", query="?q=sqrt%28v%29").page)  # words of many texts and of no title
    numbers = [int(name.partition(".")[0]) for _, name in found if re.fullmatch(r"\d+\. [^>]*", name)]
    assert len(numbers) > 20
    assert numbers == sorted(numbers)


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


EXPLAINED = """() => [...document.querySelectorAll("dl.py > dt")].map((dt) => {
    const texts = (from, within) => [...from.querySelectorAll(within)].map((node) => node.textContent);
    const dd = dt.nextElementSibling;
    return [dt.id, texts(dt, ".sig-param > .n:not(.default_value)"), texts(dd, ":scope > p"), texts(dd, ":scope > ul > li")];
})"""


def test_the_page_of_the_package_lists_what_arguments_are(html, tab):
    listed, in_prose = {}, []
    for name, arguments, prose, items in tab.open(html / "book/appendix/api.html").page.evaluate(EXPLAINED):
        listed[name] = [item.partition(":")[0] for item in items]
        in_prose += [(name, a) for a in arguments if re.search(rf"(?:^|[.;]\s){re.escape(a)}: ", "\n".join(prose), re.MULTILINE)]
    assert not in_prose
    assert listed["lecture_optim.corpus.Corpus.split"] == ["seed", "held_out", "by"]
    assert listed["lecture_optim.online.play"] == ["losses", "comparator", "record", "every"]


def most_it_can_load(html, path):
    """The bytes of the page, of all its pictures, scripts and styles, and of every font; not those of the formulas' engine."""
    text = path.read_text(encoding="utf-8")
    named = {(path.parent / unquote(uri)).resolve() for uri in re.findall(r'(?:src|<link [^>]*href)="([^"?#:]+)', text)}
    files = {file for file in named if file.is_file() and file.suffix != ".html"} | set((html / "_static").glob("*.woff*"))
    return sum(file.stat().st_size for file in {path, *files} if "mathjax" not in file.parts)


def test_a_first_load_is_light(html, open_window):
    """Measured where all that a page names weighs more, elsewhere than on CI on the heaviest three of those pages."""
    window = open_window()
    most = {path: weight for path in pages(html) if (weight := most_it_can_load(html, path)) > 900 * KILOBYTE}
    measured = sorted(most, key=most.get, reverse=True)[: None if ON_CI else 3]
    assert len(measured) >= 3
    heavy = {}
    for path in measured:
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
