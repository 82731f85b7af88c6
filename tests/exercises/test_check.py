"""What a reader alone sees: check(...) after an answer, hints, solutions, progress, and the command line."""

import json
import os
import re
import subprocess
import sys
import time
import types
from pathlib import Path

import numpy as np
import psutil
import pytest

from lecture_optim.check import open_assignment
from lecture_optim.check.alone import crossed
from lecture_optim.check.cells import without_magics
from lecture_optim.check.course import UnknownId
from lecture_optim.projections import box

from .miniature import COURSE, write

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def check(tmp_path):
    return open_assignment("small", write(tmp_path))


def python(code, *arguments, cwd, **more):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    run = [sys.executable, *(["-c", code] if code else ["-m", "lecture_optim.check"]), *map(str, arguments)]
    return subprocess.run(run, capture_output=True, text=True, cwd=cwd, env=environment)


def command(*arguments, cwd):
    return python(None, *arguments, cwd=cwd)


@pytest.fixture
def forked(parent):
    """As `command`, in a process that has NumPy from the beginning: for what a command refuses without running anything."""

    def run(*arguments, cwd):
        asked = [sys.executable, "-m", "lecture_optim.check", *map(str, arguments)]
        return parent.run(asked, cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60)

    return run


# -------------------------------------------------------------------------------------------------------------------- check(...)


def test_a_right_answer_gets_its_points_test_by_test(check, capsys):
    check("q1", lambda x: 2 * x)
    assert capsys.readouterr().out == (
        "q1  Twice: 3 of 3 points\n  ✓ right, 2 of 2 points: Twice an array\n  ✓ right, 1 of 1 point: Twice nothing\n"
    )


def test_a_wrong_answer_names_the_property_the_input_and_the_mistake(check, capsys):
    check("q1", lambda x: x * x)
    said = capsys.readouterr().out
    assert "q1  Twice: 1 of 3 points" in said and "✗ wrong, 0 of 2 points: Twice an array" in said
    assert "Seen with x = array([" in said and "This looks like a known mistake: the square is taken." in said


def test_the_same_answer_gives_the_same_text(check, capsys):
    def broken(x):
        raise ValueError(f"no {object()}")

    for _ in range(2):
        check("q1", broken)
        check("q1", lambda x: x + 1)
    said = capsys.readouterr().out
    assert said[: len(said) // 2] == said[len(said) // 2 :]


def test_arrays_are_read_only_as_in_a_class(check, capsys):
    def in_place(x):
        x *= 2
        return x

    check("q1", in_place)
    assert "changes one of the arrays that it was given" in (said := capsys.readouterr().out)
    assert "in line" in said and "x *= 2" in said


def test_an_exception_of_the_answer_is_feedback_and_not_an_error(check, capsys):
    check("q1", lambda x: x.no_such_thing)
    said = capsys.readouterr().out
    assert "The function raised AttributeError" in said and "0 of 3 points" in said


def test_a_stub_is_told_once_that_it_is_not_answered(check, capsys):
    def twice(x):
        raise NotImplementedError("q1")

    check("q1", twice)
    check("q2", None)
    assert (
        capsys.readouterr().out == "q1  Twice: not answered yet, 0 of 3 points\nq2  A number: not answered yet, 0 of 2 points\n"
    )


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("q1", np.ones(3), "`twice` must be a function, but is a value of type ndarray"),
        ("q2", lambda: 0.5, "`half` must be a value, but is a function"),
        ("q2", {1, 2}, "`half` is no answer that can be checked: set is not plain data"),
        ("q1", lambda x: iter(x), "The function returns what cannot be checked"),
    ],
)
def test_an_answer_of_the_wrong_kind_says_what_it_must_be(check, capsys, question, answer, said):
    check(question, answer)
    assert said in capsys.readouterr().out


def test_a_message_has_no_address_and_an_end(check, capsys):
    text = "<object at 0x7f0123456789> " + "y" * 1000

    def address(x):
        raise ValueError(text)

    check("q1", address)
    said = capsys.readouterr().out
    assert "ValueError: <object at 0x...> yyy" in said and "7f0123456789" not in said and "y" * 301 not in said


def test_an_answer_that_leaves_python_is_feedback_too(check, capsys):
    check("q1", lambda x: sys.exit("bye"))
    assert "The function raised SystemExit: bye" in capsys.readouterr().out


