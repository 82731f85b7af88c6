"""Invented students: notebooks made of the course's own right and wrong answers, with the score that each must get.

`exercises/*/answers.py` says what each answer to a question gets where all answers before it are right. An answer may lean on
another one, or change a name that another cell reads, and then the sum of the scores would say nothing. So each answer is run
once, what it changes is compared with what the course's solution changes, and two that could meddle never stand in one notebook.
"""

import contextlib
import functools
import io
import json
import symtable
import types
import warnings
from dataclasses import dataclass

import numpy as np

from lecture_optim.check.handout import student
from lecture_optim.check.source import blank, plain, read
from lecture_optim.check.testing import Alternative

__all__ = ["Answer", "Student", "answers", "invent"]

RIGHT, WRONG = 0.6, 0.3  # shares of the answers; the rest are left blank


@dataclass(frozen=True)
class Answer:
    """One answer to a question. score: what it must get. taints: the names that it leaves otherwise than the solution does."""

    name: str
    code: str
    score: int
    taints: frozenset


@dataclass(frozen=True)
class Student:
    """What one handed in. data: the notebook's bytes. expected: the points of each question but essays, by its id."""

    id: str
    data: bytes
    expected: dict

    @property
    def total(self):
        return sum(self.expected.values())


def answers(assignment):
    """The answers to each question by its id: the solution first, a blank last."""
    source, known = read(assignment), assignment.answers()
    names, found = {"__name__": "__main__"}, {}
    for cell in source.cells:
        if cell.kind != "code":
            continue
        if cell.question is None:
            _run(cell.text, names)
            continue
        question = assignment.question(cell.question)
        most = assignment.points(question.id)
        before = dict(names)
        solved = _after(plain(cell.text), before)
        made = [Answer("the solution", plain(cell.text), most, frozenset())]
        for answer in known[question.id]:
            # A right answer differs too, in its type for one, and code that was written for the solution need not bear that.
            taints = frozenset(_differing(solved, _after(answer.code, before)))
            score = most if isinstance(answer, Alternative) else answer.score
            made.append(Answer(answer.name, answer.code, score, taints))
        stub = blank(cell.text, question)
        made.append(Answer("blank", stub, 0, frozenset(_differing(solved, _after(stub, before)))))
        found[question.id] = made
        names = solved
    return found


def invent(course, assignment, count, rng):
    """A list of `Student`, no two with the same answers to all questions. rng: numpy.random.Generator.

    ValueError: the answers of the course do not give so many.
    """
    choices, handout = answers(assignment), student(course, assignment)
    cells = [json.loads(json.dumps(cell)) for cell in handout["cells"]]
    taken, made = set(), []
    for number in range(count):
        for _ in range(1000):
            chosen = _untangled(cells, _choose(choices, rng), choices)
            names = tuple(answer.name for answer in chosen.values())
            if names not in taken:
                break
        else:
            raise ValueError(f"{assignment.id}: its answers do not give {count} different notebooks")
        taken.add(names)
        id = f"{assignment.id}-{number:03d}"
        expected = {question: answer.score for question, answer in chosen.items()}
        made.append(Student(id, _notebook(handout, cells, chosen, f"What {id} thinks."), expected))
    return made


def _choose(choices, rng):
    """A right, a wrong or no answer to each question."""
    chosen = {}
    for id, of in choices.items():
        most, luck = of[0].score, rng.random()
        kinds = (
            [answer for answer in of if answer.score == most],
            [answer for answer in of[:-1] if answer.score < most],
            of[-1:],
        )
        kind = kinds[0 if luck < RIGHT else 1 if luck < RIGHT + WRONG else 2]
        chosen[id] = kind[rng.integers(len(kind))]
    return chosen


def _untangled(cells, chosen, choices):
    """The choice with the solution in the place of each answer that another cell could stumble over."""
    places = []
    for cell in cells:
        own = cell["metadata"]
        if cell["cell_type"] == "code" and own.get("role") != "check":
            places.append((own.get("question"), cell["source"]))
    while guilty := _guilty([(question, chosen[question].code if question else text) for question, text in places], chosen):
        chosen = chosen | {guilty: choices[guilty][0]}
    return chosen


def _guilty(places, chosen):
    """The first question whose answer changes a name that another cell reads: when it runs, or, in its functions, when tested."""
    for place, (question, _) in enumerate(places):
        if question is None or not (taints := chosen[question].taints):
            continue
        for other, (_, text) in enumerate(places):
            at_once, in_functions = _used(text)
            if other != place and taints & (in_functions if other < place else at_once | in_functions):
                return question
    return None


def _notebook(handout, cells, chosen, essay):
    made = []
    for cell in cells:
        own = cell["metadata"]
        if own.get("role") == "answer":
            cell = cell | {"source": chosen[own["question"]].code}
        elif own.get("role") == "text":
            cell = cell | {"source": cell["source"] + essay}
        made.append(cell)
    return (json.dumps(dict(handout) | {"cells": made}, indent=1) + "\n").encode()


# ---------------------------------------------------------------------------------------------------- what an answer changes


def _run(code, names):
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        exec(compile(code, "<answer>", "exec"), names)


def _after(code, before):
    """The names after an answer has run. Data is copied first, so that an answer that changes it changes its own."""
    names = {name: _own(value) for name, value in before.items() if name != "__builtins__"}
    _run(code, names)
    return names


def _own(value):
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)(map(_own, value))
    if isinstance(value, dict):
        return {key: _own(item) for key, item in value.items()}
    return value


def _differing(one, other):
    """The names that are not the same in both."""
    return {
        name for name in one.keys() | other.keys() if name not in one or name not in other or not _same(one[name], other[name])
    }


def _same(a, b):
    if a is b or isinstance(a, types.ModuleType):
        return a is b
    if type(a) is not type(b) or callable(a):
        return False
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    try:
        return bool(a == b)
    except Exception:  # a comparison that some library refuses
        return False


@functools.cache
def _used(code):
    """The global names that code reads: those read when it runs, and those that its functions read when they are called."""
    try:
        top = symtable.symtable(code, "<answer>", "exec")
    except SyntaxError:
        return frozenset(), frozenset()
    at_once = frozenset(symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced())
    left, in_functions = list(top.get_children()), set()
    while left:
        scope = left.pop()
        left += scope.get_children()
        in_functions |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    return at_once, frozenset(in_functions)
