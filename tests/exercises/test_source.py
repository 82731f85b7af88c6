"""The one source of an assignment: its cells and their roles, stubs and solutions, and the notebook that a student gets."""

import re

import nbformat
import pytest

from lecture_optim.check.course import CourseError, Question, load
from lecture_optim.check.handout import student
from lecture_optim.check.source import blank, plain, read, written

from .miniature import COURSE, SOURCE, write

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
        (
            "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n\n\ndef g():\n    ### BEGIN SOLUTION\n"
            "    return 2\n    ### END SOLUTION\n    # after",
            'def f():\n    raise NotImplementedError("q1")\n\n\ndef g():\n    raise NotImplementedError("q1")\n    # after',
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
        (
            '+++ {"question": "q2", "role": "statement"}',
            "```{code-cell} ipython3\n:question: q1\n:role: answer\n\n### BEGIN SOLUTION\ntwice = 2\n### END SOLUTION\n```\n\n"
            '+++ {"question": "q2", "role": "statement"}',
            "q1 has 2 cells of the role answer, and needs 1",
        ),
        (
            '+++ {"question": "q3", "role": "marking"}',
            '+++ {"question": "q3", "role": "essay"}\n\nA second one.\n\n+++ {"question": "q3", "role": "marking"}',
            "q3 has 2 cells of the role essay, and needs 1",
        ),
        (
            '+++ {"question": "q2", "role": "statement"}',
            "```{code-cell} ipython3\n:question: q2\n:role: hint\n\nhalf = 1 / 2\n```\n\n"
            '+++ {"question": "q2", "role": "statement"}',
            "the role 'hint' of a code cell is none of answer",
        ),
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
        "## q1. Twice\n\n*implement, 3 points, about 1 minute.* "
        "Read part 1, chapter 2, *The chapter*: the section *A place* (`book/1-part/02-chapter.html#a-label`)."
        "\n\nWrite `twice(x)`.",
        "<details>\n<summary>Hint 1</summary>\n\nThe first hint.\n\n</details>",
        "<details>\n<summary>Hint 2</summary>\n\nThe second hint.\n\n</details>",
        'def twice(x):\n    """Twice x."""\n    raise NotImplementedError("q1")',
        'check("q1", twice)',
    ]
    assert texts[-1] == "check.progress()" and texts[-2].rstrip().endswith("<!-- essay: q3 -->")
    assert made.metadata["lecture_optim"] == {"assignment": "small"}


def test_the_place_to_read_is_named_and_linked_where_the_book_has_an_address(tmp_path):
    """A lone notebook has no book beside it: a label alone would tell its reader nothing."""
    course = load(write(tmp_path, course=f'site = "https://books.example/optimizers/"\n{COURSE}'))
    text = "\n".join(cell.source for cell in student(course, course.assignment("small")).cells)
    link = "https://books.example/optimizers/book/1-part/02-chapter.html#a-label"
    assert f"Read part 1, chapter 2, [*The chapter*: the section *A place*]({link}).\n" in text
    equation = load(write(tmp_path, course=COURSE.replace("#a-label", "#eq-a"))).assignment("small").questions[0]
    assert equation.page == "book/1-part/02-chapter.html#equation-eq-a"


def test_a_title_that_opens_the_statement_is_not_said_twice(tmp_path):
    course = load(write(tmp_path, source=SOURCE.replace("Write `twice(x)`.", "**Twice.** Write `twice(x)`.")))
    text = "\n".join(cell.source for cell in student(course, course.assignment("small")).cells)
    assert "**Twice" not in text and "html#a-label`).\n\nWrite" in text


def texts(tmp_path, source):
    course = load(write(tmp_path, source=source))
    return [cell.source for cell in student(course, course.assignment("small")).cells]


def test_the_notebook_begins_with_the_title_of_its_source_or_else_of_the_course(tmp_path):
    assert texts(tmp_path, SOURCE.replace("# Small", "# A longer title"))[0].startswith("# A longer title\n\n*3 questions")
    untitled = texts(tmp_path, SOURCE.replace("# Small\n\n", ""))
    assert untitled[0] == "# Small\n\n*3 questions, 9 points, about 6 minutes*\n\nThe introduction."
    bare = SOURCE.replace(
        "# Small\n\nThe introduction.\n\n```{code-cell} ipython3\nimport numpy as np\n\ndata = [1.0]\n```\n\n", ""
    )
    assert "introduction" not in bare and "import numpy" not in bare
    made = texts(tmp_path, bare)
    assert made[0] == "# Small\n\n*3 questions, 9 points, about 6 minutes*" and made[3].startswith("## q1. Twice")


def test_the_check_is_opened_once_and_hints_count_from_1_in_each_question(tmp_path):
    cell = "```{code-cell} ipython3\nmore = 1\n```\n\n"
    made = texts(
        tmp_path,
        SOURCE.replace('+++ {"question": "q1", "role": "statement"}', cell + '+++ {"question": "q1", "role": "statement"}'),
    )
    assert [n for n, text in enumerate(made) if "open_assignment" in text] == [2] and made[3].startswith("import numpy")
    hints = [re.search(r"<summary>Hint (\d)</summary>", text)[1] for text in made if "<summary>" in text]
    assert hints == ["1", "2", "1", "2"]
    assert sum(text.startswith("## q") for text in made) == 3
