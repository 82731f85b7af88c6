"""What a reader does with the site, from ``file://`` and offline: search, change the colours, open what is folded."""

import re

import pytest

from ..conftest import ON_CI
from . import checks
from .visit import NARROW, WIDE, pages

# What takes long is done in every kind of window on CI, and elsewhere in one.
MANY = None if ON_CI else 1
WINDOWS = [pytest.param(WIDE, id="wide"), pytest.param(NARROW, id="narrow")][:MANY]

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
    found = page.locator("#search-results li a").evaluate_all("(links) => links.map((link) => [link.href, link.innerText])")
    return [tuple(link) for link in found]


def test_search_finds_the_page_with_a_word(html, tab):
    page = chapter(html)
    words = sorted(set(tab.open(page).page.evaluate(WORDS)), key=lambda word: (-len(word), word))
    visit = tab.open(html / "search.html", query=f"?q={words[0]}")
    found = results(visit.page)
    assert page.as_uri() in [address.split("#")[0] for address, _ in found]
    assert visit.problems == []


def test_search_says_when_it_finds_nothing(html, tab):
    visit = tab.open(html / "search.html", query="?q=xqzvwkjhy")
    visit.page.get_by_text("Nothing was found.").wait_for()
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


# Whether the mean of red, green and blue of the page's ground, 0 to 255, is within two bounds.
GROUND = r"""([least, most]) => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
    const mean = (red + green + blue) / 3;
    return least <= mean && mean <= most;
}"""
LIGHT, DARK = [200, 255], [0, 60]


@pytest.mark.parametrize("viewport", WINDOWS)
def test_the_reader_can_change_light_and_dark(html, tab, viewport):
    page = tab.open(chapter(html), viewport).page
    page.wait_for_function(GROUND, arg=LIGHT)
    button = page.get_by_role("button", name="Color mode")
    for _ in range(3):
        button.click()
        if page.locator("html").get_attribute("data-theme") == "dark":
            break
    page.wait_for_function(GROUND, arg=DARK)
    page.reload()
    page.wait_for_function(GROUND, arg=DARK)  # the choice is kept; a long page is coloured some time after it has loaded


def test_hidden_code_opens_and_closes(html, tab):
    path = next(path for path in pages(html) if "Show the code" in path.read_text(encoding="utf-8"))
    page = tab.open(path).page
    fold = page.locator("details.hide").first
    code = fold.locator("pre")
    assert not code.is_visible()
    # What the code makes is looked at first, and stands first.
    assert page.locator("div.cell_output + details.hide").count() > 0
    assert page.locator("details.hide + div.cell_output").count() == 0
    fold.locator("summary").press("Enter")
    assert code.is_visible()
    fold.get_by_text("Hide the code").click()
    assert not code.is_visible()


# How wide the enlarged picture is, how wide the room that it scrolls in, and how far it is scrolled.
ENLARGED = """() => {
    const picture = document.querySelector('#enlarged img');
    const room = picture.parentElement;
    return [picture.getBoundingClientRect().width, room.clientWidth, room.scrollLeft];
}"""


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide", "narrow"])
def test_a_figure_is_enlarged_by_keyboard_and_given_back(html, tab, viewport, scheme):
    page = tab.open(html / "book/4-convergence/05-what-is-known.html", viewport, scheme).page
    checks.thin(page)  # for axe
    link = page.locator("#fig-evaluations a.image-reference")
    before = link.locator("img").evaluate("(image) => image.getBoundingClientRect().width")
    link.press("Enter")
    box = page.get_by_role("dialog", name="Figure 23.3, enlarged")
    assert box.get_by_text("Evaluations to a tolerance").is_visible()
    assert len(box.locator("img").get_attribute("alt")) > 50
    wide, room, _ = page.evaluate(ENLARGED)
    assert wide > 1.5 * before
    assert wide >= 720, "letters of 10 points in 7.2 inches are smaller than the page's captions"
    assert viewport is NARROW or wide <= room
    if viewport is NARROW:
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"() => ({ENLARGED})()[2] > 0")
        assert checks.accessibility(page) == []
    page.keyboard.press("Escape")
    assert not box.is_visible()
    assert link.evaluate("(link) => link === document.activeElement")


def test_a_figure_is_enlarged_by_touch_and_closed_by_touch(html, visitor):
    page = visitor(NARROW, has_touch=True).open(html / "book/4-convergence/05-what-is-known.html").page
    box = page.get_by_role("dialog")
    for end in ("button", "img"):
        page.locator("#fig-evaluations a.image-reference").tap()
        assert box.is_visible()
        box.locator(end).tap()
        assert not box.is_visible()


def test_a_figure_opens_in_a_tab_of_its_own_for_whoever_asks_for_it(html, visitor):
    page = visitor().open(html / "book/4-convergence/05-what-is-known.html").page
    link = page.locator("#fig-evaluations a.image-reference")
    with page.context.expect_page() as opened:
        link.click(modifiers=["ControlOrMeta"])
    assert opened.value.url == link.evaluate("(link) => link.href")
    assert page.get_by_role("dialog").count() == 0


# Where the named place is in the window; the last screen of a page cannot bring its places to the top.
LANDED = """(name) => {
    const page = document.documentElement;
    const { top } = document.getElementById(name).getBoundingClientRect();
    return { top: Math.round(top), end: Math.round(page.scrollHeight - window.innerHeight - window.scrollY) };
}"""
LONG = "book/2-adagrad/04-the-adagrad-theorem.html"


