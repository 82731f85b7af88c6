"""Tables for a spreadsheet: the gradebook of a class, and the sheet on which its essays are marked.

What a student wrote may begin like a formula, and a spreadsheet would run it; such a cell gets an apostrophe before it, which a
spreadsheet takes as *this is text*. The files are UTF-8 with its mark, without which Excel reads them in another alphabet.
"""

import csv
import hashlib
import io
import re
from decimal import Decimal

from lecture_optim.grading.markup import number
from lecture_optim.grading.report import is_open, question_points, state, sums

__all__ = ["COLUMNS", "SheetError", "criteria", "essays", "gradebook", "read_marks", "safe"]

COLUMNS = ("id", "student", "question", "criterion", "possible", "mark", "comment", "version", "essay")
NEEDED = ("id", "question", "criterion", "possible", "mark", "version")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last four: their wide forms
LONGEST = 30_000  # characters of an essay on the sheet: a cell of Excel holds 32767
WHOLE = "the whole essay"


class SheetError(ValueError):
    """A sheet of marks that cannot be used; the text names the row and the mend."""


_INSIDE = re.compile(r"([;\t]\s*)([=+\-@\uff1d\uff0b\uff0d\uff20])")  # what begins a cell where these separate
_DISARMED = re.compile(_INSIDE.pattern.replace(")(", ")'("))


def safe(value):
    """A cell that no spreadsheet takes for a formula, one that separates by semicolons or tabs included."""
    value = str(value)
    value = _INSIDE.sub(r"\1'\2", value)
    return f"'{value}" if value.startswith(FORMULA) or value.lstrip().startswith(FORMULA) else value


def _bare(value):
    """A cell of ours as it was before `safe`."""
    inside = _DISARMED.sub(r"\1\2", value)
    return next((before for before in (inside.removeprefix("'"), inside) if safe(before) == value), value)


def _csv(rows):
    """The bytes of a file of these rows; the first one are its heads."""
    made = io.StringIO()
    csv.writer(made, quoting=csv.QUOTE_MINIMAL).writerows([safe(cell) for cell in row] for row in rows)
    return made.getvalue().encode("utf-8-sig")


def gradebook(records, assignment):
    """The bytes of a CSV file: a row for each student, in the order of their ids, with the points of each question.

    An empty cell is a question that is ungraded or not marked; `total` is empty as long as there is one, so that no sum is taken
    for whole that is not.
    """
    ids = [question.id for question in assignment.questions]
    possible = sum(assignment.points(id) for id in ids)
    rows = [("student", "id", "state", *ids, "points so far", "total", "of")]
    for record in sorted(records, key=lambda record: record["id"]):
        found = {question["id"]: question_points(question) for question in record["questions"]}
        each = ["" if found.get(id) is None else number(found[id]) for id in ids]
        graded = record["state"] == "graded"
        so_far = number(sums(record)[0]) if graded else ""
        total = so_far if graded and not is_open(record) else ""
        rows.append((record["student"], record["id"], state(record), *each, so_far, total, number(possible)))
    return _csv(rows)


# ------------------------------------------------------------------------------------------------------------------------ essays


def criteria(scheme, possible):
    """The criteria of a marking scheme with their points: pairs (name, points).

    scheme: Markdown in which each criterion is an item of a list whose bold beginning says its points, as in
    ``**Readings (2).**`` or ``**2 points: readings.**``. Where the points do not add up to ``possible``, the essay is marked as
    a whole.
    """
    found = []
    for bold in re.findall(r"^[-*+]\s+\*\*(.+?)\*\*", scheme, re.MULTILINE):
        if match := re.search(r"\s*\((\d+)(?: points?)?\)", bold) or re.match(r"(\d+) points?:\s*", bold):
            found.append((bold.replace(match[0], "", 1).strip().rstrip(".:").strip(), int(match[1])))
    names = [name for name, _ in found]
    if sum(worth for _, worth in found) != possible or len(set(names)) < len(names) or not all(names):
        return [(WHOLE, possible)]
    return found


def version(essay):
    """What tells whether an essay is the one that was marked. It begins with a letter, lest a spreadsheet reads a number."""
    return f"v{hashlib.sha256(essay.encode('utf-8', 'replace')).hexdigest()[:10]}"


def essays(records, assignment):
    """The bytes of a CSV file to mark essays on: by question, then student, a row for each criterion, the mark empty.

    Marks that were given already stand there. CourseError: the source of the assignment cannot be read; it has the schemes.
    SheetError: the assignment has no essay.
    """
    asked = [question for question in assignment.questions if question.form == "essay"]
    if not asked:
        raise SheetError(f"{assignment.id} has no essay: there is nothing to mark by hand")
    schemes = _schemes(assignment, asked)
    rows = [COLUMNS]
    for question in asked:
        for record in sorted(records, key=lambda record: record["id"]):
            found = next((q for q in record["questions"] if q["id"] == question.id), None)
            if found is None:
                continue
            text = found["essay"] or "(no text was found below the marker: look into the notebook)"
            if len(text) > LONGEST:
                text = f"{text[:LONGEST]}\n(cut here: the whole text stands in the report)"
            given = {mark["criterion"]: mark for mark in found["marks"]}
            for n, (name, worth) in enumerate(schemes[question.id]):
                mark = given.get(name, {})
                filled = "" if mark.get("mark") is None else number(mark["mark"])
                place = (record["id"], record["student"], question.id, name, worth)
                rows.append((*place, filled, mark.get("comment", ""), version(found["essay"]), "" if n else text))
    return _csv(rows)


