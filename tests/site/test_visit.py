"""A page that takes the place of another in a tab finds what it finds in a new window."""

import pytest

from .visit import NARROW, WIDE, Tab, Visitor

# Most new pages, not all, are told at once that a pointer is at their corner: whether they are cannot be compared.
PAGE = """<!DOCTYPE html><html lang="en"><title>A page</title><style>p:hover { color: red }</style><p>A line</p><script>
window.pressed = 0;
document.onpointermove = (event) => { pressed |= event.buttons; };
</script>"""
# All that a page can find of another one, and what a window says of its kind.
FOUND = """() => ({
    storage: [localStorage.length, sessionStorage.length], kept: window.kept, focus: document.activeElement.localName,
    size: [innerWidth, innerHeight], scrolled: scrollY, under: document.querySelectorAll('p:hover').length, pressed,
    media: ['print', '(prefers-color-scheme: dark)', '(prefers-reduced-motion: reduce)'].map((kind) => matchMedia(kind).matches),
})"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(PAGE, encoding="utf-8")
    return path


@pytest.fixture
def left(browser, path):
    """A tab that a test leaves in disorder."""
    tab = Tab(browser)
    page = tab.open(path).page
    page.evaluate("""() => {
        localStorage.theme = sessionStorage.theme = 'dark';
        window.kept = true;
        document.body.style.height = '9000px';
        scrollTo(0, 500);
        setInterval(() => console.error('again'));
    }""")
    page.set_viewport_size({"width": 500, "height": 300})
    page.emulate_media(media="print", color_scheme="dark", reduced_motion="reduce")
    page.mouse.move(20, 20)
    page.mouse.down()
    yield tab
    tab.close()


def found(page):
    """What the page finds, before and after the pointer comes onto its line."""
    before = page.evaluate(FOUND)
    page.mouse.move(30, 20)
    page.wait_for_timeout(100)
    return before | {"then": page.evaluate(FOUND)}


@pytest.mark.parametrize(("viewport", "scheme", "motion"), [(WIDE, "light", "no-preference"), (NARROW, "dark", "reduce")])
def test_nothing_is_left_of_the_page_before(left, browser, path, viewport, scheme, motion):
    new = Visitor(browser, viewport, scheme, reduced_motion=motion)
    expected = found(new.open(path).page)
    new.close()
    assert expected["storage"] == [0, 0] and expected["media"] == [False, scheme == "dark", motion == "reduce"]
    visit = left.open(path, viewport, scheme, motion)
    assert found(visit.page) == expected
    assert visit.problems == []


def test_what_goes_wrong_is_told_of_the_page_that_it_happens_on(left, path):
    first = left.open(path)
    first.page.evaluate("() => { console.error('first'); }")
    second = left.open(path)
    second.page.evaluate("() => { console.error('second'); }")
    assert (first.problems, second.problems) == (["console: first"], ["console: second"])
