"""What became of one submission: a record for the teacher, a page and a JSON file for the student.

A record is plain data in one order, made of a `runner.Result`; pages, tables and summaries are made of records alone. None of
them says when, where or how fast anything was graded, so the same submission gives the same bytes wherever it is graded.

A record holds what the tests of a class said, the hidden ones too. `for_student` takes out what is the teacher's: of a hidden
test only its title stays, and whether it was passed.
"""

import json

from lecture_optim.grading.markup import bar, number, page, plain, points, table, text

__all__ = ["FORMAT", "as_json", "for_student", "is_open", "marked", "record", "sums", "state", "student_page", "unread"]

FORMAT = 1  # of a record; another one is made anew
UNANSWERED = "not answered yet"
# What a student reads where the grader failed: its own words may tell of a hidden test, or of the machine.
FAULT = "The grader could not do its work. That is no 0 and no fault of yours: the teacher has the details."
FAULT_OF_TEST = "A test could not be carried out with this answer. That is no 0: the teacher has the details."


def record(result, assignment, *, student, id, key="", fault=False):
    """The record of a `runner.Result`, a dict of plain data.

    assignment: a `course.Assignment`. student: the name to show. id: what the student's files are called. key: of what the result
    depends on. fault: that the whole submission is ungraded through the grader and not through what was handed in.
    """
    made = _frame(assignment, student, id, key, result.digest)
    made |= {"state": result.state, "reason": plain(result.reason), "fault": fault}
    made["questions"] = [_question(found, assignment) for found in result.questions]
    made["notes"] = [{"cell": note.cell, "text": plain(note.text)} for note in result.notes]
    return made


def unread(assignment, reason, *, student, id, key="", fault=False, digest=""):
    """The record of a submission that never came to be graded, with the reason."""
    made = _frame(assignment, student, id, key, digest)
    return made | {"state": "ungraded", "reason": plain(reason), "fault": fault, "questions": [], "notes": []}


def _frame(assignment, student, id, key, digest):
    return {
        "format": FORMAT, "key": key, "id": id, "student": plain(student), "assignment": assignment.id, "title": assignment.title,
        "possible": sum(assignment.points(question.id) for question in assignment.questions), "digest": digest,
    }  # fmt: skip


def _question(found, assignment):
    asked = assignment.question(found.id)
    made = {"id": asked.id, "title": asked.title, "kind": asked.kind, "state": found.state, "reason": plain(found.reason)}
    made |= {"points": found.points, "possible": found.possible}
    if found.state == "essay":
        return made | {"essay": plain(found.essay), "marks": []}
    # A test that was not reached, because the one before it failed to end, has no outcome.
    said = {outcome.title: outcome for outcome in found.outcomes}
    return made | {"tests": [_test(test, said.get(test.title)) for test in assignment.tests()[asked.id]]}


def _test(test, outcome):
    made = {"title": test.title, "points": test.points, "visible": test.visible, "passed": None, "message": "", "mistake": None}
    if outcome is None or outcome.fault:
        return made
    mistake = None if outcome.mistake is None else plain(outcome.mistake)
    return made | {"passed": bool(outcome.passed), "message": plain(outcome.message), "mistake": mistake}


def marked(record, marks):
    """A record with the marks of its essays. marks: a dict from question ids to lists of {criterion, possible, mark, comment}."""
    questions = [
        question | {"marks": marks[question["id"]]} if question["state"] == "essay" and question["id"] in marks else question
        for question in record["questions"]
    ]
    return record | {"questions": questions}


# ------------------------------------------------------------------------------------------------------------------- the numbers


def essay_points(question):
    """The sum of an essay's marks; None while one is missing."""
    given = [mark["mark"] for mark in question["marks"]]
    return None if not given or None in given else sum(given)


def question_points(question):
    """The points of a question of a record; None where it is ungraded or an essay that is not marked."""
    return essay_points(question) if question["state"] == "essay" else question["points"]


def is_open(record):
    """The ids of the questions of which the points are not known."""
    return [question["id"] for question in record["questions"] if question_points(question) is None]


def sums(record):
    """The points so far, and of how many: a question that is ungraded or not marked yet counts in neither."""
    known = [(p, q["possible"]) for q in record["questions"] if (p := question_points(q)) is not None]
    return sum(earned for earned, _ in known), sum(possible for _, possible in known)


def state(record):
    """What a record has come to, in words."""
    if record["state"] != "graded":
        return f"ungraded: {record['reason']}"
    ungraded = [question["id"] for question in record["questions"] if question["state"] == "ungraded"]
    if ungraded:
        return f"ungraded in part: {', '.join(ungraded)}"
    essays = is_open(record)
    return f"essays to mark: {', '.join(essays)}" if essays else "graded"


# ---------------------------------------------------------------------------------------------------------------- the student's


def for_student(record):
    """A record without what is the teacher's: the texts of hidden tests, and the grader's words about itself."""
    seen = {key: record[key] for key in ("format", "student", "assignment", "title", "digest", "state")}
    seen["reason"] = FAULT if record["fault"] else record["reason"]
    seen["points"], seen["graded_points"] = sums(record)
    seen["possible"] = record["possible"]
    seen["questions"] = [_seen(question) for question in record["questions"]]
    return seen | {"notes": record["notes"]}


def _seen(question):
    seen = question | {"reason": FAULT_OF_TEST if question["state"] == "ungraded" else "", "points": question_points(question)}
    if "tests" in seen:
        seen["tests"] = [test if test["visible"] else test | {"message": "", "mistake": None} for test in seen["tests"]]
    return seen


