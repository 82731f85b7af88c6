"""The class's command as a teacher uses it: stopped, killed and continued; each error says what to mend; 0, 1 or 2 at the end."""

import csv
import io
import json
import os
import random
import signal
import stat
import time
from types import SimpleNamespace

import psutil
import pytest

from lecture_optim.grading import classroom, report, runner
from lecture_optim.grading.__main__ import main

from . import miniature, pupils
from .pupils import command, contents, fill, submission

N = 12


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A course, a seed, and a class of which each submission takes its time; one is broken."""
    place = tmp_path_factory.mktemp("command")
    pupils.course(place)
    pupils.seed_file(place)
    slow = "import time\ntime.sleep(0.3)\n"
    files = {f"student {k:02d}.ipynb": submission(essay=f"Thought {k}", before=slow) for k in range(N)}
    fill(place / "class", files | {"broken.ipynb": b"{"})
    return place


@pytest.fixture
def here(capsys):
    """A function that runs the command in this process, and gives what `command` gives. What it raises, a test sees."""

    def run(*arguments):
        try:
            code = main(list(map(str, arguments)))
        except SystemExit as left:  # by argparse
            code = left.code
        said = capsys.readouterr()
        return SimpleNamespace(returncode=code, stdout=said.out, stderr=said.err)

    return run


def options(place, out, folder="class"):
    fixed = ["--assignment", "small", "--exercises", place / "course", "--seed-file", place / "class.seed"]
    return ["grade", place / folder, *fixed, "--out", out]


@pytest.fixture(scope="module")
def whole(place):
    """The results of a run from the start to the end, and the finished process."""
    done = command(*options(place, place / "whole"), "--jobs", 2)
    return place / "whole", done


def test_a_whole_run_says_what_it_did_and_ends_with_1_as_one_is_ungraded(whole):
    out, done = whole
    assert done.returncode == 1 and done.stderr == ""
    assert f"{N + 1} submissions: {N + 1} graded now, 0 as they were before." in done.stdout
    assert "broken: ungraded: the file is cut off or damaged" in done.stdout
    assert f"Essays wait in {N}: python -m lecture_optim.grading essays {out} --to essays.csv" in done.stdout


KILLS, MANY = 10, 60


def test_killed_ten_times_nothing_is_lost_half_written_or_graded_twice(place, tmp_path):
    files = {f"student {k:02d}.ipynb": submission(essay=f"Thought {k}", q2=f"half = {k % 3} / 4") for k in range(MANY - 1)}
    fill(tmp_path / "many", files | {"broken.ipynb": b"{"})

    def grade(out, jobs, **more):
        given = options(place, tmp_path / out)
        given[1] = tmp_path / "many"
        return command(*given, "--jobs", jobs, **more)

    done = [grade("one", 1), grade("two", 2)]
    assert all(f"{MANY} submissions: {MANY} graded now" in run.stdout for run in done)
    undisturbed = contents(tmp_path / "one")
    assert contents(tmp_path / "two") == undisturbed, "as many processes as one likes"

    out, temporary, moments = tmp_path / "out", tmp_path / "tmp", random.Random(7)
    temporary.mkdir()
    times = {}
    for kill in range(KILLS):
        run = grade("out", moments.choice([1, 2]), popen=True, TMPDIR=str(temporary))
        # Once a few more are there, at some moment of grading and writing; else at some moment of the start, until one more is.
        more, seconds = (moments.randint(1, 5), 30) if kill % 5 else (1, moments.uniform(0, 2))
        wanted = len(times) + more
        came = _within(seconds, lambda wanted=wanted: len(list(out.glob("records/*.json"))) >= wanted)
        if kill % 5:
            assert came
            time.sleep(moments.uniform(0, 0.1))
        processes = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        _, alive = psutil.wait_procs(processes, timeout=10)
        assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE], "its jails are gone with it"
        _until(lambda: not list(temporary.iterdir()), "and what they kept on the disk")
        found = {name: data for name, data in contents(out).items() if ".part-" not in name} if out.exists() else {}
        assert found.items() <= undisturbed.items(), "what is there is whole, and as from a run that nobody killed"
        kept = {name: (out / name).stat().st_mtime_ns for name in found if name.startswith("records/")}
        assert times.items() <= kept.items(), "none is lost or made again"
        for name in kept:
            id = json.loads(found[name])["id"]
            assert {f"reports/{id}.html", f"reports/{id}.json"} <= found.keys(), "a record is there only with its report"
        assert "gradebook.csv" not in found
        times = kept
    assert KILLS <= len(times) < MANY
    done = grade("out", 1)
    assert f"{MANY - len(times)} graded now, {len(times)} as they were before" in done.stdout
    assert {name: (out / name).stat().st_mtime_ns for name in times} == times
    assert contents(out) == undisturbed


def test_killed_in_a_long_notebook_its_jail_does_not_outlive_it(place, tmp_path):
    naps = submission(before="import time\n", q2="time.sleep(1.9)")
    long = json.loads(naps)
    long["cells"] += [cell for cell in long["cells"] if cell["source"] == "time.sleep(1.9)"] * 8
    fill(tmp_path / "class", {"long.ipynb": json.dumps(long).encode()})
    given = options(place, tmp_path / "out")
    given[1] = tmp_path / "class"
    run = command(*given, popen=True)
    leader = psutil.Process(run.pid)
    # The process that grades, the jail's two, the session of the notebook; and the one that multiprocessing keeps.
    _until(lambda: sum("resource_tracker" not in " ".join(child.cmdline()) for child in leader.children(recursive=True)) > 3)
    processes = leader.children(recursive=True)
    run.kill()
    run.wait()
    # Well before its nineteen seconds of naps are over, and late enough for a machine that stands still for a moment.
    left = [process for process in psutil.wait_procs(processes, timeout=12)[1] if process.status() != psutil.STATUS_ZOMBIE]
    for process in left:
        process.kill()
    run.communicate()
    assert not left


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_in_good_order(place, whole, tmp_path, number):
    out, temporary = tmp_path / "out", tmp_path / "tmp"
    temporary.mkdir()
    run = command(*options(place, out), "--jobs", 2, popen=True, TMPDIR=str(temporary))
    _until(lambda: len(list(out.glob("records/*.json"))) >= 2)
    processes = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(number)
    said, wrong = run.communicate(timeout=15)
    kept = len(list(out.glob("records/*.json")))
    assert run.returncode == 1 and wrong == ""
    assert said == f"Stopped: {kept} of {N + 1} submissions are graded and kept. The same command goes on from there.\n"
    assert not psutil.wait_procs(processes, timeout=2)[1] and not list(temporary.iterdir())
    assert not (out / "gradebook.csv").exists(), "a gradebook of half a class would be taken for whole"
    assert f", {kept} as they were before" in command(*options(place, out)).stdout
    assert contents(out) == contents(whole[0])


def _until(condition, what="it comes", seconds=30):
    assert _within(seconds, condition), what


def _within(seconds, condition):
    """Whether the condition comes within so many seconds."""
    end = time.monotonic() + seconds
    while not (came := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return came


def test_essays_are_marked_on_a_sheet_and_the_marks_stay(place, whole, tmp_path):
    folder = fill(tmp_path / "class", {"anna.ipynb": submission(), "ben.ipynb": submission(essay="=1+1")})
    given = options(place, tmp_path / "out")
    given[1] = folder
    assert command(*given).returncode == 0
    sheet = tmp_path / "essays.csv"
    assert command("essays", tmp_path / "out", "--to", sheet, "--exercises", place / "course").returncode == 0
    rows = list(csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))
    assert [(row["student"], row["question"], row["possible"], row["mark"]) for row in rows] == [
        ("anna", "q3", "4", ""), ("ben", "q3", "4", ""),
    ]  # fmt: skip
    assert [row["essay"] for row in rows] == [pupils.ESSAY, "'=1+1"]
    again = command("essays", tmp_path / "out", "--to", sheet, "--exercises", place / "course")
    assert again.returncode == 2 and "exists, and nothing was written" in again.stderr
    _mark(sheet, rows, ["4", "nine"])
    wrong = command(*given, "--marks", sheet)
    assert wrong.returncode == 2 and f"{sheet}, row 3: the mark 'nine' is not a number" in wrong.stderr
    _mark(sheet, rows, ["4", "1.5"])
    done = command(*given, "--marks", sheet)
    assert done.returncode == 0 and "0 graded now, 2 as they were before" in done.stdout
    assert _totals(tmp_path / "out") == {"anna": "9", "ben": "6.5"}
    assert "Well seen." in next((tmp_path / "out" / "reports").glob("anna-*.html")).read_text()
    fill(folder, {"ben.ipynb": submission(essay="Another.")})
    command(*given)
    assert _totals(tmp_path / "out") == {"anna": "9", "ben": ""}, "the mark of another text is not this one's"


def _mark(sheet, rows, marks):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(row | {"mark": mark, "comment": "Well seen."} for row, mark in zip(rows, marks, strict=True))
    sheet.write_text(out.getvalue(), "utf-8")


def _totals(out):
    rows = csv.DictReader(io.StringIO((out / "gradebook.csv").read_text("utf-8-sig"), newline=""))
    return {row["student"]: row["total"] for row in rows}


def test_a_seed_is_a_secret_and_is_never_overwritten(place, tmp_path):
    file = tmp_path / "seed"
    assert command("seed", "--to", file).returncode == 0
    seed = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and len(seed.strip()) == 64
    assert seed.decode().strip() not in command("seed", "--to", tmp_path / "other").stdout
    again = command("seed", "--to", file)
    assert again.returncode == 2 and "never overwritten" in again.stderr and file.read_bytes() == seed


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--assignment": "large"}, "large: this course has small."),
        ({"--out": "CLASS/results"}, "choose another --out"),
        ({"FOLDER": "nowhere"}, "nowhere: it cannot be read: No such file"),
        ({"--exercises": "nowhere"}, "course.toml: it cannot be read"),
        ({"--seed-file": "nowhere"}, "nowhere: it cannot be read: No such file or directory; make one with:"),
        ({"--seed-file": "open"}, "others can read or write this seed, which is a secret of yours; mend it with: chmod 600"),
        ({"--seed-file": "short"}, "it has 5 characters, and a seed needs 32"),
        ({"--jobs": "0"}, "--jobs"),
        ({"--jobs": "many"}, "--jobs"),
        ({"--tests": "nowhere"}, "private tests of small belong there"),
        ({"--marks": "nowhere"}, "nowhere: it cannot be read: No such file or directory; make it with the command essays"),
    ],
)
def test_what_is_wrong_is_named_with_its_mend(here, place, tmp_path, changed, said):
    fill(tmp_path, {"open": b"x" * 64, "short": b"short", "class/broken.ipynb": b"{"})
    (tmp_path / "open").chmod(0o640)
    (tmp_path / "short").chmod(0o600)
    given = {
        "FOLDER": tmp_path / "class", "--assignment": "small", "--exercises": place / "course", "--out": tmp_path / "out",
        "--seed-file": place / "class.seed",
    }  # fmt: skip
    plain = ("--assignment", "--jobs")
    for key, value in changed.items():
        given[key] = value if key in plain else str(tmp_path / value.replace("CLASS", "class"))
    folder = given.pop("FOLDER")
    done = here("grade", folder, *(word for pair in given.items() for word in pair))
    assert done.returncode == 2 and said in done.stderr


def test_results_that_are_not_there_cannot_be_marked(here, tmp_path):
    done = here("essays", tmp_path, "--to", tmp_path / "essays.csv")
    assert done.returncode == 2 and "there are no results in it; grade first" in done.stderr


def test_without_a_seed_of_its_own_a_class_is_warned(here, place, tmp_path):
    folder = fill(tmp_path / "class", {"broken.ipynb": b"{"})
    done = here("grade", folder, "--assignment", "small", "--out", tmp_path / "out", "--exercises", place / "course")
    assert "no --seed-file is given" in done.stderr


def test_an_assignment_that_fails_its_own_tests_is_not_released(here, tmp_path):
    course = miniature.write(tmp_path / "course", answers="ANSWERS = {}")
    done = here("release", "small", "--to", tmp_path / "out", "--exercises", course)
    assert done.returncode == 2 and "small is not released" in done.stderr and not (tmp_path / "out").exists()


def test_nothing_on_the_way_can_be_read_by_others(whole):
    out, _ = whole
    for path in (out, *out.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077 or os.name != "posix", path


# ----------------------------------------------------------------------------------------------------- what the command passes on


@pytest.fixture
def told(place, tmp_path, monkeypatch):
    """A function that runs ``grade`` here, with these options; its exit code. what: what the grading was asked for."""
    found = []

    def grade(folder, id, out, **options):
        found.append({"folder": folder, "id": id, "out": out} | options)
        return classroom.Graded(grade.records, 0, len(grade.records), False)

    def run(*more, records=(), folder=None):
        grade.records = list(records)
        fixed = ["--assignment", "small", "--exercises", place / "course", "--out", tmp_path / "out"]
        return main(["grade", *map(str, [folder or fill(tmp_path / "class", {"a.ipynb": b"{"}), *fixed, *more])])

    monkeypatch.setattr(classroom, "grade", grade)
    run.what = found
    return run


def test_the_seed_s_own_file_is_hidden_from_the_students_code(told, place):
    assert told("--seed-file", place / "class.seed", "--jobs", "3") == 0
    (asked,) = told.what
    assert asked["seed"] == pupils.SEED and str(place / "class.seed") in asked["hidden"]
    assert (asked["jobs"], asked["unjailed"], asked["tests"], asked["marks"]) == (3, False, None, None)


def test_what_is_passed_over_and_what_is_not_held_is_said(told, place, tmp_path, capsys):
    folder = fill(tmp_path / "mixed", {"a.ipynb": b"{", **{f"notes {k}.txt": b"" for k in range(7)}})
    assert told("--seed-file", place / "class.seed", "--unjailed", folder=folder) == 0
    said = capsys.readouterr().err
    assert (
        "passed over, as they are no notebooks or folders: notes 0.txt, notes 1.txt, notes 2.txt, notes 3.txt, notes 4.txt"
        in said
    )
    assert "notes 4.txt and 2 more\n" in said and "--unjailed: the students' code can read and change whatever you can" in said
    assert told("--seed-file", place / "class.seed") == 0 and capsys.readouterr().err == ""
    assert [asked["unjailed"] for asked in told.what] == [True, False]


def test_it_ends_with_1_where_one_is_ungraded_be_it_in_part(told, place, capsys):
    _, assignment = classroom.open_assignment("small", place / "course")
    question = runner.QuestionResult("q1", 3, "ungraded", None, "SECRET")
    part = report.record(runner.Result("small", "d", "graded", "", (question,)), assignment, student="Anna", id="a")
    essay = runner.QuestionResult("q3", 4, "essay", essay="e")
    waits = report.record(runner.Result("small", "d", "graded", "", (essay,)), assignment, student="Ben", id="b")
    assert told("--seed-file", place / "class.seed", records=[waits]) == 0
    assert "Essays wait in 1: " in capsys.readouterr().out
    assert told("--seed-file", place / "class.seed", records=[part, waits]) == 1
    said = capsys.readouterr().out
    assert "  Anna: ungraded in part: q1\n" in said and "Ben" not in said and "Essays wait in 1: " in said
    assert (
        told(
            "--seed-file",
            place / "class.seed",
            records=[report.marked(waits, {"q3": [{"criterion": "all", "possible": 4, "mark": 0, "comment": ""}]})],
        )
        == 0
    )
    assert "Essays" not in capsys.readouterr().out
