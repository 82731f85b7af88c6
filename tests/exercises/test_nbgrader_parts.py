"""The parts of the nbgrader plug-in, each by itself: its table, what a browser gets, which cell is which, what is hidden."""

import base64
import csv
import importlib.util
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbformat import v4

from . import miniature, pupils

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("nbgrader") is None, reason="nbgrader is not installed: pip install 'lecture_optim[class]'"
    ),
    pytest.mark.filterwarnings("default"),  # nbgrader's own use of its libraries
]
PICTURE = base64.b64encode(b"\x89PNG").decode()


@pytest.fixture(scope="module")
def ours():
    from lecture_optim.grading import nbgrader

    return nbgrader


# ------------------------------------------------------------------------------------------------------------------- the table


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory, ours):
    """Two assignments, three students: anna is graded and marked, ben waits, cem, whose name is a formula, handed nothing in."""
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{before}"  # nbgrader looks for alembic there
    try:
        made = ours.Gradebook(f"sqlite:///{tmp_path_factory.mktemp('book')}/gradebook.db")
    finally:
        os.environ["PATH"] = before
    for name in ("small", "large"):
        made.add_assignment(name)
        made.add_notebook(name, name)
        for id, points in (("q10-check", 2), ("q2", 4), ("q1-check", 3)):
            kind = "markdown" if id == "q2" else "code"
            made.add_grade_cell(id, name, name, max_score=points, cell_type=kind)
            made.add_source_cell(id, name, name, cell_type=kind, source=f"# {id}", checksum="c", locked=id != "q2")
        for id in ("q1", "q2", "q10"):
            made.add_solution_cell(id, name, name)
        made.add_source_cell("q1", name, name, cell_type="code", source="one = None", checksum="c", locked=False)
    for student in ("anna", "ben", "cem"):
        made.add_student(student, last_name="=1+1" if student == "cem" else student.title())
    for student in ("anna", "ben"):
        made.add_submission("small", student)
        for id, points in (("q10-check", 0.5), ("q2", None), ("q1-check", 3)):
            grade = made.find_grade(id, "small", "small", student)
            grade.auto_score, grade.needs_manual_grade = points, points is None
            if student == "anna" and id == "q2":
                grade.manual_score, grade.needs_manual_grade = 2.5, False
    grade = made.find_grade("q10-check", "small", "small", "ben")
    grade.auto_score, grade.needs_manual_grade = None, True
    made.find_comment("q1", "small", "small", "ben").auto_comment = "of no weight"
    made.db.commit()
    yield made
    made.close()


