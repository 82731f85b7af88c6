"""What is kept of a class between two runs: when a result holds, which marks stay, what is tried again.

No code of a student runs: what grades is replaced by what gives the points that it is told, so that the work around it is seen.
"""

import csv
import io
import json
import os

import pytest

import lecture_optim
from lecture_optim.check import notebook
from lecture_optim.check.testing import Outcome
from lecture_optim.grading import classroom, pool, report, runner
from lecture_optim.grading.classroom import ClassError

from . import miniature, pupils
from .pupils import SEED, contents, fill, submission


class Pretended:
    """Stands in for `pool.run`. points: of q2, by student; "fault" and "part" where the grader fails. asked: students."""

    def __init__(self, course, **points):
        self.course, self.points, self.asked, self.work, self.most = course, points, [], None, None

    def __call__(self, tasks, work, jobs, stop=None):
        self.asked, self.work = [task.student for task in tasks], work
        for task in tasks[: self.most]:
            yield task, self.graded(task)

    def graded(self, task):
        _, assignment = classroom.open_assignment("small", self.course)
        data = task.path.read_bytes()
        digest, what = classroom.hashlib.sha256(data).hexdigest(), self.points.get(task.student, 2)
        if what == "fault":
            return report.unread(assignment, "the jail broke", student=task.student, id=task.id, fault=True, digest=digest)
        q1 = tuple(Outcome(title, points, True, points == 2) for title, points in (("Twice an array", 2), ("Twice nothing", 1)))
        if what == "part":
            q2 = runner.QuestionResult("q2", 2, "ungraded", None, "a test broke")
        else:
            q2 = runner.QuestionResult("q2", 2, "graded", what, "", (Outcome("The number", 2, what == 2, True, "no"),))
        essay = notebook.read(data).essays.get("q3", "")
        possible = assignment.question("q3").stated_points
        questions = (
            runner.QuestionResult("q1", 3, "graded", 3, "", q1),
            q2,
            runner.QuestionResult("q3", possible, "essay", essay=essay),
        )
        result = runner.Result("small", digest, "graded", "", questions)
        return report.record(result, assignment, student=task.student, id=task.id)


