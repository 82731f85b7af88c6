"""For the tests of the class side: a small assignment, an honest notebook that answers it, and how both are graded."""

import json
from types import SimpleNamespace

import numpy as np

from lecture_optim.check.testing import close, entry, number, test
from lecture_optim.grading import runner
from lecture_optim.grading.jail import writable_folder

PLACE = writable_folder()  # what a text here calls /tmp: `placed` puts it in
SEED = b"the seed of this class"
# Short, so that an attack ends soon; long enough for an honest cell on a busy machine.
LIMITS = runner.Limits(
    call_seconds=1.0, cell_seconds=1.5, notebook_seconds=20.0, memory_megabytes=400, question_seconds=4.0, test_seconds=3
)
SET_UP = "import numpy as np\nfrom lecture_optim.check import open_assignment\ncheck = open_assignment('sample')"
ANSWERS = {
    "q1": "def step(w, g, lr):\n    return w - lr * g",
    "q2": "def meter(losses):\n    best = np.cumsum(losses, axis=0).min(axis=1)\n    return np.cumsum(losses.max(axis=1)) - best",
    "q3": "half = 0.5",
    "q4": "from sympy import symbols\nx = symbols('x', positive=True)\nbound = (x + 1)**2",
    "q5": "def pair(a, b=2):\n    return {'sum': a + b, 'both': (a, [b])}",
}


@test("q1", points=2, title="one step")
def one_step(answer, rng):
    w, g = rng.standard_normal((2, 3, 4))
    close(answer(w, g, 0.1), w - 0.1 * g, mistakes={"the sign": w + 0.1 * g})


@test("q1", points=1, title="a large rate", visible=False)
def large_rate(answer, rng):
    w, g = rng.standard_normal((2, 5))
    close(answer(w, g, lr=100.0), w - 100.0 * g)


@test("q2", points=2, title="regret")
def regret(answer, rng):
    losses = rng.random((6, 3))
    close(answer(losses), np.cumsum(losses.max(axis=1)) - np.cumsum(losses, axis=0).min(axis=1))


@test("q3", points=1, title="the half")
def the_half(answer, rng):
    number(answer, 0.5, atol=1e-9)


@test("q4", points=2, title="the square")
def the_square(answer, rng):
    from lecture_optim.check.testing import Wrong

    if getattr(answer, "text", answer) != "(x + 1)**2":
        raise Wrong(f"it is {answer!r}")


@test("q5", points=1, title="the sum")
def the_sum(answer, rng):
    close(answer(3), {"sum": 5, "both": (3, [2])})


@test("q5", points=1, title="the pair")
def the_pair(answer, rng):
    close(entry(answer(3, b=4), "both", "the result"), (3, [4]))


TESTS = {"q1": [one_step, large_rate], "q2": [regret], "q3": [the_half], "q4": [the_square], "q5": [the_sum, the_pair]}
FORMS = {
    "q1": ("step", "function"), "q2": ("meter", "function"), "q3": ("half", "value"), "q4": ("bound", "expression"),
    "q5": ("pair", "function"), "q6": (None, "essay"),
}  # fmt: skip
ESSAY = "Because the squares remember.\n\nEach of them."


class Sample:
    """What `runner.grade_submission` needs of an assignment."""

    id = "sample"
    questions = tuple(SimpleNamespace(id=id, answer=answer, form=form) for id, (answer, form) in FORMS.items())

    def tests(self):
        return TESTS

    def points(self, id):
        return 3 if id == "q6" else sum(test.points for test in TESTS[id])


FULL = 10  # points of the questions that are graded here
FULL_SCORES = {"q1": 3, "q2": 2, "q3": 1, "q4": 2, "q5": 2, "q6": None}


def placed(text):
    """A text of a submission, with the jail's writable folder in place of /tmp."""
    return text.replace("/tmp", PLACE)


def code(text, **more):
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": text, **more}


def prose(text):
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def cells(answers=ANSWERS, essay=ESSAY, extra=()):
    """The cells of a notebook in the shape that a student gets: ten of code, with ``extra`` ones after the set-up."""
    found = [prose("# Sample"), code(SET_UP), *map(code, extra)]
    for id, text in answers.items():
        found += [prose(f"## {id}"), code(text), code(f'check("{id}", {FORMS[id][0]})')]
    return [*found, prose(f"## q6\n<!-- essay: q6 -->\n{essay}")]


def notebook(cells_):
    """The bytes of a notebook of these cells."""
    return json.dumps({"cells": cells_, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1).encode()


def honest(**changed):
    """The honest notebook, with the answers of some questions changed."""
    return notebook(cells(ANSWERS | changed))


def grade(data, jail, limits=LIMITS):
    return runner.grade_submission(data, Sample(), jail=jail, seed=SEED, limits=limits)


def scores(result):
    """The points by question id; None where a question is ungraded or an essay."""
    return {question.id: question.points for question in result.questions}


def messages(result, question):
    """What the failed tests of a question say."""
    (found,) = [q for q in result.questions if q.id == question]
    return " ".join(outcome.message for outcome in found.outcomes if not outcome.passed)
