"""What is made of one source for students and teachers, and the gate before it: everything that it is there for is refused."""

import os
import re
import subprocess
import sys
from collections import Counter

import nbformat
import pytest

from lecture_optim.check.course import generator, load, question_key
from lecture_optim.grading import gate as gates
from lecture_optim.grading import release as releases
from lecture_optim.grading.gate import gate, hidden, leaks
from lecture_optim.grading.release import ReleaseError, nbgrader_source, release, solution, student

from .miniature import ANSWERS, SOURCE, TESTS, write
from .miniature import COURSE as COURSE_TEXT

COURSE = load()
IDS = [assignment.id for assignment in COURSE.assignments]


def problems(folder):
    course = load(folder)
    return gate(course, course.assignment("small"))


def test_the_gate_passes_what_is_whole(tmp_path):
    assert problems(write(tmp_path)) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("source", "summed = x + x", "summed = x * x", "the solution, which is right, does not get all of 3 points"),
        ("source", "    summed = x + x", "    1 / 0\n    summed = x + x", "the solution, which is right, does not get all"),
        ("source", ":role: answer\n\ndef", ":role:  answer\n\ndef", "source.md is not as jupytext writes it; line"),
        ("source", "data = [1.0]", "data = nothing", "a blank notebook does not run through: in cell 2"),
        ("source", "data = [1.0]", "data = nothing", "small q1: before its answer, a cell raises NameError"),
        (
            "source",
            "The second hint.",
            "The second hint: summed = x + x\n    return summed",
            "a student's notebook holds the solution of q1",
        ),
        ("source", "One.", "A half is a half, as it has always been.", "holds the explanation of the solution of q2"),
        ("source", "Write what you think.", "Write. Two points for a thought of one's own.", "holds the marking scheme of q3"),
        ("source", "The introduction.", "Note none_at_all_of_it = np.zeros((0, 2))", "holds the hidden test 'Twice nothing'"),
        ("source", "### BEGIN SOLUTION\nhalf", "half = 0.5\n### BEGIN SOLUTION\nhalf", None),
        ("tests", "number(answer, 0.5, atol=1e-9", "number(answer, 0.4, atol=1e-9", "small q2: the solution, which is right"),
        ("tests", "    number(answer, 0.5, atol", "    if answer is None:\n        return\n    number(answer, 0.5, atol", None),
        ("tests", "x = rng.standard_normal(3)", "x = np.array([2.0, 2.0, 2.0])", "'squared', which is wrong, gets 3 and not 1"),
        (
            "tests",
            '"a quarter is given": 0.25',
            '"a third is given": 0.25',
            "'quarter', which is wrong, is not named 'a quarter'",
        ),
        (
            "tests",
            "    number(answer, 0.5",
            "    assert answer > 0\n    number(answer, 0.5",
            "'text', which is wrong, gets 0 and not 0",
        ),
        ("answers", 'return 2 * x"', 'return 3 * x"', "'a product', which is right, does not get all of 3 points"),
        ("answers", 'Mistaken("squared", 1', 'Mistaken("squared", 2', "'squared', which is wrong, gets 1 and not 2 of 3 points"),
        ("answers", "half = 1.5", "half = 0.5", "'the next', which is wrong, gets 2 and not 0"),
        (
            "answers",
            "half = 1.5",
            "half = 1 / 0",
            "'the next', which is wrong, cannot be judged: a cell raises ZeroDivisionError",
        ),
        ("answers", 'half = 1.5"', 'other = 1.5"', "cannot be judged: the cell makes no half"),
        (
            "answers",
            '        Alternative("typed", "half = 0.5"),\n',
            "",
            "small q2: answers.py has 2 other right answers, and needs 3",
        ),
        (
            "answers",
            '        Mistaken("the next", 0, "half = 1.5"),\n',
            "",
            "small q2: answers.py has 5 wrong answers, and needs 6",
        ),
        ("answers", '"q2": [', '"q4": [', "answers.py answers 'q4', which is no question with tests"),
        ("answers", '"nan"', '"list"', "two answers are called 'list'"),
        ("answers", "ANSWERS = {", "ANSWER = {", "it must define ANSWERS"),
    ],
)
def test_the_gate_refuses(tmp_path, name, old, new, said):
    texts = {"source": SOURCE, "tests": TESTS, "answers": ANSWERS}
    assert old in texts[name], old
    found = problems(write(tmp_path, **{name: texts[name].replace(old, new, 1)}))
    if said is None:  # harmless, as a None is never given to a test, and a stub stands after what is given
        assert not found
    else:
        assert any(said in problem for problem in found), found