def exported(ours, gradebook, place, **options):
    exporter = ours.GradesByQuestion(to=str(place / "out.csv"))
    for name, value in options.items():
        setattr(exporter, name, value)
    exporter.export(gradebook)
    with open(place / "out.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_has_a_column_for_each_question_in_order_and_a_total_only_where_all_is_known(ours, gradebook, tmp_path):
    table = {row["student_id"]: row for row in exported(ours, gradebook, tmp_path, assignment=["small"])}
    anna, ben, cem = (table[student] for student in ("anna", "ben", "cem"))
    assert list(anna) == [
        "assignment", "student_id", "last_name", "first_name", "state", "q1", "q2", "q10", "total", "of",
    ]  # fmt: skip
    assert anna["state"] == "graded" and [anna[key] for key in ("q1", "q2", "q10", "total", "of")] == [
        "3.0",
        "2.5",
        "0.5",
        "6.0",
        "9.0",
    ]
    assert (ben["state"], ben["q1"], ben["q2"], ben["q10"], ben["total"]) == ("to mark: q2, q10", "3.0", "", "", "")
    assert (cem["state"], cem["q1"], cem["total"], cem["last_name"]) == ("nothing handed in", "", "", "'=1+1")


def test_a_question_that_is_ungraded_is_not_one_to_mark(ours, gradebook):
    comment = gradebook.find_comment("q1", "small", "small", "ben")
    submission = gradebook.find_submission("small", "ben")
    named = SimpleNamespace(name="q10", comment="ungraded: a test broke")
    part = SimpleNamespace(comments=[comment, named], grades=submission.notebooks[0].grades)
    assert ours._by_question(SimpleNamespace(notebooks=[part])) == (
        {"q1": 3.0, "q2": "", "q10": ""}, "ungraded: q10; to mark: q2",
    )  # fmt: skip


def test_points_reasons_and_what_a_person_gave_stand_side_by_side(ours, gradebook):
    """An automatic score of a question that was marked by hand is looked at again; what is not graded has none, and is no 0."""
    questions = [SimpleNamespace(id=id, form="essay" if id == "q2" else "value") for id in ("q1", "q2", "q10")]
    place, where = ("large", "large", "anna"), {"notebook": "large", "assignment": "large", "student": "anna"}
    gradebook.add_submission("large", "anna")

    def saved(**seen):
        ours._save(
            gradebook, where, SimpleNamespace(questions=questions), {"reason": "the file is empty", "questions": []} | seen
        )
        grades = {name: gradebook.find_grade(name, *place) for name in ("q1-check", "q2", "q10-check")}
        comments = [gradebook.find_comment(question.id, *place).auto_comment for question in questions]
        return [(grade.auto_score, grade.needs_manual_grade) for grade in grades.values()], comments, grades

    q1 = {"id": "q1", "state": "graded", "points": 2}
    q2 = {"id": "q2", "state": "essay", "points": None, "essay": " \n"}
    q10 = {"id": "q10", "state": "graded", "points": 0}
    scores, comments, grades = saved(questions=[q1, q2, q10])
    assert scores == [(2, False), (None, True), (0, False)] and comments == [None, ours.NO_ESSAY, None]
    grades["q1-check"].manual_score = 3
    q10 |= {"state": "ungraded", "points": None, "reason": "a test broke"}
    scores, comments, grades = saved(questions=[q1, q2 | {"essay": "Text."}, q10])
    assert scores == [(2, True), (None, True), (None, True)] and comments == [None, None, "ungraded: a test broke"]
    assert grades["q1-check"].manual_score == 3
    scores, comments, _ = saved()
    assert scores == [(None, True)] * 3 and comments == ["ungraded: the file is empty"] * 3


@pytest.mark.parametrize(
    ("points", "said"), [(3, None), (5, "q1-check (3.0 there, 5.0 here): release the source of small again")]
)
def test_points_of_the_gradebook_are_those_of_the_course(ours, gradebook, points, said):
    forms = {"q1": ("value", points), "q2": ("essay", 4), "q10": ("value", 2)}
    assignment = SimpleNamespace(
        id="small",
        questions=[SimpleNamespace(id=id, form=form) for id, (form, _) in forms.items()],
        points=lambda id: forms[id][1],
    )
    found = gradebook.find_notebook("small", "small")
    if said is None:
        ours._compare(found, assignment, "small")
        return
    with pytest.raises(ours.GradebookError, match=re.escape(said)):
        ours._compare(found, assignment, "small")


def test_a_link_is_not_followed_and_what_cannot_be_read_says_why(ours, tmp_path, monkeypatch):
    monkeypatch.setattr(ours.JailedAutograde, "ready", lambda self: None)
    (tmp_path / "a.ipynb").write_bytes(pupils.submission(essay="Another's thought."))
    (tmp_path / "empty.ipynb").write_bytes(b"")
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "a.ipynb")

    def shown(name):
        with open(tmp_path / name, encoding="utf-8") as file:
            return ours.TolerantExporter().from_file(file)[0]

    assert "Another's thought." in shown("a.ipynb") and "Another's thought." not in shown("link.ipynb")
    assert "links are not followed" in shown("link.ipynb") and "ungraded: the file is empty" in shown("empty.ipynb")


def test_the_table_is_of_the_assignments_and_students_that_are_asked_for(ours, gradebook, tmp_path):
    def who(**options):
        return [(row["assignment"], row["student_id"]) for row in exported(ours, gradebook, tmp_path, **options)]

    assert len(who()) == 6 and {assignment for assignment, _ in who()} == {"small", "large"}
    assert who(assignment=["small"], student=["ben"]) == [("small", "ben")]
    assert who(student=["cem"]) in ([("small", "cem"), ("large", "cem")], [("large", "cem"), ("small", "cem")])


# ------------------------------------------------------------------------------------------------------------ what a browser gets


def disarmed(ours, text, **attachments):
    cell = v4.new_markdown_cell(text)
    if attachments:
        cell["attachments"] = {name.replace("_", "."): kinds for name, kinds in attachments.items()}
    ours._disarm(cell)
    return cell


