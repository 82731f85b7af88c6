"""The benchmark's invented students get what was predicted: what it measures is grading, and not a fault."""

from pathlib import Path

import numpy as np
import pytest

from lecture_optim.check.course import load
from lecture_optim.grading import runner

COURSE = load()
SEED = "a class of nobody"


@pytest.fixture(scope="module")
def students():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).resolve().parents[2])  # the benchmarks are no part of the package
        from benchmarks import students
    return students


@pytest.mark.parametrize(("id", "count"), [("warm-up", 12), ("convergence", 4)])
def test_every_score_is_the_predicted_one(students, jail, id, count):
    assignment = COURSE.assignment(id)
    # With this seed an answer that returns lists would meet one that squares what is returned, were the two not kept apart.
    made = students.invent(COURSE, assignment, count, np.random.default_rng(3))
    limits = runner.Limits.of(COURSE.limits)
    assert len({student.data for student in made}) == count
    assert len({student.total for student in made}) > 2, "they differ in what they know"
    for student in made:
        result = runner.grade_submission(student.data, assignment, jail=jail, seed=SEED, limits=limits)
        assert {q.id: q.points for q in result.questions if q.state != "essay"} == student.expected, student.id


def test_the_same_seed_invents_the_same_class(students):
    one, two, other = (students.invent(COURSE, COURSE.assignment("warm-up"), 3, np.random.default_rng(k)) for k in (1, 1, 2))
    assert one == two != other


def test_more_students_than_the_answers_give_are_refused(students, monkeypatch):
    monkeypatch.setattr(students, "_choose", lambda choices, rng: {id: of[0] for id, of in choices.items()})
    with pytest.raises(ValueError, match="warm-up: its answers do not give 2 different notebooks"):
        students.invent(COURSE, COURSE.assignment("warm-up"), 2, np.random.default_rng(1))


def test_an_answer_that_another_cell_would_stumble_over_gives_way(students):
    cells = [{"cell_type": "code", "metadata": {"question": id, "role": "answer"}, "source": ""} for id in ("q1", "q2")]
    plain = students.Answer("the solution", "x = 1", 1, frozenset())
    meddling = students.Answer("meddling", "x = '1'", 1, frozenset({"x"}))
    for text, stays in (
        ("y = x + 1", False),
        ("def y():\n    return x", False),
        ("y = 2", True),
        ("def y(x):\n    return x", True),
    ):
        chosen = {"q1": meddling, "q2": students.Answer("another", text, 1, frozenset())}
        found = students._untangled(cells, chosen, {"q1": [plain], "q2": [plain]})
        assert (found["q1"] is meddling) == stays, text
    # Above the answer that meddles, only what is read later counts.
    for text, stays in (("y = x + 1", True), ("def y():\n    return x", False)):
        chosen = {"q1": students.Answer("another", text, 1, frozenset()), "q2": meddling}
        assert (students._untangled(cells, chosen, {"q1": [plain], "q2": [plain]})["q2"] is meddling) == stays, text
