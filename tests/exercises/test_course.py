"""The course: what course.toml may hold, where the exercises are found, and that the places in the book are there."""

import hmac
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lecture_optim.check import course as courses
from lecture_optim.check.course import CourseError, generator, load, question_key
from lecture_optim.check.testing import Test

from .miniature import COURSE, TESTS, write

ROOT = Path(__file__).resolve().parents[2]


def test_the_course_of_the_book_is_read():
    course = load()
    assert course.assignments[0].id == "warm-up" and course.assignments[0].minutes == 10
    for assignment in course.assignments:
        assert all(assignment.points(question.id) >= 1 for question in assignment.questions), assignment.id


def test_every_section_is_in_the_book():
    course = load()
    missing = []
    for assignment in course.assignments:
        for question in assignment.questions:
            text = (ROOT / f"book/src/{question.chapter}.md").read_text("utf-8")
            label = question.section.partition("#")[2]
            marks = (f"({label})=", f":label: {label}", f"$$ ({label})")
            headings = {re.sub(r"[^a-z0-9]+", "-", line.lower()).strip("-") for line in text.splitlines() if line.startswith("#")}
            if label not in headings and not any(mark in text.splitlines() for mark in marks):
                missing.append(f"{assignment.id} {question.id}: {question.section}")
    assert not missing


def test_the_places_are_called_as_the_book_calls_them():
    """A theorem by kind and title, a section by its title, an equation by its section; what has no place is a whole chapter."""
    course = load()
    assert course.places.keys() <= {question.section for one in course.assignments for question in one.questions}
    for assignment in course.assignments:
        for question in assignment.questions:
            lines = (ROOT / f"book/src/{question.chapter}.md").read_text("utf-8").splitlines()
            label, said = question.section.partition("#")[2], course.places.get(question.section)
            above = dict(zip(lines[1:], lines, strict=False))  # of marks, which are unlike all other lines
            if theorem := re.fullmatch(r":+\{prf:(\w+)\} (.*)", above.get(f":label: {label}", "")):
                assert said == f"the {theorem[1]} *{theorem[2]}*"
            elif f"$$ ({label})" in lines:
                section = [line for line in lines[: lines.index(f"$$ ({label})")] if line.startswith("## ")][-1]
                assert said == f"the equation in the section *{section[3:]}*"
            else:
                marked = {line: f"({label})=" == before for line, before in above.items() if line.startswith("#")}
                slug = re.compile(r"[^a-z0-9]+")
                named = [line for line in marked if slug.sub("-", line.lower()).strip("-") == label]
                heading = next((line for line in marked if marked[line]), None) or min(named, key=len)
                assert said == (f"the section *{heading[3:]}*" if heading.startswith("## ") else None), question.section


