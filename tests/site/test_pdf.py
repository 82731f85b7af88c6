"""The PDF of the whole book: every page is in its outline and its contents, its links lead within it, and it comes out the same.

On CI it is the whole book; elsewhere a few pages of every kind stand for it, as printing all takes minutes.
"""

import io
import re
import shutil
import unicodedata

import pytest
from publish.binding import Sheets, Volume
from publish.pdf import INDEX, LEDGER, NOT_HOLDING, NUMBER_INDEX, SHORTEN_LEDGER, make_pdf, printed_pages
from publish.printing import Printed, press
from publish.sources import PublishError
from pypdf import PdfReader, PdfWriter

from lecture_optim import claims

from ..conftest import ON_CI

SAMPLE = (
    "book/index",
    "book/notation",
    "book/4-convergence/01-when-signs-mislead",
    "book/exercises/warm-up",
    "book/appendix/bibliography",
    "book/appendix/glossary",
    "genindex",
)


@pytest.fixture(scope="module")
def printed(html, browser):
    """(the pages that were printed, the PDF)."""
    root = html.parents[1]
    pages = [page for page in printed_pages(root) if ON_CI or page.docname in SAMPLE]
    return pages, PdfReader(make_pdf(root, pages, lambda line: None, browser))


# What paper leaves out: the page about downloads, the source of the checks, and the book's statements a second time.
NOT_ON_PAPER = re.compile(r"book/download|book/appendix/checks-.*|book/appendix/claims-own")


def test_every_page_of_the_contents_is_printed_but_those_that_speak_of_the_site(html):
    root = html.parents[1]
    text = (root / "_toc.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^ *(?:- file|root): (\S+)$", text, re.MULTILINE)
    assert sum(1 for name in listed if re.match(r"book/[1-4]-", name)) == 23
    expected = [name for name in listed if not NOT_ON_PAPER.fullmatch(name)]
    assert [page.docname for page in printed_pages(root)] == expected


def titles(html, pages):
    """The title of each page as its heading on the site reads."""
    found = []
    for page in pages:
        text = (html / f"{page.docname}.html").read_text(encoding="utf-8")
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)[1]
        heading = re.sub(r'<a class="headerlink".*?</a>', "", heading, flags=re.DOTALL)
        found.append(" ".join(re.sub(r"<[^>]+>", "", heading).replace("&#8217;", "’").split()))
    return found


def words(sheet):
    """The text of a sheet, without ligatures and blanks."""
    return "".join(unicodedata.normalize("NFKC", sheet.extract_text()).split())


def leaves(outline, depth=0):
    """Each item of an outline with its depth."""
    for item in outline:
        if isinstance(item, list):
            yield from leaves(item, depth + 1)
        else:
            yield depth, item


def test_every_page_is_in_the_outline_below_its_part_and_begins_where_it_says(html, printed):
    pages, pdf = printed
    items = list(leaves(pdf.outline))
    at = -1
    for page, title in zip(pages, titles(html, pages), strict=True):
        at = next(number for number in range(at + 1, len(items)) if items[number][1].title == title)
        depth, item = items[at]
        assert depth == (1 if page.part else 0), title
        assert title.replace(" ", "") in words(pdf.pages[pdf.get_destination_page_number(item)]), title
    assert {item.title for depth, item in items if depth == 0} >= {page.part for page in pages if page.part}


def test_sections_are_in_the_outline_and_lead_to_their_headings(printed):
    _, pdf = printed
    sections = [(item.title, pdf.get_destination_page_number(item)) for depth, item in leaves(pdf.outline) if depth == 2]
    assert len(sections) > 20
    for title, number in sections:
        plain = re.sub(r"\W", "", title)
        if plain.isascii():  # formulas are drawn in letters of their own
            assert plain in re.sub(r"\W", "", words(pdf.pages[number])), title


def test_the_contents_and_the_footers_agree_on_page_numbers(html, printed):
    pages, pdf = printed
    labels = pdf.page_labels
    front = labels.index("1")
    assert labels[:front] == ["i", "ii", "iii", "iv"][:front]
    assert labels[front:] == [str(number) for number in range(1, len(labels) - front + 1)]
    listed = "".join(words(pdf.pages[number]) for number in range(1, front))
    starts = {item.title: pdf.get_destination_page_number(item) for depth, item in leaves(pdf.outline) if depth < 2}
    for title in titles(html, pages):
        number = labels[starts[title]]
        wanted = f"{title}{number}".replace(" ", "")
        assert wanted in listed, title
        assert title.replace(" ", "") in words(pdf.pages[starts[title]]), title


def test_links_lead_within_the_book_or_to_the_web(printed):
    _, pdf = printed
    within = 0
    for page in pdf.pages:
        for note in page.get("/Annots", ()):
            note = note.get_object()
            if "/Dest" in note:
                assert note["/Dest"][0].get_object()["/Type"] == "/Page"
                within += 1
            else:
                assert note["/A"]["/URI"].startswith(("http://", "https://", "mailto:"))
    assert within > 100


def test_the_index_gives_page_numbers(html, printed):
    pages, pdf = printed
    assert pages[-1].docname == "genindex"
    text = pdf.pages[-1].extract_text()
    assert re.search(r"\w, \d+", text)
    assert not re.search(r"\[\d+\]|(Theorem|Proposition|Chapter) \d|Glossary", text)


READ_INDEX = """() => [...document.querySelectorAll('.genindextable li')].map((entry) => [
    entry.innerText.trim(),
    entry.querySelector('a')?.innerText,
    [...entry.querySelectorAll('a')].map((link) => [link.getAttribute('href'), link.querySelector('strong') !== null]),
    [...entry.querySelectorAll('a')].filter((link) => getComputedStyle(link).fontWeight === '700').map((link) => link.innerText),
])"""