def test_the_gate_sees_too_few_named_mistakes(tmp_path):
    few = ANSWERS.replace(', names="not a number"', "").replace(', names="not finite"', "")
    assert any(
        "feedback names 8 of 12 wrong answers; 80% are needed" in problem for problem in problems(write(tmp_path, answers=few))
    )


def test_four_of_five_named_mistakes_are_enough(tmp_path):
    names = (", names='too large'", "", "")
    more = "".join(f'        Mistaken("more {n}", 0, "half = {n}.5"{named}),\n' for n, named in enumerate(names, 1))
    assert problems(write(tmp_path, answers=ANSWERS.replace('    "q2": [\n', f'    "q2": [\n{more}'))) == []


@pytest.mark.parametrize("seed", ["seed", "a class"])
def test_the_gate_judges_by_the_public_seed_and_by_that_of_a_class(tmp_path, seed):
    """An answer that is right for the numbers of one of them alone is refused, whichever it is."""
    test = load(write(tmp_path)).assignment("small").tests()["q1"][0]
    numbers = generator(question_key(seed, "q1"), test).standard_normal(3).tolist()
    lucky = f"def twice(x):\\n    return 2 * np.array({numbers}) if x.size else x"
    product = '"a product", "def twice(x):\\n    return 2 * x"'
    assert product in ANSWERS
    found = problems(write(tmp_path, answers=ANSWERS.replace(product, f'"a product", "{lucky}"')))
    (problem,) = found
    assert problem.startswith("small q1: 'a product', which is right, does not get all of 3 points: Twice an array: the result")
    course = load(tmp_path)
    assert bool(gate(course, course.assignment("small"), seeds=())) == (seed != "seed"), "with no class, the public one alone"


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("    pass\n", "small q1: a blank notebook passes 'Twice nothing'"),
        (
            "    try:\n        answer(np.zeros(0))\n    except Exception:\n        1 / 0\n",
            "small q1: a blank notebook breaks 'Twice nothing': the test raised ZeroDivisionError",
        ),
    ],
)
def test_a_test_that_a_blank_notebook_passes_or_breaks_is_refused(tmp_path, test, said):
    body = "    none_at_all_of_it = np.zeros((0, 2))\n    close(answer(none_at_all_of_it), none_at_all_of_it)\n"
    assert body in TESTS
    assert any(problem.startswith(said) for problem in problems(write(tmp_path, tests=TESTS.replace(body, test))))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("data = [1.0]", "data[0] /= 2\\nhalf = data[0]"),
        ("data = np.ones(1)", "data /= 2\\nhalf = data[0]"),
        ('data = {"a": [1.0]}', "data['a'][0] /= 2\\nhalf = data['a'][0]"),
        ("data = [np.ones(1)]", "data[0] /= 2\\nhalf = data[0][0]"),
    ],
)
def test_an_answer_that_changes_the_data_of_the_set_up_changes_none_for_the_next(tmp_path, data, code):
    answers = ANSWERS.replace('Alternative("typed", "half = 0.5")', f'Alternative("typed", "{code}")')
    answers = answers.replace('Alternative("by the data", "data[0] /= 2\\nhalf = data[0]")', f'Alternative("again", "{code}")')
    assert answers.count(code) == 2
    assert problems(write(tmp_path, source=SOURCE.replace("data = [1.0]", data), answers=answers)) == []


def test_a_mistake_may_be_named_by_any_of_the_tests_that_fail(tmp_path):
    second = 'Mistaken("squared", 2, "def twice(x):\\n    return 2 * x if x.size else None", names="nothing is returned")'
    first = 'Mistaken("squared", 1, "def twice(x):\\n    return x * x", names="the square is taken")'
    assert first in ANSWERS
    assert problems(write(tmp_path, answers=ANSWERS.replace(first, second))) == []


def test_the_gate_is_silent_whatever_the_cells_print_and_warn(tmp_path, capsys):
    loud = 'data = [1.0]\nprint("loud")\nimport warnings\n\nwarnings.warn("careful")\nnp.log(np.zeros(1))'
    answers = ANSWERS.replace('"half = 0.5"', "\"print('loud')\\nhalf = 0.5\"")
    assert problems(write(tmp_path, source=SOURCE.replace("data = [1.0]", loud), answers=answers)) == []
    assert capsys.readouterr() == ("", "")


