"""Right work in many shapes gets all points, in a class and alone, and wrong work is told the same by both."""

import copy
import json

import pytest

from lecture_optim.check import course as courses
from lecture_optim.check.notebook import read
from lecture_optim.check.rerun import rerun
from lecture_optim.grading.runner import Limits, grade_submission

from . import miniature
from .both import alone, course, of_class, words
from .classes import ANSWERS, FULL_SCORES, SET_UP, cells, code, prose

FULL = {id: points for id, points in FULL_SCORES.items() if points is not None}
VARIANTS = {}


def variant(name, cells_, metadata=None, **more):
    """Note a right notebook of these cells; more: other fields of the file."""
    assert name not in VARIANTS
    VARIANTS[name] = {"cells": cells_, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5} | more


def answered(extra=(), **changed):
    return cells(ANSWERS | changed, extra=extra)


def each(change):
    """The right cells, each changed by a function of the cell."""
    found = copy.deepcopy(answered())
    return [change(cell) or cell for cell in found]


# -- what the code does besides its answers
for name, text in {
    "prints much": "for k in range(20_000):\n    print('x' * 80)",
    "warns": "import warnings\nwarnings.warn('careful')\nnp.log(np.zeros(3))",
    "writes to standard error": "import sys\nprint('trouble', file=sys.stderr)\nsys.stdout.flush()",
    "logs": "import logging\nlogging.basicConfig(level=logging.DEBUG)\nlogging.debug('here')",
    "plots": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2], [3, 4])\nplt.show()",
    "plots into a file": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('a.png')\nplt.close('all')",
    "takes its time": "import time\ntime.sleep(0.6)",
    "works hard": "total = sum(k * k for k in range(500_000))",
    "shows objects": "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\ndisplay(np.eye(3))",
    "asks for the shell": "get_ipython().run_line_magic('matplotlib', 'inline')",
    "has magics": "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n!pip install numpy\nnp.sum?",
    "continues a shell line": "!pip install numpy \\\n    matplotlib\nlater = 1\nassert later",
    "has a cell of another language": "%%bash\necho 'not Python at all'\nls | wc",
    "assigns from the shell": "files = !ls\nhere = %pwd",
    "seeds the old generator": "np.random.seed(3)\nnoise = np.random.rand(4)",
    "has its own tests": "assert 1 + 1 == 2\nimport doctest\ndoctest.testmod()",
    "has a cell that fails": "1 / 0",
    "has a cell that is no Python": "this is a note to myself",
    "leaves by exit()": "raise SystemExit",
    "asks for input": "name = input('your name?')",
    "writes and reads a file": "open('notes.txt', 'w').write('x')\nassert open('notes.txt').read() == 'x'",
    "defines classes": (
        "import pickle\nfrom dataclasses import dataclass\n@dataclass\nclass Point:\n    x: float\n"
        "pickle.loads(pickle.dumps(Point(1.0)))"
    ),
    "runs threads": "import threading\nt = threading.Thread(target=lambda: None)\nt.start()\nt.join()",
    "has breaks of Unicode in text": "note = 'one\u2028two\x0cthree'  # four\u2028five\nassert len(note) == 13",
    "changes settings of NumPy": "np.seterr(all='raise')\nnp.set_printoptions(precision=2)",
    "shadows builtins": "list = [1, 2]\nsum = 3\nid = 4",
}.items():
    variant(name, answered(extra=[text]))

# -- how the answers stand
variant("answers print and warn", answered(q1="def step(w, g, lr):\n    print(w)\n    np.log(0 * g)\n    return w - lr * g"))
variant("answers are timed by a cell magic", answered(q1="%%time\n" + ANSWERS["q1"], q3="%%capture out\nhalf = 0.5"))
variant("an answer is timed by a line magic", answered(q3="%time half = 0.25 + 0.25"))
variant("an answer is a lambda", answered(q1="step = lambda w, g, lr: w - lr * g"))
variant("an answer is a class that is called", answered(
    q1="class Step:\n    def __call__(self, w, g, lr):\n        return w - lr * g\nstep = Step()"))  # fmt: skip
variant("an answer uses a cache", answered(
    q1="import functools\n@functools.cache\ndef rate(k):\n    return k\n"
    "def step(w, g, lr):\n    return w - rate(lr) * g"))  # fmt: skip