@pytest.mark.parametrize(
    "text",
    [
        "[a](javascript:alert(1))", "[a](java\nscript:alert(1))", "[a](JAVA\\SCRIPT:alert(1))", "[a](java&#115;cript:x)",
        "[a](java&amp;#115;cript:x)", "[a](vbscript:x)", "![a](data:image/svg+xml;base64,PHN2Zz4=)", "[a](data:text/html,x)",
    ],
)  # fmt: skip
def test_a_link_that_runs_something_is_shown_as_it_is_written(ours, text):
    assert all(line.startswith("    ") for line in disarmed(ours, text).source.splitlines())


@pytest.mark.parametrize(
    "text", ["<script>", "</div>", "<!DOCTYPE", "<?php", "<img src=x onerror=a>", "<details open onclick=x>"]
)
def test_a_tag_becomes_text_but_for_those_of_the_assignment(ours, text):
    assert disarmed(ours, f"a {text} b").source == f"a {text.replace('<', '< ')} b"
    ours_ = "<details>\n<summary>Hint 1</summary>\n\nx\n</details>\n<!-- essay: q3 -->\n$a<b$ and 1 < 2"
    assert "< b$" in (seen := disarmed(ours, ours_).source) and seen.replace("< b$", "<b$") == ours_


def test_pictures_stay_where_they_are_pictures_and_every_other_is_said_to_be_missing(ours):
    cell = disarmed(
        ours,
        "![a](attachment:a.png) ![b](attachment:b.svg) ![c](attachment:c.png) ![d](attachment:none.png) ![e](attachment:e.gif)",
        a_png={"image/png": PICTURE}, b_svg={"image/svg+xml": PICTURE}, c_png={"image/png": '"><script>'},
        e_gif={"image/gif": PICTURE, "text/html": PICTURE},
    )  # fmt: skip
    assert list(cell["attachments"]) == ["a.png"]
    assert cell.source.count("(attachment:") == 1 and cell.source.count("(missing ") == 4
    assert "attachments" not in disarmed(ours, "x", **{'x" onerror=_a': {"image/png": PICTURE}})
    code = v4.new_code_cell("a<b", metadata={"tags": ["<script>"]})
    ours._disarm(code)
    assert code.source == "a<b" and code.metadata == {}, "code is shown as text by itself"


# ------------------------------------------------------------------------------------------------------------ which cell is which


def own(id):
    return {"nbgrader": {"grade_id": id, "points": 100, "grade": True, "schema_version": 3}}


@pytest.fixture
def restored(ours, gradebook):
    def restore(*cells):
        where = {"db_url": str(gradebook.engine.url), "notebook": "small", "assignment": "small", "student": "anna"}
        nb = v4.new_notebook(cells=list(cells), metadata={"title": "<script>"})
        made, _ = ours.RestoreCells().preprocess(nb, {"nbgrader": where})
        assert made.metadata == {"language_info": {"name": "python"}}
        return made.cells

    return restore


def named(cells):
    """The cells of the assignment, by their ids."""
    found = {cell.metadata["nbgrader"]["grade_id"]: cell for cell in cells if "nbgrader" in cell.metadata}
    assert sum("nbgrader" in cell.metadata for cell in cells) == len(found), "each once"
    return found


def test_of_copies_the_last_counts_and_a_locked_cell_says_what_was_released(restored):
    cells = [v4.new_code_cell(f"one = {n}", metadata=own("q1")) for n in (1, 2)]
    found = named(restored(*cells, v4.new_code_cell("check.earned = 100", metadata=own("q1-check"))))
    assert found["q1"].source == "one = 2" and found["q1-check"].source == "# q1-check"
    assert found["q1-check"].metadata["nbgrader"] | {"checksum": ""} == {
        "cell_type": "code", "checksum": "", "grade": True, "grade_id": "q1-check", "locked": True, "points": 3.0,
        "schema_version": 3, "solution": False, "task": False,
    }  # fmt: skip
    assert "points" not in found["q1"].metadata["nbgrader"] and not found["q1"].metadata["nbgrader"]["grade"]


def test_cells_without_their_metadata_are_found_by_what_they_say_and_where_they_stand(restored):
    cells = [
        v4.new_code_cell("import numpy"), v4.new_code_cell("one = 1"), v4.new_markdown_cell("In between."),
        v4.new_code_cell("check('q1', one)"), v4.new_markdown_cell("<!-- essay: q2 -->\nMine."),
        v4.new_markdown_cell("<!-- essay: q22 -->\nNot mine."),
    ]  # fmt: skip
    found = named(restored(*cells))
    assert found["q1"].source == "one = 1" and found["q2"].source == "<!-- essay: q2 -->\nMine."
    assert set(found) == {"q1", "q1-check", "q2", "q10-check"}, "one that is not there is put in, so that it can be marked"