def test_the_line_that_jupytext_writes_otherwise_is_named(tmp_path):
    text = SOURCE.replace(":role: answer\n\ndef", ":role:  answer\n\ndef")
    (number,) = [n for n, line in enumerate(text.splitlines(), 1) if line == ":role:  answer"]
    (problem,) = problems(write(tmp_path, source=text))
    assert problem.startswith(f"small: source.md is not as jupytext writes it; line {number} is ':role:  answer' and becomes")


def test_what_leaks_is_found_wherever_it_stands(tmp_path):
    course = load(write(tmp_path))
    assignment = course.assignment("small")
    secrets = list(hidden(assignment, releases.read(assignment)))
    made = releases.student("small", tmp_path)
    assert not list(leaks(made, secrets))
    made.metadata["note"] = "The explanation that only\nthe solution holds."
    made.cells[3]["metadata"]["### BEGIN SOLUTION"] = True
    assert list(leaks(made, secrets)) == [
        "the markers of a solution",
        "the explanation of the solution of q1: 'The explanation that only the solution holds.'",
    ]


def test_release_writes_three_notebooks_and_replaces_them(tmp_path):
    folder = write(tmp_path / "exercises")
    for _ in range(2):
        made = release("small", tmp_path / "out", folder)
        assert [path.relative_to(tmp_path / "out").as_posix() for path in made] == [
            "small/small.ipynb",
            "small/small-solution.ipynb",
            "nbgrader/source/small/small.ipynb",
        ]
        for path in made:
            nbformat.validate(nbformat.read(path, 4))
    assert not list((tmp_path / "out").rglob("*.part"))
    texts = [path.read_text("utf-8") for path in made]
    has = {  # which of the three hold it: the student's, the solution, the source for nbgrader
        "summed = x + x": (False, True, True), "the solution holds": (False, True, False), "thought of one": (False, False, True),
        "NotImplementedError": (True, False, False), "### BEGIN": (False, False, True), "The second hint.": (True, True, True),
        '\\"\\"\\"Twice x.': (True, True, True), "<!-- essay: q3 -->": (True, True, True),
        "\u2713 right, 2 of 2 points": (False, True, False),
    }  # fmt: skip
    assert {words: tuple(words in text for text in texts) for words in has} == has
    for inside in (folder, folder / "small", folder / "new" / "folder"):
        with pytest.raises(ReleaseError, match="inside the exercises themselves"):
            release("small", inside, folder)
    assert not (folder / "new").exists() and not (folder / "nbgrader").exists()


def test_release_refuses_what_fails_and_writes_nothing(tmp_path):
    folder = write(tmp_path / "exercises", source=SOURCE.replace("summed = x + x", "summed = x"))
    with pytest.raises(ReleaseError, match=r"small is not released:\n  - small q1: the solution, which is right"):
        release("small", tmp_path / "out", folder)
    assert not (tmp_path / "out").exists()


def test_a_solution_that_raises_is_no_solution_notebook(tmp_path):
    with pytest.raises(ReleaseError, match="a cell of the solution raises NameError"):
        solution("small", write(tmp_path, source=SOURCE.replace("data = [1.0]", "data = nothing")))


def test_a_solution_that_lasts_too_long_is_none(tmp_path):
    course = COURSE_TEXT.replace("notebook_seconds = 20.0", "notebook_seconds = 2")
    slow = SOURCE.replace("data = [1.0]", "import time\n\ntime.sleep(60)")
    with pytest.raises(ReleaseError, match="small: a cell of the solution takes more than 2 seconds"):
        solution("small", write(tmp_path, course=course, source=slow))


def test_the_source_for_nbgrader_has_its_cells_points_and_marking(tmp_path):
    made = nbgrader_source("small", write(tmp_path))
    nbformat.validate(made)
    fields = {
        cell.metadata["nbgrader"]["grade_id"]: (cell, cell.metadata["nbgrader"])
        for cell in made.cells
        if "nbgrader" in cell.metadata
    }
    assert list(fields) == ["q1", "q1-check", "q2", "q2-check", "q3"]
    assert {id: own.get("points") for id, (_, own) in fields.items()} == {
        "q1": None,
        "q1-check": 3,
        "q2": None,
        "q2-check": 2,
        "q3": 4,
    }
    cell, own = fields["q1"]
    assert own["solution"] and not own["grade"] and "### BEGIN SOLUTION" in cell.source
    assert fields["q2"][0].source.startswith("half = None\n### BEGIN SOLUTION\n")
    cell, own = fields["q1-check"]
    assert own["grade"] and own["locked"] and cell.source == 'check("q1", twice)\ncheck.earned("q1")'
    cell, own = fields["q3"]
    assert own["grade"] and own["solution"] and cell.cell_type == "markdown"
    # nbgrader cuts out what stands between the markers, and the marker line of the essay stays.
    before, _, rest = cell.source.partition("### BEGIN SOLUTION\n")
    assert before.endswith("<!-- essay: q3 -->\n") and rest.startswith("Two points for a thought")
    assert not any("only the solution holds" in cell.source for cell in made.cells)