def test_the_numbers_of_an_entry_are_in_order_and_each_once_the_main_one_bold(html, tab):
    page = tab.open(html / INDEX).page
    before = page.evaluate(READ_INDEX)
    every = sorted({link for _, _, links, _ in before for link, _ in links}, reverse=True)
    numbers = {link: 5 + at // 3 for at, link in enumerate(every) if at % 7}  # backwards, three on a sheet, some not printed
    page.evaluate(NUMBER_INDEX, numbers)
    repeated = 0
    for (_, name, links, _), (shown, _, _, bold) in zip(before, page.evaluate(READ_INDEX), strict=True):
        told = [numbers[link] for link, _ in links if link in numbers]
        repeated += len(told) > len(set(told)) and told != sorted(told)
        assert shown == ", ".join([name, *map(str, sorted(set(told)))])
        assert bold == [str(numbers[link]) for link, main in links if main and link in numbers]
    assert repeated > 5


def test_numbers_of_equations_stand_at_the_right_edge_and_no_frame_is_torn(html, tab):
    page = tab.open(html / "book/2-adagrad/04-the-adagrad-theorem.html").page
    page.emulate_media(media="print")
    rooms = page.locator("div.math:has(> .eqno)").evaluate_all(
        """(all) => all.map((one) => [
            one.classList.contains('derivation'),
            one.getBoundingClientRect().right - one.querySelector('.eqno').getBoundingClientRect().right,
        ])"""
    )
    assert {derivation for derivation, _ in rooms} == {True, False}
    assert [room for _, room in rooms if abs(room) > 1] == []
    page = tab.open(html / "book/1-sparse-gradients/01-what-sparse-means.html").page
    page.emulate_media(media="print")
    assert page.locator(".explorer").evaluate("(frame) => getComputedStyle(frame).breakInside") == "avoid"


def test_it_says_what_it_is_and_not_when_or_where_it_was_made(html, printed):
    _, pdf = printed
    assert "Adaptive Optimizers" in pdf.metadata.title
    assert pdf.metadata.author == "the lecture_optim authors"
    assert pdf.metadata.creation_date == pdf.metadata.modification_date
    assert pdf.trailer["/Root"]["/Lang"] == "en"
    pdf.stream.seek(0)
    held = pdf.stream.read()
    assert b"file:" not in held
    assert rb"file\072" not in held, "an address of a file, as pypdf writes it"


def test_a_second_printing_is_the_same(html, browser, printed, tmp_path, monkeypatch):
    root = html.parents[1]
    pages = [page for page in printed_pages(root) if page.docname in (SAMPLE[0], SAMPLE[4])]
    other = tmp_path / "another place"
    for name in ("_toc.yml", "CITATION.cff", "book/_static/book.css"):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, other / name)
    shutil.copytree(html, other / "_build/html")
    first = make_pdf(root, pages, lambda line: None, browser).read_bytes()
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    assert make_pdf(other, pages, lambda line: None, browser).read_bytes() == first


def test_of_the_ledger_the_entries_that_do_not_hold_are_printed(html, browser):
    register = claims.load(html.parents[1] / "book/claims")
    bad = [claim for claim in register.claims if claim.verdict in NOT_HOLDING]
    assert all(claim.source for claim in bad)  # of the book's own claims paper has none
    with press(browser) as work:
        sheets = Sheets(work.put(work.load(html / LEDGER), LEDGER, change=(SHORTEN_LEDGER, list(NOT_HOLDING))))
    assert {place for place in sheets.places if place.startswith("claim-")} - {"claim-totals"} == {
        f"claim-{claim.id}" for claim in bad
    }
    text = "".join(words(sheet) for sheet in sheets.reader.pages)
    followed = sum(1 for claim in register.claims if claim.source)
    assert f"Ofthe{followed}claimsofthedocuments,the{len(bad)}that" in text and "Thesitehasallclaims" in text
    assert f"{len(register.select(source='sparse-note'))}claims" in text  # the totals are those of all claims


def test_a_page_s_footers_begin_where_they_are_told(tmp_path, browser):
    with press(browser) as work:
        page = tmp_path / "page.html"
        text = "<article><section id='s'><h1>A title</h1></section></article>"
        page.write_text(f"<!DOCTYPE html><style>@page {{ margin: 20mm }}</style>{text}", encoding="utf-8")
        found = work.put(work.load(page), "page.html", before=41)
    assert (found.title, found.headings) == ("A title", ((1, "A title", "s"),))
    assert "42" in PdfReader(io.BytesIO(found.data)).pages[0].extract_text()


def test_links_to_files_beside_the_book_are_taken_away_and_the_rest_resolved(tmp_path):
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    data = io.BytesIO()
    writer.write(data)
    volume = Volume(tmp_path)
    for name in ("a.html", "sub/b.html"):
        volume.add(Printed(name, name, (), data.getvalue()))
    assert volume.place("b.html#nowhere", "sub/c.html") == (2, None)
    assert volume.place((tmp_path / "a.html").as_uri(), "sub/b.html") == (1, None)
    assert volume.place("#here", "sub/b.html") == (2, None)
    assert volume.place("../x.ipynb", "sub/b.html") is None
    assert volume.place("../../outside.html", "sub/b.html") is None


def test_a_machine_without_a_browser_or_a_site_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("publish.printing.find_browser", lambda: None)
    with pytest.raises(PublishError, match=r"Chromium or Chrome.*BROWSER_PATH"), press():
        pass
    (tmp_path / "CITATION.cff").write_text("title: x\n", encoding="utf-8")
    with pytest.raises(PublishError, match="run `make book` first"):
        make_pdf(tmp_path)
