"""Results of one reader as text: the same answer gives the same text, so that a stored output can be compared."""

from textwrap import indent

__all__ = ["plural", "points", "progress", "report"]

UNANSWERED = "not answered yet"


def plural(points):
    return f"{points} point" if points == 1 else f"{points} points"


def points(earned, most):
    return f"{earned} of {plural(most)}"


def report(question, outcomes):
    """What the tests of a question said: a line for each with its points, and below a wrong one what was seen."""
    total = points(sum(outcome.earned for outcome in outcomes), sum(outcome.points for outcome in outcomes))
    head = f"{question.id}  {question.title}: "
    if all(outcome.mistake == UNANSWERED for outcome in outcomes):
        return f"{head}{UNANSWERED}, {total}"
    return "\n".join([head + total, *(_line(outcome) for outcome in outcomes)])


def _line(outcome):
    if outcome.passed:
        return f"  ✓ right, {points(outcome.points, outcome.points)}: {outcome.title}"
    if outcome.fault:
        text = f"This is a fault of the test and not of your answer; please report it: {outcome.fault}"
        return f"  ? not tested: {outcome.title}\n{indent(text, '      ')}"
    named = f"\nThis looks like a known mistake: {outcome.mistake}." if outcome.mistake and outcome.mistake != UNANSWERED else ""
    return f"  ✗ wrong, {points(0, outcome.points)}: {outcome.title}\n{indent(outcome.message + named, '      ')}"


def progress(assignment, outcomes):
    """A table of the points of each question, and their sum. outcomes: of the questions that were checked, by id."""
    rows, sums, essays = [], [0, 0], 0
    for question in assignment.questions:
        most = assignment.points(question.id)
        found = outcomes.get(question.id)
        if question.form == "essay":
            essays += most
            rows.append((question.id, question.title, f"– of {most}", "an essay: a person marks it"))
            continue
        earned = sum(outcome.earned for outcome in found or ())
        sums = [sums[0] + earned, sums[1] + most]
        note = "not checked yet" if found is None else ""
        rows.append((question.id, question.title, f"{earned} of {most}", note))
    rows.append(("", "so far", f"{sums[0]} of {sums[1]}", f"and {essays} for essays" if essays else ""))
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    table = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d}".rstrip() for a, b, c, d in rows]
    return "\n".join([f"Points in {assignment.title}", *table])
