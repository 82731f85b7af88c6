"""Each check of the site reports the defect that it is there for, on a small page with nothing but that defect."""

import base64

import pytest
from publish.browser import find_browser

from . import checks
from .conftest import build
from .visit import NARROW, pages

FORMULA = "<mjx-container><mjx-c>sum</mjx-c></mjx-container>"
PIXEL = (
    "data:image/png;base64,"
    + base64.b64encode(
        base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
    ).decode()
)
# The theme's answer to a system that asks for dark colours.
THEME = """<style>html[data-theme=dark] { color: #eee; background: #111 } html[data-theme=dark] a { color: #9cf }</style>
<script>const dark = matchMedia('(prefers-color-scheme: dark)');
(dark.onchange = () => { document.documentElement.dataset.theme = dark.matches ? 'dark' : 'light'; })();</script>"""
HEAD = """<meta charset="utf-8"><title>A page</title><meta name="viewport" content="width=device-width">
<meta name="description" content="A page that is as it should be, for comparison."><link rel="icon" href="data:,">"""
BODY = f"""<main><article><h1 id="top">A page</h1><h2>A part</h2><p>Text with <code>$x$</code> that costs $5.</p>
<p><span class="math"><mjx-container>x</mjx-container></span></p>
<div style="overflow-x: auto" tabindex="0"><div style="width: 2000px">wide, but it scrolls</div></div>
<img src="{PIXEL}" alt="A single dot, nearly transparent." style="background: #fff">
<p><a href="#top">To the top of the page</a></p></article></main>"""


@pytest.fixture
def opened(tmp_path, tab):
    """Opens a page with this head and body, on a narrow screen."""

    def write(head=HEAD, body=BODY, opening='<html lang="en">'):
        path = tmp_path / "page.html"
        path.write_text(f"<!DOCTYPE html>{opening}<head>{head}</head><body>{body}</body></html>", encoding="utf-8")
        return tab.open(path, NARROW)

    return write


ALL = (
    checks.formulas,
    checks.sideways,
    checks.cut_off,
    checks.brackets,
    checks.images,
    checks.headings,
    checks.head,
    checks.remote_parts,
    checks.accessibility,
)


def test_a_sound_page_has_no_problems(opened):
    visit = opened()
    assert visit.problems == []
    assert [problem for check in ALL for problem in check(visit.page)] == []


@pytest.fixture
def looked_over(tmp_path, tab):
    """All problems of a page with this body, found as those of a page of the site are."""

    def look(body):
        path = tmp_path / "page.html"
        path.write_text(f'<!DOCTYPE html><html lang="en"><head>{HEAD}{THEME}</head><body>{body}</body></html>', encoding="utf-8")
        return checks.look_over(tab, path)

    return look


def test_one_visit_of_a_sound_page_finds_nothing(looked_over):
    assert looked_over(BODY) == []


WHEN_WIDE, WHEN_NARROW = "@media (min-width: 600px)", "@media (max-width: 600px)"
PALE = "color: #bbb; background: #fff"
SEEN = "padding: 1rem; width: 3rem; height: 2rem"


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        (f'<button style="{SEEN}"></button>', ("", "at 390 pixels: ", "in the dark: ")),
        (
            f'<style>{WHEN_WIDE} {{ .b {{ display: none }} }}</style><button class="b" style="{SEEN}"></button>',
            ("at 390 pixels: ",),
        ),
        (
            f'<style>{WHEN_NARROW} {{ .b {{ display: none }} }}</style><button class="b" style="{SEEN}"></button>',
            ("", "in the dark: "),
        ),
        (f"<style>html:not([data-theme=dark]) .p {{ {PALE} }}</style><p class='p'>pale</p>", ("", "at 390 pixels: ")),
        ("<style>html[data-theme=dark] .p { color: #333 }</style><p class='p'>pale</p>", ("in the dark: ",)),
        (f"<style>{WHEN_NARROW} {{ .p {{ {PALE} }} }}</style><p class='p'>pale</p>", ("at 390 pixels: ",)),
        ("<style>html[data-theme=dark] .b * { display: none }</style><button class='b'><i>name</i></button>", ("in the dark: ",)),
    ],
    ids=["a nameless button", "narrow only", "wide only", "pale in light", "pale in dark", "pale when narrow", "dark only"],
)
def test_axe_sees_every_mode(looked_over, defect, said):
    found = [problem for problem in looked_over(BODY.replace("</article>", f"{defect}</article>")) if "axe " in problem]
    assert {problem.partition("axe ")[0] for problem in found} == set(said), found


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        (f"<style>{WHEN_NARROW} {{ .w {{ width: 500px }} }}</style><div class='w'>wide</div>", "at 390 pixels: sideways"),
        (f"<style>{WHEN_WIDE} {{ .w {{ width: 1500px }} }}</style><div class='w'>wide</div>", "sideways: the page is 15"),
        (f'<img src="{PIXEL}" alt="A dot without a ground.">', "in the dark: ground"),
        ('<script src="https://cdn.example.org/x.js"></script>', "asks the network for https://cdn.example.org/x.js"),
        ("<p>so that $x_i$ holds</p>", "raw TeX"),
        ("<script>console.error('broken')</script>", "console: broken"),
        ("<script>dark.addEventListener('change', () => { throw new Error('broken'); })</script>", "script: broken"),
        ("<h1>Another</h1>", "2 headings of level one"),
        (f'<img src="{PIXEL}" style="background: #fff">', "no alt text"),
        (
            '<div class="math" style="overflow-x: auto"><mjx-container><p style="width: 1300px">x</p></mjx-container></div>',
            "cut off",
        ),
        (
            '<p>so (<a class="reference" href="#equation-x" style="color: #000">(2.1)</a>)</p><p id="equation-x">x</p>',
            "brackets: two pairs",
        ),
    ],
)
def test_one_visit_finds_it(looked_over, defect, said):
    found = looked_over(BODY.replace("</article>", f"{defect}</article>"))
    assert any(problem.startswith(said) or said in problem for problem in found), found