@pytest.mark.parametrize("inside", ["np.linalg.inv(np.zeros((2, 2)))", "box(1.0, 0.0)"])
def test_the_line_that_is_shown_is_the_student_s_and_not_of_a_library(check, capsys, inside):
    def twice(x):
        if inside.startswith("np"):
            return np.linalg.inv(np.zeros((2, 2)))
        return box(1.0, 0.0)

    check("q1", twice)
    lines = re.findall(r"It was raised in line \d+: (.*)", capsys.readouterr().out)
    assert lines == [f"return {inside}"] * 2


def test_what_comes_back_is_looked_at_as_plain_data(check, capsys):
    class Equal(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **options):
            return np.ones(3, bool)

    class Half(float):
        def __float__(self):
            return 0.5

        def __sub__(self, other):
            return 0.0

    check("q1", lambda x: np.full(x.shape, 7.0).view(Equal))
    check("q2", Half(2.0))
    assert "q1  Twice: 1 of 3 points" in (said := capsys.readouterr().out) and "q2  A number: 0 of 2 points" in said


def test_what_a_function_gave_stays_as_it_was_though_the_student_goes_on_with_it(check):
    state = np.zeros(3)

    def twice(x):
        state[...] += x
        return state

    call = crossed(twice, check.assignment.question("q1"))
    first, second = call(np.ones(3)), call(np.ones(3))
    assert first.tolist() == [1.0] * 3 and second.tolist() == [2.0] * 3 and not first.flags.writeable


def test_a_question_that_is_answered_in_part_shows_each_test(check, capsys):
    def twice(x):
        if x.size == 0:
            raise NotImplementedError("q1")
        return 2 * x

    check("q1", twice)
    said = capsys.readouterr().out
    assert "q1  Twice: 2 of 3 points" in said and "✓ right, 2 of 2 points: Twice an array" in said
    assert "✗ wrong, 0 of 1 point: Twice nothing" in said and "known mistake" not in said


def test_the_numbers_are_those_of_the_course_s_seed(tmp_path, capsys):
    for name, seed in (("a", "seed"), ("b", "another"), ("c", "another")):
        folder = write(tmp_path / name, course=COURSE.replace('public_seed = "seed"', f'public_seed = "{seed}"'))
        open_assignment("small", folder)("q1", lambda x: x)
    first, second, third = re.findall(r"Seen with x = (.*)", capsys.readouterr().out)
    assert first != second == third


def test_what_an_answer_prints_and_warns_is_no_mistake(check, capsys):
    def twice(x):
        print("working")
        return 2 * x + 0 * np.log(np.abs(x) - np.abs(x) + 1)

    check("q1", twice)
    assert "3 of 3 points" in capsys.readouterr().out


def test_what_the_notebook_will_miss_when_it_is_graded_is_said_at_once(check, capsys, monkeypatch):
    import lecture_optim.projections
    from lecture_optim import rules

    main = types.ModuleType("__main__")
    main.box, main.lecture_optim, main.check = box, lecture_optim, check
    monkeypatch.setitem(sys.modules, "__main__", main)
    check("q1", lambda x: 2 * x)
    assert "Note" not in capsys.readouterr().out, "what an answer may use is no reason"
    main.adam, main.rules, main.Hostile = rules.adam, rules, type("Hostile", (), {"__module__": 3})
    check("q1", lambda x: 2 * x)
    said = capsys.readouterr().out
    assert "q1  Twice: 3 of 3 points" in said and said.count("Note: ") == 1
    assert "imports what it will miss: lecture_optim.rules is not there where answers are graded" in said


