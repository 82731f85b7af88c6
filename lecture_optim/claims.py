"""The register of claims: every statement of the book and of its sources, with a verdict and what decides it.

An entry is a table ``[[claim]]`` of ``book/claims/<part>.toml``. Every claim has ``id``, ``chapter`` (the name of its file,
without the part), ``claim`` in the book's own words (MyST), ``verdict``, ``check``, and a ``remark`` unless it simply holds.
The book's own: ``id`` is its label; ``equations`` are labels of displays that say the same. A source's: ``source`` is its key
in the bibliography, ``place`` where it stands there, ``see`` the labels under which the book states it correctly.

A check is one of ``module:function`` (a derivation of `lecture_optim.proofs`), ``tests/<path>.py::test``, and
``book/src/<part>/<chapter>.md::name`` (the code cell that binds this name, or draws the figure of this name).
"""

import ast
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

__all__ = ["VERDICTS", "Claim", "ClaimError", "Label", "Register", "labels", "load", "problems", "without_entry"]

VERDICTS = ("holds", "holds with a stated hypothesis", "wrong as printed", "outdated", "not checkable")


class ClaimError(ValueError):
    """Entries that cannot be read; the text has one line for each problem: file, entry, what is wrong, what would be right."""


class Label(NamedTuple):
    """What a label of the text names: kind is "statement", "equation" or "other", chapter is ``part/name``."""

    kind: str
    chapter: str


@dataclass(frozen=True)
class Claim:
    """One entry; chapter is ``part/name``, file the entry's TOML file, and lists are tuples, empty where nothing is said."""

    id: str
    chapter: str
    claim: str
    verdict: str
    check: tuple = ()
    source: str = ""
    place: str = ""
    see: tuple = ()
    equations: tuple = ()
    remark: str = ""
    file: Path = Path()

    @property
    def stands_under(self):
        """The labels of the book's text that this entry is about; none for a source's claim."""
        return () if self.source else (self.id, *self.equations)

    def __str__(self):
        return f"{self.file}, entry {self.id!r}"


@dataclass(frozen=True)
class Register:
    """All entries, in the order of the files' names and of the entries within them."""

    claims: tuple

    def select(self, chapter=None, source=None):
        """The entries, as a tuple, of a chapter (``part/name``), of a source (its key), or of both."""
        return tuple(c for c in self.claims if chapter in (None, c.chapter) and source in (None, c.source))


LISTS = {"check", "see", "equations"}
FIELDS = [f.name for f in fields(Claim) if f.name != "file"]


def load(folder):
    """The Register that the TOML files of ``folder`` hold; ClaimError that lists everything that is wrong with them."""
    found, claims, files = [], [], sorted(Path(folder).glob("*.toml"))
    if not files:
        raise ClaimError(f"{folder}: no register, as there is no file <part>.toml")
    for path in files:
        try:
            page = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            found.append(f"{path}: no TOML ({error}); write LaTeX between '''...''', where a backslash is a backslash")
            continue
        entries = page.pop("claim", [])
        if page or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            found.append(f"{path}: only tables [[claim]] may stand here, but there is {', '.join(page) or 'claim'}")
            continue
        for number, entry in enumerate(entries, start=1):
            wrong = _problems_of(entry)
            name = repr(entry["id"]) if isinstance(entry.get("id"), str) else f"number {number}"
            found += [f"{path}, entry {name}: {problem}" for problem in wrong]
            if not wrong:
                lists = {k: (v,) if isinstance(v, str) else tuple(v) for k, v in entry.items() if k in LISTS}
                claims.append(Claim(**{**entry, **lists, "chapter": f"{path.stem}/{entry['chapter']}", "file": path}))
    owners = {}
    for claim in claims:
        for name in dict.fromkeys((claim.id, *claim.equations)):
            if name in owners:
                found.append(f"{claim}: {name!r} stands in {owners[name]} already; drop or rename one of them")
            owners.setdefault(name, claim)
    if found:
        raise ClaimError("\n".join(found))
    return Register(tuple(claims))


def _problems_of(entry):
    """What is wrong with one table as it was read, with the mend."""
    found = [f"unknown field {key!r}; the fields are {', '.join(FIELDS)}" for key in entry if key not in FIELDS]
    for key in (key for key in FIELDS if key in entry):
        parts = entry[key] if key in LISTS and isinstance(entry[key], list) else [entry[key]]
        if not parts or not all(isinstance(part, str) and part.strip() for part in parts):
            wanted = "words, or a list of words" if key in LISTS else "words"
            found.append(f"{key} must be {wanted}, but is {entry[key]!r}; leave out what is empty")
    verdict = entry.get("verdict")
    if verdict is not None and verdict not in VERDICTS:
        found.append(f"verdict {verdict!r} is unknown; write one of {', '.join(VERDICTS)}")
    needed = {key: "" for key in ("id", "chapter", "claim", "verdict")}
    if verdict != "not checkable":
        needed["check"] = ", which decides it"
    if verdict in VERDICTS[1:]:
        needed["remark"] = f": a claim that is {verdict!r} needs the reason, and the correct statement"
    if "source" in entry:
        needed["place"] = ", where the source says it"
        if verdict != "not checkable":
            needed["see"] = ": the labels under which the book states it correctly"
    found += [f"field {key!r} is missing{why}" for key, why in needed.items() if key not in entry]
    only = ("equations",) if "source" in entry else ("place", "see")
    other = "the book's own claims" if "source" in entry else "a source's claims, which name their source"
    return found + [f"field {key!r} is for {other}; leave it out" for key in only if key in entry]