# A link in the colour of links, which is too near to that of the words around it, and without its line.
HIDDEN_LINK = '<p>Words with <a href="#top" style="text-decoration: none">a link</a> between them.</p>'


@pytest.mark.parametrize(
    ("check", "defect", "said"),
    [
        (checks.formulas, r'<p><span class="math">\(x\)</span></p>', "0 formulas are set"),
        (checks.formulas, '<p class="math"><mjx-container></mjx-container><mjx-container></mjx-container></p>', "2 formulas"),
        (checks.formulas, '<span class="math"><mjx-container><mjx-merror>!</mjx-merror></mjx-container></span>', "TeX error"),
        (checks.formulas, "<p>so that $$x = y$$ holds</p>", "raw TeX"),
        (checks.formulas, "<p>so that $x_i$ holds</p>", "raw TeX"),
        (checks.formulas, r"<p>so that \[x\] holds</p>", "raw TeX"),
        (checks.formulas, r"<p>the rate \eta</p>", "raw TeX"),
        (checks.formulas, rf'<img src="{PIXEL}" alt="The rate $\eta$ falls.">', "raw TeX in alt"),
        (checks.sideways, '<div style="width: 600px">wide</div>', "the page is 6"),
        (checks.sideways, '<div style="overflow: hidden"><p style="width: 600px">cut off</p></div>', "sideways: p."),
        (
            checks.cut_off,
            '<div class="math" style="overflow-x: auto; width: 99px"><p style="width: 100px">x</p></div>',
            "is 100 wide",
        ),
        (checks.brackets, '<p>the bound (<a class="reference" href="#equation-x">(2.1)</a>)</p>', "two pairs round (2.1)"),
        (checks.images, f'<img src="{PIXEL}">', "no alt text"),
        (checks.images, f'<img src="{PIXEL}" alt=" ">', "no alt text"),
        (checks.images, f'<img src="{PIXEL}" alt="_images/plot.png">', "is a file name"),
        (checks.images, f'<img src="{PIXEL}" alt="8969b5d702ccc545847e0dd8a976ccdb">', "is a file name"),
        (checks.images, '<img src="missing.png" alt="A figure that is not there.">', "does not load"),
        (checks.headings, "<h1>Another</h1>", "2 headings of level one"),
        (checks.headings, "<h4>Deep</h4>", "level skipped"),
        (checks.headings, '<p id="top">again</p>', 'id "top" occurs twice'),
        (checks.remote_parts, '<img alt="A dot." src="https://example.org/dot.png">', "https://example.org/dot.png"),
        (checks.remote_parts, '<script defer src="//example.org/x.js"></script>', "//example.org/x.js"),
        (checks.remote_parts, '<p style="background: url(https://example.org/x.png)">x</p>', "https://example.org/x.png"),
        (checks.remote_parts, "<style>@import 'https://example.org/x.css';</style>", "https://example.org/x.css"),
        (checks.accessibility, '<p style="color: #bbb; background: #fff">pale</p>', "color-contrast"),
        (checks.accessibility, f"{'<p>Words with <a href=#top>a link</a>.</p>' * 9}{HIDDEN_LINK}", "link-in-text-block"),
        (checks.accessibility, "<button></button>", "button-name"),
        (checks.accessibility, '<div role="list"><p>no item</p></div>', "list"),
    ],
)
def test_a_defect_is_reported(opened, check, defect, said):
    page = opened(body=BODY.replace("</article>", f"{defect}</article>")).page
    assert any(said in problem for problem in check(page)), check(page)


PALE_IN_SHADOW = """() => {
    const root = document.querySelector('article').appendChild(document.createElement('div')).attachShadow({mode: 'open'});
    root.innerHTML = '<div><p style="color: #bbb; background: #fff">pale</p></div>';
}"""


