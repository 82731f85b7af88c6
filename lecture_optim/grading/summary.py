"""How a class did with an assignment, on one page: made of the records of its submissions, for the teacher alone."""

from collections import Counter

from lecture_optim.grading.markup import bar, number, page, table, text
from lecture_optim.grading.report import UNANSWERED, question_points, state

__all__ = ["summary_page"]

BINS = 10
MOST_ROWS = 12  # of tests and mistakes


def summary_page(records, assignment):
    """The HTML page. records: as `report.record` gives them, in any order. assignment: a `course.Assignment`."""
    records = sorted(records, key=lambda record: record["id"])
    graded = [record for record in records if record["state"] == "graded"]
    ungraded = [record for record in records if state(record).startswith("ungraded")]
    parts = ["<header>", f"<h1>{text(assignment.title)}: how the class did</h1>"]
    whole = len(records) - len(ungraded)
    said = f"{_count(len(records), 'submission')}, {whole} graded, {len(ungraded)} ungraded or in part"
    parts.append(f'<p class="quiet">{said}</p>')
    parts.append("</header>")
    if graded:
        parts += [_totals(graded), _questions(graded, assignment), _tests(graded), _mistakes(graded)]
    parts += [_ungraded(ungraded), _same_files(records)]
    return page(f"{assignment.title}: summary", "\n".join(filter(None, parts)))


def _count(n, what):
    return f"{n} {what}{'' if n == 1 else 's'}"


def _section(head, *parts):
    return "\n".join(["<section>", f"<h2>{head}</h2>", *parts, "</section>"])


def _totals(graded):
    """The distribution of totals, in tenths of what could be had."""
    essays = all(question_points(q) is not None for record in graded for q in record["questions"] if q["state"] == "essay")
    totals = []
    for record in graded:
        counted = [q for q in record["questions"] if q["state"] != "essay" or essays]
        if counted and all(question_points(q) is not None for q in counted):
            totals.append((sum(map(question_points, counted)), sum(q["possible"] for q in counted)))
    if not totals or not totals[0][1]:
        return ""
    has_essays = any(q["state"] == "essay" for record in graded for q in record["questions"])
    which = "" if not has_essays else ", essays included" if essays else "; essays are left out until all are marked"
    counts = Counter(min(int(BINS * earned / possible), BINS - 1) for earned, possible in totals)
    most, possible = max(counts.values()), totals[0][1]
    rows = []
    for k in range(BINS):
        last = k == BINS - 1
        rows.append((f"{100 * k // BINS} to {'100' if last else f'under {100 * (k + 1) // BINS}'}", str(counts[k])))
    rows = [(head, n, bar(int(n) / most, "count")) for head, n in rows]
    points = sorted(earned for earned, _ in totals)
    middle = (points[(len(points) - 1) // 2] + points[len(points) // 2]) / 2
    mean = sum(points) / len(points)
    said = (
        f"<p>Mean {mean:.1f}, median {number(middle)}, lowest {number(points[0])}, highest {number(points[-1])} "
        f"of {number(possible)} points{which}.</p>"
    )
    made = table("Submissions by their share of the points", ["Percent", "How many", "Picture"], rows, numbers=(1,))
    return _section("Totals", said, made.replace("<table>", '<table class="bars">', 1))


def _questions(graded, assignment):
    rows = []
    for question in assignment.questions:
        found = [q for record in graded for q in record["questions"] if q["id"] == question.id]
        known = [q for q in found if question_points(q) is not None]
        possible = assignment.points(question.id)
        head = f"{text(question.id)} {text(question.title)}"
        if not known:
            rows.append((head, "–", "–", "–"))
            continue
        mean = sum(map(question_points, known)) / len(known)
        full = sum(question_points(q) == q["possible"] for q in known)
        blank = sum(_blank(q) for q in known)
        rows.append((f"{head}{bar(mean / possible)}", f"{mean:.1f} of {possible}", f"{full} of {len(known)}", str(blank)))
    heads = ["Question", "Mean points", "Full marks", "Not answered"]
    return _section("By question", table("The bar is the mean share of the points", heads, rows, numbers=(1, 2, 3)))


def _blank(question):
    if question["state"] == "essay":
        return not question["essay"]
    return all(test["mistake"] == UNANSWERED for test in question["tests"])


def _tests(graded):
    """The tests that most answers failed, of those who answered."""
    passed, tried, worth = Counter(), Counter(), {}
    for record in graded:
        for question in record["questions"]:
            if question["state"] != "graded" or _blank(question):
                continue
            for test in question["tests"]:
                key = (question["id"], test["title"])
                tried[key] += 1
                passed[key] += test["passed"]
                worth[key] = test["visible"]
    order = {key: n for n, key in enumerate(tried)}
    bad = sorted((key for key in tried if passed[key] < tried[key]), key=lambda key: (passed[key] / tried[key], order[key]))
    if not bad:
        return _section("Tests that went badly", "<p>None: every answer passed every test.</p>")
    hidden = ' <span class="quiet">(hidden)</span>'
    rows = [
        (f"{text(key[0])} {text(key[1])}{'' if worth[key] else hidden}", f"{passed[key]} of {tried[key]}")
        for key in bad[:MOST_ROWS]
    ]
    made = table("Of the answers that were given, how many passed", ["Test", "Passed by"], rows, numbers=(1,))
    more = f'<p class="quiet">{_count(len(bad) - MOST_ROWS, "more test")} had answers that failed.</p>' * (len(bad) > MOST_ROWS)
    return _section("Tests that went badly", made, more)


def _mistakes(graded):
    """The mistakes that were named, by how many students made them."""
    made = Counter()
    for record in graded:
        for question in record["questions"]:
            named = {test["mistake"] for test in question.get("tests", ()) if test["mistake"]} - {UNANSWERED}
            made.update((question["id"], name) for name in named)
    if not made:
        return _section("Mistakes by name", "<p>No known mistake was seen.</p>")
    first = sorted(made, key=lambda key: (-made[key], key))[:MOST_ROWS]
    rows = [(f"{text(key[0])} {text(key[1])}", str(made[key])) for key in first]
    return _section("Mistakes by name", table("The known mistakes that were seen", ["Mistake", "Students"], rows, numbers=(1,)))


def _ungraded(ungraded):
    if not ungraded:
        return _section("Ungraded", "<p>None: everything that was handed in is graded.</p>")
    items = []
    for record in ungraded:
        items.append(f"<li><bdi>{text(record['student'])}</bdi> ({text(record['id'])}): {text(state(record))}")
        faults = [f"<li>{text(q['id'])}: {text(q['reason'])}</li>" for q in record["questions"] if q["state"] == "ungraded"]
        items.append("\n".join([*(["<ul>", *faults, "</ul>"] if faults else []), "</li>"]))
    return _section("Ungraded", "<p>None of these is a 0.</p>", "<ul>", *items, "</ul>")


def _same_files(records):
    groups = {}
    for record in records:
        if record["digest"]:
            groups.setdefault(record["digest"], []).append(f"<bdi>{text(record['student'])}</bdi>")
    items = [f"<li>{', '.join(names)}</li>" for names in groups.values() if len(names) > 1]
    return _section("Files that are the same, byte for byte", "<ul>", *items, "</ul>") if items else ""
