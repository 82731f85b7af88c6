"""What must hold for every stored notebook; each guard takes a page and returns its findings, one sentence each."""

import base64
import io
import re
import statistics
from dataclasses import dataclass

from nbformat import NotebookNode

# Whoever reads can always open the code; a tag that hides it for good or switches a check off is not among them.
ALLOWED_TAGS = {"hide-input", "hide-output", "hide-cell"}
LONGEST_CELL = 25
LONGEST_LINE = 90  # characters; what the page is wide enough for on most screens
LONGEST_MEDIAN = 6
LONGEST_CAPTION = 6  # words
SHORTEST_ALT = 5  # words

MACHINE = re.compile(
    r"/(?:home|root|tmp|Users)/|\b[C-E]:\\(?:Users|Windows|Program|Temp)|site-packages"  # files
    r"|\b0x[0-9a-fA-F]{6,}\b"  # addresses of objects
    r"|https?://(?:localhost|127\.0\.0\.1)"
)
OPENING = re.compile(r"^(?P<colons>:{3,})\{admonition\} \S.*\n:class: opening\n(?P<body>(?:.*\n)*?)(?P=colons)$", re.MULTILINE)
PARTS_OF_OPENING = ("**Objectives.**", "**Prerequisites.**", "**Time.**")


@dataclass(frozen=True)
class Page:
    """A notebook and its name, the path below folder `book` without suffix; `root` is the repository's own path."""

    name: str
    notebook: NotebookNode
    root: str = ""

    @property
    def is_chapter(self):
        """Whether it stands in a numbered part, and so has a chapter's opening and closing."""
        return self.name[0].isdigit() and "/" in self.name

    @property
    def code(self):
        """The (number, cell) of its code cells; the first is number 1."""
        return list(enumerate((c for c in self.notebook.cells if c.cell_type == "code"), start=1))

    @property
    def prose(self):
        """All its Markdown as one text, without what stands in backtick fences."""
        text = "\n\n".join(c.source for c in self.notebook.cells if c.cell_type == "markdown")
        return re.sub(r"^(`{3,})[^\n]*\n.*?^\1`*$", "", text, flags=re.MULTILINE | re.DOTALL)


def strings(thing):
    """Every string inside nested dictionaries and lists, images left out."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict):
        for key, value in thing.items():
            if "image/" not in key or key == "image/svg+xml":
                yield from strings(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from strings(value)


def images(cell):
    """(type, data) of the images among a cell's outputs."""
    return [(kind, data) for out in cell.outputs for kind, data in out.get("data", {}).items() if "image/" in kind]


def every_cell_was_run(page):
    """No code cell is empty, and the execution counts are 1 to n in order."""
    found = [f"code cell {n} is empty" for n, cell in page.code if not cell.source.strip()]
    found += [f"code cell {n} has execution count {cell.execution_count}" for n, cell in page.code if cell.execution_count != n]
    return found


def outputs_are_clean(page):
    """No stored error, nothing on stderr (warnings, progress bars), no widget."""
    found = []
    for n, cell in page.code:
        for out in cell.outputs:
            if out.output_type == "error":
                found.append(f"code cell {n} stored an error, {out.ename}")
            if out.get("name") == "stderr":
                found.append(f"code cell {n} wrote to stderr: {''.join(out.text)[:60]!r}")
            if any("widget" in kind for kind in out.get("data", {})):
                found.append(f"code cell {n} stored a widget, which a static page cannot show")
    return found


def nothing_of_the_machine(page):
    """Neither sources nor outputs name a folder of some machine, the address of an object, or a local server."""
    patterns = [MACHINE, re.compile(re.escape(page.root) + r"\b")] if page.root.count("/") > 1 else [MACHINE]
    found = []
    for n, cell in enumerate(page.notebook.cells, start=1):
        hits = {match.group() for text in strings(cell) for pattern in patterns for match in pattern.finditer(text)}
        found += [f"cell {n} (of all kinds) holds {hit!r}" for hit in sorted(hits)]
    return found


