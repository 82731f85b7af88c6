"""What is known of the book beside its pages: the order of its contents, who made it, its version, its date."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import yaml
from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).resolve().parents[2]


class PublishError(Exception):
    """What keeps a command from its work, said to the person at the keyboard, with the mend."""


@dataclass(frozen=True)
class Page:
    """A page in the contents: the name of its document, and the caption of its part ("" for the landing page)."""

    docname: str
    part: str


def contents(root=ROOT):
    """The pages in the order of `_toc.yml`, the landing page first."""
    toc = parse_toc_yaml(root / "_toc.yml")
    pages = [Page(toc.root.docname, "")]
    for part in toc.root.subtrees:
        pages += [Page(str(item), part.caption or "") for item in part.items]
    return pages


def citation(root=ROOT):
    """The fields of CITATION.cff, as a mapping; PublishError where one that the book needs is missing."""
    fields = yaml.safe_load((root / "CITATION.cff").read_text("utf-8"))
    if missing := [name for name in ("title", "version", "date-released", "authors", "license") if not fields.get(name)]:
        raise PublishError(f"CITATION.cff lacks {', '.join(missing)}: add it, the PDF and the citation page print it")
    return fields


def authors(fields):
    """The authors of CITATION.cff in one line."""
    return ", ".join(one.get("name") or f"{one['given-names']} {one['family-names']}" for one in fields["authors"])


def file_name(fields):
    """The name, without suffix, of what the reader downloads."""
    return f"adaptive-optimizers-checked-{fields['version']}"


def pdf_path(root=ROOT):
    """Where the PDF of the whole book is written."""
    return root / "_build" / "pdf" / f"{file_name(citation(root))}.pdf"


def zip_path(root=ROOT):
    """Where the zip of the site is written."""
    return root / "_build" / "zip" / f"{file_name(citation(root))}.zip"


def moment(fields):
    """The fixed moment that stands in place of the time of making: SOURCE_DATE_EPOCH, else the release's date; UTC."""
    if (epoch := os.environ.get("SOURCE_DATE_EPOCH")) is not None:
        if not epoch.isdecimal():
            raise PublishError(f"SOURCE_DATE_EPOCH must be a whole number of seconds, but is {epoch!r}")
        return time.gmtime(int(epoch))
    return time.strptime(str(fields["date-released"]), "%Y-%m-%d")


def built_site(root=ROOT):
    """The folder of the built pages; PublishError where there is none."""
    html = root / "_build" / "html"
    if not (html / "index.html").is_file():
        raise PublishError(f"there is no site in {html.relative_to(root)}: run `make book` first")
    return html
