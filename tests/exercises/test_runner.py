"""One submission from notebook to result: right scores for honest work, and nothing gained, harmed or hung by an attack."""

import json
import os
import re
import signal
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lecture_optim.check.testing import Wrong, close, test
from lecture_optim.grading import runner
from lecture_optim.grading.jail import Jail, JailError

from . import classes
from .classes import (
    ANSWERS,
    ESSAY,
    FULL,
    FULL_SCORES,
    LIMITS,
    SEED,
    Sample,
    cells,
    code,
    grade,
    honest,
    messages,
    notebook,
    scores,
)

# -------------------------------------------------------------------------------------------------------------------- honest work


def test_an_honest_notebook_gets_all_its_points(graded):
    assert (graded.state, graded.complete, graded.notes) == ("graded", True, ())
    assert scores(graded) == FULL_SCORES
    assert (graded.points, graded.possible) == (FULL, FULL + 3)
    assert graded.questions[-1].essay == ESSAY
    assert graded.questions[-1].state == "essay"


def test_a_result_is_the_same_in_each_run_and_jail(graded, jail):
    text = json.dumps(graded.as_dict())
    assert json.dumps(grade(honest(), jail).as_dict()) == text
    with Jail(preload=("numpy",)) as other:
        assert json.dumps(grade(honest(), other).as_dict()) == text


def test_a_message_holds_no_address_in_memory(jail):
    q1 = "class A: pass\ndef step(w, g, lr):\n    raise ValueError(A(), step)"
    first = grade(honest(q1=q1), jail)
    assert "0x..." in messages(first, "q1")
    with Jail(preload=("numpy",)) as other:
        assert grade(honest(q1=q1), other) == first


def test_unseeded_numbers_are_the_same_in_each_run(jail):
    q1 = "import random\ndef step(w, g, lr):\n    raise ValueError(str((np.random.rand(), random.random(), hash('a'))))"
    assert grade(honest(q1=q1), jail) == grade(honest(q1=q1), jail)


def test_seeds_are_of_the_class_the_submission_and_the_question(jail):
    """What a function is given changes with each of the three, and with nothing else."""
    q1 = "def step(w, g, lr):\n    raise ValueError(str(float(w[0, 0])))"

    def given(data, seed=SEED):
        result = runner.grade_submission(data, Sample(), jail=jail, seed=seed, limits=LIMITS)
        return result.questions[0].outcomes[0].message

    data = honest(q1=q1)
    assert given(data) == given(data)
    assert len({given(data), given(data + b"\n"), given(data, b"another seed")}) == 3
    with pytest.raises(ValueError, match="the seed of the class is empty"):
        given(data, b"")


def test_points_are_the_sum_over_the_tests_that_pass(jail):
    result = grade(honest(q1="def step(w, g, lr):\n    return w - 0.1 * g"), jail)
    assert scores(result)["q1"] == 2
    assert [outcome.passed for outcome in result.questions[0].outcomes] == [True, False]


@pytest.mark.parametrize(
    ("answer", "said", "mistake"),
    [
        ("pass", "The notebook has no `step`", "not answered yet"),
        ("step = None", "`step` is None", "not answered yet"),
        ("step = 3", "`step` must be a function, but is a value of type int", "a value instead"),
        ("step = {1}", "cannot be checked|set is not plain data.*sort it into a list", None),
        ("def step(w, g, lr):\n    raise NotImplementedError('q1')", "not answered yet", "not answered yet"),
        ("def step(w, g, lr):\n    return w + lr * g", "should be", "the sign"),
        ("def step(w, g, lr):\n    pass", "is None: nothing is returned", "nothing is returned"),
        ("def step(w, g, lr):\n    w -= lr * g\n    return w", "changes one of the arrays", "changes its input"),
        ("def step(w, g, lr):\n    return 1 / 0", "raised ZeroDivisionError: division by zero", None),
        ("def step(w, g):\n    return w", r"raised TypeError: step\(\) takes 2 positional arguments", None),
        (
            "def step(w, g, lr):\n    return lambda: w",
            "returns what cannot be checked: function is not plain data.*call it first",
            None,
        ),
        ("def step(w, g, lr):\n    return (w - lr * g).astype(object)", "dtype object is not plain data", None),
        ("def step(w, g, lr):\n    return np.zeros(10**7)", "more than the 16777216 bytes", None),
        ("def step(w, g, lr):\n    raise KeyboardInterrupt", "raised KeyboardInterrupt", None),
        ("def step(w, g, lr):\n    import sys\n    sys.exit(0)", "raised SystemExit: 0", None),
        ("def step(w, g, lr):\n    return step(w, g, lr)", "raised RecursionError", None),
        ("def step(w, g, lr):\n    raise ValueError('x' * 10**6)", "raised ValueError: x{300}$", None),
        ("def step(w, g, lr):\n    return np.nan * w", "holds nan", None),
    ],
)
def test_what_is_wrong_is_said_in_a_plain_sentence(jail, answer, said, mistake):
    result = grade(honest(q1=answer), jail)
    assert scores(result) == FULL_SCORES | {"q1": 0}
    outcome = result.questions[0].outcomes[0]
    assert outcome.message
    assert re.search(said, outcome.message, re.S), outcome.message
    assert mistake is None or outcome.mistake == mistake
    assert len(outcome.message) < 1000