def tags_are_allowed(page):
    """Code cells have only tags that leave the code within reach and every check on."""
    found = []
    for n, cell in page.code:
        found += [f"code cell {n} has the tag {tag!r}" for tag in cell.metadata.get("tags", []) if tag not in ALLOWED_TAGS]
        if re.search(r"#\s*(?:NBVAL_|PYTEST_VALIDATE)", cell.source):
            found.append(f"code cell {n} switches a check off by a comment")
    return found


def cells_are_short(page):
    """No code cell is long or has a long line, and in a chapter most are short."""
    cells = [cell.source.splitlines() for _, cell in page.code]
    lengths, widths = [len(lines) for lines in cells], [max(map(len, lines), default=0) for lines in cells]
    found = [f"code cell {n} has {m} lines, more than {LONGEST_CELL}" for n, m in enumerate(lengths, 1) if m > LONGEST_CELL]
    wide = [(n, m) for n, m in enumerate(widths, 1) if m > LONGEST_LINE]
    found += [f"code cell {n} has a line of {m} characters, more than {LONGEST_LINE}" for n, m in wide]
    if page.is_chapter and lengths and statistics.median(lengths) > LONGEST_MEDIAN:
        found.append(f"the median code cell has {statistics.median(lengths)} lines, more than {LONGEST_MEDIAN}")
    return found


def all_code_is_run(page):
    """Python code stands in code cells at the top level, never in the prose or inside a directive."""
    found = []
    for n, cell in enumerate(page.notebook.cells, start=1):
        if cell.cell_type != "markdown":
            continue
        if re.search(
            r"\{code-cell\}|^[`~:]{3,}\s*(?:python|ipython3?|\{code(?:-block)?\}\s*python)\b", cell.source, re.MULTILINE
        ):
            found.append(f"cell {n} (of all kinds) shows Python code that is never run")
        depth = 0
        for line in cell.source.splitlines():
            depth += bool(re.match(r":{3,}\{", line)) - bool(re.match(r":{3,}\s*$", line))
        if depth:
            found.append(f"cell {n} (of all kinds) does not close its ::: directive; a code cell cannot stand inside one")
    return found


def figures_are_described(page):
    """A cell with an image has one, readable and not blank, with an alt sentence, a short caption and a name."""
    found = []
    for n, cell in page.code:
        options = cell.metadata.get("mystnb", {})
        alt, figure = options.get("image", {}).get("alt"), options.get("figure", {})
        shown = images(cell)
        if not shown:
            found += [f"code cell {n} describes a figure that it does not show"] if alt or figure else []
            continue
        found += [f"code cell {n} shows {len(shown)} images; one a cell"] if len(shown) > 1 else []
        found += [f"code cell {n}: {problem}" for kind, data in shown for problem in problems_of_image(kind, data)]
        found += [f"code cell {n}: {problem}" for problem in problems_of_words(alt, figure)]
    return found


def problems_of_image(kind, data):
    """What keeps a stored image from being seen."""
    from PIL import Image  # comes with Matplotlib

    if kind != "image/png":
        return [f"its image is {kind}, not PNG"]
    try:
        with Image.open(io.BytesIO(base64.b64decode(data))) as image:
            bands = image.convert("RGB").getextrema()
    except Exception as error:  # a damaged image raises whatever its part of the decoder raises
        return [f"its image cannot be read ({type(error).__name__})"]
    return ["its image is blank"] if all(low == high for low, high in bands) else []


def problems_of_words(alt, figure):
    """What is missing in a figure's alt text and in its caption and name."""
    found = []
    if not alt:
        found.append("no alt text (mystnb: image: alt:)")
    elif len(str(alt).split()) < SHORTEST_ALT or not str(alt).strip().endswith("."):
        found.append(f"the alt text is no sentence of {SHORTEST_ALT} words or more with a full stop: {alt!r}")
    caption = str(figure.get("caption", ""))
    if not 1 <= len(caption.split()) <= LONGEST_CAPTION or caption.endswith("."):
        found.append(
            f"the caption (mystnb: figure: caption:) has not 1 to {LONGEST_CAPTION} words without full stop: {caption!r}"
        )
    if not str(figure.get("name", "")).startswith("fig-"):
        found.append("no name that begins with fig- (mystnb: figure: name:)")
    return found