def test_the_titles_of_chapters_are_the_book_s():
    found = {
        f"{file.parent.name}/{file.stem}": re.search(r"^# (.*)$", file.read_text("utf-8"), re.MULTILINE)[1]
        for file in sorted((ROOT / "book/src").glob("[1-9]-*/*.md"))
    }
    assert load().chapters == found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "implement"', 'kind = "program"', "q1': kind must be one of implement, prove"),
        ('form = "value"', 'form = "number"', "form must be one of function, value"),
        ("minutes = 1\n", "", "q1': minutes must be a whole number above 0, not None"),
        ("minutes = 1\n", "minutes = 0\n", "minutes must be a whole number above 0, not 0"),
        ("minutes = 1\n", "minutes = 1\npoints = 3\n", "'points' means nothing here"),
        ('answer = "twice"', 'answer = "2x"', "answer must be a name in Python, not '2x'"),
        ('answer = "half"', 'answer = "twice"', "two questions have the answer 'twice'"),
        ('id = "q2"', 'id = "q1"', "two questions are called 'q1'"),
        ("points = 4\n", "", "points must be a whole number above 0"),
        ("#a-label", "", "section must read part/chapter#label"),
        ('"1-part/02-chapter" =', '"1-part/03-chapter" =', "the chapter '1-part/02-chapter' is not in [chapters]"),
        ('id = "q2"', 'id = "second"', "the id of a question is q and its number, as q1, and not 'second'"),
        ('label" = "the section *A place*"', 'label" = 3', "[places]: 1-part/02-chapter#a-label must be a text, not 3"),
        ("[limits]", 'site = "here"\n[limits]', "site must be the address of the book in the web, as https://..., not 'here'"),
        ('id = "small"', 'id = "Small one"', "an id is of small letters"),
        ('public_seed = "seed"', "", "public_seed must be a text"),
        ("call_seconds = 1.0", 'call_seconds = "long"', "call_seconds must be a number above 0, not 'long'"),
        ('kind = "essay"', 'kind = "prove"', "an essay has both the kind and the form essay"),
        ("title = ", "title ", "it cannot be read"),
        ("minutes = 1\n", "minutes = true\n", "q1': minutes must be a whole number above 0, not True"),
        ("call_seconds = 1.0", "call_seconds = 0", "call_seconds must be a number above 0, not 0"),
        (
            '#a-label"\n\n[[',
            '#a-label and more"\n\n[[',
            "section must read part/chapter#label, not '1-part/02-chapter#a-label and more'",
        ),
    ],
)
def test_a_damaged_course_says_where_and_what_would_be_right(tmp_path, old, new, said):
    assert old in COURSE
    write(tmp_path, course=COURSE.replace(old, new, 1 if old != "#a-label" else -1))
    with pytest.raises(CourseError, match=re.escape(said)) as raised:
        load(tmp_path)
    assert str(tmp_path / "course.toml") in str(raised.value)


def test_every_damage_of_a_course_is_told_at_once(tmp_path):
    damaged = COURSE.replace("minutes = 1\n", "").replace('kind = "experiment"', 'kind = "guess"').replace("points = 4\n", "")
    with pytest.raises(CourseError) as raised:
        load(write(tmp_path, course=damaged))
    lines = str(raised.value).splitlines()
    assert len(lines) == 3 and all(any(f"'q{n}'" in line for line in lines) for n in (1, 2, 3))


def test_assignments_have_names_of_their_own_and_questions(tmp_path):
    question = "[[assignment.question]]" + COURSE.split("[[assignment.question]]")[1]
    again = '\n[[assignment]]\nid = "small"\ntitle = "Again"\n'
    with pytest.raises(CourseError, match="two assignments are called 'small'"):
        load(write(tmp_path, course=COURSE + again + question))
    with pytest.raises(CourseError, match=r"assignment 'empty': it has no questions; add a table \[\[assignment.question\]\]"):
        load(write(tmp_path, course=COURSE + again.replace("small", "empty")))
    load(write(tmp_path, course=COURSE + again.replace("small", "other") + question))


def test_a_file_that_is_no_text_is_told(tmp_path):
    (write(tmp_path) / "course.toml").write_bytes(b'title = "\xff"')
    with pytest.raises(CourseError, match=r"course\.toml: it cannot be read: .*utf-8"):
        load(tmp_path)


def test_answers_that_are_no_dict_are_refused(tmp_path):
    for text in ("", "ANSWERS = []", "ANSWERS = None"):
        with pytest.raises(CourseError, match=r"answers\.py: it must define ANSWERS, a dict from question ids"):
            load(write(tmp_path, answers=text)).assignment("small").answers()


def test_tests_may_use_what_needs_their_module(tmp_path):
    own = "from __future__ import annotations\nfrom dataclasses import dataclass\n\n@dataclass\nclass Case:\n    size: int\n"
    found = load(write(tmp_path, tests=own + TESTS)).assignment("small").tests()
    assert [test.title for test in found["q1"]] == ["Twice an array", "Twice nothing"]


def test_tests_that_need_sympy_say_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    with pytest.raises(CourseError, match=r"tests of 'small' need SymPy, which is not installed: pip install 'lecture_optim"):
        load(write(tmp_path, tests="import sympy.abc\n" + TESTS)).assignment("small").tests()
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        load(write(tmp_path, tests="import nowhere_to_be_found\n" + TESTS)).assignment("small").tests()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"q2"', '"q7"', "it tests q7, which course.toml does not have"),
        ('@test("q2"', "(lambda f: f)(", "there are no tests of q2"),
        ("points=1", "points=0", "needs a whole number of points"),
        ("Twice nothing", "Twice an array", "two tests of q1 have the title"),
        ("def nothing(", "def nothing((", "tests.py"),
    ],
)
def test_damaged_tests_say_what_would_be_right(tmp_path, old, new, said):
    tests = (
        TESTS.replace('@test("q2", points=2, title="The number")', "") if new.startswith("(lambda") else TESTS.replace(old, new)
    )
    with pytest.raises(CourseError, match=re.escape(said)):
        load(write(tmp_path, tests=tests)).assignment("small").tests()