variant("an answer is NumPy's number", answered(q3="half = np.float64(1) / 2"))
variant("an answer is first wrong, then right", answered(q3="half = 2.0\nhalf = half / 4"))
variant("an answer stands twice, the second time right", [*answered(q3="half = 7.0"), code("half = 0.5")])
variant("the stub stands above the answer", [code("def step(w, g, lr):\n    raise NotImplementedError('q1')"), *answered()])
variant("helpers stand in a cell of their own", answered(extra=["def scaled(g, lr):\n    return lr * g"],
    q1="def step(w, g, lr):\n    return w - scaled(g, lr)"))  # fmt: skip
variant("annotations and a long docstring", answered(
    q1='def step(w: np.ndarray, g: np.ndarray, lr: float) -> np.ndarray:\n    """One % step.\n\n    !not a shell line\n    """\n'
    "    return w - lr * g"))  # fmt: skip
variant("from __future__", answered(q1="from __future__ import annotations\ndef step(w: X, g: X, lr: Y):\n    return w - lr * g"))

# -- the order of cells
ALL = answered()
variant("the set-up comes last", [*ALL[:1], *ALL[2:], ALL[1]])
variant("answers in reverse", [*ALL[:2], *reversed([cell for cell in ALL[2:] if cell["source"] in ANSWERS.values()]), ALL[-1]])
variant("a helper stands below its use", [*answered(q3="half = quarter * 2"), code("quarter = 0.25")])
variant("every cell twice", [cell for cell in ALL for _ in range(2)])
variant("answers copied to the end", [*ALL, *ALL])
variant("checks deleted", [cell for cell in ALL if not cell["source"].startswith("check(")])
variant("empty cells between", [other for cell in ALL for other in (cell, code(""), prose(""))])
variant("only code", [cell for cell in ALL if cell["cell_type"] == "code"])
everything = "\n\n".join(cell["source"] for cell in ALL if cell["cell_type"] == "code")
variant("all in one cell", [code(everything)])

