"""The ledger of claims and the errata in a browser, from ``file://``: filters by mouse, keyboard and address, and no script."""

import re

import pytest

from lecture_optim import claims

from .conftest import ROOT
from .visit import NARROW, WIDE, pages

ROWS, CARDS = "table.ledger tbody tr", "article.erratum"
# The ids of the rows that do not lead to a chapter and to what decides them.
WANTING = """(rows) => [...document.querySelectorAll(rows)].filter((row) => {
    const links = [...row.querySelectorAll('a')].map((link) => link.getAttribute('href'));
    const chapter = row.querySelector('th .claim-links a');
    const decided = row.dataset.verdict === 'not checkable' || [...row.querySelectorAll('td .claim-links')].some(
        (line) => /^(Decided|Shown false) by/.test(line.textContent) && line.querySelector('a, code'));
    return !(chapter && decided && links.length);
}).map((row) => row.id)"""


@pytest.fixture(scope="module")
def register():
    return claims.load(ROOT / "book" / "claims")


@pytest.fixture(scope="module")
def ledger(html, open_window):
    """The ledger's page and its file."""
    return open_window().open(html / "book/appendix/claims.html").page, html / "book/appendix/claims.html"


@pytest.fixture
def page(ledger):
    """The ledger with nothing chosen."""
    page, _ = ledger
    for field in ("document", "part", "verdict"):
        page.select_option(f"select[name={field}]", "")
    return page


def shown(page, what=ROWS):
    """The ids of the entries that can be seen."""
    return page.evaluate(
        "(what) => [...document.querySelectorAll(what)].filter((e) => e.checkVisibility()).map((e) => e.id)", what
    )


def followed(register):
    """The claims of the documents that the book follows."""
    return [claim for claim in register.claims if claim.source]


def own(register):
    """The claims of the book."""
    return [claim for claim in register.claims if not claim.source]


def ids(entries, kind="claim"):
    return {f"{kind}-{claim.id}".lower() for claim in entries}


def test_every_entry_has_its_row_and_all_are_counted(page, register):
    assert set(shown(page)) == ids(followed(register))
    assert page.locator(".claims-count").inner_text() == f"All {len(followed(register))} claims"
    totals = page.locator(".claim-totals").inner_text()
    for source in register.sources:
        assert f": {len(register.select(source=source))} claims" in totals
    assert f"This book: {len(own(register))} claims" in totals


def test_the_book_s_own_claims_have_a_page_to_which_their_numbers_lead(html, tab, register):
    page = tab.open(html / "book/appendix/claims-own.html").page
    assert shown(page) == [f"claim-{claim.id}" for claim in own(register)]
    page.select_option("select[name=part]", label="Adam")
    assert set(shown(page)) == ids(claim for claim in own(register) if claim.part == "3-adam")
    assert page.evaluate(WANTING, ROWS) == []
    page = tab.open(html / "book/appendix/claims.html").page
    page.locator(".claim-totals a[href*='claims-own']", has_text=claims.HYPOTHESIS).click()
    page.wait_for_url(re.compile(r"claims-own\.html\?"))
    page.wait_for_function("document.querySelector('.claims-count').textContent")
    assert set(shown(page)) == ids(claim for claim in own(register) if claim.verdict == claims.HYPOTHESIS)


def test_three_filters_narrow_what_is_shown(page, register):
    def expect(**chosen):
        kept = [claim for claim in followed(register) if all(getattr(claim, key) == value for key, value in chosen.items())]
        assert set(shown(page)) == ids(kept) and kept
        assert page.locator(".claims-count").inner_text() == f"{len(kept)} of {len(followed(register))} claims"

    page.select_option("select[name=document]", "coscas2022")
    expect(source="coscas2022")
    page.select_option("select[name=verdict]", "wrong as printed")
    expect(source="coscas2022", verdict="wrong as printed")
    page.select_option("select[name=part]", label="Adam")
    expect(source="coscas2022", verdict="wrong as printed", part="3-adam")
    page.get_by_role("button", name="Show all").click()
    assert len(shown(page)) == len(followed(register))


