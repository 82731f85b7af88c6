"""One PDF of the whole book: title, contents with page numbers, every page of the site, the index with page numbers."""

import re
from fnmatch import fnmatch
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader

from publish.binding import Volume
from publish.printing import press
from publish.sources import ROOT, authors, built_site, citation, contents, moment, pdf_path

# The page about downloads speaks of files beside the site, and is in one of them; the checks' source is for machines; what the
# book itself claims stands in its chapters, and holds.
LEFT_OUT = ("book/download", "book/appendix/checks-*", "book/appendix/claims-own")
INDEX = "genindex.html"
LEDGER = "book/appendix/claims.html"

# Gives each entry of the index the numbers of its sheets in place of the names of its places: in their order and each
# once, that of the main place bold. A place that is not printed has none.
NUMBER_INDEX = r"""(numbers) => {
    for (const entry of document.querySelectorAll('.genindextable li')) {
        const links = [...entry.querySelectorAll('a')];
        const name = links[0].textContent;
        const places = new Map();
        for (const link of links) {
            const number = numbers[link.getAttribute('href')];
            const main = link.querySelector('strong') !== null;
            if (number === undefined || (places.has(number) && !main)) continue;
            link.textContent = number;
            if (main) link.style.fontWeight = 'bold';
            places.set(number, link);
        }
        const inOrder = [...places].sort(([one], [other]) => one - other);
        entry.replaceChildren(name, ...inOrder.flatMap(([, link]) => [', ', link]));
    }
}"""

# Leaves of the ledger's table, a hundred sheets, the entries that do not hold, without what the errata say of them, and says so.
SHORTEN_LEDGER = r"""(verdicts) => {
    const rows = [...document.querySelectorAll('table.ledger tbody tr')];
    const left = rows.filter((row) => !verdicts.includes(row.dataset.verdict));
    for (const dropped of [...left, ...document.querySelectorAll('table.ledger .claim-why')]) dropped.remove();
    const words = document.createElement('p');
    const those = `the ${rows.length - left.length} that are ${verdicts.slice(0, -1).join(', ')} or ${verdicts.at(-1)}`;
    words.textContent = `Of the ${rows.length} claims of the documents, ${those} are printed here; the errata say what is ` +
        'wrong with each, and what is right. The site has all claims, and those of this book.';
    document.querySelector('table.ledger').before(words);
}"""
NOT_HOLDING = ("wrong as printed", "misleading", "outdated")


def printed_pages(root=ROOT):
    """The pages of the contents that are printed, in their order."""
    return [page for page in contents(root) if not any(fnmatch(page.docname, pattern) for pattern in LEFT_OUT)]


def make_pdf(root=ROOT, pages=None, say=print, browser=None):
    """Write `_build/pdf/NAME.pdf` from the built site, and return its path.

    pages: those to be printed, `printed_pages` unless told; say: is given a line for each page; browser: one of playwright's that
    runs already, if any.
    Raises PublishError where the site is not built or the machine has no browser.
    """
    html, fields = built_site(root), citation(root)
    pages = pages or printed_pages(root)
    addresses = [f"{page.docname}.html" for page in pages]
    parts = {address: page.part for address, page in zip(addresses, pages, strict=True)}
    target = pdf_path(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    volume = Volume(html)
    with press(browser) as work:
        texts = [address for address in addresses if address != INDEX]
        coming = work.load(html / texts[0])
        for count, address in enumerate(texts, start=1):
            page, coming = coming, work.load(html / texts[count]) if count < len(texts) else None
            change = (SHORTEN_LEDGER, list(NOT_HOLDING)) if address == LEDGER else None
            volume.add(work.put(page, address, before=volume.length, change=change))
            say(f"{count:3} of {len(addresses)}  {address}: to page {volume.length}")
        if INDEX in addresses:
            change = NUMBER_INDEX, _numbers(html / INDEX, volume)
            volume.add(work.put(work.load(html / INDEX), INDEX, before=volume.length, change=change))
            say(f"{len(addresses):3} of {len(addresses)}  {INDEX}: to page {volume.length}")
        front = target.with_name("front.html")
        front.write_text(_front(volume, parts, fields, root), "utf-8")
        matter = work.put(work.load(front), "index.html", style="lower-roman", title=fields["title"].partition(":")[0])
    front.unlink()
    target.write_bytes(volume.bind(matter, parts, fields, moment(fields)))
    return target


def _numbers(index, volume):
    """The number of the sheet to which each link of the built index leads, by the link as it is written."""
    links = {unescape(link) for link in re.findall(r'href="([^"]+)"', index.read_text("utf-8"))}
    places = {link: volume.place(link, INDEX) for link in links if "#" in link and not urlsplit(link).scheme}
    return {link: place[0] for link, place in places.items() if place}


def _front(volume, parts, fields, root):
    """The title page and the contents, a page of their own beside the site."""
    groups = []
    for address, (number, sheets) in volume.body.items():
        if not groups or groups[-1][0] != parts[address]:
            groups.append((parts[address], []))
        groups[-1][1].append((sheets.printed.title, number, (volume.html / address).as_uri()))
    title, _, subtitle = fields["title"].partition(": ")
    surroundings = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    return surroundings.get_template("front.html").render(
        title=title,
        subtitle=subtitle[:1].upper() + subtitle[1:],
        authors=authors(fields),
        version=fields["version"],
        date=f"{fields['date-released']}",
        style=(root / "book" / "_static" / "book.css").as_uri(),
        groups=groups,
    )
