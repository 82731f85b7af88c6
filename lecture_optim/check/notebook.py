"""A notebook, read without trusting any of it: bytes to the text of code cells and of essays.

One reader serves a reader alone and a class, so that both find the same answers in the same file and say the same of a damaged
one. A notebook passes through many hands (Colab, mail, merges, converters), and nothing of it is needed but the text of its cells
in their order. What can be read in one way only is read; where a part of a code cell may be lost, NotebookError says so, as
grading what is left would give a silent 0.
"""

import codecs
import json
import os
import re
import stat
from dataclasses import dataclass, field

__all__ = ["Notebook", "NotebookError", "contents", "read"]

MOST_BYTES = 64 * 2**20  # plots can be large
MOST_CELLS = 5_000
MOST_TEXT = 4 * 2**20  # characters of code and essays
MOST_PARTS = 500_000  # opening brackets: each costs the reader an object, of many times its size in the file
LONGEST_ID = 80
MARKER = re.compile(r"<!--\s*essay:\s*([A-Za-z0-9_-]{1,40})\s*-->")
OPENED = re.compile(r"""open_assignment\(\s*["']([^"'\s]{1,80})["']""")
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
PROSE = ("markdown", "raw", "heading", "html", "text")


class NotebookError(ValueError):
    """The file cannot be read as a notebook; the text is the reason, as a student may read it, so without a path."""


@dataclass(frozen=True)
class Notebook:
    """The code cells in order, and the essays by question id: the text under the marker comment, which may be "".

    assignment: the id of the one that the notebook says it answers, in its metadata or else in the one call of `open_assignment`;
    None where it says nothing, or names several.
    """

    cells: list
    essays: dict = field(default_factory=dict)
    assignment: str | None = None


def contents(path, *, follow):
    """The bytes of a file. follow: also through a link, as only the owner of the files may ask for. Raises NotebookError."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not follow:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        fd = os.open(path, flags)
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise NotebookError("it is not a file")
            if found.st_size > MOST_BYTES:
                raise NotebookError(f"the file has more than {MOST_BYTES} bytes: clear the outputs and hand it in again")
            with open(fd, "rb", closefd=False) as file:
                return file.read(MOST_BYTES + 1)
        finally:
            os.close(fd)
    except OSError as error:
        raise NotebookError(f"the file cannot be read: {error.strerror}") from None


def read(data, asked=None):
    """The `Notebook` of the bytes of an .ipynb file. Raises NotebookError, and nothing else, where they cannot be read.

    asked: the id of the assignment that it should answer; a notebook that names another one is refused too. One that names none,
    as a program may have lost its metadata, is read.
    """
    if not isinstance(data, bytes):
        raise TypeError(f"a notebook is read from bytes, not from {type(data).__name__}")
    if not data.strip(b"\0 \t\r\n"):
        raise NotebookError("the file is empty")
    if len(data) > MOST_BYTES:
        raise NotebookError(f"the file has more than {MOST_BYTES} bytes: clear the outputs and hand it in again")
    if data.count(b"{") + data.count(b"[") > MOST_PARTS:
        raise NotebookError(f"the file has more than {MOST_PARTS} brackets, and no notebook needs them: clear the outputs")
    try:
        root = json.loads(_text(data))
    except RecursionError:
        raise NotebookError("the file is nested deeper than any notebook") from None
    except ValueError as error:
        what = "is cut off or damaged" if data.lstrip()[:1] in b"{\xef\xff\xfe" else "is not a notebook"
        raise NotebookError(f"the file {what}: it is not JSON ({str(error)[:80]})") from None
    code, essays = [], {}
    for number, cell in enumerate(_cells(root), 1):
        kind, text = _cell(cell, number)
        if kind == "code":
            code.append(text)
        else:
            _collect(text, essays)
    if not any(text.strip() for text in code):
        raise NotebookError("the notebook has no code")
    if sum(map(len, code)) + sum(len(text) for parts in essays.values() for text in parts) > MOST_TEXT:
        raise NotebookError(f"the notebook has more than {MOST_TEXT} characters of code and essays")
    joined = {id: "\n\n".join(filter(None, parts)) for id, parts in essays.items()}
    named = _assignment(root, code)
    if asked is not None and named not in (asked, None):
        raise NotebookError(f"this is the notebook of the assignment {named!r}, and {asked!r} is asked for")
    return Notebook(code, joined, named)


def _text(data):
    """The characters of a JSON file in any Unicode encoding. A byte that is wrong in UTF-8 becomes the character for that."""
    encoding = next((name for mark, name in MARKS if data.startswith(mark)), None) or json.detect_encoding(data)
    return data.decode(encoding, "replace" if encoding.startswith("utf-8") else "strict")


def _cells(root):
    """The list of cells, of the format 4 or 3, whatever number the file gives itself."""
    if not isinstance(root, dict):
        raise NotebookError("the file is JSON, but not a notebook")
    cells = root.get("cells")
    if cells is None and "worksheets" in root:
        sheets = root["worksheets"]
        if not isinstance(sheets, list) or not all(isinstance(s, dict) and isinstance(s.get("cells", []), list) for s in sheets):
            raise NotebookError("the worksheets of the notebook cannot be read")
        cells = [cell for sheet in sheets for cell in sheet.get("cells", [])]
    if not isinstance(cells, list):
        raise NotebookError("the file has no list of cells")
    if len(cells) > MOST_CELLS:
        raise NotebookError(f"the notebook has {len(cells)} cells, more than {MOST_CELLS}")
    return cells


def _cell(cell, number):
    """The kind, "code" or another, and the text of one cell."""
    if not isinstance(cell, dict):
        raise NotebookError(f"cell {number} is not a cell")
    kind = cell.get("cell_type")
    if not isinstance(kind, str):
        if not {"outputs", "execution_count", "prompt_number"} & cell.keys():
            raise NotebookError(f"cell {number} does not say whether it is code or text")
        kind = "code"
    kind = kind.strip().lower()
    if kind != "code" and kind not in PROSE:
        raise NotebookError(f"cell {number} is of the unknown kind {kind[:40]!r}")
    source = cell["source"] if "source" in cell else cell.get("input")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        # The lines end with their line break, unless a tool has cut it off all of them.
        cut = len(source) > 1 and not any(line.endswith(("\n", "\r")) for line in source[:-1])
        source = ("\n" if cut else "").join(source)
    if not isinstance(source, str):
        if kind != "code":
            source = ""
        else:
            raise NotebookError(f"the text of code cell {number} is missing or damaged")
    return kind, source.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")


def _collect(text, essays):
    """Add the essays of one text cell: what follows each marker, up to the next. A copy of a cell adds nothing."""
    pieces = MARKER.split(text)
    for id, essay in zip(pieces[1::2], pieces[2::2], strict=True):
        essays.setdefault(id, {})[essay.strip()] = None


def _assignment(root, code):
    """The id of the assignment that a notebook names, or None: by its metadata, which a program may have lost, or its code."""
    known = root.get("metadata")
    known = known.get("lecture_optim") if isinstance(known, dict) else None
    id = known.get("assignment") if isinstance(known, dict) else None
    if isinstance(id, str) and len(id) <= LONGEST_ID:
        return id
    opened = {found for text in code for found in OPENED.findall(text)}
    return opened.pop() if len(opened) == 1 else None