def test_a_value_where_a_function_is_asked_for_and_the_other_way_round(jail):
    result = grade(honest(q3="def half():\n    return 0.5", q4="bound = 'x'"), jail)
    assert "`half` must be a value, but is a function" in messages(result, "q3")
    assert scores(result) == FULL_SCORES | {"q3": 0, "q4": 0}


def test_expressions_cross_as_text_and_plain_numbers_do_too(jail):
    assert scores(grade(honest(q4="bound = '(x + 1)**2'"), jail)) == FULL_SCORES
    assert scores(grade(honest(q3="import sympy\nhalf = float(sympy.Rational(1, 2))"), jail)) == FULL_SCORES


def test_changes_that_one_question_makes_do_not_reach_another(jail):
    q1 = "def step(w, g, lr):\n    global meter, half\n    meter = half = None\n    np.cumsum = None\n    return w - lr * g"
    assert scores(grade(honest(q1=q1), jail)) == FULL_SCORES


def test_cells_are_run_in_order_with_what_notebooks_have_around_them(jail):
    extra = [
        "%matplotlib inline\n%load_ext autoreload\n!pip install numpy\nfiles = !ls\nimport numpy as np\n?np\nnp.cumsum?",
        "%%time\nlate = 3",
        "%%bash\nexit 1",
        "%%html\n<b>x</b>",
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()",
        "from IPython.display import display, Markdown, HTML\nimport IPython\ndisplay(Markdown('x'))",
        "get_ipython().run_line_magic('time', '')",
        "import warnings\nwarnings.warn('careful')\nprint('x' * 10**6)",
        'text = """\n%d of them\n! not a command\n"""\nassert (7\n% 4) == 3\nassert text.count("%") == 1 and "! not" in text',
        "assert late == 3",
        "import time\ntime.sleep(0.5)",
    ]
    result = grade(notebook(cells(extra=extra)), jail)
    assert result.notes == ()
    assert scores(result) == FULL_SCORES


BUSY = {
    "a pool of four processes": """
import multiprocessing
def best(total):
    return total.min()
def meter(losses):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        return np.cumsum(losses.max(axis=1)) - pool.map(best, np.cumsum(losses, axis=0))
""",
    "executors of the default size": """
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
def meter(losses):
    with ThreadPoolExecutor() as threads, ProcessPoolExecutor() as processes:
        best = list(processes.map(min, np.cumsum(losses, axis=0).tolist()))
        return np.array(list(threads.map(sum, [losses.max(axis=1)[:n] for n in range(1, len(losses) + 1)]))) - best
""",
    "eight threads": """
from concurrent.futures import ThreadPoolExecutor
def meter(losses):
    with ThreadPoolExecutor(8) as threads:
        return np.cumsum(losses.max(axis=1)) - list(threads.map(min, np.cumsum(losses, axis=0)))
""",
    "sixty open files": """
import tempfile
def meter(losses):
    files = [tempfile.TemporaryFile() for _ in range(60)]
    for file, row in zip(files, losses):
        np.save(file, row)
    for file in files:
        file.seek(0)
    rows = np.array([np.load(file) for file in files[:len(losses)]])
    return np.cumsum(rows.max(axis=1)) - np.cumsum(rows, axis=0).min(axis=1)
""",
    "a figure": """
import matplotlib.pyplot as plt
def meter(losses):
    regret = np.cumsum(losses.max(axis=1)) - np.cumsum(losses, axis=0).min(axis=1)
    for n in range(3):
        plt.figure()
        plt.plot(regret)
        plt.savefig(f"{n}.pdf")
    return regret
""",
}


@pytest.mark.parametrize("name", BUSY)
def test_honest_work_with_many_processes_threads_or_files_gets_all_its_points(jail, name):
    limits = replace(LIMITS, call_seconds=15.0, question_seconds=30.0)  # it is not a test of speed
    result = grade(honest(q2=BUSY[name]), jail, limits)
    assert scores(result) == FULL_SCORES, messages(result, "q2")


@pytest.mark.parametrize("threads", [10, 15, 1000])
def test_threads_that_a_cell_leaves_running_cost_no_answer(jail, threads):
    """Be they as many as the limit of processes lets it have: each question has its server all the same."""
    text = "import threading\nfor k in range({}): threading.Thread(target=threading.Event().wait, daemon=True).start()"
    result = grade(notebook(cells(extra=[text.format(threads)])), jail, replace(LIMITS, memory_megabytes=1024))
    assert [note.text for note in result.notes] == ["RuntimeError: can't start new thread"] * (threads >= LIMITS.processes)
    assert scores(result) == FULL_SCORES


