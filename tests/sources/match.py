"""What the four documents hold, and which entry of the register decides it.

    python -m tests.sources.match FOLDER          what no entry decides, with the reason where there is one
    python -m tests.sources.match FOLDER --all    every formula and every line of text, in order, with its entries

FOLDER holds the documents' texts. They are not part of this repository, so this runs only where they are; the names of the
files do not matter, as a document is known by its content. Exit code 1: something is undecided without a reason.

A document's formulas count from 1: displays (``$$...$$``), blocks of code, and formulas within a line (``$...$``), in order.
A formula within a line is *a name* where it has no relation (``=``, ``<=``, ``in``, ``->``, ...), no least or largest value
and no order (``min``, ``max``, ``O(...)``) outside indices and exponents: it claims nothing, and needs no entry of its own.
Every other formula does, and every line of words: whoever reads a document line by line finds for each line an entry, or a
reason in ``reasons.toml`` why it has none.
"""

import argparse
import hashlib
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from lecture_optim import claims

ROOT = Path(__file__).resolve().parents[2]
REASONS = Path(__file__).with_name("reasons.toml")
# The SHA-256 sum of each document's text: its key in the bibliography.
DOCUMENTS = {
    "125fb9ebe4cc987f5ebd0cd0150066e99b3d2bd0a427346209de4cb778197d07": "sparse-note",
    "33f63bd407bd6b032201f728a0c9d087b99387643e5b2c18b2cfbc384915553d": "coscas2022",
    "50487aa85d83d7b4808f32b32bfaa101655326f412db2b418e66e51c3a95dee0": "adam-notes",
    "57a0128ec6645a51cac5fe69149f4ceda49f19bec9a053ba818d95f967dc6816": "cutkosky-notes9",
}
FORMULA = re.compile(r"```(?P<code>.+?)```|\$\$(?P<display>.+?)\$\$|\$(?P<inline>[^$]+?)\$", re.S)
RELATION = re.compile(
    r"[=<>]|\bO\s*\(|\\(?:min|max|le|leq|ge|geq|lt|gt|neq?|approx|propto|in|to|gets|leftarrow|rightarrow|mapsto|sim|equiv|ll|gg)(?![a-zA-Z])"
)
SCRIPT = re.compile(r"[_^]\s*\{[^{}]*\}")


@dataclass(frozen=True)
class Formula:
    """A formula of a document: its number, the line where it begins and ends, "display", "code" or "inline", and its text."""

    number: int
    first: int
    last: int
    form: str
    text: str

    @property
    def is_name(self):
        """Whether it only names something: within a line, without a relation, extremum or order outside indices and exponents."""
        text = self.text
        while (thinner := SCRIPT.sub("", text)) != text:
            text = thinner
        return self.form == "inline" and not RELATION.search(text)


def formulas(text):
    """The formulas of a text, as a list of Formula, in order."""
    found = []
    for number, match in enumerate(FORMULA.finditer(text), start=1):
        first = text.count("\n", 0, match.start()) + 1
        form = match.lastgroup
        found.append(Formula(number, first, first + match[0].count("\n"), form, " ".join(match[form].split())))
    return found


def lines_of_words(text):
    """The numbers of the lines that hold more than white space, rules, and table borders, as a list."""
    return [number for number, line in enumerate(text.splitlines(), start=1) if re.search(r"\w", line)]


def documents(folder):
    """{key: text} of the documents among the files of a folder; FileNotFoundError that names those that are not there."""
    texts = {path: path.read_bytes() for path in sorted(Path(folder).glob("*")) if path.is_file()}
    found = {DOCUMENTS[key]: data.decode() for data in texts.values() if (key := hashlib.sha256(data).hexdigest()) in DOCUMENTS}
    if missing := [key for key in DOCUMENTS.values() if key not in found]:
        raise FileNotFoundError(
            f"{folder} does not hold the text of {', '.join(missing)}: a document is known by the SHA-256 sum of its file, "
            "and these texts are not part of the repository; name the folder that has them"
        )
    return {key: found[key] for key in DOCUMENTS.values()}


def reasons(path=REASONS):
    """{source: [(lines, formulas, reason)]}: sets of numbers of what needs no entry, and why."""
    found = {}
    for entry in tomllib.loads(Path(path).read_text(encoding="utf-8"))["left_out"]:
        sets = (set(claims.numbers(entry.get(key, []))) for key in ("lines", "formulas"))
        found.setdefault(entry["source"], []).append((*sets, entry["reason"]))
    return found


def match(text, entries, left_out=()):
    """What decides each formula and each line: (rows, undecided), a row being (what, ids, reason), undecided rows of neither.

    A line that holds formulas only is decided with them.
    """
    rows, found = [], formulas(text)
    by_formula, by_line = {}, {}
    for claim in entries:
        for numbers, owners in ((claim.formulas, by_formula), (claim.lines, by_line)):
            for number in claims.numbers(numbers):
                owners.setdefault(number, []).append(claim.id)
    for formula in found:
        why = "a name" if formula.is_name else next((r for _, numbers, r in left_out if formula.number in numbers), "")
        where = f"line {formula.first}" if formula.first == formula.last else f"lines {formula.first}-{formula.last}"
        what = f"{where}, formula {formula.number} ({formula.form}): {formula.text}"
        rows.append((formula.first, 0, what, by_formula.get(formula.number, []), why))
    inside = {line for f in found if f.form != "inline" for line in range(f.first, f.last + 1)}
    split = text.splitlines()
    for number in lines_of_words(text):
        if number not in inside:
            why = next((r for numbers, _, r in left_out if number in numbers), "")
            rows.append((number, 1, f"line {number}: {split[number - 1].strip()[:100]}", by_line.get(number, []), why))
    rows = [tuple(row[2:]) for row in sorted(rows, key=lambda row: row[:2])]
    return rows, [row for row in rows if not row[1] and not row[2]]


def beyond(text, entries):
    """Entries that name lines or formulas that the text has not, a sentence each."""
    limits = {"lines": len(text.splitlines()), "formulas": len(formulas(text))}
    return [
        f"{claim}: {field} goes to {max(numbers)}, but the text has {limit}"
        for claim in entries
        for field, limit in limits.items()
        if (numbers := claims.numbers(getattr(claim, field))) and max(numbers) > limit
    ]


def main(arguments=None):
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.sources.match", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the folder of the documents' texts")
    parser.add_argument("--all", action="store_true", help="list every formula and every line, in order")
    options = parser.parse_args(arguments)
    register, left_out, bad = claims.load(ROOT / "book/claims"), reasons(), False
    try:
        texts = documents(options.folder)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    for source, text in texts.items():
        entries = register.reading_order(source)
        rows, undecided = match(text, entries, left_out.get(source, []))
        found = formulas(text)
        print(f"\n{source}: {len(entries)} entries, {len(found)} formulas, {sum(f.is_name for f in found)} of them names")
        for what, ids, why in rows if options.all else [row for row in rows if not row[1] and row[2] != "a name"]:
            print(f"  {what}\n      {', '.join(ids) or why or 'NOT DECIDED'}")
        problems = beyond(text, entries)
        print("\n".join(f"  {problem}" for problem in problems), end="\n" if problems else "")
        print(f"  {len(undecided)} not decided without a reason")
        bad = bad or bool(undecided or problems)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