def test_an_interrupt_ends_the_check(check):
    def stopped(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("q1", stopped)


def test_unknown_questions_and_forgotten_arguments_are_named(check):
    with pytest.raises(UnknownId, match=r"^q9: this assignment has q1 \.\.\. q3\.$"):
        check("q9", 1)
    with pytest.raises(TypeError, match=r'the answer is missing: check\("q1", twice\)'):
        check("q1")
    with pytest.raises(TypeError, match=r'the question comes first, by its id, as in check\("q1", twice\); given was function'):
        check(lambda x: x)
    with pytest.raises(TypeError, match="given was nothing"):
        check()
    with pytest.raises(UnknownId, match=r"^large: this course has small\.$"):
        open_assignment("large", check.assignment.folder.parent)


def test_a_fault_of_a_test_is_not_held_against_the_answer(tmp_path, capsys):
    tests = "from lecture_optim.check.testing import test\n" + "".join(
        f"@test('{id}', points=1, title='t')\ndef {id}(answer, rng):\n    1 / 0\n" for id in ("q1", "q2")
    )
    open_assignment("small", write(tmp_path, tests=tests))("q2", 0.5)
    said = capsys.readouterr().out
    assert "a fault of the test and not of your answer" in said and "the test raised ZeroDivisionError: division by zero" in said


# ------------------------------------------------------------------------------------------------- hints, solutions and progress


def test_hints_come_one_by_one(check, capsys):
    for n, text in ((1, "The first hint."), (2, "The second hint.")):
        check.hint("q1")
        assert capsys.readouterr().out == f"**Hint {n} of 2 for q1.** {text}\n"
    check.hint("q1")
    assert "all hints of q1" in capsys.readouterr().out


def test_the_solution_is_shown_after_a_check_only(check, capsys):
    check.solution("q1")
    said = capsys.readouterr().out
    assert "Try q1 first" in said and "summed" not in said
    check("q1", lambda x: x)
    assert "summed" not in capsys.readouterr().out
    check.solution("q1")
    said = capsys.readouterr().out
    assert "only the solution holds" in said and "    summed = x + x\n" in said and "###" not in said


def test_progress_is_a_table_of_the_last_checks(check, capsys):
    check("q1", lambda x: x * x)
    check("q1", lambda x: 2 * x)
    capsys.readouterr()
    check.progress()
    assert capsys.readouterr().out.splitlines() == [
        "Points in Small",
        "q1  Twice     3 of 3",
        "q2  A number  0 of 2  not checked yet",
        "q3  Thoughts  – of 4  an essay: a person marks it",
        "    so far    3 of 5  and 4 for essays",
    ]
    assert check.earned("q1") == 3 and check.earned("q2") == 0


def test_an_essay_is_left_to_a_person(check, capsys):
    check("q3")
    check.solution("q3")
    said = capsys.readouterr().out
    assert "a person reads" in said and "Two points" not in said


# ------------------------------------------------------------------------------------------------------------- what it is made of


def test_numpy_is_all_that_the_check_imports(tmp_path):
    code = """
import sys
for name in ("sympy", "jupytext", "matplotlib", "scipy", "nbformat", "IPython"):
    sys.modules[name] = None
from lecture_optim.check import open_assignment
check = open_assignment("warm-up")
check("q1", [1.7, 0.5])
check("q2", lambda w, a, lr, steps: [(1 - lr * a) ** t * w for t in range(steps + 1)])
check("q4", 0.17)
for say in (lambda: check("q3", "1"), lambda: check.hint("q1"), lambda: check.solution("q1")):
    try:
        say()
    except Exception as error:
        print(error)
check.progress()
"""
    done = python(code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "so far                          7 of 9" in done.stdout
    assert "q3 is answered by mathematics, which SymPy judges, and it is not installed" in done.stdout
    assert done.stdout.count("pip install 'lecture_optim[exercises]'") == 3


def test_the_import_brings_nothing_heavy(tmp_path):
    code = "import lecture_optim.check, sys; print(sorted({'sympy', 'jupytext', 'matplotlib', 'IPython'} & set(sys.modules)))"
    assert python(code, cwd=tmp_path).stdout == "[]\n"


# --------------------------------------------------------------------------------------------------------------- the command line


def test_list_shows_every_assignment_with_points_and_minutes(tmp_path):
    done = command("list", cwd=tmp_path)
    assert done.returncode == 0 and "warm-up  Warm-up: 4 questions, 9 points, 10 minutes" in done.stdout
    assert "  q1  One step by hand (implement, 2 points, 2 min)" in done.stdout


def test_start_makes_a_notebook_that_grade_reads(tmp_path):
    done = command("start", "warm-up", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "warm-up.ipynb").is_file()
    done = command("grade", "warm-up.ipynb", cwd=tmp_path)
    assert done.returncode == 1 and done.stdout.count("not answered yet") == 4 and "0 of 9" in done.stdout


def test_start_never_overwrites(forked, tmp_path):
    mine = tmp_path / "warm-up.ipynb"
    mine.write_text("my work")
    done = forked("start", "warm-up", cwd=tmp_path)
    assert done.returncode == 2 and mine.read_text() == "my work"
    assert "exists, and nothing was written" in done.stderr and "--name warm-up-2.ipynb" in done.stderr
    assert forked("start", "warm-up", "--name", "warm-up-2.ipynb", cwd=tmp_path).returncode == 0
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "elsewhere")
    assert forked("start", "warm-up", "--name", "link", cwd=tmp_path).returncode == 2
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("place", [".", "warm-up", "warm-up/new"])
def test_start_stays_out_of_the_exercises(forked, tmp_path, place):
    before = sorted((ROOT / "exercises").rglob("*"))
    done = forked("start", "warm-up", "--to", ROOT / "exercises" / place, cwd=tmp_path)
    assert done.returncode == 2 and "inside the exercises themselves" in done.stderr and "--to my-work" in done.stderr
    assert sorted((ROOT / "exercises").rglob("*")) == before


def test_errors_of_use_name_the_input_and_the_mend(forked, tmp_path):
    (tmp_path / "file").write_text("")
    for arguments, said in (
        (("start", "warmup"), "warmup: this course has warm-up"),
        (("start", "warm-up", "--name", "a/b"), "give the name of a file alone"),
        (("start", "warm-up", "--to", "file"), "choose another folder"),
        (("grade", "none.ipynb"), "none.ipynb: the file cannot be read: No such file"),
    ):
        done = forked(*arguments, cwd=tmp_path)
        assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr, (arguments, done.stderr)


def notebook(*cells, **metadata):
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells], "metadata": metadata})