def opens_in_form(page):
    """One title, in the first cell; a chapter then says its objectives, prerequisites and minutes."""
    first = page.notebook.cells[0].source if page.notebook.cells else ""
    titles = re.findall(r"^# ", page.prose, re.MULTILINE)
    found = []
    if len(titles) != 1 or not re.match(r"(?:\(\S+\)=\n)?# \S", first):
        found.append(f"{len(titles)} titles (#); one is wanted, at the start")
    if not page.is_chapter:
        return found
    opening = OPENING.search(first)
    if not opening:
        return [*found, "its first cell has no admonition of class opening"]
    places = [opening["body"].find(part) for part in PARTS_OF_OPENING]
    if -1 in places or places != sorted(places) or any(opening["body"].count(part) != 1 for part in PARTS_OF_OPENING):
        found.append(f"its opening has not each of {', '.join(PARTS_OF_OPENING)}, once and in this order")
    else:
        texts = [opening["body"][place:] for place in places]
        found += [f"its opening says nothing after {p}" for p, t in zip(PARTS_OF_OPENING, texts, strict=True) if not says(t, p)]
        if not re.match(r"\*\*Time\.\*\* [1-9]\d* minutes\b", texts[-1]):
            found.append("its opening gives no time as **Time.** N minutes")
    return found


def says(text, part):
    """Whether words follow `part`, at the start of `text`, before the next bold word or the end."""
    return bool(re.match(re.escape(part) + r"(?:(?!\*\*)\W)*\w", text))


def closes_in_form(page):
    """A chapter ends with its summary and its sources, and with what these got wrong."""
    if not page.is_chapter:
        return []
    sections = re.split(r"^## +", page.prose, flags=re.MULTILINE)[1:]
    heads = [section.partition("\n")[0].strip() for section in sections]
    if heads[-2:] != ["Summary", "Sources"]:
        return [f"its last sections are {heads[-2:]}, not Summary and Sources"]
    found = [] if len(sections[-2].split()) > 10 else ["its summary says nothing"]
    if "{cite" not in sections[-1]:
        found.append("its sources cite nothing")
    if not re.search(r"^\*\*Corrections\.\*\* \w", sections[-1], re.MULTILINE):
        found.append("its sources lack the paragraph **Corrections.**")
    return found


GUARDS = (
    every_cell_was_run,
    outputs_are_clean,
    nothing_of_the_machine,
    tags_are_allowed,
    cells_are_short,
    all_code_is_run,
    figures_are_described,
    opens_in_form,
    closes_in_form,
)


def names_stand_once(pages):
    """A figure's name leads to one figure in the whole book."""
    places = {}
    for page in pages:
        for n, cell in page.code:
            if name := cell.metadata.get("mystnb", {}).get("figure", {}).get("name"):
                places.setdefault(name, []).append(f"{page.name}, code cell {n}")
    return [f"{name} names several figures: {'; '.join(where)}" for name, where in places.items() if len(where) > 1]


def contents_are_complete(root, names):
    """`_toc.yml` lists every page of `names` and nothing that does not exist."""
    from sphinx_external_toc.parsing import MalformedError, parse_toc_yaml  # what Jupyter Book reads it with

    try:
        listed = set(parse_toc_yaml(root / "_toc.yml"))
    except (OSError, MalformedError) as error:
        return [f"_toc.yml cannot be read: {error}"]
    found = [f"_toc.yml does not list book/{name}" for name in names if f"book/{name}" not in listed]
    homes = {entry: [root / f"{entry}{suffix}" for suffix in (".ipynb", ".md")] for entry in sorted(listed)}
    return found + [f"_toc.yml lists {e}, which does not exist" for e, home in homes.items() if not any(p.exists() for p in home)]
