"""Pages of the site as PDF, printed by the browser that a reader would print them with."""

from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import sync_playwright

from publish.browser import ARGUMENTS, READY, find_browser
from publish.sources import PublishError

# Every place that other pages may lead to becomes a named destination, for the browser writes one for what is linked to.
MARK_PLACES = """() => {
    const marks = document.createElement('nav');
    marks.hidden = true;
    for (const place of document.querySelectorAll('article [id]')) {
        const mark = document.createElement('a');
        mark.href = '#' + encodeURIComponent(place.id);
        marks.append(mark);
    }
    document.body.append(marks);
}"""

# Where a heading does not fit onto the last lines of a sheet, its section begins before it; what leads to the section shall
# lead to the heading.
MOVE_PLACES_TO_HEADINGS = """() => {
    for (const section of document.querySelectorAll('article section[id]')) {
        const heading = section.querySelector(':scope > :is(h1, h2, h3, h4, h5, h6)');
        if (!heading || heading.id) continue;
        while (heading.previousElementSibling) heading.prepend(heading.previousElementSibling);
        const id = section.id;
        section.removeAttribute('id');
        heading.id = id;
    }
}"""

# The outline of a page: level, words and id of each heading; a formula in it is read as screens are read to.
READ_HEADINGS = r"""() => [...document.querySelectorAll('article :is(h1, h2, h3)')].map((heading) => {
    const copy = heading.cloneNode(true);
    for (const math of copy.querySelectorAll('.math')) {
        math.replaceWith(math.querySelector('mjx-assistive-mml')?.textContent ?? math.textContent);
    }
    for (const mark of copy.querySelectorAll('.headerlink')) mark.remove();
    const words = copy.textContent.normalize('NFKC').replace(/\s+/g, ' ').trim();
    return [Number(heading.tagName[1]), words, heading.id || (heading.closest('section')?.id ?? '')];
})"""

# What formulas hold for screen readers: half of a long page's elements, and nothing that is printed.
DROP_SPOKEN = "() => document.querySelectorAll('mjx-assistive-mml').forEach((spoken) => spoken.remove())"

# Lays the page out from nothing: what was laid out bit by bit, as it loaded, may differ from that by a sixteenth of a pixel.
LAY_OUT_ANEW = """() => {
    document.body.style.display = 'none';
    void document.body.offsetHeight;
    document.body.style.display = '';
    void document.body.offsetHeight;
}"""

# Footers stand in the margin of the sheet. A string in CSS is quoted as in JSON but for its line ends, which titles have not.
SHEET = """html {{ counter-reset: page {before}; }}
@page {{
    @bottom-left {{ content: {title}; }}
    @bottom-right {{ content: counter(page{style}); }}
}}"""


@dataclass(frozen=True)
class Printed:
    """A page of the site on paper: its address in the site, its title, its headings (level, words, id), the PDF's bytes."""

    address: str
    title: str
    headings: tuple
    data: bytes


def quoted(text):
    """A string of CSS."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Press:
    """Prints pages, one after the other; while one is printed the next may already load."""

    def __init__(self, browser):
        # Offline: the site asks for nothing, and nothing that it might ask for would be in the book.
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light", offline=True)

    def load(self, path):
        """Begin to load the file at `path`; the result is to be given to `put`."""
        page = self.context.new_page()
        page.goto(path.as_uri(), wait_until="commit")
        return page

    def put(self, page, address, before=0, style="", title=None, change=None):
        """Print a loading page as a `Printed` and close it.

        before: the number of the sheet before its first one; style: how numbers look, as ``lower-roman``; title: what its
        footers say, its own title unless told; change: a script and its argument, to be run in the page before anything else.
        """
        page.wait_for_load_state("load")
        if change:
            page.evaluate(*change)
        page.evaluate(READY)
        page.evaluate(MOVE_PLACES_TO_HEADINGS)
        page.evaluate(MARK_PLACES)
        headings = tuple(map(tuple, page.evaluate(READ_HEADINGS)))
        page.evaluate(DROP_SPOKEN)
        if title is None:
            title = next((words for level, words, _ in headings if level == 1), page.title())
        page.add_style_tag(content=SHEET.format(before=before, style=style and f", {style}", title=quoted(title)))
        page.evaluate(LAY_OUT_ANEW)
        data = page.pdf(prefer_css_page_size=True, print_background=True)
        page.close()
        return Printed(address, title, headings, data)


@contextmanager
def press(browser=None):
    """A `Press` for as long as the block lasts, in a browser that runs already or in one of its own.

    Raises PublishError where the machine has none.
    """
    if browser is not None:
        yield Press(browser)
        return
    if (path := find_browser()) is None:
        raise PublishError("a PDF is printed by Chromium or Chrome, and none was found: install one, or set BROWSER_PATH to it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield Press(browser)
        finally:
            browser.close()
