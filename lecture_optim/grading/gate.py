"""What an assignment must pass before anything of it is released.

Its solution gets all points, a blank notebook gets none, other right answers get all, each wrong answer gets exactly the score
that was predicted for it, and nothing that is hidden stands in a student's notebook. All of it is judged as a reader alone is
judged, here and with the assignment's own code, so it is for assignments that are trusted.
"""

import ast
import contextlib
import io
import json
import re
import warnings
from itertools import zip_longest

import numpy as np

from lecture_optim.check.alone import judge
from lecture_optim.check.course import CourseError
from lecture_optim.check.handout import student
from lecture_optim.check.source import BEGIN, END, blank, read, written
from lecture_optim.check.testing import Alternative, Mistaken

__all__ = ["ALTERNATIVES", "MISTAKEN", "NAMED", "gate", "hidden", "leaks"]

ALTERNATIVES, MISTAKEN = 3, 6  # at least so many other right answers, and wrong ones, a question
NAMED = 0.8  # of the wrong answers must be named by the feedback
OTHER_SEEDS = ("a class",)  # a score must hold for every class, and not for the public numbers alone
SHORT = 20  # a hidden text of fewer characters may stand in a student's notebook by chance


def gate(course, assignment, seeds=OTHER_SEEDS):
    """What is wrong with an assignment: a list of sentences, empty if it may be released.

    assignment: of the course, or one with more tests, which only a class has: every right answer must pass those too, and what a
    wrong one gets from them is predicted nowhere. seeds: of classes, with which everything is judged besides the public seed.
    """
    try:
        source, tests, answers = read(assignment), assignment.tests(), assignment.answers()
        predicted = {id: {test.title for test in of} for id, of in course.assignment(assignment.id).tests().items()}
        handout = student(course, assignment)
    except CourseError as error:
        return str(error).splitlines()
    seeds = (course.public_seed, *seeds)
    text = (assignment.folder / "source.md").read_text("utf-8")
    found = [] if written(text) == text else [_first_difference(assignment, text)]
    found += [f"{assignment.id}: a student's notebook holds {leak}" for leak in leaks(handout, hidden(assignment, source))]
    found += _blank(assignment, source, seeds)
    for question in assignment.questions:
        if question.form == "essay":
            continue
        most = sum(test.points for test in tests[question.id])
        try:
            run = _Question(assignment, source, question, seeds)
        except _Raised as raised:
            found.append(f"{assignment.id} {question.id}: before its answer, {raised}")
            continue
        problems = _answers(run, most, predicted[question.id], answers.get(question.id, []))
        found += [f"{assignment.id} {question.id}: {problem}" for problem in problems]
    return found + list(_counts(assignment, answers))


def _first_difference(assignment, text):
    pairs = enumerate(zip_longest(text.splitlines(), written(text).splitlines(), fillvalue=""), 1)
    n, (is_, be) = next(((n, pair) for n, pair in pairs if pair[0] != pair[1]), (1, ("", "")))
    return f"{assignment.id}: source.md is not as jupytext writes it; line {n} is {is_[:60]!r} and becomes {be[:60]!r}"


class _Raised(Exception):
    """A cell raised; the text says what."""


