"""Printed pages bound into one PDF: links lead within it, its outline and its page numbers are those of the whole book."""

import io
import time
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from pypdf import PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle
from pypdf.generic import ArrayObject, Fit, NameObject, TextStringObject

from publish.sources import authors

REMOTE = ("http", "https", "mailto")


class Sheets:
    """The sheets of one `Printed` page of the site; `places` maps an id to (index of its sheet, height on it in points)."""

    def __init__(self, printed):
        self.printed = printed
        self.reader = PdfReader(io.BytesIO(printed.data))
        index = {page.indirect_reference.idnum: number for number, page in enumerate(self.reader.pages)}
        self.places = {
            unquote(name.removeprefix("/")): (index[place.raw_get("/Page").idnum], float(place.top))
            for name, place in self.reader.named_destinations.items()
        }

    def __len__(self):
        return len(self.reader.pages)


class Volume:
    """A growing book of the pages of the site in the folder `html`. Its sheets are numbered from 1; front matter comes last."""

    def __init__(self, html):
        self.html = html.resolve()
        self.body = {}  # address of a page in the site -> (number of its first sheet, Sheets)
        self.length = 0

    def add(self, printed):
        """Append a page of the site, whose first sheet is number `length` + 1."""
        sheets = Sheets(printed)
        self.body[printed.address] = self.length + 1, sheets
        self.length += len(sheets)

    def place(self, uri, base):
        """(number of the sheet, height on it or None) to which a link leads from the page at address `base`.

        None where the link leads to what the book does not hold.
        """
        address, anchor = urldefrag(uri)
        path = Path(unquote(urlsplit(address).path)) if address else self.html / base
        path = (self.html / base).parent / path
        if not path.resolve().is_relative_to(self.html):
            return None
        first, sheets = self.body.get(path.resolve().relative_to(self.html).as_posix(), (None, None))
        if sheets is None:
            return None
        sheet, height = sheets.places.get(unquote(anchor), (0, None))
        return first + sheet, height

    def bind(self, front, parts, fields, moment):
        """The bytes of the whole: `front`, a `Printed` with roman numbers, then the body.

        parts: maps an address to the caption of its part; fields: those of CITATION.cff; moment: the date that the file bears.
        """
        writer, front = PdfWriter(), Sheets(front)
        for sheets in (front, *(sheets for _, sheets in self.body.values())):
            for page in sheets.reader.pages:
                writer.add_page(page)
        self._lead_links(writer, front, 0, len(front))
        for first, sheets in self.body.values():
            self._lead_links(writer, sheets, len(front) + first - 1, len(front))
        self._outline(writer, parts, len(front))
        writer.set_page_label(0, len(front) - 1, style=PageLabelStyle.LOWERCASE_ROMAN)
        writer.set_page_label(len(front), len(front) + self.length - 1, style=PageLabelStyle.DECIMAL, start=1)
        writer.page_mode = "/UseOutlines"
        writer.root_object[NameObject("/Lang")] = TextStringObject("en")
        writer.create_viewer_preferences().display_doctitle = True
        date = time.strftime("D:%Y%m%d%H%M%SZ", moment)
        writer.metadata = {
            "/Title": fields["title"],
            "/Author": authors(fields),
            "/Keywords": ", ".join(fields.get("keywords", ())),
            "/Creator": f"lecture_optim {fields['version']}",
            "/Producer": "Chromium and pypdf",
            "/CreationDate": date,
            "/ModDate": date,
        }
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    def _lead_links(self, writer, sheets, start, before):
        """Make the links on the sheets from index `start` on lead within the book; take away those to files beside it.

        before: the number of sheets of the front matter.
        """
        for page in writer.pages[start : start + len(sheets)]:
            kept = ArrayObject()
            for reference in page.get("/Annots", ()):
                note = reference.get_object()
                if "/Dest" in note:
                    sheet, height = sheets.places[unquote(str(note["/Dest"]).removeprefix("/"))]
                    target = start + sheet, height
                elif urlsplit(uri := str(note["/A"]["/URI"])).scheme in REMOTE:
                    target = None
                elif found := self.place(uri, sheets.printed.address):
                    target = before + found[0] - 1, found[1]
                else:
                    note.pop("/A")  # it names this machine's folders, and the file keeps what no page uses
                    continue
                if target:
                    note.pop("/A", None)
                    sheet, height = target
                    fit = Fit.xyz(top=height) if height is not None else Fit.fit_horizontally()
                    note[NameObject("/Dest")] = ArrayObject(
                        [writer.pages[sheet].indirect_reference, NameObject(fit.fit_type), *fit.fit_args]
                    )
                kept.append(reference)
            if kept:
                page[NameObject("/Annots")] = kept
            else:
                page.pop("/Annots", None)

    def _outline(self, writer, parts, before):
        """Write parts, their chapters, and the chapters' sections and subsections."""
        part, caption = None, ""
        for address, (first, sheets) in self.body.items():
            if parts.get(address) != caption:
                caption = parts.get(address)
                part = writer.add_outline_item(title=caption, page_number=before + first - 1, bold=True) if caption else None
            above = {0: part}
            for level, words, anchor in sheets.printed.headings:
                sheet, height = sheets.places.get(anchor, (0, None))
                parent = above[max(depth for depth in above if depth < level)]
                fit = Fit.xyz(top=height) if height is not None and level > 1 else Fit.fit_horizontally()
                item = writer.add_outline_item(
                    title=words, page_number=before + first + sheet - 1, parent=parent, fit=fit, is_open=False
                )
                above = {depth: node for depth, node in above.items() if depth < level} | {level: item}