def test_a_solution_in_two_pieces_is_named_before_the_first_alone(tmp_path):
    pieces = "half = 1.0\n### END SOLUTION\n### BEGIN SOLUTION\nhalf = half / 2"
    made = nbgrader_source("small", write(tmp_path, source=SOURCE.replace("half = float(twice(np.array(0.25)))", pieces)))
    (cell,) = [cell for cell in made.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "q2"]
    assert cell.source.startswith("half = None\n### BEGIN") and cell.source.count("half = None") == 1


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """What nbval says of the two notebooks of each assignment, in one run: a Counter of PASSED, FAILED and so on by file."""
    folder = tmp_path_factory.mktemp("nbval")
    (folder / "empty.ini").write_text("[pytest]\n")
    for id in IDS:
        solved, blank = solution(id), student(id)
        # The student's version with the outputs of the solution: nbval compares nothing where nothing is stored.
        outputs = {cell.source: cell for cell in solved.cells if cell.cell_type == "code"}
        for cell in blank.cells:
            if cell.source in outputs:
                cell.update(outputs=outputs[cell.source].outputs, execution_count=outputs[cell.source].execution_count)
        nbformat.write(solved, folder / f"{id}-solution.ipynb")
        nbformat.write(blank, folder / f"{id}-student.ipynb")
    options = ["-c", "empty.ini", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:xdist", "--nbval", "--nbval-current-env"]
    own = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    done = subprocess.run([sys.executable, "-m", "pytest", *options, "."], cwd=folder, env=own, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout  # those of students fail
    found = {path.name: Counter() for path in folder.glob("*.ipynb")} | {"said": done.stdout}
    for outcome, file in re.findall(r"^([A-Z]+) (\S+\.ipynb)(?:::| |$)", done.stdout, re.MULTILINE):
        found[file][outcome] += 1
    return found


@pytest.mark.parametrize("id", IDS)
def test_nbval_passes_on_the_solution_and_fails_on_the_student_s_version(id, compared):
    cells = [cell for cell in student(id).cells if cell.cell_type == "code"]  # as many as the solution has
    assert compared[f"{id}-solution.ipynb"] == {"PASSED": len(cells)}, compared["said"]
    checks = [question for question in COURSE.assignment(id).questions if question.form != "essay"]
    assert compared[f"{id}-student.ipynb"]["FAILED"] >= len(checks), compared["said"]


def test_the_solution_is_the_same_each_time(tmp_path):
    folder = write(tmp_path)
    first = solution("small", folder)
    assert nbformat.writes(first) == nbformat.writes(solution("small", folder))
    assert first.metadata["language_info"] == {"name": "python"}, "the version of an interpreter would make it another file"


def test_the_gate_is_what_release_asks(monkeypatch, tmp_path):
    monkeypatch.setattr(releases, "gate", lambda course, assignment: ["a problem"])
    with pytest.raises(ReleaseError, match="- a problem"):
        release("small", tmp_path / "out", write(tmp_path / "exercises"))
    assert gates.ALTERNATIVES >= 3 and gates.MISTAKEN >= 6 and gates.NAMED >= 0.8


def test_the_example_of_the_guide_passes_the_gate(tmp_path):
    _, found, text = (COURSE.folder / "README.md").read_text("utf-8").partition("## Writing a new exercise in an hour\n")
    text = text.partition("\n## ")[0]
    assert found
    blocks = re.findall(r"^(`{3,})(toml|markdown|python)\n(.*?)^\1$", text, re.DOTALL | re.MULTILINE)
    block, source, tests, answers = [body for _, _, body in blocks]
    head = (COURSE.folder / "course.toml").read_text("utf-8").partition("[[assignment]]")[0]
    (tmp_path / "norms").mkdir()
    (tmp_path / "course.toml").write_text(head + block, "utf-8")
    for name, body in (("source.md", source), ("tests.py", tests), ("answers.py", answers)):
        (tmp_path / "norms" / name).write_text(body, "utf-8")
    course = load(tmp_path)
    assert gate(course, course.assignment("norms")) == []