# -- what programs make of the file
variant("lost metadata", [{"cell_type": cell["cell_type"], "source": cell["source"]} for cell in ALL])
variant("Colab", each(lambda cell: cell.update(metadata={"id": "aB3", "colab": {"base_uri": "https://x"}, "outputId": "1"})), {
    "colab": {"provenance": [], "toc_visible": True}, "kernelspec": {"name": "python3", "display_name": "Python 3"},
    "accelerator": "GPU",
}, nbformat_minor=0)  # fmt: skip
variant("VS Code", each(lambda cell: cell.update(metadata={"vscode": {"languageId": "python"}}, id="7c2f")), {
    "language_info": {"name": "python", "codemirror_mode": {"name": "ipython", "version": 3}, "version": "3.12.1"},
    "kernelspec": {"display_name": ".venv", "language": "python", "name": "python3"},
}, nbformat_minor=2)  # fmt: skip
variant("JupyterLab with outputs and lines", each(lambda cell: cell.update(
    source=cell["source"].splitlines(keepends=True), **({"execution_count": 9, "outputs": [
        {"output_type": "stream", "name": "stdout", "text": ["x\n"]},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\u001b[0;31m"]},
    ]} if cell["cell_type"] == "code" else {}))))  # fmt: skip
variant("format 4.0", each(lambda cell: cell.pop("id", None) and None), nbformat_minor=0)
variant("format 4.4", each(lambda cell: cell.update(metadata={"tags": ["x"]})), {"kernelspec": {"name": "ir"}}, nbformat_minor=4)
V3 = [
    {"cell_type": "code", "language": "python", "input": cell["source"], "outputs": [], "prompt_number": 1, "collapsed": False}
    if cell["cell_type"] == "code" else {"cell_type": "markdown", "source": cell["source"]} for cell in ALL
]  # fmt: skip
VARIANTS["format 3"] = {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": V3}]}
variant("jupytext", each(lambda cell: cell.update(metadata={"lines_to_next_cell": 2})), {"jupytext": {"formats": "ipynb,md"}})
variant("widgets and attachments", [*ALL, prose("![x](attachment:x.png)") | {"attachments": {"x.png": {"image/png": "aa"}}}], {
    "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}}})  # fmt: skip
variant(
    "another kernel's name",
    ALL,
    {"kernelspec": {"name": "conda-env-x", "display_name": "x"}, "language_info": {"name": "python"}},
)
assert SET_UP in everything


@pytest.fixture(scope="module")
def exercises(tmp_path_factory):
    return course(tmp_path_factory.mktemp("sample") / "exercises")


def test_there_are_at_least_40():
    assert len(VARIANTS) >= 40


@pytest.mark.parametrize("name", VARIANTS)
def test_right_work_gets_all_points_by_both_routes(jail, soon, exercises, tmp_path, name):
    right_by_both_routes(name, jail, exercises, tmp_path)


@pytest.mark.parametrize("name", ["lost metadata", "plots", "has its own tests", "leaves by exit()"])
def test_right_work_gets_all_points_in_an_interpreter_of_its_own(jail, exercises, tmp_path, name):
    """One that has imported nothing before, as a reader's own command starts it."""
    right_by_both_routes(name, jail, exercises, tmp_path)


def right_by_both_routes(name, jail, exercises, tmp_path):
    data = json.dumps(VARIANTS[name]).encode()
    for scores, _, reason in (of_class(data, jail), alone(data, exercises, tmp_path)):
        assert (scores, reason) == (FULL, None)


WRONG = {
    "a value where a function is asked for": {"q1": "step = 3"},
    "a function where a value is asked for": {"q3": "def half():\n    return 0.5"},
    "a class where a value is asked for": {"q3": "class half:\n    pass"},
    "a bare symbol": {"q4": "from sympy import Symbol\nbound = Symbol('x')"},
    "None": {"q1": "step = None", "q3": "half = None"},
    "the stub": {"q1": "def step(w, g, lr):\n    raise NotImplementedError('q1')"},
    "nothing": {"q1": "", "q4": ""},
    "what is not plain data": {"q3": "half = {1, 2}", "q1": "def step(w, g, lr):\n    return iter(w)"},
    "what raises": {"q1": "def step(w, g, lr):\n    return 1 / 0", "q5": "def pair(a, b=2):\n    raise KeyError('x')"},
    "what leaves": {"q1": "def step(w, g, lr):\n    raise SystemExit", "q2": "def meter(losses):\n    raise KeyboardInterrupt"},
    "a rule of the package": {"q1": "from lecture_optim.rules import sgd\ndef step(w, g, lr):\n    return sgd(w, g, lr)"},
    "a rule that is imported by the function": {"q1": "def step(w, g, lr):\n    from lecture_optim import rules\n    return w"},
    "changed inputs": {"q1": "def step(w, g, lr):\n    w -= lr * g\n    return w"},
    "a loop": {"q1": "def step(w, g, lr):\n    while True:\n        pass"},
    "a loop that catches everything": {
        "q1": "def step(w, g, lr):\n    while True:\n        try:\n            1\n        except BaseException:\n            pass"
    },
    "the end of the process": {"q1": "def step(w, g, lr):\n    import os\n    os._exit(1)", "q5": "import os\nos._exit(1)"},
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_work_is_told_the_same_by_both_routes(jail, soon, exercises, tmp_path, name):
    wrong_by_both_routes(name, jail, exercises, tmp_path)


@pytest.mark.parametrize("name", ["a bare symbol", "a loop that catches everything", "the end of the process"])
def test_wrong_work_is_told_the_same_in_an_interpreter_of_its_own(jail, exercises, tmp_path, name):
    wrong_by_both_routes(name, jail, exercises, tmp_path)


def wrong_by_both_routes(name, jail, exercises, tmp_path):
    in_class, by_oneself = words(
        json.dumps(VARIANTS["lost metadata"] | {"cells": answered(**WRONG[name])}).encode(), exercises, jail, tmp_path
    )
    assert by_oneself == in_class
    assert all(any(message for _, message, _ in in_class[id]) for id in WRONG[name])


def test_what_holds_answers_is_imported_by_neither_route_and_both_say_why(jail, exercises, tmp_path):
    """In a cell it costs what the cell defines, in a function its calls; what an answer may use is there."""
    data = json.dumps(VARIANTS["lost metadata"] | {"cells": answered(**WRONG["a rule of the package"])}).encode()
    why = "lecture_optim.rules is not there where answers are graded, as no answer may call what it is asked for"
    for scores, notes, _ in (of_class(data, jail), alone(data, exercises, tmp_path)):
        assert scores == FULL | {"q1": 0}
        assert notes[0][1].partition(";")[0] == f"ModuleNotFoundError: {why}"  # and the cell that checks it misses the answer
    text = (
        "from lecture_optim import checks, problems\nimport lecture_optim.projections\nfrom lecture_optim.derivation import Index"
    )
    data = json.dumps(VARIANTS["lost metadata"] | {"cells": answered(extra=[text])}).encode()
    for scores, notes, _ in (of_class(data, jail), alone(data, exercises, tmp_path)):
        assert (scores, notes) == (FULL, [])
    both = json.dumps(
        VARIANTS["lost metadata"] | {"cells": answered(**WRONG["a rule that is imported by the function"])}
    ).encode()
    for said in words(both, exercises, jail, tmp_path):
        assert said["q1"][0][1].startswith(f"The function raised ModuleNotFoundError: {why}")


# -- what a function does to the lists and dicts that it is given
GIVEN = """
import numpy as np
from lecture_optim.check.testing import close, number, test


@test("q1", points=2, title="a call")
def called(answer, rng):
    number(answer({"t": 1, "inner": [np.zeros(2), {"deep": 2.5}]}, [1, 2], key={"n": 3}), 7.0)


@test("q1", points=1, title="another")
def again(answer, rng):
    number(answer({"t": 0, "inner": []}, [], key={}), 7.0)


@test("q2", points=1, title="nothing")
def nothing(answer, rng):
    number(answer, 0.5)
"""
CHANGES = {  # what stands in the body of the function, and where the change is, or None where there is none
    "nothing": ("", None),
    "a value": ("state['t'] += 1", "state['t']"),
    "a new key": ("state['seen'] = True", "state['seen']"),
    "a key that is gone": ("del state['t']", "state['t']"),
    "emptied": ("items.clear()", "items"),
    "appended": ("state['inner'].append(1)", "state['inner']"),
    "deep inside": ("state['inner'][1]['deep'] = 2", "state['inner'][1]['deep']"),
    "an array that is replaced": ("state['inner'][0] = np.ones(2)", "state['inner'][0]"),
    "an array of another kind": ("state['inner'][0] = state['inner'][0].astype(int)", "state['inner'][0]"),
    "a key of no text": ("state[3] = 1", "state['...']"),
    "no plain data": ("items[0] = lambda: 0", "items[0]"),
    "a list that holds itself": ("items.append(items)", "items"),
    "a named argument": ("key['n'] = 0", "key['n']"),
    "put back": ("state['t'] = state.pop('t')\nstate['inner'] = list(state['inner'])", None),
    "a copy": ("state = dict(state)\nstate['t'] = 99\nitems = items + [3]", None),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_what_came_in_is_told_the_same_by_both_routes(jail, soon, tmp_path, name):
    lines, place = CHANGES[name]
    if name != "nothing" and place:  # where there is something to change
        lines = "if items:\n" + "\n".join(f"    {line}" for line in lines.splitlines())
    body = "\n".join(f"    {line}" for line in [*lines.splitlines(), "return 7.0"])
    sources = ["import numpy as np", f"def twice(state, items, *, key):\n{body}", "half = 0.5"]
    data = json.dumps(VARIANTS["lost metadata"] | {"cells": [code(text) for text in sources]}).encode()
    found = courses.load(miniature.write(tmp_path, tests=GIVEN))
    small = found.assignment("small")
    graded = grade_submission(data, small, jail=jail, seed=b"a seed", limits=Limits.of(found.limits))
    rerun_, _ = rerun(read(data), small, limits=found.limits, seed=found.public_seed, folder=tmp_path, name="n")
    for outcomes in (graded.questions[0].outcomes, rerun_["q1"]):
        assert [outcome.passed for outcome in outcomes] == [place is None, True]
        if place:
            said = f"The function changes what it was given: after the call {place} is not what it was before."
            assert outcomes[0].message.startswith(said) and outcomes[0].mistake == "changes its input"
