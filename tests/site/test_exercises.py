"""The pages of the graded exercises, what they offer for download, and how chapters lead to them."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from lecture_optim.check import handout
from lecture_optim.check.course import load

ROOT = Path(__file__).resolve().parents[2]
COURSE = load(ROOT / "exercises")


def plain(text):
    """A text of the page with the apostrophes of its source."""
    return text.replace("’", "'")


@pytest.fixture(scope="module")
def page(html, open_window):
    """A function that opens the page of an assignment, whose formulas stay as they are written."""
    window = open_window(java_script_enabled=False)
    return lambda assignment: window.open(html / f"book/exercises/{assignment.id}.html").page


@pytest.mark.parametrize("assignment", COURSE.assignments, ids=lambda one: one.id)
def test_a_page_shows_each_question_with_what_is_checked(page, assignment):
    shown = page(assignment)
    for question in assignment.questions:
        section = shown.locator(f"section#{assignment.id}-{question.id}")
        assert question.title in plain(section.locator("h2").text_content())
        folds = section.locator("details > summary").all_text_contents()
        if question.form == "essay":
            assert folds == ["How it is marked"]
        else:
            assert folds[-1] == "Solution" and len(folds) >= 3
            titles = [plain(text) for text in section.locator("li").all_text_contents()]
            for test in assignment.tests()[question.id]:
                assert any(text.startswith(test.title) for text in titles), test.title
        assert section.locator("details[open]").count() == 0  # neither a hint nor a solution is seen before it is asked for


@pytest.mark.parametrize("assignment", COURSE.assignments, ids=lambda one: one.id)
def test_the_notebook_that_a_page_offers_is_the_student_s(html, page, assignment):
    shown = page(assignment)
    links = shown.locator(".exercise-facts ~ p a, p a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    offered = [(html / "book/exercises" / link).resolve() for link in links if "_downloads/" in link]
    assert [path.name for path in offered] == [f"{assignment.id}.ipynb", "exercises.zip"]
    assert json.loads(offered[0].read_text(encoding="utf-8")) == handout.student(COURSE, assignment)


def test_the_zip_holds_the_notebooks_the_package_and_the_guide(html):
    bundle = zipfile.ZipFile(io.BytesIO((html / "_downloads/exercises/exercises.zip").read_bytes()))
    assert bundle.testzip() is None
    *notebooks, guide, wheel = sorted(bundle.namelist(), key=lambda name: (name.endswith(".whl"), name.endswith(".md"), name))
    assert notebooks == sorted(f"exercises/{one.id}.ipynb" for one in COURSE.assignments)
    assert bundle.read(guide) == (ROOT / "exercises/README.md").read_bytes()
    package = zipfile.ZipFile(io.BytesIO(bundle.read(wheel))).namelist()
    for one in COURSE.assignments:
        assert any(name.endswith(f"/{one.id}/tests.py") for name in package), one.id


def test_each_graded_question_is_named_in_the_chapter_that_it_asks_for(html, open_window):
    window = open_window(java_script_enabled=False)
    for chapter in sorted({question.chapter for one in COURSE.assignments for question in one.questions}):
        shown = window.open(html / f"book/{chapter}.html").page
        links = shown.locator("section#exercises a").evaluate_all("all => all.map(a => [a.getAttribute('href'), a.textContent])")
        for one in COURSE.assignments:
            for question in one.questions:
                link = [f"../exercises/{one.id}.html#{one.id}-{question.id}", question.title]
                assert (link in links) == (question.chapter == chapter), link
        shown.close()