def as_json(data):
    """Plain data as the text of a JSON file; ASCII, as no system mistakes it."""
    return json.dumps(data, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def student_page(record):
    """The HTML page of a student. record: as `record` gives it; what is the teacher's is taken out here."""
    seen = for_student(record)
    parts = ["<header>", f"<h1>{text(seen['title'])}</h1>"]
    parts.append(f'<p class="student">Report for <bdi>{text(seen["student"])}</bdi></p>')
    if seen["state"] != "graded":
        parts += ["</header>", '<p class="total">Ungraded</p>']
        parts.append(f'<p class="notice" dir="auto">ungraded: {text(seen["reason"])}</p>')
        parts.append("<p>Nothing was counted as 0. Hand the notebook in again, or ask the teacher.</p>" * (not record["fault"]))
    else:
        earned, known = seen["points"], seen["graded_points"]
        parts += [f'<p class="total">{points(earned, known)}</p>', bar(earned / known if known else 0), "</header>"]
        parts += [f'<p class="notice">{sentence}</p>' for sentence in _pending(seen)]
        rows = [
            (f'<a href="#{text(q["id"])}">{text(q["id"])}</a> {text(q["title"])}', text(_points(q))) for q in seen["questions"]
        ]
        parts.append(table("The questions", ["Question", "Points"], rows, numbers=(1,)))
        parts += [_section(question) for question in seen["questions"]]
    if seen["notes"]:
        items = [f'<li dir="auto">Code cell {note["cell"]}: {text(note["text"])}</li>' for note in seen["notes"]]
        head = "<h2>Cells that did not run to their end</h2>\n<p>Code cells are counted from the top, from 1.</p>"
        parts.append("\n".join(["<section>", head, "<ul>", *items, "</ul>", "</section>"]))
    if seen["digest"]:
        parts.append(f'<p class="quiet small">Graded from the file with the SHA-256 <code>{text(seen["digest"])}</code></p>')
    return page(f"{seen['title']}: report for {seen['student']}", "\n".join(parts))


def _pending(seen):
    essays = [f"{q['id']} ({points_of(q)})" for q in seen["questions"] if q["state"] == "essay" and q["points"] is None]
    if essays:
        yield f"Not in this sum yet, as a person reads it: {text(', '.join(essays))}."
    failed = [f"{q['id']} ({points_of(q)})" for q in seen["questions"] if q["state"] == "ungraded"]
    if failed:
        yield f"Not in this sum, as it could not be graded: {text(', '.join(failed))}."


def points_of(question):
    return f"{question['possible']} {'point' if question['possible'] == 1 else 'points'}"


def _points(question):
    if question["points"] is not None:
        return points(question["points"], question["possible"])
    return f"{'not marked yet' if question['state'] == 'essay' else 'ungraded'}, {points_of(question)}"


def _section(question):
    id, title = text(question["id"]), text(question["title"])
    lines = [
        f'<section id="{id}">',
        f'<div class="head"><h2>{id}. {title}</h2> <span class="points">{text(_points(question))}</span></div>',
    ]
    if question["state"] == "ungraded":
        lines.append(f'<p class="notice">ungraded: {text(question["reason"])}</p>')
    if question["state"] == "essay":
        lines += _essay(question)
    elif messages := _unanswered(question):
        lines += [f'<div class="message" dir="auto">{text(message)}</div>' for message in messages]
        lines += _tests([test | {"message": ""} for test in question["tests"]])
    else:
        lines += _tests(question["tests"])
    return "\n".join([*lines, "</section>"])


def _unanswered(question):
    """What is said of a question without an answer: once, though each test says it. Empty for one that has an answer."""
    seen = [test for test in question["tests"] if test["visible"]]
    if not all(test["mistake"] == UNANSWERED for test in seen):
        return []
    return list(dict.fromkeys(test["message"] for test in seen if test["message"]))


def _tests(tests):
    words = {True: ("passed", "passed"), False: ("failed", "not passed"), None: ("open", "not tested")}
    lines = ['<ul class="tests">']
    for test in tests:
        kind, word = words[test["passed"]]
        earned = points(test["points"] if test["passed"] else 0, test["points"])
        hidden = "" if test["visible"] else ' <span class="quiet">(a hidden test)</span>'
        count = "" if test["passed"] is None else f' <span class="worth">· {earned}</span>'
        lines.append(f'<li class="{kind}"><p><span class="result">{word}</span> {text(test["title"])}{hidden}{count}</p>')
        if test["message"]:
            lines.append(f'<div class="message" dir="auto">{text(test["message"])}</div>')
        if test["mistake"] and test["mistake"] != UNANSWERED:
            lines.append(f"<p>This looks like a known mistake: <strong>{text(test['mistake'])}</strong>.</p>")
        lines.append("</li>")
    return [*lines, "</ul>"]


def _essay(question):
    if question["essay"]:
        lines = ["<h3>Your text</h3>", f'<div class="essay" dir="auto">{text(question["essay"])}</div>']
    else:
        lines = ["<p>No text was found below the marker of this essay.</p>"]
    if question["marks"]:
        rows = [
            (f"<bdi>{text(m['criterion'])}</bdi>", "–" if m["mark"] is None else number(m["mark"]), number(m["possible"]))
            for m in question["marks"]
        ]
        lines.append(table("The marks", ["Criterion", "Points", "Of"], rows, numbers=(1, 2)))
        said = [f"<li><bdi>{text(m['criterion'])}</bdi>: {text(m['comment'])}</li>" for m in question["marks"] if m["comment"]]
        lines += ["<h3>What the teacher says</h3>", '<ul dir="auto">', *said, "</ul>"] if said else []
    return lines
