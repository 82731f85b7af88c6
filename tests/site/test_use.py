"""What a reader does with the site, from ``file://`` and offline: search, change the colours, open what is folded."""

import re

import pytest

from .visit import NARROW, WIDE, pages

# The long words of a page's paragraphs.
WORDS = r"""() => [...document.querySelectorAll('article p')]
    .filter((paragraph) => !paragraph.closest('pre, .copybtn'))
    .flatMap((paragraph) => paragraph.textContent.match(/\b[a-z]{9,}\b/g) ?? [])"""


def chapter(html):
    """The chapter with the most text."""
    chapters = (path for path in pages(html) if path.parent.name != "appendix" and path.name != "search.html")
    return max(chapters, key=lambda path: path.stat().st_size)


def results(page):
    """The addresses and titles of the search results, once the search has finished."""
    page.get_by_text("Search finished").wait_for()
    found = page.locator("#search-results li a")
    return [(link.evaluate("(a) => a.href"), link.inner_text()) for link in found.all()]


def test_search_finds_the_page_with_a_word(html, tab):
    page = chapter(html)
    words = sorted(set(tab.open(page).page.evaluate(WORDS)), key=lambda word: (-len(word), word))
    visit = tab.open(html / "search.html", query=f"?q={words[0]}")
    found = results(visit.page)
    assert page.as_uri() in [address.split("#")[0] for address, _ in found]
    assert visit.problems == []


def test_search_says_when_it_finds_nothing(html, tab):
    visit = tab.open(html / "search.html", query="?q=xqzvwkjhy")
    visit.page.get_by_text("did not match any documents").wait_for()
    assert visit.page.locator("#search-results li").count() == 0


def test_search_opens_by_keyboard_from_any_page(html, tab):
    visit = tab.open(chapter(html))
    visit.page.keyboard.press("Control+k")
    visit.page.keyboard.type("notation")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/search.html?q=notation")
    found = results(visit.page)
    assert (html / "book/notation.html").as_uri() in [address.split("#")[0] for address, _ in found]
    visit.page.locator("#search-results li a").first.click()
    visit.page.wait_for_url(re.compile(r"/book/.*\.html"))
    assert visit.problems == []


SETTLED = "() => !document.getAnimations().some((motion) => motion.playState === 'running')"


def brightness(page):
    """The mean of red, green and blue of the page's ground, 0 to 255."""
    colour = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    red, green, blue = [float(part) for part in re.findall(r"[\d.]+", colour)[:3]]
    return (red + green + blue) / 3


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_reader_can_change_light_and_dark(html, tab, viewport):
    page = tab.open(chapter(html), viewport).page
    assert brightness(page) > 200
    button = page.get_by_role("button", name="Color mode")
    for _ in range(3):
        button.click()
        if page.locator("html").get_attribute("data-theme") == "dark":
            break
    page.wait_for_function(SETTLED)
    assert brightness(page) < 60
    page.reload()
    page.wait_for_function(SETTLED)  # colours fade in, on a long page some time after it has loaded
    assert brightness(page) < 60, "the choice is forgotten"


def test_hidden_code_opens_and_closes(html, tab):
    path = next(path for path in pages(html) if "Show the code" in path.read_text(encoding="utf-8"))
    page = tab.open(path).page
    fold = page.locator("details.hide").first
    code = fold.locator("pre")
    assert not code.is_visible()
    fold.locator("summary").press("Enter")
    assert code.is_visible()
    fold.get_by_text("Hide the code").click()
    assert not code.is_visible()