def test_the_filters_say_in_words_what_can_be_chosen(page, register):
    documents = page.locator("select[name=document] option").all_inner_texts()
    assert documents[0] == "all" and len(documents) == len(register.sources) + 1
    assert any("Coscas" in name for name in documents) and not any("coscas2022" in name for name in documents)
    assert page.get_by_label("Verdict").count() == page.get_by_label("Document").count() == page.get_by_label("Part").count() == 1
    assert page.get_by_role("table").count() == 1
    assert page.get_by_role("status").count() == 1


def test_the_keyboard_is_enough(page, register):
    page.locator("select[name=verdict]").focus()
    page.keyboard.type("mis")
    assert set(shown(page)) == ids(claim for claim in followed(register) if claim.verdict == "misleading")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert len(shown(page)) == len(followed(register))
    assert page.evaluate("document.activeElement.name") == "document"


def test_a_number_of_the_figure_is_a_filter(page, register):
    page.locator(".claim-totals a[data-document=sparse-note][data-verdict=misleading]").click()
    kept = [claim for claim in register.select(source="sparse-note") if claim.verdict == "misleading"]
    assert set(shown(page)) == ids(kept)


def test_the_address_keeps_the_choice_and_leads_to_an_entry(html, tab, register):
    file = html / "book/appendix/claims.html"
    page = tab.open(file, query="?document=adam-notes&verdict=holds").page
    kept = [claim for claim in register.select(source="adam-notes") if claim.verdict == "holds"]
    assert set(shown(page)) == ids(kept)
    hidden = next(claim for claim in followed(register) if claim.verdict != "holds")
    page.evaluate("(id) => { location.hash = id; }", f"claim-{hidden.id}")
    page.wait_for_function("(id) => document.getElementById(id).checkVisibility()", arg=f"claim-{hidden.id}")
    assert len(shown(page)) == len(followed(register))
    page = tab.open(file, query="?document=nobody").page
    assert len(shown(page)) == len(followed(register))


def test_formulas_are_set_where_the_reader_is_and_nowhere_else(html, visitor):
    """To set all takes several times as long as to open the page; they wait for whoever comes to a row or opens a fold."""
    page = visitor().context.new_page()
    page.goto((html / "book/appendix/claims.html").as_uri())
    far = page.locator(f"{ROWS}:has(details .math):has(td > p .math)").last

    def wait_for(what):
        page.wait_for_function(
            "([row, what]) => [...row.querySelectorAll(what)].every((formula) => formula.querySelector('mjx-container'))",
            arg=[far.element_handle(), what],
        )

    page.keyboard.press("Shift")
    page.mouse.move(100, 100)
    page.wait_for_function(  # until nothing more is set
        """() => {
            const before = window.seen;
            window.seen = document.querySelectorAll('mjx-container').length;
            return window.seen === before;
        }""",
        polling=1500,
    )
    assert page.locator(f"{ROWS} mjx-container").count() < page.locator(f"{ROWS} .math").count() / 4
    assert far.locator("mjx-container").count() == 0
    far.scroll_into_view_if_needed()
    wait_for("td > p .math")
    assert far.locator("details mjx-container").count() == 0
    far.locator("summary").click()
    wait_for("details .math")


def test_every_row_leads_to_its_chapter_and_to_what_decides_it(page):
    assert page.evaluate(WANTING, ROWS) == []


def test_a_link_to_a_check_leads_to_its_code(ledger, tab):
    _, file = ledger
    page = tab.open(file).page
    row = page.locator(f"{ROWS}[data-document=coscas2022][data-verdict='wrong as printed']").first
    link = row.locator("td .claim-links a[href*='checks-claims']").first
    words = link.inner_text()
    link.click()
    page.wait_for_url(re.compile(r"checks-claims\.html#"))
    shown = page.evaluate("() => document.getElementById(decodeURIComponent(location.hash.slice(1))).textContent")
    assert f"def test_{words.replace(' ', '_')}(" in shown


def test_a_statement_is_linked_by_its_name_and_number_a_derivation_as_code_and_a_test_by_its_words(html, register):
    names, bare = {claim.id for claim in register.claims}, set()
    for path in pages(html):
        for to, words in re.findall(r'<a\b[^>]*href="([^"]*)"[^>]*>(.*?)</a>', path.read_text(encoding="utf-8"), re.DOTALL):
            said = re.sub("<[^>]*>", "", words)
            if said in names or ("#check-" in to and (":" in said) != words.startswith("<code>")):
                bare.add((path.name, to, words))
    assert not bare
    text = (html / "book/appendix/checks-chapters.html").read_text(encoding="utf-8")
    assert 'href="claims-own.html#claim-prop-half-life">Proposition 12.3</a>' in text


