"""Open built pages from ``file://`` in an offline browser, and write down what goes wrong on the way."""

from dataclasses import dataclass, field
from pathlib import Path

from publish.browser import READY

WIDE = {"width": 1200, "height": 900}  # as narrow as a window with a column at either side of the text gets
NARROW = {"width": 390, "height": 844}


def pages(html):
    """Every page of a built site, in the order of their paths; a page that only sends on to another one is left out."""
    found = [path for path in sorted(html.rglob("*.html")) if "_static" not in path.relative_to(html).parts]
    return [path for path in found if 'http-equiv="refresh"' not in path.read_text(encoding="utf-8").lower()]


@dataclass
class Visit:
    """A page that is open, and the problems met while it loaded, a sentence each."""

    page: object
    path: Path
    problems: list = field(default_factory=list)


class Visitor:
    """Opens pages one after the other in one offline window; `scheme` is "light" or "dark"."""

    def __init__(self, browser, viewport=WIDE, scheme="light", **options):
        self.context = browser.new_context(viewport=viewport, color_scheme=scheme, offline=True, **options)
        self.context.on("request", self._asked)  # answering each would cost a tenth of a visit
        self.problems = []

    def _asked(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.problems.append(f"asks the network for {request.url}")

    def _console(self, message):
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def open(self, path):
        """Open the file at `path`, wait until formulas and fonts are there, and return the Visit."""
        return self._load(self._new_page(), path)

    def _new_page(self):
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on("requestfailed", lambda request: self.problems.append(f"failed to load {request.url}"))
        return page

    def _load(self, page, path, query=""):
        self.problems = []
        page.goto(f"{path.as_uri()}{query}", wait_until="load")
        page.evaluate(READY)
        return Visit(page, path, self.problems)

    def close(self):
        """Close the window and every page in it."""
        self.context.close()


class Tab(Visitor):
    """A window with one tab, in which each page takes the place of the last one and finds nothing of it.

    A page in a new tab costs the browser a process, several times what the page itself costs.
    """

    def __init__(self, browser):
        super().__init__(browser)
        self.page = self._new_page()

    def open(self, path, viewport=WIDE, scheme="light", reduced_motion="no-preference", forced_colors="none", query=""):
        """Open the file at `path` as in a new window of this kind, and return the Visit."""
        if self.page.url.startswith("file:"):
            self.page.evaluate("() => [localStorage, sessionStorage].forEach((storage) => storage.clear())")
        self.page.goto("about:blank")  # what goes wrong until then is the last page's
        self.page.mouse.up()
        self.page.set_viewport_size(viewport)
        self.page.emulate_media(media="null", color_scheme=scheme, reduced_motion=reduced_motion, forced_colors=forced_colors)
        return self._load(self.page, path, query)
