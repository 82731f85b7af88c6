"""axe-core finds nothing on any page: light, dark, and on a narrow screen, with everything opened that can be opened.

On CI it sees every page; elsewhere one of each kind, as all of them take minutes.
"""

import pytest

from ..conftest import ON_CI
from . import checks
from .visit import NARROW, WIDE, pages

ONE_OF_EACH_KIND = {
    "book/index.html",
    "book/notation.html",
    "book/checked-mathematics.html",
    "book/1-sparse-gradients/02-where-sparsity-comes-from.html",
    "book/4-convergence/01-when-signs-mislead.html",
    "book/exercises/warm-up.html",
    "book/appendix/bibliography.html",
    "book/appendix/claims.html",
    "book/appendix/errata.html",
    "book/appendix/checks-package.html",
    "book/appendix/glossary.html",
    "book/appendix/api.html",
    "book/teach.html",
    "genindex.html",
    "search.html",
}
MODES = {"light": (WIDE, "light"), "dark": (WIDE, "dark"), "narrow": (NARROW, "light")}


def swept(html):
    """The pages that this run looks at."""
    found = [path for path in pages(html) if ON_CI or path.relative_to(html).as_posix() in ONE_OF_EACH_KIND]
    assert len(found) >= len(ONE_OF_EACH_KIND)
    return found


@pytest.fixture(scope="module")
def findings(html, open_window):
    """What axe finds on every page, by mode."""
    window, found = open_window(reduced_motion="reduce"), {mode: [] for mode in MODES}
    for path in swept(html):
        page = window.open(path).page
        checks.open_folds(page)
        checks.thin_entries(page)
        checks.thin_code(page)
        checks.thin_formulas(page)
        for mode, (viewport, scheme) in MODES.items():
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=scheme)
            page.wait_for_selector(f"html[data-theme={scheme}]")
            page.wait_for_timeout(400)  # the theme makes scrolling boxes reachable 300 ms after a change of size
            found[mode] += [f"{path.relative_to(html)}: {problem}" for problem in checks.accessibility(page)]
        page.close()
    return found


@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_nothing(findings, mode):
    assert not findings[mode], "\n".join(["", *findings[mode]])