def test_the_errata_are_filtered_and_stand_in_the_order_of_weight(html, tab, register):
    page = tab.open(html / "book/appendix/errata.html").page
    order = shown(page, CARDS)
    assert order == [f"erratum-{claim.id}" for claim in register.errata()]
    page.select_option("select[name=document]", "sparse-note")
    kept = [claim for claim in register.errata() if claim.source == "sparse-note"]
    assert set(shown(page, CARDS)) == ids(kept, "erratum")
    page.select_option("select[name=kind]", "false")
    assert set(shown(page, CARDS)) == ids((claim for claim in kept if claim.kind == "false"), "erratum")
    assert page.locator(".claims-count").inner_text().endswith(f"of {len(order)} errata")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_without_scripts_everything_is_there_and_nothing_is_dead(html, visitor, register, viewport):
    counts = {"claims": len(followed(register)), "claims-own": len(own(register)), "errata": len(register.errata())}
    for name, count in counts.items():
        what = CARDS if name == "errata" else ROWS
        window = visitor(viewport, java_script_enabled=False)
        page = window.context.new_page()
        page.goto((html / f"book/appendix/{name}.html").as_uri())
        assert page.locator(what).count() == count and page.locator(what).last.is_visible()
        assert not page.locator("form.claims-filter").is_visible()


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", ["claims", "errata"])
def test_the_filters_have_their_room_before_their_script_has_run(html, visitor, viewport, name):
    """Otherwise the lines below would jump, in such loads in which the page is drawn before the script comes."""
    heights = []
    for never in ("**/claims.js*", "**/nothing.js"):
        window = visitor(viewport)
        window.context.route(never, lambda route: route.abort())
        page = window.context.new_page()
        page.goto((html / f"book/appendix/{name}.html").as_uri())
        heights.append(page.locator("form.claims-filter").evaluate("(form) => form.getBoundingClientRect().height"))
    assert heights[0] == pytest.approx(heights[1], abs=2) and heights[0] > 30


FOLDS = "details.claims-of"
CHAPTER = "4-convergence/01-when-signs-mislead"


@pytest.fixture
def chapter(html, visitor):
    """Opens the chapter at one of its addresses."""

    def opened(anchor="", **options):
        page = visitor(**options).context.new_page()
        page.goto(f"{(html / 'book' / f'{CHAPTER}.html').as_uri()}{anchor}", wait_until="load")
        return page

    return opened


def test_a_chapter_s_claims_are_folded_and_counted_by_verdict(chapter, register):
    page, entries = chapter(), register.select(CHAPTER)
    assert page.locator(f"{FOLDS}[open]").count() == 0
    assert page.locator(f"{FOLDS} dt").count() == len(entries) > 5
    lines = page.locator(f"{FOLDS} > summary").all_text_contents()
    assert len(lines) == len({claim.source for claim in entries})
    for verdict in claims.VERDICTS:
        numbers = [int(n) for line in lines for n in re.findall(rf"\b(\d+) {verdict}(?=,|$)", line)]
        assert sum(numbers) == sum(claim.verdict == verdict for claim in entries)


def test_the_keyboard_opens_a_fold_of_claims_and_a_link_to_a_claim_does(chapter, register):
    page = chapter()
    summary, first = page.locator(f"{FOLDS} > summary").first, page.locator(f"{FOLDS} dt").first
    summary.focus()
    page.keyboard.press("Enter")
    assert first.is_visible()
    page.keyboard.press("Enter")
    assert not first.is_visible()
    last = page.locator(f"{FOLDS} dt[id]").last
    anchor = f"#{last.get_attribute('id')}"
    page.evaluate("(anchor) => { location.hash = anchor; }", anchor)
    last.wait_for(state="visible")
    chapter(anchor).locator(anchor).wait_for(state="visible")  # also for whoever comes from another page


def test_paper_shows_what_the_folds_of_claims_hold(chapter):
    page = chapter()
    page.emulate_media(media="print")
    assert all(entry.bounding_box()["height"] > 20 for entry in page.locator(f"{FOLDS} dd").all())
