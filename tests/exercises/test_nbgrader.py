"""A whole round with nbgrader itself: released, handed in, graded, exported, fed back; the scores are ours, whatever comes in."""

import copy
import csv
import importlib.util
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lecture_optim.grading import classroom, report
from lecture_optim.grading.runner import Limits

from . import miniature, pupils, warm

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nbgrader") is None, reason="nbgrader is not installed: pip install 'lecture_optim[class]'"
)

# A number that makes the test itself fail, so that its question is ungraded.
TESTS = miniature.TESTS.replace("    number(answer", "    assert answer != 7, 'what the test holds'\n    number(answer")
CONFIG = """
from lecture_optim.grading.nbgrader import configure

c = get_config()
c.CourseDirectory.course_id = "small"
configure(c, seed_file={seed!r}, exercises={exercises!r})
"""
RIGHT = {"q1": "def twice(x):\n    return 2 * x", "q2": "half = 0.5"}
ATTACK = """
import sys
import numpy.testing
for name in dir(numpy.testing):
    if name.startswith("assert"):
        setattr(numpy.testing, name, lambda *a, **k: None)
sys.modules["lecture_optim.check"].open_assignment = lambda *a: (lambda *b: 100)
print("5.0")
5.0
"""
SCRIPTS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(2)>", "[a](javascript:alert(3))", "[a](java&#115;cript:alert(4))",
    "[a]\n\n[a]: JavaScript:alert(5)", "`<b>` $a<b$ <scr<script>ipt>alert(6)</script>", "![a](attachment:none.png)",
    "[a](<javascript\\:alert(7)>)",
]  # fmt: skip


def read(file):
    """A notebook with the text of each cell in one piece."""
    nb = json.loads(file.read_bytes())
    for each in nb["cells"]:
        each["source"] = "".join(each["source"])
    return nb


