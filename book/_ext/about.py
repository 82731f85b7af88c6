"""The directives ``{citation}`` and ``{downloads}``: how the book is cited, from CITATION.cff, and what can be taken away.

The PDF and the zip are made of the built site, so the site cannot link to them until they exist. `make site` builds the pages,
makes both, and builds once more with OFFER_DOWNLOADS=1: then the page of downloads links to them, and only then. A copy that
comes out of the zip was packed before, and says how to make them.
"""

import os
import shutil
from pathlib import Path

from docutils import nodes
from publish.sources import PublishError, authors, citation, pdf_path, zip_path
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

DOWNLOADS = "_downloads/book"  # in the built site
OFFERS = ((pdf_path, "The whole book as one PDF"), (zip_path, "The site as one zip, to be read without a network"))
logger = logging.getLogger(__name__)


class Citation(SphinxDirective):
    """How to cite the book: a sentence, and an entry for BibTeX."""

    def run(self):
        """The nodes; an error of the page where CITATION.cff lacks a field."""
        try:
            fields = citation(Path(self.env.srcdir))
        except (OSError, PublishError) as error:
            raise self.error(str(error)) from None
        self.env.note_dependency("CITATION.cff")
        year, who = str(fields["date-released"])[:4], authors(fields)
        entry = "\n".join(
            (
                "@book{adaptive-optimizers-checked,",
                f"  title   = {{{fields['title']}}},",
                f"  author  = {{{{{who}}}}},",
                f"  year    = {{{year}}},",
                f"  note    = {{Version {fields['version']}}},",
                "}",
            )
        )
        sentence = nodes.paragraph("", f"{who[0].upper()}{who[1:]} ({year}). ")
        sentence += [nodes.emphasis("", fields["title"]), nodes.Text(f". Version {fields['version']}.")]
        return [sentence, nodes.literal_block(entry, entry, language="bibtex")]


class Downloads(SphinxDirective):
    """Links to the PDF and the zip where this build offers them; otherwise how they are made."""

    def run(self):
        """The nodes; an error of the page where one of the files that the build is to offer does not exist."""
        root = Path(self.env.srcdir)
        if not self.config.offer_downloads:
            return self.parse_text_to_nodes(
                "This copy of the site has neither the PDF nor the zip: both are made of pages that are finished. To have them, "
                "run a command in the folder of the book's repository. `make site` makes both, and the site again with links to "
                "them in this place; `make pdf` and `make zip` make one each, in `_build/pdf/` and `_build/zip/`."
            )
        items = nodes.bullet_list(bullet="*")
        for path_of, words in OFFERS:
            file = path_of(root)
            if not file.is_file():
                raise self.error(f"{file.relative_to(root)} is to be offered for download, but it is not there: run `make site`")
            uri = os.path.relpath(f"{DOWNLOADS}/{file.name}", Path(self.env.docname).parent).replace(os.sep, "/")
            link = nodes.reference("", words, refuri=uri, internal=False)
            items += nodes.list_item("", nodes.paragraph("", "", link, nodes.Text(f" ({file.stat().st_size / 1e6:.1f} MB)")))
        return [items]


def put_downloads(app, exception):
    """Copy the offered files into the built site; take away those of an earlier build that are no longer offered."""
    if exception is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir, DOWNLOADS)
    shutil.rmtree(folder, ignore_errors=True)
    if not app.config.offer_downloads:
        return
    folder.mkdir(parents=True)
    for path_of, _ in OFFERS:
        if (file := path_of(Path(app.srcdir))).is_file():
            shutil.copyfile(file, folder / file.name)


def reread_downloads(app, env, added, changed, removed):
    """Name the page of downloads if what it offers may have changed since it was read."""
    page = app.config.downloads_page
    now = None
    if app.config.offer_downloads:
        files = [path_of(Path(app.srcdir)) for path_of, _ in OFFERS]
        now = [file.stat().st_size if file.is_file() else None for file in files]
    last, env.offered_downloads = getattr(env, "offered_downloads", None), now
    return [page] if last != now and page in env.found_docs else []


def setup(app):
    """Register the directives and the downloads."""
    app.add_config_value("offer_downloads", os.environ.get("OFFER_DOWNLOADS", "") == "1", "", bool)
    app.add_config_value("downloads_page", "book/download", "", str)
    app.add_directive("citation", Citation)
    app.add_directive("downloads", Downloads)
    app.connect("env-get-outdated", reread_downloads)
    app.connect("build-finished", put_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