def test_pale_words_in_an_explorer_s_own_tree_are_reported(opened):
    page = opened(body=BODY).page
    assert checks.accessibility(page) == []
    page.evaluate(PALE_IN_SHADOW)
    assert any("color-contrast" in problem for problem in checks.accessibility(page))


@pytest.mark.parametrize(
    "pale", ['<mjx-container><mjx-c style="color: #bbb">sum</mjx-c></mjx-container>', f"<h2 style='color: #bbb'>{FORMULA}</h2>"]
)
def test_a_pale_formula_among_many_is_reported_though_most_are_left_out(opened, pale):
    page = opened(body=BODY.replace("</article>", f"<p>{FORMULA * 9}</p>{pale}</article>")).page
    checks.thin_formulas(page)
    assert page.locator("mjx-c").count() == 2
    assert any("color-contrast" in problem for problem in checks.accessibility(page))


@pytest.mark.parametrize(
    ("defect", "said"),
    [('<p style="color: #bbb; background: #fff">pale</p>', "color-contrast"), ('<a href="#top"></a>', "link-name")],
)
def test_a_defect_of_one_entry_among_many_is_reported_though_most_are_left_out(opened, defect, said):
    entry = '<article class="erratum"><p>words, and <a href="#top">a link</a></p>{}</article>'
    page = opened(body=BODY.replace("</article>", f"{entry.format('') * 9}{entry.format(defect)}</article>")).page
    checks.thin_entries(page)
    assert page.locator("article.erratum").count() == 2
    assert any(said in problem for problem in checks.accessibility(page))


@pytest.mark.parametrize(
    ("removed", "said"),
    [
        ("<title>A page</title>", "no title"),
        ('<link rel="icon" href="data:,">', "favicon"),
        ('name="description"', "description"),
    ],
)
def test_an_incomplete_head_is_reported(opened, removed, said):
    found = checks.head(opened(head=HEAD.replace(removed, "", 1)).page)
    assert any(said in problem for problem in found), found


def test_a_second_viewport_tag_and_a_missing_language_are_reported(opened):
    found = checks.head(opened(head=HEAD + '<meta name="viewport" content="">', opening="<html>").page)
    assert "head: 2 viewport tags" in found
    assert "head: no language" in found


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        ("<script>console.error('broken')</script>", "console: broken"),
        ("<script>throw new Error('broken')</script>", "script: broken"),
        ('<img src="missing.png" alt="">', "failed to load file:"),
        ('<script src="https://example.org/x.js"></script>', "asks the network for https://example.org/x.js"),
    ],
)
def test_a_page_that_loads_badly_is_reported(opened, defect, said):
    found = opened(body=BODY + defect).problems
    assert any(said in problem for problem in found), found


def test_broken_links_are_reported(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "outside.html").write_text("outside", encoding="utf-8")
    texts = {
        "a.html": '<a href="b.html#there">1</a> <a href="b.html#no">2</a> <a href="c.html">3</a> <a href="../outside.html">4</a>',
        "b.html": '<p id="there">x</p><a href="https://example.org/">elsewhere</a><a href="#lost">5</a>',
    }
    for name, text in texts.items():
        (tmp_path / "site" / name).write_text(text, encoding="utf-8")
    places = {path: checks.Places(path.read_text(encoding="utf-8")) for path in pages(tmp_path / "site")}
    found = checks.broken_links(tmp_path / "site", places)
    assert len(found) == 4
    for place in ("a.html: link to b.html#no,", "c.html, where", "outside.html, where", "b.html: link to #lost"):
        assert any(place in problem for problem in found), found


def test_remote_parts_of_a_style_sheet_are_reported():
    text = "@import url('https://a.org/x.css'); p { background: url(//b.org/x.png) } q { background: url(data:image/png,x) }"
    assert checks.remote_parts_of_css(text) == ["https://a.org/x.css", "//b.org/x.png"]


def test_pages_that_only_send_on_are_no_pages(tmp_path):
    (tmp_path / "index.html").write_text('<meta http-equiv="Refresh" content="0; url=a.html">', encoding="utf-8")
    (tmp_path / "a.html").write_text("a page", encoding="utf-8")
    assert pages(tmp_path) == [tmp_path / "a.html"]


def test_a_named_browser_must_exist(monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", "/no/such/browser")
    with pytest.raises(FileNotFoundError, match="BROWSER_PATH"):
        find_browser()


def test_a_warning_stops_the_build(tmp_path):
    def one_page(target):
        (target / "book").mkdir(parents=True)
        (target / "_config.yml").write_text("title: x\n", encoding="utf-8")
        (target / "_toc.yml").write_text("format: jb-book\nroot: book/index\n", encoding="utf-8")
        (target / "book/index.md").write_text("# Page\n\n{doc}`nowhere`\n", encoding="utf-8")

    with pytest.raises(AssertionError, match="unknown document: 'nowhere'"):
        build(tmp_path / "site", one_page)
