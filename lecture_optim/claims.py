"""The register of claims: every statement of the book and of its sources, with a verdict and what decides it.

An entry is a table ``[[claim]]`` of a file in ``book/claims/``, named after a part of the book or after a source. Fields:

- ``id``, ``claim`` in the book's own words (MyST), ``verdict``, ``check`` (what decides it), and ``chapter``, the one that
  teaches it: ``part/name``, or ``name`` alone in the part or page that the file is named after.
- The book's own claims: ``id`` is their label; ``equations`` are labels of displays that say the same.
- A source's: ``source`` is its key in the bibliography, ``place`` where it stands there, ``see`` the labels under which the
  book states it correctly; ``lines`` and ``formulas`` are numbers of lines and formulas of the source's text (``"12"``,
  ``"14-16"``), the formulas counted by ``tests/sources/match.py``.
- Unless a claim simply holds, ``remark`` says why not, and what holds. A finding of which the source's author should know
  has instead ``kind``, ``weight``, ``wrong`` (what is wrong) and ``right`` (the correct statement); ``right_check`` decides
  that the correct statement is true, and then ``check`` that the printed one is false.
- ``shared``: why the claim has a check in common with another one.

A check is one of ``module:function`` (a derivation of `lecture_optim.proofs`), ``tests/<path>.py::test``,
``book/src/<chapter>.md::name`` (the code cell that binds this name, or draws the figure of this name), and, for matters of
record, ``cite:key`` (a work in the bibliography).
"""

import ast
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "KINDS",
    "VERDICTS",
    "WEIGHTS",
    "Claim",
    "ClaimError",
    "Label",
    "Register",
    "labels",
    "load",
    "numbers",
    "place_of",
    "problems",
    "without_entry",
]

HOLDS, HYPOTHESIS, WRONG, OPEN = "holds", "holds with a stated hypothesis", "wrong as printed", "not checkable"
VERDICTS = (HOLDS, HYPOTHESIS, WRONG, "misleading", "outdated", OPEN)
KINDS = ("false", "missing hypothesis", "over-claim", "outdated", "slip")
WEIGHTS = ("major", "moderate", "minor")


class ClaimError(ValueError):
    """Entries that cannot be read; the text has one line for each problem: file, entry, what is wrong, what would be right."""


class Label(NamedTuple):
    """What a label of the text names: kind is "statement", "equation" or "other", chapter is ``part/name``."""

    kind: str
    chapter: str