def astray(page, names, go):
    """Of the places called `names` those that `go(name)` does not bring to the top of the window, with where they are."""
    found = {}
    for name in names:
        go(name)
        page.wait_for_timeout(700)  # formulas near the window are set
        landed = page.evaluate(LANDED, name)
        if not (0 <= landed["top"] <= 150 or landed["end"] <= 5):
            found[name] = landed
    return found


@pytest.mark.parametrize("viewport", WINDOWS)
def test_a_link_to_a_place_leads_there(html, visitor, viewport):
    """As readers meet it: sections that were never near the window have no layout, and few formulas are set."""
    path = html / LONG
    names = re.findall(r'<section id="([^"]+)"', path.read_text(encoding="utf-8"))[2::3]
    assert len(names) >= 4
    page = visitor(viewport).context.new_page()

    def open_at(name):
        page.goto("about:blank")
        page.goto(f"{path.as_uri()}#{name}", wait_until="load")

    def follow(name):
        page.goto("about:blank")
        page.goto(path.as_uri(), wait_until="load")
        page.evaluate("(name) => document.querySelector(`a[href='#${name}']`).click()", name)

    assert astray(page, names, open_at) == {}
    assert astray(page, names[:2], follow) == {}


def test_a_reader_who_comes_back_finds_the_place_again(html, visitor):
    page = visitor().context.new_page()
    page.goto((html / LONG).as_uri(), wait_until="load")
    for _ in range(6):
        page.mouse.move(600, 400)
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(300)
    page.wait_for_timeout(1000)
    heading = page.evaluate_handle("""() => {
        const away = (part) => Math.abs(part.getBoundingClientRect().top);
        return [...document.querySelectorAll('article section')].sort((one, other) => away(one) - away(other))[0];
    }""")
    name, before = heading.get_property("id").json_value(), heading.bounding_box()["y"]
    assert abs(before) < 3000
    page.goto((html / "book/index.html").as_uri(), wait_until="load")
    page.go_back(wait_until="load")
    page.wait_for_timeout(1000)
    assert page.locator(f"#{name}").bounding_box()["y"] == pytest.approx(before, abs=100)


# What has the focus: its kind, which all things of the same look share, and the room around it that is on the screen.
FOCUSED = """() => {
    let part = document.activeElement;
    while (part.shadowRoot?.activeElement) part = part.shadowRoot.activeElement;
    const { left, top, right, bottom } = part.getBoundingClientRect();
    const [x, y] = [Math.max(0, left - 6), Math.max(0, top - 6)];
    const [width, height] = [Math.min(innerWidth, right + 6) - x, Math.min(innerHeight, bottom + 6) - y];
    return { kind: `${part.tagName} ${part.className} ${part.id}`, room: { x, y, width, height } };
}"""
UNFOCUS = """() => {
    let part = document.activeElement;
    while (part.shadowRoot?.activeElement) part = part.shadowRoot.activeElement;
    part.blur();
}"""


@pytest.mark.parametrize(("viewport", "scheme", "least"), [(WIDE, "light", 20), (NARROW, "dark", 15)][:MANY])
def test_the_focus_can_be_seen_on_every_kind_of_thing_that_the_tab_key_reaches(html, tab, viewport, scheme, least):
    page = tab.open(html / "book/4-convergence/01-when-signs-mislead.html", viewport, scheme, reduced_motion="reduce").page
    seen = {}
    for _ in range(140):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        kind, room = focused["kind"], focused["room"]
        if kind in seen or kind.startswith("BODY") or min(room["width"], room["height"]) < 1:
            continue
        with_focus = page.screenshot(clip=room)
        focus = page.evaluate_handle("() => document.activeElement")
        page.evaluate(UNFOCUS)
        seen[kind] = page.screenshot(clip=room) != with_focus
        focus.evaluate("(part) => part.shadowRoot ?? part.focus({ preventScroll: true })")
    assert len(seen) >= least
    assert [kind for kind, changed in seen.items() if not changed] == []


# What is cut off on the screen and what is marked as cut off, once the page rests.
CUT = """() => [...document.querySelectorAll('.bd-article pre')].filter((box) => {
    const { top, bottom } = box.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight;
}).map((box) => [box.scrollWidth - box.clientWidth - box.scrollLeft > 2, box.hasAttribute('data-more')])"""


WIDER = "() => [...document.querySelectorAll('pre')].find((box) => box.scrollWidth > box.clientWidth + 50)"


def test_what_is_cut_off_says_that_it_scrolls(html, tab):
    page = tab.open(html / "book/2-adagrad/05-when-it-wins.html", NARROW).page
    wide = page.evaluate_handle(WIDER)
    wide.scroll_into_view_if_needed()
    page.wait_for_function("(box) => box.hasAttribute('data-more')", arg=wide)
    assert "gradient" in wide.evaluate("(box) => getComputedStyle(box).maskImage")
    seen = page.evaluate(CUT)
    assert seen and all(cut == marked for cut, marked in seen)
    wide.evaluate("(box) => box.scrollTo(box.scrollWidth, 0)")
    page.wait_for_function("(box) => !box.hasAttribute('data-more')", arg=wide)