OPENED = 'from lecture_optim.check import open_assignment\ncheck = open_assignment("warm-up")'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b'{"cells": [', "the file is cut off or damaged: it is not JSON"),
        (b"\x80\x81PK", "the file is not a notebook: it is not JSON"),
        (b"[]", "the file is JSON, but not a notebook"),
        (b'{"cells": [3]}', "cell 1 is not a cell"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}]}', "the text of code cell 1 is missing or damaged"),
        (notebook("x = 1").encode(), "no line says which assignment it answers; say it by --assignment ID"),
        (notebook(OPENED, OPENED.replace("warm-up", "adam")).encode(), "no line says which assignment it answers"),
        (notebook(OPENED.replace("warm-up", "cold")).encode(), "cold: this course has warm-up"),
    ],
)
def test_a_damaged_notebook_gets_a_clear_error(forked, tmp_path, content, said):
    (tmp_path / "n.ipynb").write_bytes(content)
    done = forked("grade", "n.ipynb", cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_what_is_no_file_is_not_read(forked, tmp_path):
    (tmp_path / "n.ipynb").mkdir()
    done = forked("grade", "n.ipynb", cwd=tmp_path)
    assert done.returncode == 2 and "n.ipynb: it is not a file" in done.stderr


def test_grade_runs_on_after_errors_and_says_which_cells_raised(tmp_path):
    text = notebook(OPENED, "%matplotlib inline\nnew_point = [1.7, 0.5]", "1 / 0", "best_rate = 0.17\nprint('noise')")
    (tmp_path / "my notebook.ipynb").write_text(text)
    done = command("grade", "my notebook.ipynb", cwd=tmp_path)
    assert done.returncode == 1 and "q1  One step by hand: 2 of 2 points" in done.stdout and "noise" not in done.stdout
    assert (
        "q2  Every position on the way: not answered yet, 0 of 3 points\n"
        "  The notebook has no `descend`: a cell that defines it is missing, or ended before it did.\n"
    ) in done.stdout
    assert "q4  The best of 25 learning rates: 2 of 2 points" in done.stdout
    assert "code cell 3 (1 / 0): ZeroDivisionError: division by zero" in done.stdout and done.stderr == ""


def test_a_notebook_that_lost_its_assignment_is_graded_as_the_one_that_is_said(tmp_path):
    (tmp_path / "n.ipynb").write_text(notebook("new_point = [1.7, 0.5]"))
    assert "2 of 9" in command("grade", "n.ipynb", "--assignment", "warm-up", cwd=tmp_path).stdout


def test_a_cell_that_ends_the_process_costs_that_cell_only(tmp_path):
    (tmp_path / "n.ipynb").write_text(notebook(OPENED, "import os; os._exit(0)", "new_point = [1.7, 0.5]"))
    done = command("grade", "n.ipynb", cwd=tmp_path)
    assert done.returncode == 1 and "q1  One step by hand: 2 of 2 points" in done.stdout
    assert "code cell 2 (import os; os._exit(0)): it ended the process of the notebook" in done.stdout


def test_a_notebook_that_ends_every_process_is_given_up(tmp_path):
    (tmp_path / "n.ipynb").write_text(notebook(OPENED, *["import os; os._exit(0)"] * 12, "new_point = [1.7, 0.5]"))
    done = command("grade", "n.ipynb", cwd=tmp_path)
    assert done.returncode == 1 and "The notebook ended its process 9 times." in done.stdout and "0 of 9" in done.stdout


def small(tmp_path, *cells):
    """What the command says of a notebook of these cells, in the small course, whose limits are short; and how long it took."""
    folder = write(tmp_path / "course")
    (tmp_path / "n.ipynb").write_text(notebook(*cells, lecture_optim={"assignment": "small"}))
    started = time.monotonic()
    done = python(None, "grade", "n.ipynb", cwd=tmp_path, LECTURE_OPTIM_EXERCISES=str(folder))
    return done.stdout, time.monotonic() - started


LOOP = "    while True:\n        pass"
DEAF = "    while True:\n        try:\n            pass\n        except BaseException:\n            pass"  # deaf to an alarm
FASTEST = 20.0  # seconds: all limits of a cell and a call together come to less, and a busy machine is slow


@pytest.mark.parametrize("loop", [LOOP, DEAF])
def test_a_loop_in_an_answer_costs_its_own_question_only(tmp_path, loop):
    said, seconds = small(tmp_path, f"def twice(x):\n{loop}", "half = 0.5")
    assert "The function did not return within 1 s." in said and "The function did not return within 1 s, in an earlier" in said
    assert "q2  A number: 2 of 2 points" in said and seconds < FASTEST


@pytest.mark.parametrize("loop", [LOOP, DEAF])
def test_a_loop_in_a_cell_costs_that_cell_only(tmp_path, loop):
    said, seconds = small(tmp_path, "def twice(x):\n    return 2 * x", f"if True:\n{loop}", "half = 0.5")
    assert "q1  Twice: 3 of 3 points" in said and "q2  A number: 2 of 2 points" in said and seconds < FASTEST
    assert "code cell 2 (if True:): it did not end within 2 s" in said


def test_the_checks_in_a_notebook_are_not_run_twice(tmp_path):
    # Each would cost the limit of a cell, and all of them the limit of the notebook, before the last cell.
    opened = "from lecture_optim.check import open_assignment\ncheck = open_assignment('small')"
    said, seconds = small(tmp_path, opened, f"def twice(x):\n{LOOP}", *["check('q1', twice)"] * 12, "half = 0.5")
    assert "q2  A number: 2 of 2 points" in said and "Cells that did not run" not in said and seconds < FASTEST


def test_what_a_cell_started_ends_with_the_run(tmp_path):
    cell = "import subprocess, sys\np = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    said, _ = small(tmp_path, f"{cell}open('pid', 'w').write(str(p.pid))", "half = 0.5")
    assert "q2  A number: 2 of 2 points" in said
    pid = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(sys.platform != "linux", reason="by design: only Linux says how much memory a process has")
def test_memory_has_the_limit_of_a_class(tmp_path):
    said, _ = small(tmp_path, "import numpy as np\nmuch = np.ones(2**27)", "half = 0.5")
    assert "code cell 1 (import numpy as np): " in said and "MemoryError" in said and "q2  A number: 2 of 2 points" in said


# ------------------------------------------------------------------------------------------------------------- what is no Python


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("x = 1", "x = 1"),
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if x:\n    !ls\n    y = 1", "if x:\n    pass\n    y = 1"),
        ("x = !ls\nnp.sum?\n??np", "pass\npass\npass"),
        ("!pip install a \\\n    b\nx = 1", "pass\npass\nx = 1"),
        ("%time x = 1", "x = 1"),
        ("%prun -l 5 x()", "pass"),
        ("%%time\nx = 1", "x = 1"),
        ("%%bash\nls", ""),
        ("x = '''\n%time\n!ls\n'''", "x = '''\n%time\n!ls\n'''"),
        ("x = (7\n% 3)", "x = (7\n% 3)"),
        ("x = 'a\u2028b\x0cc'\n%pwd", "x = 'a\u2028b\x0cc'\npass"),
        ("x = = 1", "x = = 1"),
    ],
)
def test_only_what_python_cannot_read_is_dropped(text, left):
    assert without_magics(text) == left