def test_a_cell_that_raises_is_noted_and_the_next_runs(jail):
    result = grade(notebook(cells(extra=["x = 1\nraise ValueError('no\\nmore')", "def f(:\n", "raise ValueError(x)"])), jail)
    assert [(note.cell, note.text.partition(" (")[0]) for note in result.notes] == [
        (2, "ValueError: no"), (3, "SyntaxError: invalid syntax"), (4, "ValueError: 1"),
    ]  # fmt: skip
    assert scores(result) == FULL_SCORES


def test_a_cell_above_the_one_that_it_needs_has_a_second_try(jail):
    found = cells(ANSWERS | {"q3": "half = np.float64(0.5)"})
    found.append(found.pop(1))  # the set-up comes last
    result = grade(notebook(found), jail)
    assert (scores(result), result.notes) == (FULL_SCORES, ())


@pytest.mark.parametrize("limit", ["call_seconds", "memory_megabytes", "processes"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), "3", True, None])
def test_a_limit_that_is_none_is_refused(limit, value):
    with pytest.raises(ValueError, match=f"the limit {limit} must be a number above 0"):
        runner.Limits(**{limit: value})


# ---------------------------------------------------------------------------------------- what an assignment's own tests do wrong


class Other(Sample):
    """The sample with other tests of q3, which sees a value."""

    def __init__(self, function):
        self.function = function

    def tests(self):
        return classes.TESTS | {
            "q3": [test("q3", points=1, title="first")(self.function), test("q3", points=1, title="second")(self.function)]
        }


def graded_with(function, jail, answer="half = 0.5", limits=LIMITS):
    return runner.grade_submission(honest(q3=answer), Other(function), jail=jail, seed=SEED, limits=limits)


def graded_for(tests, data, jail):
    """The result of functions, each with one test."""
    assignment = SimpleNamespace(
        id=Sample.id,
        questions=[SimpleNamespace(id=name, answer=name, form="function") for name in tests],
        tests=lambda: {name: [test(name, points=1, title=name)(function)] for name, function in tests.items()},
        points=lambda id: 1,
    )
    return runner.grade_submission(data, assignment, jail=jail, seed=SEED, limits=LIMITS)


def hang(answer, rng):
    while True:
        pass


def wait(answer, rng):
    time.sleep(1000)


def fill(answer, rng):
    return np.ones(10**9)


def die(answer, rng):
    os.kill(os.getpid(), signal.SIGKILL)


def fail(answer, rng):
    raise KeyError("a mistake of the test's author")


def leave(answer, rng):
    raise SystemExit(0)


@pytest.mark.parametrize("function", [hang, wait, fill, die, fail, leave])
def test_a_fault_of_a_test_is_ungraded_with_a_reason_never_a_zero(jail, function):
    limits = replace(LIMITS, test_seconds=1, question_seconds=1.0)
    started = time.monotonic()
    result = graded_with(function, jail, limits=limits)
    assert time.monotonic() - started < 15
    (question,) = [q for q in result.questions if q.id == "q3"]
    assert (question.state, question.points) == ("ungraded", None)
    assert "first" in question.reason
    assert not result.complete
    assert scores(result) == FULL_SCORES | {"q3": None}


def test_what_a_test_prints_or_changes_stays_in_its_process(jail, capfd, graded):
    def loud(answer, rng):
        print("loud")
        os.environ["LOUD"] = "1"
        np.cumsum = None

    assert scores(graded_with(loud, jail))["q3"] == 2
    assert capfd.readouterr() == ("", "")
    assert "LOUD" not in os.environ
    assert np.cumsum is not None
    assert grade(honest(), jail) == graded


def test_arguments_that_do_not_cross_are_the_tests_fault(jail):
    def bad(answer, rng):
        answer({1, 2})

    result = graded_for({"step": bad}, honest(), jail)
    assert result.questions[0].state == "ungraded"
    assert "set is not plain data" in result.questions[0].reason


def test_a_function_is_given_read_only_arrays_and_its_calls_share_its_state(jail):
    def counts(answer, rng):
        close([answer(), answer(), answer()], [1, 2, 3])

    def frozen(answer, rng):
        if answer(np.zeros(3)):
            raise Wrong("it could write")

    text = "n = 0\ndef count():\n    global n\n    n += 1\n    return n\ndef writes(a):\n    return a.flags.writeable"
    assert graded_for({"count": counts, "writes": frozen}, notebook([code(text)]), jail).points == 2


# ------------------------------------------------------------------------------------------------------------------- broken jails


def test_a_jail_that_cannot_come_back_leaves_the_submission_ungraded(monkeypatch):
    with Jail(preload=()) as fresh:
        monkeypatch.setattr(fresh, "start", lambda limits: (_ for _ in ()).throw(JailError("no more")))
        result = grade(honest(), fresh)
    assert (result.state, result.reason, result.questions) == ("ungraded", "the jail failed: no more", ())
    assert not result.complete


def test_a_jail_killed_from_outside_is_replaced_and_the_score_is_right():
    with Jail(preload=("numpy",)) as fresh:
        fresh.process.kill()
        fresh.process.wait()
        assert scores(grade(honest(), fresh)) == FULL_SCORES
