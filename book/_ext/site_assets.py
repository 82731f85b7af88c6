"""The site's files: every page is made anew when the book's own frame changes, and what no page needs is left out.

``fontawesome.js`` (1.5 MB) draws the icons that the theme's web font draws already; ``_templates/static/webpack-macros.html``
keeps pages from loading it. Source maps (3.5 MB) serve the theme's own developers, and its translations (0.7 MB) are read
while the site is built, as are its macros. The logos are those of services that this site does not ask, and what the copy
buttons show and do is written into their script. Nor does Sphinx take away what an earlier build left: a figure that looks
otherwise now, a page that the book has no longer.
"""

import hashlib
import shutil
from functools import partial
from pathlib import Path

OWN = ("_ext", "_static", "_templates")
UNUSED = (
    "*.map",
    "*webpack-macros.html",
    "scripts/fontawesome.js",
    "scripts/fontawesome.js.LICENSE.txt",
    "images/logo_*",
    "copybutton_funcs.js",
    "copy-button.svg",
    "check-solid.svg",
)


def outdated_by_assets(app, env, added, changed, removed):
    """Name every page if a file of the frame changed since the last build; Sphinx itself looks at the pages' texts only."""
    files = [path for folder in OWN for path in Path(app.srcdir, "book", folder).rglob("*") if path.suffix != ".pyc"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files) if path.is_file())).hexdigest()
    last, env.frame_digest = getattr(env, "frame_digest", digest), digest
    return [] if last == digest else env.found_docs


def remove_unused(app, exception):
    """Delete the unused files after Sphinx has copied the theme's static folders; there is no hook before that."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for pattern in UNUSED:
        for path in static.rglob(pattern):
            path.unlink()
    shutil.rmtree(static / "locales", ignore_errors=True)


def remove_stale(app, exception, written):
    """Delete the pages, texts and images of an earlier build; `written` has the names of the pages that this one wrote.

    A build that finds nothing changed writes no page, and leaves the site as it is.
    """
    if exception is not None or app.builder.format != "html" or not written:
        return
    env, out = app.env, Path(app.outdir)
    pages = {f"{page}.html" for page in env.found_docs | written}
    texts = {f"_sources/{env.doc2path(page, base=False)}" for page in env.found_docs}
    images = {f"_images/{name}" for _, name in env.images.values()}
    found = (out.glob(pattern) for pattern in ("*.html", "[!_]*/**/*.html", "_sources/**/*.*", "_images/*"))
    for path in set().union(*found) - {out / name for name in pages | texts | images}:
        path.unlink()


def setup(app):
    """Connect the steps to Sphinx."""
    written = set()  # the index of words and other pages without a text are written by every build
    app.connect("env-get-outdated", outdated_by_assets)
    app.connect("html-page-context", lambda app, page, *_: written.add(page))
    app.connect("build-finished", remove_unused)
    app.connect("build-finished", partial(remove_stale, written=written))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