# ------------------------------------------------------------------------------------------------------------ how it is set up


def test_configure_takes_paths_from_home_and_here_and_keeps_late_penalties(ours, monkeypatch, tmp_path):
    from traitlets.config import Config

    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    config = Config()
    ours.configure(config, "~/class.seed", tests="private")
    jailed = config.JailedAutograde
    assert (jailed.seed_file, jailed.tests) == (str(tmp_path / "home" / "class.seed"), str(tmp_path / "private"))
    assert (jailed.exercises, jailed.unjailed) == ("", False) and config.ClearSolutions.text_stub == ""
    names = [[part.__name__ for part in config.Autograde[f"{step}_preprocessors"]] for step in ("sanitize", "autograde")]
    assert names == [
        ["ClearOutput", "RestoreCells", "OverwriteKernelspec", "CheckCellMetadata"],
        ["JailedAutograde", "AssignLatePenalties", "CheckCellMetadata"],
    ]


def test_the_jail_shows_no_folder_of_the_course_no_gradebook_no_seed_and_no_private_tests(ours, monkeypatch, tmp_path):
    from traitlets.config import Configurable

    class Converter(Configurable):
        coursedir = SimpleNamespace(
            root=str(tmp_path), source_directory="source", release_directory="release", submitted_directory="in",
            autograded_directory="autograded", feedback_directory="feedback",
        )  # fmt: skip

    (tmp_path / "anna.ipynb").write_bytes(pupils.submission())
    (tmp_path / "ben.ipynb").write_bytes(pupils.submission(before="import sympy"))
    made = []

    class Jail:
        def __init__(self, **options):
            made.append(options)

        def close(self):
            made.append("closed")

    monkeypatch.setattr(ours, "Jail", Jail)
    converter, seed = Converter(), pupils.seed_file(tmp_path)
    converter.assignments = {f"in/{name}/a": [str(tmp_path / f"{name}.ipynb")] for name in ("anna", "ben")}
    parts = [ours.JailedAutograde(parent=converter, seed_file=str(seed), tests=str(tmp_path / "private")) for _ in range(2)]
    assert parts[0].ready() == parts[1].ready() and parts[0].ready()[0] == pupils.SEED
    (options,) = made
    names = ("source", "release", "in", "autograded", "feedback", "gradebook.db", "class.seed", "private")
    assert {str(path) for path in options["hidden"]} == {str(tmp_path / name) for name in names} and not options["unjailed"]
    assert "sympy" in options["preload"] and "matplotlib.pyplot" not in options["preload"], "what one of them speaks of"
    seed.chmod(0o640)
    with pytest.raises(ours.NbGraderException, match="chmod 600"):
        parts[0].ready()
    with pytest.raises(ours.NbGraderException, match="call configure"):
        ours.JailedAutograde(parent=converter).ready()


def test_other_pages_that_stand_beside_a_notebook_stay_there(ours, monkeypatch, tmp_path):
    """What nbconvert has put into the resources is kept beside the report."""
    from lecture_optim.grading import classroom, report

    _, assignment = classroom.open_assignment("small", miniature.write(tmp_path))
    record = report.unread(assignment, "the file is empty", student="anna", id="small")
    monkeypatch.setattr(ours.JailedAutograde, "ready", lambda self: (b"", None))
    monkeypatch.setattr(ours.classroom, "grade_one", lambda *_, **__: record)
    for name in ("_compare", "_save"):
        monkeypatch.setattr(ours, name, lambda *_: None)

    class Gradebook(SimpleNamespace):
        def __init__(self, url):
            super().__init__(find_notebook=lambda *_: None)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(ours, "Gradebook", Gradebook)
    course = SimpleNamespace(format_path=lambda *parts: "/".join(parts), submitted_directory="submitted")
    monkeypatch.setattr(ours, "_converter", lambda part: SimpleNamespace(coursedir=course))
    part = ours.JailedAutograde(exercises=str(tmp_path))
    where = {"nbgrader": {"notebook": "small", "student": "anna", "assignment": "small", "db_url": ""}}
    for outputs, wanted in (({"plot.png": b"x"}, {"plot.png", "report/small.html"}), (None, {"report/small.html"})):
        _, resources = part.preprocess(v4.new_notebook(), {**where, "outputs": outputs})
        assert set(resources["outputs"]) == wanted
        assert resources["outputs"]["report/small.html"] == report.student_page(record).encode()
