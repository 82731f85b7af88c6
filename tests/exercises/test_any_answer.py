"""Whatever a student hands in, each test of the course gives it a score: soon, with a short message, never a fault of its own.

A fault makes a question ungraded, so a student who can cause one decides what is graded. Each test is given a zoo of wrong
values, functions that return them or take other arguments, and right answers with one part wrong, which get further into a test.
"""

import contextlib
import io
import re
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from lecture_optim.check import course, testing
from lecture_optim.check.alone import crossed
from lecture_optim.check.codec import Expression
from lecture_optim.check.source import read
from lecture_optim.check.testing import Wrong

COURSE = course.load()
QUESTIONS = {
    f"{assignment.id} {question.id}": (assignment, question)
    for assignment in COURSE.assignments
    for question in assignment.questions
    if question.form != "essay"
}
LONGEST = 4000  # characters of a message
SLOWEST = 5.0  # seconds of a processor for one test; a class gives a question twice as much

TEXTS = [
    "", "x", "1/0", "9" * 100, "a" * 5000, "Sum(1, (k, 1, 10**9))", "zoo", "1" + " + 1" * 200, "sqrt(-1)", "Max(1, 2)**16",
    "(2 + 3)**64",
]  # fmt: skip
SCALARS = [None, True, 0, -1, 0.5, 2**150, -(2**1500), np.nan, np.inf, 1e308, 1j, *TEXTS]
ARRAYS = [
    np.zeros(0), np.zeros((0, 2)), np.zeros(3), np.full(3, np.nan), np.ones((2, 2)), np.zeros((2, 3, 4)), np.zeros((1,) * 20),
    np.array(0.5), np.array(True), np.array([1j]), np.zeros(3, bool), np.full(2, 2**63, "u8"),
]  # fmt: skip
HEAPS = [
    [], (), {}, [1], (0.5, 0.1), (np.nan, 1.0), (None, None), ("a", "b"), (2**1500, 1.0), (0.5, 1j), ([0.5], [0.1]), {"a": 1},
    {"": None}, [[1], [2, 3]], [["x"]], [{"a": 1}], [0.0] * 5000, [np.zeros(2), np.zeros(3)], [Expression("x")],
    {str(k): [k] for k in range(500)},
]  # fmt: skip
ZOO = [*SCALARS, *ARRAYS, *HEAPS]
FEW = [None, "x", 2**1500, np.nan, 1j, [], {"a": 1}, [[1], [2, 3]], np.zeros(0), np.full((2, 2), np.nan), np.array(0.5)]


def hostile_texts(right):
    """Expressions in the letters of a right answer that are long, deep, large or no numbers."""
    text = " ".join(str(part) for part in (right.values() if isinstance(right, dict) else [right]))
    families = set(re.findall(r"(\w+)\[", text))
    names = sorted(set(re.findall(r"[A-Za-z]\w*", text)) - families - {"Max", "Sum", "Abs", "sqrt"})
    a, b, *_ = [*names, "2", "3"]
    yield from (
        f"({a} + {b} + 1)**16", f"({a} + {b})**16*({a} - {b})**16", f"({a} + {b} + 1)**64", f"{a}**{b}**{a}", f"{a}**(1/{b})",
        "*".join(f"({a} + {k}*{b})" for k in range(2, 10)), "*".join(f"({a} + {k})" for k in range(60)),
        "+".join(f"1/({a} + {k}*{b})" for k in range(2, 8)), "+".join(f"1/({a} + {k})" for k in range(2, 90)),
        f"1/(({a} + 1)**16 + ({b} + 2)**16)", f"Max({a}, {b})*Min({a}, {b}, 1)", f"Sum({a}**j, (j, 1, 1000))",
        f"Sum({a}*j, (j, 1, {b}**9))", f"Sum(Sum({a}*j, (j, 1, 99)), (k, 1, 99))", f"Product({a} + j, (j, 1, 60))",
        f"Product({a}, (j, 1, {b}))", f"sqrt({a} + sqrt({b} + sqrt({a})))", f"log({a} - {a})",
        f"exp({a})**{b}", f"Abs({a} - {b})**16", f"{a}", f"{a}[1]", f"{a}[i]", f"1/({a} - {a})", f"sign({a} - {b})/{a}",
        f"1/({a} - 1) + 1/{a} + 1/({b} - 1)", f"sqrt(1 - {a})", f"({a} - 1)**(1/2)*{b}", f"{a}*1.5", f"tanh({a})", "0", "1", "-1",
    )  # fmt: skip
    for name in names:
        yield from (f"Sum({name}, ({name}, 1, 2))", f"Sum({name}, ({name}, 1, 10**9))", f"Product(2, ({name}, {name}, 9))")
    for name in families:
        yield from (f"{name}", f"{name} + 1", f"{name}[{name}]", f"{name}[1, 2]", f"{name}[1/2]", f"{name}[-1]", f"{name}[k]**16")
        yield from (f"Sum({name}[j], ({name}, 1, 2))", f"Sum({name}[j]**2, (j, 1, 10**9))", f"1/Sum({name}[j], (j, 1, 0))")


@pytest.fixture(scope="module")
def solved():
    """A function: the right answer of a question, from the solution notebook of its assignment."""
    known = {}

    def right(assignment, question):
        if assignment.id not in known:
            known[assignment.id] = names = {"__name__": "__main__"}
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for cell in read(assignment).cells:
                    if cell.kind == "code":
                        exec(compile(cell.text, "<cell>", "exec"), names)
        return known[assignment.id][question.answer]

    return right


