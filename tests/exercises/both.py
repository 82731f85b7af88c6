"""One notebook by both routes: as a class grades it, in the jail, and as a reader alone does, by the command ``check grade``."""

import contextlib
import io
import os
import re
from pathlib import Path
from unittest import mock

from lecture_optim.check.__main__ import main
from lecture_optim.check.course import ELSEWHERE, load
from lecture_optim.check.notebook import read
from lecture_optim.check.rerun import rerun

from . import classes

# The tests' own limits but for a cell: a reader's process imports what a cell imports, and the jail's has it already.
COURSE = """
title = "A course"
public_seed = "seed"

[limits]
call_seconds = 1.0
cell_seconds = 15.0
notebook_seconds = 60.0
memory_megabytes = 400

[chapters]
"1-part/02-chapter" = "The chapter"

[[assignment]]
id = "sample"
title = "Sample"
"""
KIND = {"function": "implement", "value": "experiment", "expression": "prove", "essay": "essay"}


def course(folder):
    """Write `classes.Sample` as a course into a folder; returns it."""
    tables = [COURSE]
    for id, (answer, form) in classes.FORMS.items():
        rest = "points = 3" if form == "essay" else f'answer = "{answer}"'
        tables.append(
            f'[[assignment.question]]\nid = "{id}"\ntitle = "T"\nkind = "{KIND[form]}"\nform = "{form}"\nminutes = 1\n'
            f'section = "1-part/02-chapter#label"\n{rest}\n'
        )
    (folder / "sample").mkdir(parents=True)
    (folder / "course.toml").write_text("\n".join(tables), "utf-8")
    (folder / "sample" / "tests.py").write_bytes(Path(classes.__file__).read_bytes())
    return folder


def alone(data, exercises, place):
    """What the command says of the bytes of a notebook: scores by question, notes, and the reason why it cannot be read, or None.

    exercises: as `course` gives it. place: a folder to work in.
    """
    file = place / "alone.ipynb"
    file.write_bytes(data)
    out, trouble = io.StringIO(), io.StringIO()
    changed = mock.patch.dict(os.environ, {ELSEWHERE: str(exercises)})
    with changed, contextlib.redirect_stdout(out), contextlib.redirect_stderr(trouble):
        code = main(["grade", str(file), "--assignment", "sample"])
    said = out.getvalue()
    if code == 2:
        assert not said
        return {}, [], trouble.getvalue().strip().partition(f"{file}: ")[2]
    assert trouble.getvalue() == ""
    head = re.compile(r"^(q\d)  T: (?:not answered yet, )?(\d+) of \d+ points?$", re.MULTILINE)
    scores = {id: int(points) for id, points in head.findall(said)}
    assert code == (scores != {id: n for id, n in classes.FULL_SCORES.items() if n is not None})
    notes = re.findall(r"^code cell (\d+) \(.{0,40}?\): (.*)$", said, re.MULTILINE)
    return scores, [(int(n), text) for n, text in notes], None


def of_class(data, jail):
    """The same of a class's grader."""
    result = classes.grade(data, jail)
    if result.state == "ungraded":
        return {}, [], result.reason
    for question in result.questions:
        assert question.state in ("graded", "essay"), question
        for outcome in question.outcomes:
            assert outcome.passed or outcome.message, "no point is lost without a word"
    scores = {id: points for id, points in classes.scores(result).items() if points is not None}
    return scores, [(note.cell, note.text) for note in result.notes], None


def words(data, exercises, jail, place):
    """What each test of each question says by both routes, in a class and alone: lists of (title, message, mistake)."""
    result = classes.grade(data, jail)
    in_class = {question.id: question.outcomes for question in result.questions if question.state != "essay"}
    found = load(exercises)
    given = {"limits": found.limits, "seed": found.public_seed, "folder": place, "name": "n"}
    outcomes, _ = rerun(read(data), found.assignment("sample"), **given)
    return [
        {id: [(o.title, o.message.partition("\nIt was raised in line")[0], o.mistake) for o in said] for id, said in way.items()}
        for way in (in_class, outcomes)
    ]