# ------------------------------------------------------------------------------------------------- the book that it speaks of

HEAD = r"(?P<head>---\n(?:.*\n)*?---\n|(?::.*\n)*)"
CELL = re.compile(rf"^(?P<fence>`{{3,}})\{{code-cell\}}.*\n{HEAD}(?P<code>(?:.*\n)*?)(?P=fence)$", re.M)
DIRECTIVE = re.compile(r"^[ \t]*(?:`{3,}|:{3,})\{(?P<name>[\w:-]+)\}(?P<title>.*)\n(?P<options>(?:[ \t]*:[\w-]+:.*\n)*)", re.M)
OPTION = re.compile(r":(?:label|name):[ \t]*(\S+)")
DISPLAY = re.compile(r"\$\$[ \t]*\(([^()\s]+)\)[ \t]*$|\\label\{([^{}\s]+)\}", re.M)
TARGET = re.compile(r"^\(([^()\s]+)\)=[ \t]*$", re.M)
FIGURE = re.compile(r"^\s+name:[ \t]*(\S+)", re.M)
EQUATION = re.compile(r"\bequation:[ \t]*([\w-]+)")  # a derivation that its cell displays


def labels(root):
    """{label: Label} of all that the book's text below ``root`` names; a statement without label counts by its title."""
    book, found = Path(root, "book"), {}
    for path in sorted([*book.glob("*.md"), *book.glob("src/**/*.md")]):
        text, base = path.read_text(encoding="utf-8"), book / "src" if book / "src" in path.parents else book
        chapter, prose = path.relative_to(base).with_suffix("").as_posix(), CELL.sub("", text)
        other = TARGET.findall(prose) + [name for cell in CELL.finditer(text) for name in FIGURE.findall(cell["head"])]
        for use in DIRECTIVE.finditer(prose):
            label = OPTION.search(use["options"])
            if use["name"].startswith("prf:") and use["name"] != "prf:proof":
                found[label[1] if label else f"(no label) {use['title'].strip()}"] = Label("statement", chapter)
            elif label and use["name"] in ("math", "glue:math"):
                found[label[1]] = Label("equation", chapter)
            elif label:
                other.append(label[1])
        equations = [one or two for one, two in DISPLAY.findall(prose)]
        equations += [name for cell in CELL.finditer(text) for name in EQUATION.findall(cell["head"])]
        found |= {label: Label("equation", chapter) for label in equations}
        found |= {label: Label("other", chapter) for label in other}
    return found


def without_entry(register, root, part):
    """(label, Label) of every statement and labelled equation in the chapters of a part (``2-adagrad``) that has no entry."""
    covered = {label for claim in register.claims for label in claim.stands_under}
    wanted = ((name, label) for name, label in labels(root).items() if label.kind != "other" and name not in covered)
    return [(name, label) for name, label in wanted if label.chapter.startswith(f"{part}/")]


def problems(register, root):
    """What the entries name that does not exist below ``root``, a sentence each: chapters, labels, checks; [] if all do."""
    known, names, found = labels(root), {}, []
    for claim in {claim.chapter: claim for claim in reversed(register.claims)}.values():  # the first of each chapter
        if not Path(root, "book/src", f"{claim.chapter}.md").is_file():
            found.append(f"{claim}: there is no chapter {claim.chapter}; write the name of a file in book/src/, without .md")
    for claim in register.claims:
        for label in claim.stands_under:
            if label not in known:
                found.append(f"{claim}: the book has no label {label!r}; mend the entry's id or equations")
            elif known[label].chapter != claim.chapter:
                found.append(f"{claim}: {label!r} stands in chapter {known[label].chapter}; mend the entry's chapter")
        found += [f"{claim}: see names {label!r}, but the book has no such label" for label in claim.see if label not in known]
        for check in claim.check:
            place, name = _place(check)
            if place and place not in names:
                names[place] = _names(Path(root, place))
            if place is None:
                forms = "module:function, tests/<path>.py::test or book/src/<part>/<chapter>.md::name"
                found.append(f"{claim}: check {check!r} has no known form; write {forms}")
            elif names[place] is None:
                found.append(f"{claim}: check {check!r}: there is no file {place}; mend one")
            elif name not in names[place]:
                found.append(f"{claim}: check {check!r}: {place} defines no {name}; mend one")
    return found


def _place(check):
    """(path below the root, name in it) of a check; (None, "") where it has none of the three forms."""
    if match := re.fullmatch(r"([a-z_]\w*):([a-z_]\w*)", check):
        return f"lecture_optim/proofs/{match[1]}.py", match[2]
    match = re.fullmatch(r"(tests/[\w/]+\.py|book/src/[\w/-]+\.md)::([\w-]+)(?:\[.*\])?", check)
    return (match[1], match[2]) if match else (None, "")


def _names(path):
    """The names that a Python file, or the code cells of a text, define at their top level; None where there is no such file."""
    if not path.is_file():
        return None
    text, names = path.read_text(encoding="utf-8"), set()
    cells = [text] if path.suffix == ".py" else [cell["code"] for cell in CELL.finditer(text)]
    if path.suffix == ".md":
        names.update(name for cell in CELL.finditer(text) for name in FIGURE.findall(cell["head"]))
    for statement in (statement for code in cells for statement in ast.parse(code).body):
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.add(statement.name)
        else:
            names |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names