def _schemes(assignment, asked):
    from lecture_optim.check.source import read

    source = read(assignment)
    texts = {question.id: "\n\n".join(source.of(question.id, "marking")) for question in asked}
    return {id: criteria(text, assignment.points(id)) for id, text in texts.items()}


def read_marks(data, records, assignment, name="the sheet"):
    """The marks on a sheet: a dict from ids of students to dicts from question ids to lists, as `report.marked` takes them.

    data: the bytes of the file. records: of the class. name: of the file, for errors. A row without a mark is not marked yet.
    Raises SheetError, with a line for each row that is wrong.
    """
    rows = _rows(data, name)
    known = {record["id"]: record for record in records}
    problems, seen, found = [], {}, {}
    for line, row in rows:

        def wrong(text, line=line):
            problems.append(f"{name}, row {line}: {text}")

        id, question, criterion = row["id"], row["question"], row["criterion"]
        record = known.get(id)
        if record is None:
            wrong(f"no submission has the id {id[:80]!r}; copy it from gradebook.csv")
            continue
        essay = next((q for q in record["questions"] if q["id"] == question and q["state"] == "essay"), None)
        if essay is None:
            ids = [q.id for q in assignment.questions if q.form == "essay"]
            have = f"the essays are {', '.join(ids)}" if record["questions"] else f"this submission is {state(record)}"
            wrong(f"{question[:40]!r} of {id} is no essay; {have}")
            continue
        if (id, question, criterion) in seen:
            wrong(f"{criterion!r} of {id} stands in row {seen[id, question, criterion]} already; delete one of the two")
            continue
        seen[id, question, criterion] = line
        possible, mark = _number(row["possible"]), _number(row["mark"])
        if not isinstance(possible, (int, float)) or possible <= 0:
            wrong(f"the points possible are {row['possible'][:20]!r}; copy the number from a sheet made by the command essays")
        elif mark is not None and not isinstance(mark, (int, float)):
            wrong(f"the mark {row['mark'][:20]!r} is not a number; write one from 0 to {possible:g}, or leave it empty")
        elif mark is not None and not 0 <= mark <= possible:
            wrong(f"the mark {mark:g} is not between 0 and {possible:g}")
        elif row["version"] != version(essay["essay"]):
            if mark is not None:
                wrong("the essay was changed since this sheet was made; make a new sheet with the command essays")
        else:
            entry = {"criterion": criterion, "possible": possible, "mark": mark, "comment": row.get("comment", "")}
            found.setdefault(id, {}).setdefault(question, []).append(entry)
    if not problems:
        for id, questions in found.items():
            for question, marks in questions.items():
                total, possible = sum(mark["possible"] for mark in marks), assignment.points(question)
                if total != possible:
                    problems.append(
                        f"{name}, row {seen[id, question, marks[0]['criterion']]}: the criteria of {question} of {id} add up to "
                        f"{total:g} points, and the question has {possible}; put the missing rows back, or delete the added ones"
                    )
    if problems:
        raise SheetError("\n".join(problems))
    return {
        id: {q: marks if any(mark["mark"] is not None for mark in marks) else [] for q, marks in questions.items()}
        for id, questions in found.items()
    }


def _rows(data, name):
    """Pairs of the number of a row, as a spreadsheet counts, and a dict of its cells. Commas, semicolons or tabs are read."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SheetError(f"{name}: it is not UTF-8; save it as *CSV UTF-8 (comma delimited)*") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        heads, *rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)) or [[]]
    except csv.Error as error:
        raise SheetError(f"{name}: it is no CSV file ({error}); save it as *CSV UTF-8 (comma delimited)*") from None
    heads = [head.strip().lower() for head in heads]
    if missing := [column for column in NEEDED if column not in heads]:
        raise SheetError(
            f"{name}, row 1: the columns {', '.join(missing)} are missing; keep the heads as the command essays made them"
        )
    cells = ((n, row) for n, row in enumerate(rows, 2) if any(cell.strip() for cell in row))
    return [(n, dict(zip(heads, (_bare(cell).strip() for cell in row + [""] * len(heads)), strict=False))) for n, row in cells]


def _number(text):
    """A number, with a point or a comma; None for an empty cell; the text itself where it is neither."""
    if not text:
        return None
    if not re.fullmatch(r"-?[0-9]{1,6}([.,][0-9]{1,6})?", text):
        return text
    value = Decimal(text.replace(",", "."))
    return int(value) if value == int(value) else float(value)