def cell(nb, id):
    return next(cell for cell in nb["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == id)


def made(released):
    """What the students hand in, by their names, as bytes, made from the notebook that nbgrader released."""

    def answered(essay="My thought is my own.", **changed):
        nb = copy.deepcopy(released)
        for id, text in (RIGHT | changed).items():
            cell(nb, id)["source"] = text
        cell(nb, "q3")["source"] += essay
        return nb

    attack = answered(q1="def twice(x):\n    import os\n    os._exit(0)", q2="half = None")
    attack["cells"].insert(
        2, {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": ATTACK, "id": "a"}
    )
    for id in ("q1-check", "q2-check"):
        own = cell(attack, id)
        own["source"], own["metadata"]["nbgrader"]["points"] = "5.0", 100
        own["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "5.0"}, "metadata": {}, "execution_count": 1}]
    stripped = answered()
    for each in stripped["cells"]:
        each["metadata"] = {}
        del each["id"]
    stripped["metadata"] = {}
    copied = answered()
    place = copied["cells"].index(cell(copied, "q1"))
    copied["cells"][place:place] = copy.deepcopy(copied["cells"][place : place + 2])
    deleted = answered()
    deleted["cells"] = [each for each in deleted["cells"] if not each["metadata"].get("nbgrader", {}).get("grade")]
    foreign = answered()
    cell(foreign, "q1")["metadata"]["nbgrader"] = {"grade_id": ["q1"], "schema_version": 1, "points": "many"}
    bare = {"nbformat": 9, "cells": [{"cell_type": each["cell_type"], "source": each["source"]} for each in answered()["cells"]]}
    script = answered(essay=SCRIPTS[0])
    for n, text in enumerate(SCRIPTS):
        script["cells"].insert(1, {"cell_type": "markdown", "metadata": {"tags": [SCRIPTS[0]]}, "source": text, "id": f"s{n}"})
    script["cells"].insert(1, {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": SCRIPTS[0], "id": "raw"})
    script["metadata"] |= {"title": SCRIPTS[0], "language_info": {"name": "python", "mimetype": SCRIPTS[0]}}
    notebooks = {
        "full": answered(), "half": answered(q1="def twice(x):\n    return x * x"), "attack": attack, "stripped": stripped,
        "copied": copied, "deleted": deleted, "foreign": foreign, "bare": bare, "script": script, "blank": answered(
            essay="", q1="def twice(x):\n    raise NotImplementedError('q1')", q2="half = None"),
        "warns": answered(q1="import warnings\ndef twice(x):\n    warnings.warn('careful')\n    return x + x"),
        "breaks": answered(q2="half = 7"),
    }  # fmt: skip
    files = {name: json.dumps(nb, indent=1).encode() for name, nb in notebooks.items()}
    return files | {"damaged": files["full"][:900], "empty": b"", "picture": b"\x89PNG\r\n\x1a\n" * 9}


EXPECTED = {  # the points of q1 and q2; None where it is ungraded
    "full": (3, 2), "half": (1, 2), "attack": (0, 0), "stripped": (3, 2), "copied": (3, 2), "deleted": (3, 2), "foreign": (3, 2),
    "bare": (3, 2), "script": (3, 2), "blank": (0, 0), "warns": (3, 2), "breaks": (3, None), "damaged": (None, None),
    "empty": (None, None), "picture": (None, None),
}  # fmt: skip


WARNINGS = {"PYTHONWARNINGS": "default"}


class Round:
    """A course folder of nbgrader. parent: a `warm.Parent`, from which its commands are forked."""

    def __init__(self, folder, parent):
        self.parent = parent
        self.folder, self.exercises = folder / "nbgrader", miniature.write(folder / "exercises", tests=TESTS)
        self.seed = pupils.seed_file(folder)
        (self.folder / "source" / "small").mkdir(parents=True)
        (self.folder / "nbgrader_config.py").write_text(CONFIG.format(seed=str(self.seed), exercises=str(self.exercises)))

    def nbgrader(self, *arguments, fresh=False):
        """Run one command, fresh: in an interpreter that has imported nothing before.

        Its tool alembic is looked for in PATH, so that has the folder of this interpreter.
        """
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        run = [sys.executable, "-m", "nbgrader", *arguments]
        options = {"cwd": self.folder, "env": {**os.environ, **WARNINGS, "PATH": path}, "timeout": 300}
        return subprocess.run(run, capture_output=True, text=True, **options) if fresh else self.parent.run(run, **options)

    def table(self, *options, fresh=False):
        done = self.nbgrader("export", "--to", "out.csv", *options, fresh=fresh)
        assert done.returncode == 0, done.stderr
        text = (self.folder / "out.csv").read_text("utf-8-sig")
        return {row["student_id"]: row for row in csv.DictReader(io.StringIO(text))}

    def ask(self, query, *values):
        with sqlite3.connect(self.folder / "gradebook.db") as database:
            return database.execute(query, values).fetchall()

    def grades(self, student):
        """(automatic score, whether it needs manual grade) by grade cell."""
        found = self.ask(
            "select base_cell.name, auto_score, needs_manual_grade from grade join base_cell on base_cell.id = cell_id "
            "join submitted_notebook on submitted_notebook.id = grade.notebook_id "
            "join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id where student_id = ?",
            student,
        )
        return {name: (score, bool(manual)) for name, score, manual in found}

    def comments(self, student):
        found = self.ask(
            "select base_cell.name, auto_comment from comment join base_cell on base_cell.id = cell_id "
            "join submitted_notebook on submitted_notebook.id = comment.notebook_id "
            "join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id where student_id = ?",
            student,
        )
        return dict(found)

    def file(self, step, student, name="small.ipynb"):
        return self.folder / step / student / "small" / name


@pytest.fixture(scope="module")
def nbgrader_imported():
    with warm.Parent(("numpy", "nbgrader.apps", "sqlalchemy", "sqlite3"), WARNINGS) as made:
        yield made


@pytest.fixture(scope="module")
def round_(nbgrader_imported, tmp_path_factory):
    import nbformat

    from lecture_optim.grading.release import nbgrader_source

    found = Round(tmp_path_factory.mktemp("round"), nbgrader_imported)
    nbformat.write(nbgrader_source("small", found.exercises), found.folder / "source" / "small" / "small.ipynb")
    done = found.nbgrader("generate_assignment", "small")
    assert done.returncode == 0, done.stderr
    released = read(found.folder / "release" / "small" / "small.ipynb")
    found.files = made(released)
    found.released = released
    pupils.fill(found.folder / "submitted", {f"{name}/small/small.ipynb": data for name, data in found.files.items()})
    secret = tmp_path_factory.mktemp("secret") / "a.ipynb"
    secret.write_bytes(found.files["full"].replace(b"My thought", b"Another's thought"))
    found.file("submitted", "link").parent.mkdir(parents=True)
    found.file("submitted", "link").symlink_to(secret)
    found.graded = found.nbgrader("autograde", "small")
    found.fed_back = found.nbgrader("generate_feedback", "small")
    return found


def test_the_released_notebook_holds_no_solution_and_no_marking_scheme(round_):
    text = json.dumps(round_.released)
    assert "summed = x + x" not in text and "thought of one's own" not in text
    assert cell(round_.released, "q3")["source"].endswith("<!-- essay: q3 -->\n")


def test_every_command_of_the_round_ends_well(round_):
    assert round_.graded.returncode == 0, round_.graded.stderr
    assert round_.fed_back.returncode == 0, round_.fed_back.stderr


def test_the_scores_are_exactly_ours(round_, jail):
    limits, assignment = classroom.open_assignment("small", round_.exercises)
    options = {"jail": jail, "seed": pupils.SEED, "limits": Limits.of(limits)}
    for name in round_.files:
        record = classroom.grade_one(round_.file("submitted", name), assignment, id="small", student=name, **options)
        ours = {question["id"]: question["points"] for question in record["questions"]}
        assert (ours.get("q1"), ours.get("q2")) == EXPECTED[name], name
        theirs = round_.grades(name)
        assert theirs == {
            "q1-check": (ours.get("q1"), ours.get("q1") is None), "q2-check": (ours.get("q2"), ours.get("q2") is None),
            "q3": (None, True),
        }, name  # fmt: skip
        assert round_.file("autograded", name, "report/small.html").read_text() == report.student_page(record), name


def test_nbgrader_s_own_table_has_them(round_):
    table = round_.table(fresh=True)
    for name, points in EXPECTED.items():
        assert float(table[name]["score"]) == sum(filter(None, points)), name
        assert float(table[name]["max_score"]) == 9


def test_the_table_by_question_has_no_silent_0(round_):
    table = round_.table("--exporter=lecture_optim.grading.nbgrader.GradesByQuestion")
    for name, points in EXPECTED.items():
        row = table[name]
        assert [row["q1"], row["q2"], row["q3"], row["total"]] == ["" if p is None else str(float(p)) for p in points] + [
            "",
            "",
        ], name
    assert table["full"]["state"] == "to mark: q3"
    assert table["breaks"]["state"] == "ungraded: q2; to mark: q3"
    assert table["damaged"]["state"] == "ungraded: q1, q2, q3"


def test_what_is_ungraded_says_why_in_the_gradebook_and_below_the_check(round_):
    assert round_.comments("damaged")["q1"].startswith("ungraded: the file is cut off or damaged")
    assert round_.comments("empty") == dict.fromkeys(("q1", "q2", "q3"), "ungraded: the file is empty")
    assert round_.comments("breaks") == {"q1": None, "q2": f"ungraded: {report.FAULT_OF_TEST}", "q3": None}
    assert round_.comments("blank")["q3"] == "No text was found below the marker of this essay."
    assert set(round_.comments("full").values()) == {None}
    shown = read(round_.file("autograded", "empty"))
    assert "".join(cell(shown, "q1-check")["outputs"][0]["text"]) == "ungraded: the file is empty\n"


def test_a_link_is_not_followed(round_):
    assert round_.grades("link")["q1-check"] == (None, True)
    assert round_.comments("link")["q1"].startswith("ungraded: ")
    assert "Another's thought" not in round_.file("autograded", "link").read_text()


def test_what_broke_a_test_is_told_to_the_teacher_alone(round_):
    assert "breaks, small q2: The number: " in round_.graded.stderr and "what the test holds" in round_.graded.stderr
    assert "what the test holds" in round_.file("autograded", "breaks").read_text()
    for file in (round_.folder / "feedback").rglob("*.*"):
        assert "what the test holds" not in file.read_text(errors="replace")


def test_each_check_shows_what_the_tests_said_and_every_cell_of_the_assignment_is_there_once(round_):
    for name in round_.files:
        shown = read(round_.file("autograded", name))
        ids = [each["metadata"]["nbgrader"]["grade_id"] for each in shown["cells"] if "nbgrader" in each["metadata"]]
        assert {"q1-check", "q2-check", "q3"} <= set(ids) and len(ids) == len(set(ids)), name
    shown = read(round_.file("autograded", "half"))
    (output,) = cell(shown, "q1-check")["outputs"]
    lines = "".join(output["text"]).splitlines()
    assert lines[:2] == ["q1: 1 of 3 points", "  not passed: Twice an array (2)"]
    assert lines[-1] == "  passed: Twice nothing (1, a hidden test)"
    assert "      This looks like a known mistake: the square is taken." in lines
    stripped = read(round_.file("autograded", "stripped"))
    assert cell(stripped, "q1")["source"] == RIGHT["q1"] and "My thought is my own." in cell(stripped, "q3")["source"]


class Running(HTMLParser):
    """Collects what a browser would run of a page."""

    def __init__(self):
        super().__init__()
        self.found, self.inside = [], False

    def handle_starttag(self, tag, attributes):
        self.inside = tag == "script"
        for name, value in attributes:
            if name.startswith("on") or "".join((value or "").lower().split()).startswith(("javascript:", "data:text")):
                self.found.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "script"

    def handle_data(self, data):
        if self.inside and "alert" in data:
            self.found.append(data)


def test_nothing_that_a_student_wrote_runs_in_the_feedback(round_):
    page = Running()
    text = round_.file("feedback", "script", "small.html").read_text()
    page.feed(text)
    assert "alert(1)" in text and page.found == []
    assert round_.file("feedback", "script", "report/small.html").exists()


def test_a_mark_given_by_hand_stays_and_is_to_be_looked_at_again(round_):
    round_.ask("update grade set manual_score = 4 where cell_id in (select id from base_cell where name = 'q3')")
    done = round_.nbgrader("autograde", "small", "--student", "full", "--force")
    assert done.returncode == 0, done.stderr
    assert round_.grades("full")["q3"] == (None, True)
    row = round_.table("--exporter=lecture_optim.grading.nbgrader.GradesByQuestion")["full"]
    assert row["state"] == "to mark: q3"
    assert float(round_.table()["full"]["score"]) == 9


def test_points_that_have_changed_since_the_release_are_refused(round_):
    file = round_.exercises / "small" / "tests.py"
    before = file.read_text()
    file.write_text(before.replace('"q1", points=2', '"q1", points=5'))
    try:
        done = round_.nbgrader("autograde", "small", "--student", "half", "--force")
    finally:
        file.write_text(before)
    assert done.returncode == 1
    assert "q1-check (3.0 there, 6.0 here): release the source of small again" in done.stderr


def test_a_seed_that_others_can_read_ends_the_run_once_before_the_first(round_, tmp_path):
    seed = tmp_path / "seen.seed"
    shutil.copy(round_.seed, seed)
    seed.chmod(0o644)
    done = round_.nbgrader("autograde", "small", "--force", f"--JailedAutograde.seed_file={seed}", fresh=True)
    assert done.returncode == 1
    assert done.stderr.count("chmod 600") == 1 and "Traceback" not in done.stderr