def broken(value, depth=2):
    """A right value with one part of it wrong, in every way of `FEW` and some more."""
    if isinstance(value, (tuple, list)) and depth:
        for n, part in enumerate(value[:4]):
            for other in broken(part, depth - 1):
                yield type(value)([*value[:n], other, *value[n + 1 :]])
        yield value[:-1]
        yield type(value)([*value, *value])
    elif isinstance(value, dict) and depth:
        for key in list(value)[:4]:
            for other in broken(value[key], depth - 1):
                yield value | {key: other}
            yield {name: part for name, part in value.items() if name != key}
        yield value | {"more": 1}
    else:
        yield from FEW
        if isinstance(value, (np.ndarray, float, int)) and not isinstance(value, bool):
            array = np.asarray(value)
            yield from (array[None], array.ravel()[:-1], array * np.nan, array.astype(complex), array.astype(bool))
            yield from (array.tolist(), [array])


def functions(right):
    """Functions that are wrong: by what they return, take, or do in a later call."""
    yield from (lambda: 0, lambda x: x, lambda *given: given, lambda **named: named, lambda *given, more: 0, len, dict, np.add)
    for value in ZOO:
        yield lambda *given, value=value, **named: value
    for place in range(3):
        yield lambda *given, place=place, **named: given[place]
    for turn in (1, 2):
        for value in (None, "x", np.nan, {}, (1, 2), np.zeros((0, 0))):
            yield _late(right, turn, value)
    made = []

    def part(n):
        def answer(*given, **named):
            made[:] = list(broken(right(*given, **named)))
            return made[n % len(made)]

        return answer

    with contextlib.suppress(Wrong):
        yield part(0)
    yield from map(part, range(1, min(len(made) or 40, 60)))


def _late(right, turn, value):
    """Right, but for one call."""
    count = iter(range(10**6))
    return lambda *given, **named: value if next(count) == turn else right(*given, **named)


def wrong_answers(question, right):
    if question.form == "function":
        return functions(right)
    found = [*ZOO, *broken(right)]
    if question.form in ("expression", "certificate"):
        texts = list(hostile_texts(right))
        found += [right | {key: text} for key in right for text in texts] if isinstance(right, dict) else texts
    return found


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_answer_gets_a_score_soon(name, solved):
    assignment, question = QUESTIONS[name]
    tests, troubles = assignment.tests()[question.id], {}
    for answer in wrong_answers(question, solved(assignment, question)):
        shown = getattr(answer, "__name__", None) or repr(answer)[:60]
        for test in tests:
            started = time.process_time()
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                try:
                    outcome = testing.run(test, crossed(answer, question), np.random.default_rng(1))
                except Wrong as wrong:
                    outcome = testing.Outcome(test.title, test.points, False, True, wrong.message)
            seconds = time.process_time() - started
            if outcome.fault:
                troubles[shown, test.title] = outcome.fault[:200]
            elif seconds > SLOWEST:
                troubles[shown, test.title] = f"{seconds:.1f} s"
            elif len(outcome.message) > LONGEST or not (outcome.passed or outcome.message):
                troubles[shown, test.title] = f"a message of {len(outcome.message)} characters"
    assert not troubles


def test_a_message_of_a_huge_value_is_short_and_soon_made():
    """It tells the beginning, and makes no more of the value's text than that."""
    huge = {
        "a dict of arrays": {str(k): np.zeros(1) for k in range(90_000)},
        "a list of lists": [[1, 2]] * 30_000,
        "a text": "x" * 10**7,
        "a key": {"x" * 10**7: 1},
        "an array": np.zeros(10**6),
        "a list with an array": [np.zeros(10**6), "x" * 10**7],
    }
    for name, value in huge.items():
        for judged in (
            lambda value=value: testing.number(value, 1.0),
            lambda value=value: testing.choice(value, "a", among=("a", "b")),
            lambda value=value: testing.interval(value, 1.0, widest=0.1),
            lambda value=value: testing.close(value, {"a": 1}),
            lambda value=value: testing.close(1.0, 2.0, given={"value": value}),
        ):
            started = time.process_time()
            with pytest.raises(Wrong) as wrong:
                judged()
            assert time.process_time() - started < 0.05, name
            assert len(wrong.value.message) < 600, name


def test_a_value_in_a_message_is_written_as_python_writes_it():
    """As long as it is short; and cut, with dots, where it is not."""
    for value in (None, True, 3, ["it's"], [], [1, "a"], (), (1,), (1, 2.5), {"a": [1, (2,)], "b": {}}, 1j, [None, [True]]):
        with pytest.raises(Wrong) as wrong:
            testing.choice(value, "a", among=("a", "b"))
        assert wrong.value.message.endswith(f", not {value!r}.")
    with pytest.raises(Wrong) as wrong:
        testing.number(list(range(99)), 1.0)
    assert re.search(r"not \[0, 1, 2, .{60,70}\.\.\.\.$", wrong.value.message)


def test_no_answer_but_mathematics_needs_sympy():
    """A reader alone does not wait for an import, half a second of it, when a number or a function is checked."""
    code = """
import sys
from lecture_optim.check import course
from lecture_optim.check.alone import judge
for assignment in course.load().assignments:
    for question in assignment.questions:
        if question.form in ("function", "value"):
            judge(assignment, question.id, (lambda *given: 0.0) if question.form == "function" else {"a": 0.0}, "seed")
print("sympy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