def numbers(parts):
    """The whole numbers that ``("12", "14-16")`` names, in this order, as a list; ValueError that says what is no such part."""
    found = []
    for part in parts:
        match = re.fullmatch(r"([1-9]\d*)(?:-([1-9]\d*))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first:
            raise ValueError(f"{part!r} is neither a number nor a range of two that rise, such as '12' or '14-16'")
        found += range(first, last + 1)
    return found


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
    lines: tuple = ()
    formulas: tuple = ()
    equations: tuple = ()
    remark: str = ""
    kind: str = ""
    weight: str = ""
    wrong: str = ""
    right: str = ""
    right_check: tuple = ()
    shared: str = ""
    file: Path = Path()

    @property
    def stands_under(self):
        """The labels of the book's text that this entry is about; none for a source's claim."""
        return () if self.source else (self.id, *self.equations)

    @property
    def checks(self):
        """All checks: those of the verdict, then those of the correct statement, each once."""
        return tuple(dict.fromkeys((*self.check, *self.right_check)))

    @property
    def part(self):
        """The part of the book that teaches it; the page's name where the page belongs to no part."""
        return self.chapter.partition("/")[0]

    def __str__(self):
        return f"{self.file}, entry {self.id!r}"


@dataclass(frozen=True)
class Register:
    """All entries, in the order of the files' names and of the entries within them."""

    claims: tuple

    def select(self, chapter=None, source=None):
        """The entries, as a tuple, of a chapter (``part/name``), of a source (its key), or of both."""
        return tuple(c for c in self.claims if chapter in (None, c.chapter) and source in (None, c.source))

    @property
    def sources(self):
        """The keys of all sources, as a tuple, in the order of their names."""
        return tuple(sorted({claim.source for claim in self.claims if claim.source}))

    def reading_order(self, source):
        """The entries of a source, as a tuple, in the order of its lines; those without lines come last."""
        return tuple(sorted(self.select(source=source), key=lambda c: min(numbers(c.lines), default=10**9)))

    def errata(self, weight=None):
        """The findings, as a tuple: all or those of one weight, the heaviest first, each source's in reading order."""
        found = [claim for source in self.sources for claim in self.reading_order(source) if claim.kind]
        return tuple(sorted((c for c in found if weight in (None, c.weight)), key=lambda c: WEIGHTS.index(c.weight)))


LISTS = {"check", "right_check", "see", "equations", "lines", "formulas"}
ERRATUM = ("kind", "weight", "wrong", "right")
OF_SOURCES = ("place", "see", "lines", "formulas", *ERRATUM, "right_check")
FIELDS = [f.name for f in fields(Claim) if f.name != "file"]
CHOICES = {"verdict": VERDICTS, "kind": KINDS, "weight": WEIGHTS}


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
                chapter = entry["chapter"]
                full = chapter if "/" in chapter or chapter == path.stem else f"{path.stem}/{chapter}"
                claims.append(Claim(**{**entry, **lists, "chapter": full, "file": path}))
    owners = {}
    for claim in claims:
        for name in dict.fromkeys((claim.id, *claim.equations)):
            if name in owners:
                found.append(f"{claim}: {name!r} stands in {owners[name]} already; drop or rename one of them")
            owners.setdefault(name, claim)
    found += _unexplained(claims)
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
        elif key in ("lines", "formulas"):
            try:
                numbers(parts)
            except ValueError as error:
                found.append(f"{key}: {error}")
    for key, choices in CHOICES.items():
        if key in entry and entry[key] not in choices:
            found.append(f"{key} {entry[key]!r} is unknown; write one of {', '.join(choices)}")
    verdict, erratum = entry.get("verdict"), any(key in entry for key in ERRATUM)
    needed = {key: "" for key in ("id", "chapter", "claim", "verdict")}
    if verdict != OPEN:
        needed["check"] = ", which decides it"
    if "source" in entry:
        needed["place"] = ", where the source says it"
        if verdict != OPEN:
            needed["see"] = ": the labels under which the book states it correctly"
        if verdict == WRONG:
            needed["right_check"] = ": what decides that the correct statement is true"
    finding = "source" in entry and verdict in (WRONG, "misleading", "outdated")
    absent = [key for key in ERRATUM if key not in entry]
    if finding and not erratum:
        found.append(f"fields {', '.join(map(repr, ERRATUM))} are missing: a claim that is {verdict!r} is a finding")
    elif erratum and absent:
        there = ", ".join(key for key in ERRATUM if key in entry)
        found += [f"field {key!r} is missing: it goes with {there}" for key in absent]
    elif verdict in VERDICTS[1:] and not erratum:
        needed["remark"] = f": a claim that is {verdict!r} needs the reason, and the correct statement"
    found += [f"field {key!r} is missing{why}" for key, why in needed.items() if key not in entry]
    only = ("equations",) if "source" in entry else OF_SOURCES
    other = "the book's own claims" if "source" in entry else "a source's claims, which name their source"
    found += [f"field {key!r} is for {other}; leave it out" for key in only if key in entry]
    if verdict in (HOLDS, OPEN):
        found += [
            f"field {key!r} tells of a finding, but the verdict is {verdict!r}; mend one" for key in ERRATUM if key in entry
        ]
    checks = entry.get("check", [])
    if "formulas" in entry and (verdict == OPEN or (checks and all(str(check).startswith("cite:") for check in _listed(checks)))):
        found.append("a formula is decided by mathematics or by a run; give a check that is no citation, or leave formulas out")
    return found


def _listed(value):
    """A list of what may be one thing or a list."""
    return value if isinstance(value, list) else [value]


def _unexplained(claims):
    """Where claims have a check in common and do not say why: a sentence each, with the mend.

    One of them need not say it. Nor need a source's claim and the book's own statement of it (``see``): they are one claim.
    """
    owners, found = {}, []
    for claim in claims:
        for check in claim.checks:
            if not check.startswith("cite:"):
                owners.setdefault(check, []).append(claim)
    for check, sharing in owners.items():
        first = next((claim for claim in sharing if not claim.source), sharing[0])
        stated = {label for claim in sharing for label in claim.stands_under}
        silent = [claim for claim in sharing if claim is not first and not claim.shared and not stated & set(claim.see)]
        found += [f"{claim}: check {check!r} is that of {first.id!r} too; say why in the field shared" for claim in silent]
    return found


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


def without_entry(register, root, part=None):
    """(label, Label) of every statement and labelled equation of the book, or of a part (``2-adagrad``), that has no entry."""
    covered = {label for claim in register.claims for label in claim.stands_under}
    wanted = ((name, label) for name, label in labels(root).items() if label.kind != "other" and name not in covered)
    return [(name, label) for name, label in wanted if part in (None, label.chapter.partition("/")[0])]


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
        for check in claim.checks:
            place, name = place_of(check)
            if place and place not in names:
                names[place] = _names(Path(root, place))
            if place is None:
                forms = "module:function, tests/<path>.py::test, book/src/<chapter>.md::name or cite:key"
                found.append(f"{claim}: check {check!r} has no known form; write {forms}")
            elif names[place] is None:
                found.append(f"{claim}: check {check!r}: there is no file {place}; mend one")
            elif name not in names[place]:
                found.append(
                    f"{claim}: check {check!r}: {place} {'has' if place.endswith('.bib') else 'defines'} no {name}; mend one"
                )
            elif place.startswith("tests/") and not (name.startswith("test_") and Path(place).name.startswith("test_")):
                found.append(
                    f"{claim}: check {check!r} is not run, as pytest runs functions test_... of files test_....py; mend one"
                )
            elif place.startswith("tests/") and name in names[place].skipped:
                found.append(
                    f"{claim}: check {check!r} is not run everywhere, as it is marked to be skipped or to fail; mend one"
                )
    return found


def place_of(check):
    """(path below the root, name in it) of a check; (None, "") where it has none of the four forms."""
    if match := re.fullmatch(r"cite:([\w-]+)", check):
        return "book/references.bib", match[1]
    if match := re.fullmatch(r"([a-z_]\w*):([a-z_]\w*)", check):
        return f"lecture_optim/proofs/{match[1]}.py", match[2]
    match = re.fullmatch(r"(tests/[\w/]+\.py|book/src/[\w/-]+\.md)::([\w-]+)(?:\[.*\])?", check)
    return (match[1], match[2]) if match else (None, "")


class Names(set):
    """Names that a file defines; ``skipped`` are those of tests that are marked to be skipped, or to fail."""

    def __init__(self, found=()):
        super().__init__(found)
        self.skipped = set()


def _names(path):
    """The names that a Python file, or the code cells of a text, define at their top level; None where there is no such file."""
    if not path.is_file():
        return None
    text, names = path.read_text(encoding="utf-8"), Names()
    if path.suffix == ".bib":
        return Names(re.findall(r"^@\w+\{([\w-]+),", text, re.M))
    cells = [text] if path.suffix == ".py" else [cell["code"] for cell in CELL.finditer(text)]
    if path.suffix == ".md":
        names.update(name for cell in CELL.finditer(text) for name in FIGURE.findall(cell["head"]))
    for statement in (statement for code in cells for statement in ast.parse(code).body):
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.add(statement.name)
            if re.search(r"mark\.(skip|xfail)", " ".join(map(ast.unparse, statement.decorator_list))):
                names.skipped.add(statement.name)
        else:
            names |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names
