"""The one source of an assignment: its cells and their roles, stubs and solutions, and the notebook that a student gets."""

import re

import nbformat
import pytest

from lecture_optim.check.course import CourseError, Question, load
from lecture_optim.check.handout import student
from lecture_optim.check.source import blank, plain, read, written

from .miniature import SOURCE, write

QUESTION = Question("q1", "Twice", "implement", "function", 1, "1-part/02-chapter#a", answer="twice")


def test_the_source_comes_back_from_jupytext_unchanged():
    assert written(SOURCE) == SOURCE
    assert written(SOURCE.replace(":role: answer", ":role:   answer")) != SOURCE.replace(":role: answer", ":role:   answer")


def test_cells_are_found_by_question_and_role(tmp_path):
    source = read(load(write(tmp_path)).assignment("small"))
    assert source.of("q1", "hint") == ["The first hint.", "The second hint."]
    assert source.answer("q2").startswith("### BEGIN SOLUTION")
    assert [cell.question for cell in source.before("q2")] == [None, "q1"]


@pytest.mark.parametrize(
    ("code", "stub"),
    [
        (
            "def f(x):\n    ### BEGIN SOLUTION\n    y = x\n    return y\n    ### END SOLUTION",
            'def f(x):\n    raise NotImplementedError("q1")',
        ),
        ("a = 1\n### BEGIN SOLUTION\ntwice = a\n### END SOLUTION\nb = 2", "a = 1\ntwice = None\nb = 2"),
        (
            "class A:\n    def f(self):\n        ### BEGIN SOLUTION\n        return 1\n        ### END SOLUTION\n\n    b = 2",
            'class A:\n    def f(self):\n        raise NotImplementedError("q1")\n\n    b = 2',
        ),
    ],
)
def test_a_stub_stands_where_the_solution_stood(code, stub):
    assert blank(code, QUESTION) == stub
    assert "###" not in plain(code) and plain(code).replace("    ", "").split("\n")[0] in code


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1", "has no solution between"),
        ("### BEGIN SOLUTION\nx = 1", "without '### END SOLUTION' after it"),
        ("x = 1\n### END SOLUTION", "without '### BEGIN SOLUTION' before it"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "a second"),
    ],
)
def test_unpaired_markers_are_refused(code, said):
    with pytest.raises(CourseError, match=said):
        blank(code, QUESTION)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('{"question": "q2", "role": "statement"}', '{"question": "q2", "role": "text"}', "the role 'text' of a markdown cell"),
        ('{"question": "q2", "role": "statement"}', '{"question": "q5", "role": "statement"}', "'q5' is not in course.toml"),
        ('+++ {"question": "q2", "role": "hint"}\n\nTwo.\n\n', "", "q2 has 1 cells of the role hint, and needs 2 or more"),
        (
            '+++ {"question": "q3", "role": "marking"}',
            '+++ {"question": "q1", "role": "hint"}',
            "q3 has 0 cells of the role marking",
        ),
        ("import numpy as np\n", "import numpy as np\n### BEGIN SOLUTION\n", "it holds a solution, but no question"),
        ("One.", "One. ### BEGIN SOLUTION", "markers of a solution stand in text"),
        ("    ### END SOLUTION\n", "", "without '### END SOLUTION' after it"),
    ],
)
def test_a_source_that_is_not_whole_says_what_is_missing(tmp_path, old, new, said):
    assert old in SOURCE
    with pytest.raises(CourseError, match=re.escape(said)):
        read(load(write(tmp_path, source=SOURCE.replace(old, new, 1))).assignment("small"))


def test_questions_stand_in_the_order_of_the_course(tmp_path):
    course = write(tmp_path)
    text = (course / "course.toml").read_text()
    first, second, third, fourth = text.split("[[assignment.question]]")
    (course / "course.toml").write_text("[[assignment.question]]".join([first, third, second, fourth]))
    with pytest.raises(CourseError, match="the questions stand in the order q1, q2, q3, and in course"):
        read(load(course).assignment("small"))


def test_the_student_s_notebook_has_each_question_with_hints_a_stub_and_a_check(tmp_path):
    course = load(write(tmp_path))
    made = student(course, course.assignment("small"))
    nbformat.validate(made)
    assert nbformat.writes(made) == nbformat.writes(student(course, course.assignment("small")))
    texts = [cell.source for cell in made.cells]
    assert texts[0] == "# Small\n\n*3 questions, 9 points, about 6 minutes*\n\nThe introduction."
    assert texts[2] == 'from lecture_optim.check import open_assignment\n\ncheck = open_assignment("small")'
    place = next(n for n, text in enumerate(texts) if text.startswith("## q1. Twice"))
    assert texts[place : place + 5] == [
        "## q1. Twice\n\n*implement, 3 points, about 1 minute.* Read part 1, chapter 2, *The chapter*, at `a-label`."
        "\n\nWrite `twice(x)`.",
        "<details>\n<summary>Hint 1</summary>\n\nThe first hint.\n\n</details>",
        "<details>\n<summary>Hint 2</summary>\n\nThe second hint.\n\n</details>",
        'def twice(x):\n    """Twice x."""\n    raise NotImplementedError("q1")',
        'check("q1", twice)',
    ]
    assert texts[-1] == "check.progress()" and texts[-2].rstrip().endswith("<!-- essay: q3 -->")
    assert made.metadata["lecture_optim"] == {"assignment": "small"}


def test_a_title_that_opens_the_statement_is_not_said_twice(tmp_path):
    course = load(write(tmp_path, source=SOURCE.replace("Write `twice(x)`.", "**Twice.** Write `twice(x)`.")))
    text = "\n".join(cell.source for cell in student(course, course.assignment("small")).cells)
    assert "**Twice" not in text and "at `a-label`.\n\nWrite" in text