class Class:
    """A course, a folder of submissions and one of results. run: grade it; the names of those that were graded now."""

    def __init__(self, place, monkeypatch):
        self.course, self.out = pupils.course(place), place / "results"
        self.folder = fill(place / "class", {"anna.ipynb": submission(essay="A thought."), "ben.ipynb": submission(essay="B.")})
        self.pool = Pretended(self.course)
        monkeypatch.setattr(pool, "run", self.pool)

    def run(self, **more):
        self.pool.asked = []
        self.graded = classroom.grade(self.folder, "small", self.out, exercises=self.course, **({"seed": SEED} | more))
        return self.pool.asked

    def table(self):
        text = (self.out / "gradebook.csv").read_text("utf-8-sig")
        return {row["student"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}

    def mark(self, place, **marks):
        """Give the essay of each student a mark, through a sheet; the file of it."""
        _, assignment = classroom.open_assignment("small", self.course)
        rows = csv.DictReader(
            io.StringIO(classroom.sheets.essays(self.graded.records, assignment).decode("utf-8-sig"), newline="")
        )
        file = place / "marks.csv"
        with open(file, "w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, classroom.sheets.COLUMNS)
            writer.writeheader()
            writer.writerows(row | {"mark": marks.get(row["student"], ""), "comment": "Seen."} for row in rows)
        return file

    def course_with(self, old, new, file="course.toml"):
        path = self.course / file
        assert old in path.read_text("utf-8")
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


class Entries(list):
    """Entries of a folder in an order of ours, as `os.scandir` gives them."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def class_(tmp_path, monkeypatch):
    return Class(tmp_path, monkeypatch)


# --------------------------------------------------------------------------------------------------------- when a result holds


def test_a_run_without_a_change_grades_nothing_and_one_with_a_new_notebook_only_that(class_):
    assert class_.run() == ["anna", "ben"] and class_.run() == []
    fill(class_.folder, {"cem.ipynb": submission(), "ben.ipynb": submission(essay="Another.")})
    assert class_.run() == ["ben", "cem"] and class_.run() == []


@pytest.mark.parametrize(
    "change", ["limits", "form", "format of a record", "a file of the package", "a file more in the package"]
)
def test_whatever_a_result_depends_on_makes_it_anew(class_, tmp_path, monkeypatch, change):
    package = fill(tmp_path / "package", {"__init__.py": b"", "rules.py": b"a = 1\n", "check/exercises/small/tests.py": b""})
    monkeypatch.setattr(lecture_optim, "__file__", str(package / "__init__.py"))
    class_.run()
    if change == "limits":
        class_.course_with("call_seconds = 1.0", "call_seconds = 2.0")
    elif change == "form":
        class_.course_with('answer = "half"', 'answer = "a_half"')
    elif change == "format of a record":
        monkeypatch.setattr(report, "FORMAT", 2)
    elif change == "a file of the package":
        (package / "rules.py").write_text("a = 2\n")
    else:
        (package / "more.py").write_text("")
    assert class_.run() == ["anna", "ben"]


def test_a_result_does_not_depend_on_the_order_in_which_a_folder_is_read(class_, tmp_path, monkeypatch):
    package = fill(tmp_path / "package", {"__init__.py": b"", "a/b.py": b"1", "a.py": b"2", "c.py": b"3"})
    fill(package, {"check/exercises/small/tests.py": b"of the course that the wheel carries"})
    monkeypatch.setattr(lecture_optim, "__file__", str(package / "__init__.py"))
    class_.run()
    before = contents(class_.out)
    (package / "check/exercises/small/tests.py").write_text("changed, and not what is graded with here")
    scandir = os.scandir
    with monkeypatch.context() as reversed_:
        reversed_.setattr(os, "scandir", lambda place=".": Entries(list(scandir(place))[::-1]))
        assert class_.run() == []
    assert [record["student"] for record in class_.graded.records] == ["anna", "ben"] and contents(class_.out) == before


@pytest.mark.parametrize(("what", "reason"), [("fault", "ungraded: the jail broke"), ("part", "ungraded in part: q2")])
def test_what_the_grader_failed_at_is_tried_again_and_nothing_else(class_, what, reason):
    class_.pool.points["ben"] = what
    class_.run()
    assert class_.table()["ben"]["state"] == reason and class_.table()["ben"]["total"] == ""
    assert "the jail broke" not in next((class_.out / "reports").glob("ben-*.html")).read_text("utf-8")
    assert class_.run() == ["ben"], "again, as it is not better"
    class_.pool.points["ben"] = 0
    assert class_.run() == ["ben"] and class_.table()["ben"]["q2"] == "0"
    assert class_.run() == []


@pytest.mark.parametrize("damage", ["another's", "an older format", "no json", "no object", "no key"])
def test_a_record_that_is_not_its_own_or_not_whole_does_not_hold(class_, damage):
    class_.run()
    before = contents(class_.out)
    anna, ben = sorted((class_.out / "records").glob("*.json"))
    record = json.loads(anna.read_bytes())
    texts = {
        "another's": ben.read_text(), "an older format": json.dumps(record | {"format": 0}), "no json": "{", "no object": "[]",
        "no key": json.dumps({name: value for name, value in record.items() if name != "id"}),
    }  # fmt: skip
    anna.write_text(texts[damage])
    assert class_.run() == ["anna"] and contents(class_.out) == before


def test_who_is_gone_from_the_folder_is_gone_from_the_tables(class_):
    class_.run()
    (class_.folder / "ben.ipynb").unlink()
    assert class_.run() == [] and list(class_.table()) == ["anna"] and class_.graded.total == 1
    assert "ben" not in (class_.out / "summary.html").read_text("utf-8").lower()


def test_a_stopped_run_says_how_far_it_came_and_makes_no_table(class_):
    fill(class_.folder, {f"s{k}.ipynb": submission(essay=str(k)) for k in range(3)})
    class_.pool.most = 1
    class_.run()
    assert (class_.graded.done, class_.graded.total, class_.graded.stopped) == (1, 5, True)
    assert not (class_.out / "gradebook.csv").exists() and not (class_.out / "summary.html").exists()
    class_.pool.most = 2
    class_.run()
    assert (class_.graded.done, class_.graded.total, class_.graded.stopped) == (2, 5, True)
    assert len(class_.graded.records) == 3
    class_.pool.most = None
    assert class_.run() == ["s1", "s2"]
    assert (class_.graded.done, class_.graded.total, class_.graded.stopped) == (2, 5, False) and len(class_.table()) == 5


# --------------------------------------------------------------------------------------------------------------- marks that stay


def test_marks_stay_when_all_is_graded_anew_and_go_with_their_essay(class_, tmp_path):
    class_.run()
    class_.run(marks=class_.mark(tmp_path, anna="3", ben="1.5"))
    marked = {"anna": "8", "ben": "6.5"}
    assert {name: row["total"] for name, row in class_.table().items()} == marked
    assert class_.run() == [] and {name: row["total"] for name, row in class_.table().items()} == marked
    assert "Seen." in next((class_.out / "reports").glob("anna-*.html")).read_text("utf-8"), "the student reads it"
    class_.pool.points["anna"] = 0
    assert class_.run(seed=SEED[::-1]) == ["anna", "ben"]
    assert {name: row["total"] for name, row in class_.table().items()} == {"anna": "6", "ben": "6.5"}, "graded anew, marked once"
    fill(class_.folder, {"anna.ipynb": submission(essay="Another thought."), "ben.ipynb": submission(essay="B.", q2="half = 0")})
    assert class_.run(seed=SEED[::-1]) == ["anna", "ben"]
    assert {name: row["q3"] for name, row in class_.table().items()} == {"anna": "", "ben": "1.5"}


def test_marks_are_of_the_points_that_an_essay_had(class_, tmp_path):
    class_.run()
    class_.run(marks=class_.mark(tmp_path, anna="3"))
    class_.course_with("points = 4", "points = 6")
    assert class_.run() == ["anna", "ben"] and class_.table()["anna"]["q3"] == ""
    assert "essays to mark: q3" in class_.table()["anna"]["state"] and class_.table()["anna"]["of"] == "11"


def test_a_new_sheet_replaces_the_marks_of_those_who_stand_on_it_alone(class_, tmp_path):
    class_.run()
    class_.run(marks=class_.mark(tmp_path, anna="3", ben="2"))
    file = class_.mark(tmp_path, anna="4", ben="2")
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("ben-")), "utf-8")
    class_.run(marks=file)
    assert {name: row["q3"] for name, row in class_.table().items()} == {"anna": "4", "ben": "2"}


# ------------------------------------------------------------------------------------------------------------- files and folders


def test_a_record_is_there_only_with_the_rest_and_the_student_gets_no_other(class_, monkeypatch):
    written, write = [], classroom.write
    monkeypatch.setattr(classroom, "write", lambda path, data: (written.append(path.relative_to(class_.out)), write(path, data)))
    class_.run()
    names = [f"{path.parent}/{path.suffix}" for path in written]
    assert names[:6] == ["reports/.html", "reports/.json", "records/.json"] * 2
    assert [path.name for path in written[6:]] == ["gradebook.csv", "summary.html"]
    for file in (class_.out / "records").glob("*.json"):
        record = json.loads(file.read_bytes())
        seen = json.loads((class_.out / "reports" / file.name).read_bytes())
        assert seen == report.for_student(record) and "key" in record and "key" not in seen


def test_what_is_the_same_is_not_written_again(class_):
    class_.run()
    for path in class_.out.rglob("*.*"):
        os.utime(path, (1, 1))
    (class_.folder / "readme.txt").write_text("of no weight")
    class_.run()
    assert {path.stat().st_mtime for path in class_.out.rglob("*.*")} == {1.0}


def test_results_are_the_owner_s_alone_whatever_the_mask(class_):
    before = os.umask(0)
    try:
        class_.run()
    finally:
        os.umask(before)
    assert not [path for path in (class_.out, *class_.out.rglob("*")) if path.stat().st_mode & 0o077]


def test_no_jail_shows_submissions_results_private_tests_or_the_seed(class_, tmp_path):
    private = tmp_path / "private"
    fill(private, {"small/tests.py": b"from lecture_optim.check.testing import test\n"})
    class_.run(tests=private, hidden=(tmp_path / "class.seed",))
    assert {str(path) for path in (class_.folder, class_.out, private, tmp_path / "class.seed")} <= set(class_.pool.work.hidden)


@pytest.mark.parametrize("place", [".", "class", "class/results", "class/a/b"])
def test_results_stand_neither_in_the_submissions_nor_around_them(class_, tmp_path, place):
    with pytest.raises(ClassError, match="cannot stand in the folder of the submissions, or around it; choose another --out"):
        classroom.grade(class_.folder, "small", tmp_path / place, seed=SEED, exercises=class_.course)
    assert not (tmp_path / "records").exists() and class_.pool.asked == []


def test_results_of_two_assignments_in_one_folder_are_not_mixed(class_):
    class_.run()
    fill(class_.out / "records", {"x.json": json.dumps({"format": report.FORMAT, "id": "x", "assignment": "other"}).encode()})
    with pytest.raises(ClassError, match="it holds results of other, small; give each assignment a folder of its own"):
        classroom.records(class_.out)
    with pytest.raises(ClassError, match="it holds results of other; choose another folder by --out"):
        class_.run()


def test_what_a_run_that_was_killed_left_half_written_is_cleared_away(class_):
    fill(class_.out, {".part-a": b"x", "records/.part-b": b"x", "reports/.part-c": b"x"})
    class_.run()
    assert not [name for name in contents(class_.out) if ".part-" in name]


def test_the_tests_of_the_course_come_first_and_those_of_the_class_behind(tmp_path):
    text = (
        b"from lecture_optim.check.testing import test\n\n@test('q1', points=5, title='Ours')\ndef ours(answer, rng):\n    pass\n"
    )
    _, assignment = classroom.open_assignment("small", pupils.course(tmp_path), fill(tmp_path / "own", {"small/tests.py": text}))
    assert [test.title for test in assignment.tests()["q1"]] == ["Twice an array", "Twice nothing", "Ours"]
    assert assignment.points("q1") == 8 and [test.title for test in assignment.tests()["q2"]] == ["The number"]


# ----------------------------------------------------------------------------------------------------------- what was handed in


def test_a_folder_deep_or_full_a_large_file_and_a_long_name_have_a_reason_or_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(classroom, "MOST_ENTRIES", 10)
    monkeypatch.setattr(notebook, "MOST_BYTES", 3000)
    fill(tmp_path, {f"full/{k}": b"" for k in range(11)} | {f"most/{k}": b"" for k in range(9)} | {"most/a.ipynb": b"{}"})
    fill(tmp_path, {f"deep/{'x/' * 7}a.ipynb": b"{}", f"less/{'x/' * 6}a.ipynb": b"{}", "n" * 200 + ".ipynb": b"{}"})
    fill(
        tmp_path,
        {"Anna Ek_12_assignsubmission_file_/a.ipynb": b"{}", ".ben.ipynb": b"{}", "._cem.ipynb": b"", "b/B.IPYNB": b"{}"},
    )
    found = {one.student: one for one in classroom.submissions(tmp_path)[0]}
    assert found["full"].reason == "the folder holds more than 10 files; leave the notebook alone in it"
    assert found["deep"].reason == "there is no notebook (.ipynb) in the folder"
    assert found["most"].path and found["less"].path and found["Anna Ek"].path and found[".ben"].path and found["b"].path
    assert "n" * 119 + "…" in found and "._cem" not in found
    (tmp_path / "large").write_bytes(b"x" * 3001)
    with pytest.raises(notebook.NotebookError, match="the file has more than 3000 bytes: clear the outputs and hand it in again"):
        notebook.contents(tmp_path / "large", follow=False)
    (tmp_path / "large").write_bytes(b"x" * 3000)
    assert len(notebook.contents(tmp_path / "large", follow=False)) == 3000


@pytest.mark.parametrize(
    ("made", "data", "fault", "reason"),
    [
        (runner.Result("small", "d", "ungraded", "the file is empty", (), ()), b"", False, "the file is empty"),
        (runner.Result("small", "d", "ungraded", "no jail came up", (), ()), submission(), True, "no jail came up"),
        (RuntimeError("out of order"), submission(), True, "the grader failed: RuntimeError: out of order"),
    ],
)
def test_a_fault_is_the_notebook_s_or_the_grader_s(tmp_path, monkeypatch, made, data, fault, reason):
    def graded(*_, **__):
        if isinstance(made, Exception):
            raise made
        return made

    monkeypatch.setattr(runner, "grade_submission", graded)
    file = fill(tmp_path, {"a.ipynb": data}) / "a.ipynb"
    _, assignment = classroom.open_assignment("small", miniature.write(tmp_path / "course"))
    found = classroom.grade_one(file, assignment, id="a", student="A", jail=None, seed=SEED, limits=None)
    assert (found["fault"], found["state"], found["reason"]) == (fault, "ungraded", reason)
    gone = classroom.grade_one(tmp_path / "b.ipynb", assignment, id="b", student="B", jail=None, seed=SEED, limits=None)
    assert (gone["fault"], gone["reason"]) == (False, "the file cannot be read: No such file or directory")