def test_reading_tests_leaves_no_cache_in_the_exercises(tmp_path):
    load(write(tmp_path)).assignment("small").tests()
    assert not list(tmp_path.rglob("__pycache__"))


def test_random_numbers_depend_on_the_seed_the_submission_the_question_and_the_test(tmp_path):
    first, second = load(write(tmp_path)).assignment("small").tests()["q1"]

    def drawn(test, *key):
        return tuple(generator(question_key(*key), test).random(3))

    keys = [("seed", "q1"), ("seed", "q2"), ("other", "q1"), (b"seed", "q1", "digest"), ("seed", "q1", "other digest")]
    numbers = [drawn(test, *key) for test in (first, second) for key in keys]
    assert len(set(numbers)) == len(numbers)
    assert drawn(first, "seed", "q1") == drawn(first, b"seed", "q1")
    same = [Test("q1", 1, title, True, None) for title in ("Twice an array", "Thrice an arra")]
    assert drawn(same[0], "seed", "q1") != drawn(same[1], "seed", "q1"), "titles of one length"
    assert question_key("seed", "q1", "a") != question_key("seed", "1", "aq"), "no submission runs into a question"


def test_numbers_are_the_same_in_every_version_and_on_every_machine():
    """Stored outputs and scores of a class rest on them; HMAC-SHA256 and PCG64 are fixed for good."""
    key = hmac.digest(b"seed", b"digest\nq1", "sha256")
    assert question_key("seed", "q1", "digest") == key
    drawn = generator(key, Test("q1", 1, "Twice an array", True, None)).bit_generator.random_raw()
    assert drawn == np.random.PCG64(int.from_bytes(hmac.digest(key, b"Twice an array", "sha256"), "big")).random_raw()
    assert key.hex() == "a68edc77c84d1969a2fc4766fd6eab9e53e19a3e8f09c033cfae0dfb799b1335" and drawn == 23250031496162160


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(run, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "there")
    return folder / "there"


def test_the_wheel_carries_the_exercises(unpacked):
    carried = unpacked / "lecture_optim/check/exercises"
    wanted = [f for f in (ROOT / "exercises").rglob("*") if f.is_file() and "__pycache__" not in f.parts]
    assert {f.relative_to(carried) for f in carried.rglob("*") if f.is_file()} >= {
        f.relative_to(ROOT / "exercises") for f in wanted
    }


def test_a_lone_wheel_checks_answers(unpacked, tmp_path):
    code = """
from lecture_optim.check import open_assignment
from lecture_optim.check.course import exercises
print(exercises())
check = open_assignment("warm-up")
check("q1", [1.7, 0.5])
"""
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=tmp_path, env={"PYTHONPATH": str(unpacked)}, capture_output=True, text=True)
    assert done.stdout.startswith(str(unpacked / "lecture_optim/check/exercises")) and "2 of 2 points" in done.stdout, done.stderr


def test_the_repository_comes_first_and_its_absence_is_told(tmp_path, monkeypatch):
    assert courses.exercises() == ROOT / "exercises"
    monkeypatch.setenv(courses.ELSEWHERE, str(write(tmp_path / "own")))
    assert courses.exercises() == tmp_path / "own"
    monkeypatch.setenv(courses.ELSEWHERE, str(tmp_path))
    with pytest.raises(CourseError, match="mend it, or unset it"):
        courses.exercises()
    monkeypatch.delenv(courses.ELSEWHERE)
    monkeypatch.setattr(courses, "__file__", str(tmp_path / "lecture_optim/check/course.py"))
    with pytest.raises(CourseError, match="install the package anew"):
        courses.exercises()