def _run(code, names):
    """Run a cell of a trusted assignment, without what it prints and warns of."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            exec(compile(code, "<answer cell>", "exec"), names)
    except Exception as error:
        raise _Raised(f"a cell raises {type(error).__name__}: {str(error)[:200]}") from None


class _Question:
    """A question with everything that stands before its answer cell, run once with the solutions."""

    def __init__(self, assignment, source, question, seeds):
        # What is proved is judged alike whatever the seed, and takes long.
        proved = question.form in ("expression", "certificate")
        self.assignment, self.question, self.seeds = assignment, question, seeds[:1] if proved else seeds
        self.solution = source.answer(question.id)
        self.names = {"__name__": "__main__"}
        for cell in source.before(question.id):
            _run(cell.text, self.names)

    def judged(self, code):
        """The outcomes under each seed of the answer that this code makes in the answer cell."""
        # An answer that changes the data of the set-up must not change it for the next.
        names = {name: _own(value) for name, value in self.names.items() if name != "__builtins__"}
        _run(code, names)
        if self.question.answer not in names:
            raise _Raised(f"the cell makes no {self.question.answer}")
        return [_judge(self.assignment, self.question, names[self.question.answer], seed) for seed in self.seeds]


def _own(value):
    """A copy of data, in lists and dicts too; anything else as it is."""
    if type(value) is np.ndarray:
        return value.copy()
    if type(value) is list:
        return [_own(item) for item in value]
    if type(value) is dict:
        return {key: _own(item) for key, item in value.items()}
    return value


def _judge(assignment, question, answer, seed):
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return judge(assignment, question.id, answer, seed)


def _answers(run, most, predicted, answers):
    """What is wrong with the scores of the solution and of the other answers of one question.

    most: its points. predicted: the titles of the tests whose points the score of a wrong answer sums.
    """
    for name, code in [("the solution", run.solution), *((f"{a.name!r}", a.code) for a in answers if isinstance(a, Alternative))]:
        for outcomes in _tried(run, code):
            if isinstance(outcomes, str) or sum(outcome.earned for outcome in outcomes) != most:
                yield f"{name}, which is right, does not get all of {most} points: {_said(outcomes)}"
                break
    for answer in answers:
        if not isinstance(answer, Mistaken):
            continue
        for outcomes in _tried(run, answer.code):
            if isinstance(outcomes, str):
                yield f"{answer.name!r}, which is wrong, cannot be judged: {outcomes}"
                break
            score = sum(outcome.earned for outcome in outcomes if outcome.title in predicted)
            if score != answer.score or any(outcome.fault for outcome in outcomes):
                yield f"{answer.name!r}, which is wrong, gets {score} and not {answer.score} of {most} points: {_said(outcomes)}"
                break
            if answer.names is not None and not any(answer.names in f"{o.mistake} {o.message}" for o in outcomes if not o.passed):
                yield f"{answer.name!r}, which is wrong, is not named {answer.names!r}: {_said(outcomes)}"
                break


def _tried(run, code):
    """The outcomes under each seed; one sentence instead of them where the answer cell raises."""
    try:
        return run.judged(code)
    except _Raised as raised:
        return [str(raised)]


def _said(outcomes):
    """What the tests that failed said, in one line."""
    if isinstance(outcomes, str):
        return outcomes
    failed = [f"{o.title}: {o.fault or o.message}{f' [{o.mistake}]' if o.mistake else ''}" for o in outcomes if not o.passed]
    return " ".join("; ".join(failed).split())[:600] or "every test passed"


def _blank(assignment, source, seeds):
    """What is wrong with a blank notebook: that it does not run through, or that one of its tests passes."""
    names = {"__name__": "__main__"}
    for n, cell in enumerate(source.cells, 1):
        if cell.kind != "code":
            continue
        code = blank(cell.text, assignment.question(cell.question)) if cell.question else cell.text
        try:
            _run(code, names)
        except _Raised as raised:
            yield f"{assignment.id}: a blank notebook does not run through: in cell {n} of source.md, {raised}"
    for question in assignment.questions:
        if question.form == "essay":
            continue
        for seed in seeds:
            for outcome in _judge(assignment, question, names.get(question.answer), seed):
                if outcome.passed or outcome.fault:
                    what = f"breaks {outcome.title!r}: {outcome.fault}" if outcome.fault else f"passes {outcome.title!r}"
                    yield f"{assignment.id} {question.id}: a blank notebook {what}"


def _counts(assignment, answers):
    """Whether there are answers enough, and enough of the wrong ones are named."""
    wanted = [question.id for question in assignment.questions if question.form != "essay"]
    for id in sorted(answers.keys() - set(wanted)):
        yield f"{assignment.id}: answers.py answers {id!r}, which is no question with tests"
    mistaken = []
    for id in wanted:
        of = answers.get(id, [])
        right, wrong = ([a for a in of if isinstance(a, kind)] for kind in (Alternative, Mistaken))
        mistaken += wrong
        for name, found, least in (("other right answers", right, ALTERNATIVES), ("wrong answers", wrong, MISTAKEN)):
            if len(found) < least:
                yield f"{assignment.id} {id}: answers.py has {len(found)} {name}, and needs {least}"
        names = [answer.name for answer in of]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{assignment.id} {id}: two answers are called {name!r}"
    named = sum(answer.names is not None for answer in mistaken)
    if mistaken and named < NAMED * len(mistaken):
        yield f"{assignment.id}: feedback names {named} of {len(mistaken)} wrong answers; {NAMED:.0%} are needed"


# ---------------------------------------------------------------------------------------------------------------- what is hidden


def hidden(assignment, source):
    """What no student may see, as pairs (what it is, its text): solutions, marking schemes, bodies of hidden tests."""
    for cell in source.cells:
        if cell.role in ("solution", "marking"):
            name = {"solution": "the explanation of the solution", "marking": "the marking scheme"}[cell.role]
            yield from ((f"{name} of {cell.question}", text) for text in cell.text.split("\n\n"))
        elif cell.role == "answer":
            regions = re.findall(rf"{re.escape(BEGIN)}[ \t]*\n(.*?)\n[ \t]*{re.escape(END)}", cell.text, re.DOTALL)
            yield from ((f"the solution of {cell.question}", text) for text in regions)
    file = assignment.folder / "tests.py"
    bodies = {node.name: node for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}
    for tests in assignment.tests().values():
        for test in tests:
            body = bodies.get(getattr(test.function, "__name__", None))
            if not test.visible and body is not None:
                yield from ((f"the hidden test {test.title!r}", ast.unparse(line)) for line in body.body)


def leaks(notebook, secrets):
    """Which of these secrets a notebook holds, wherever in it: in cells, outputs or metadata."""
    held = [_plain(text) for text in _texts(json.loads(json.dumps(notebook)))]
    if any(marker in text for text in held for marker in (BEGIN, END)):
        yield "the markers of a solution"
    for name, text in secrets:
        if len(text) >= SHORT and any(_plain(text) in other for other in held):
            yield f"{name}: {_plain(text)[:60]!r}"


def _plain(text):
    return " ".join(text.split())


def _texts(value):
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
