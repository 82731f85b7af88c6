"""Every assignment of the course passes its own tests, and the course holds what was promised.

The gate judges, for each question: the solution and every other right answer gets all points, a blank notebook gets none, and
each wrong answer gets exactly the points that were predicted, with its mistake named. The same gate stands before every release.
"""

from collections import Counter

import pytest

from lecture_optim.check.course import KINDS, load
from lecture_optim.check.testing import Mistaken
from lecture_optim.grading.gate import NAMED, gate

COURSE = load()
KIND = 4  # questions of each kind, at least
AUTOMATIC = 24  # questions that are graded without a person, at least


@pytest.mark.parametrize("assignment", COURSE.assignments, ids=lambda assignment: assignment.id)
def test_the_assignment_passes_its_gate(assignment):
    problems = gate(COURSE, assignment)
    assert not problems, "\n" + "\n".join(problems)


def test_every_folder_of_exercises_is_in_the_course():
    folders = {path.name for path in COURSE.folder.iterdir() if path.is_dir() and not path.name.startswith(("_", "."))}
    assert folders == {assignment.id for assignment in COURSE.assignments}


def test_the_course_has_questions_enough_of_every_kind():
    questions = [question for assignment in COURSE.assignments for question in assignment.questions]
    counts = Counter(question.kind for question in questions)
    assert set(counts) == set(KINDS) and min(counts.values()) >= KIND, counts
    assert sum(question.form != "essay" for question in questions) >= AUTOMATIC


def test_each_part_has_one_assignment_of_every_kind():
    parts = [assignment for assignment in COURSE.assignments if assignment.part]
    assert [assignment.part for assignment in parts] == ["1-sparse-gradients", "2-adagrad", "3-adam", "4-convergence"]
    for assignment in parts:
        assert {question.kind for question in assignment.questions} == set(KINDS), assignment.id


def test_feedback_names_most_mistakes_of_the_course():
    wrong = [
        a for assignment in COURSE.assignments for of in assignment.answers().values() for a in of if isinstance(a, Mistaken)
    ]
    assert sum(answer.names is not None for answer in wrong) >= NAMED * len(wrong)
