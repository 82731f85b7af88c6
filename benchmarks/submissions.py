"""What grading costs: ``python -m benchmarks.submissions``. README.md beside this file says what each number means."""

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from textwrap import indent

import nbformat
import numpy as np

from benchmarks.report import machine, median, save, seconds, table
from benchmarks.students import answers, invent
from lecture_optim.check import course as courses
from lecture_optim.check.source import read
from lecture_optim.cores import cores
from lecture_optim.grading import classroom
from lecture_optim.grading.jail import Jail
from lecture_optim.grading.release import nbgrader_source
from lecture_optim.grading.runner import Limits
from lecture_optim.progress import bar

TARGET_CLASS, TARGET_CHECK, TARGET_IMPORT, TARGET_LOOP = 60.0, 0.010, 0.5, 1.0  # seconds
COUNT = 500  # submissions that the first target means
SEED = b"a seed for benchmarks, and no secret"


class Wrong(AssertionError):
    """A score is not the predicted one: nothing that was measured counts."""


# ------------------------------------------------------------------------------------------------------------------- a class


def a_class(count, rng, place):
    """Grade invented submissions of all assignments, on all cores; the lines of a table, the seconds together, the students."""
    course = courses.load()
    rows, together, processor, everybody = [], 0.0, 0.0, {}
    shares = [count // len(course.assignments) + (n < count % len(course.assignments)) for n in range(len(course.assignments))]
    for assignment, share in zip(course.assignments, shares, strict=True):
        print(f"inventing {share} students of {assignment.id}", file=sys.stderr)
        everybody[assignment.id] = students = invent(course, assignment, share, rng)
        folder = place / "class" / assignment.id
        folder.mkdir(parents=True)
        for student in students:
            (folder / f"{student.id}.ipynb").write_bytes(student.data)
        out = place / "results" / assignment.id
        used, started = _processor_seconds(), time.monotonic()
        records = _ours(folder, assignment.id, cores(), out, share)
        took, used = time.monotonic() - started, _processor_seconds() - used
        _compare(records, students)
        together, processor = together + took, processor + used
        points = [student.total for student in students]
        rows.append(_row(assignment.id, share, took, used, f"{statistics.mean(points):.1f} ({min(points)} to {max(points)})"))
    rows.append(_row("together", count, together, processor, ""))
    return rows, together, everybody


def _ours(folder, id, jobs, out, count=None):
    """Grade a folder by our command, into another; the records by student. count: show a bar of so many."""
    seed = out.parent / "seed"
    if not seed.exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        seed.touch(mode=0o600)
        seed.write_bytes(SEED)
    command = [sys.executable, "-m", "lecture_optim.grading", "grade", folder, "--assignment", id, "--seed-file", seed]
    run = [*map(str, command), "--out", str(out), "--jobs", str(jobs)]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        if count:
            _show(process, out / "records", count, id)
        said, trouble = process.communicate()
    if process.returncode:
        raise RuntimeError(f"our grader failed: {trouble[-2000:]}{said[-2000:]}")
    return {record["student"]: record for record in classroom.records(out).values()}


def _show(process, records, count, what):
    """A bar of the records that are there, until the process ends."""

    def steps():
        seen = 0
        while process.poll() is None:
            there = len(list(records.glob("*.json")))
            yield from range(seen, there)
            seen = there
            time.sleep(0.2)

    class Counted:
        def __len__(self):
            return count

        def __iter__(self):
            return steps()

    for _ in bar(Counted(), True, f"grading {what}", "submission"):
        pass


def _row(name, count, took, used, points):
    return name, count, f"{took:.1f} s", f"{count / took:.1f}", f"{took / count:.3f} s", f"{used / count:.3f} s", points


def _processor_seconds():
    """Those of this process and of all that it has started and that have ended."""
    own, others = os.times()[:2], os.times()[2:4]
    return sum(own) + sum(others)


def _compare(records, students):
    """Raise Wrong unless each record has exactly the predicted points."""
    for student in students:
        found = {question["id"]: question["points"] for question in records[student.id]["questions"]}
        for id, points in student.expected.items():
            if found.get(id) != points:
                raise Wrong(f"{student.id} {id}: {found.get(id)} points, and predicted were {points}")


def spread(everybody, each, place):
    """The seconds of single submissions, one after another in one jail; lines of a table."""
    rows = []
    with Jail() as jail:
        for id, students in bar(list(everybody.items()), True, "one by one", "assignment"):
            times = []
            for student in students[:each]:
                file = place / "class" / id / f"{student.id}.ipynb"
                times.append(_timed(lambda id=id, file=file: _grade_one(id, file, jail))[0])
            middle, (least, most) = median(times)
            rows.append((id, len(times), seconds(middle), seconds(least), seconds(most)))
    return rows


def _grade_one(id, file, jail):
    limits, assignment = _opened(id)
    limits = Limits.of(limits)
    return classroom.grade_one(file, assignment, id=file.stem, student=file.stem, jail=jail, seed=SEED, limits=limits)


_OPENED = {}


def _opened(id):
    if id not in _OPENED:
        _OPENED[id] = classroom.open_assignment(id)
        _OPENED[id][1].tests()
    return _OPENED[id]


def _timed(work):
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made


# ------------------------------------------------------------------------------------------------------------------- nbgrader


def against_nbgrader(id, count, rounds, rng, place):
    """Our grader and nbgrader's autograde on the same submissions, in turn; lines of a table.

    Both are run as commands from start to end. Ours must give each submission its predicted points; where nbgrader does not, that
    is counted.
    """
    course = courses.load()
    root = place / "nbgrader"
    source = root / "source" / id / f"{id}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(nbgrader_source(id), source)
    (root / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "benchmark"\n')
    _nbgrader(root, "generate_assignment", id)
    released = json.loads((root / "release" / id / f"{id}.ipynb").read_bytes())
    students = invent(course, course.assignment(id), count * rounds, rng)
    times, wrong = {"nbgrader": [], "one": [], "all": []}, 0
    for turn in bar(range(rounds), True, f"against nbgrader, {id}", "round"):
        batch = students[turn * count : (turn + 1) * count]
        folder = place / "paired" / id / str(turn)
        folder.mkdir(parents=True)
        for student in batch:
            data = _answered(released, student.data)
            (folder / f"{student.id}.ipynb").write_bytes(data)
            file = root / "submitted" / student.id / id / f"{id}.ipynb"
            file.parent.mkdir(parents=True)
            file.write_bytes(data)
        runs = {
            "nbgrader": lambda: _nbgrader(root, "autograde", id),
            "one": lambda folder=folder: _ours(folder, id, 1, folder.parent / f"{folder.name}-one"),
            "all": lambda folder=folder: _ours(folder, id, cores(), folder.parent / f"{folder.name}-all"),
        }
        for name in sorted(runs, key=lambda name: random.Random(f"{turn}{name}").random()):
            took, made = _timed(runs[name])
            times[name].append(took / count)
            if name != "nbgrader":
                _compare(made, batch)
        wrong += _missed(root, id, batch)
    names = {"nbgrader": "nbgrader autograde", "one": "ours, 1 process", "all": f"ours, {cores()} processes"}
    rows = []
    for name, label in names.items():
        middle, (least, most) = median(times[name])
        pairs = [theirs / own for theirs, own in zip(times["nbgrader"], times[name], strict=True)]
        ratio = "1" if name == "nbgrader" else f"{statistics.median(pairs):.1f}"
        missed = wrong if name == "nbgrader" else 0
        rows.append((f"{id}: {label}", count * rounds, seconds(middle), f"{seconds(least)} to {seconds(most)}", ratio, missed))
    return rows


def _nbgrader(root, *arguments):
    """Run a command of nbgrader. Its tool alembic is looked for in PATH, so that has the folder of this interpreter."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    run = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(run, cwd=root, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"nbgrader {arguments[0]} failed: {done.stderr[-2000:]}")


def _answered(released, data):
    """The notebook that nbgrader released, with the answers of an invented student."""
    given, essays = {}, {}
    for cell in json.loads(data)["cells"]:
        own = cell["metadata"]
        if own.get("role") == "answer":
            given[own["question"]] = cell["source"]
        elif own.get("role") == "text":
            essays[own["question"]] = cell["source"]
    made = json.loads(json.dumps(released))
    for cell in made["cells"]:
        id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if id in given:
            cell["source"] = given[id]
        elif id in essays:
            cell["source"] = essays[id]
    return json.dumps(made).encode()


def _missed(root, id, batch):
    """How many submissions have other points in nbgrader's gradebook than the predicted ones."""
    from nbgrader.api import Gradebook

    missed = 0
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as gradebook:
        for student in batch:
            (part,) = gradebook.find_submission(id, student.id).notebooks
            found = {grade.name.removesuffix("-check"): grade.auto_score for grade in part.grades}
            missed += any(found[question] != points for question, points in student.expected.items())
    return missed


# ------------------------------------------------------------------------------------------------------------------------ loops

FOREVER = "while True:\n    pass"
DEAF = "while True:\n    try:\n        pass\n    except BaseException:\n        pass"
LOOPS = {
    "in an answer": ("call", FOREVER),
    "in an answer that catches everything": ("call", DEAF),
    "in a cell": ("cell", FOREVER),
    "in a cell that catches everything": ("cell", DEAF),
}


def loops(rounds, place):
    """What a loop costs a class, and a reader alone, beyond a submission without it; lines of a table, and the worst excess."""
    course = courses.load()
    assignment = course.assignment("warm-up")
    # Without q4, whose solution calls the answer to q2: its cell would run into the loop as well.
    solution = {id: of[0].code for id, of in answers(assignment).items() if id != "q4"}
    files = {"none": place / "none.ipynb"}
    _write(files["none"], solution)
    for name, (kind, code) in LOOPS.items():
        files[name] = place / f"{name.replace(' ', '-')}.ipynb"
        answer = f"def descend(w, a, lr, steps):\n{indent(code, '    ')}"
        _write(files[name], solution | ({"q2": answer} if kind == "call" else {}), [code] if kind == "cell" else [])
    limit = {"call": course.limits.call_seconds, "cell": course.limits.cell_seconds}
    cost = {name: {"a class": [], "alone": []} for name in LOOPS}
    with Jail() as jail:
        _grade_one("warm-up", files["none"], jail)
        ways = {"a class": lambda file: _grade_one("warm-up", file, jail), "alone": _alone}
        for _ in bar(range(rounds), True, "loops", "round"):
            for way, grade in ways.items():
                for name in LOOPS:
                    without, _ = _timed(lambda grade=grade: grade(files["none"]))
                    took, _ = _timed(lambda grade=grade, name=name: grade(files[name]))
                    cost[name][way].append(took - without)
    rows, worst = [], 0.0
    for name, (kind, _) in LOOPS.items():
        for way, found in cost[name].items():
            middle, (_, most) = median(found)
            worst = max(worst, middle - limit[kind])
            rows.append(
                (f"{name}, {way}", seconds(limit[kind]), seconds(middle), seconds(most), f"{middle - limit[kind]:+.2f} s")
            )
    return rows, worst


def _write(file, codes, extra=()):
    opened = "import numpy as np\nfrom lecture_optim.check import open_assignment\ncheck = open_assignment('warm-up')"
    texts = [
        opened,
        *[cell.text for cell in read(courses.load().assignment("warm-up")).cells if cell.kind == "code" and not cell.question],
    ]
    texts += [*extra, *codes.values()]
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": text} for text in texts]
    file.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def _alone(file):
    done = subprocess.run([sys.executable, "-m", "lecture_optim.check", "grade", str(file)], capture_output=True, text=True)
    if done.returncode == 2:
        raise RuntimeError(done.stderr)


# ------------------------------------------------------------------------------------------------------------ a student's check


def imports(rounds):
    """The seconds that a fresh interpreter needs for the check, and for NumPy alone; in turn."""
    times = {"pass": [], "import numpy": [], "import lecture_optim.check": []}
    for _ in bar(range(rounds), True, "imports", "round"):
        for code in times:
            times[code].append(_timed(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True))[0])
    bare = statistics.median(times["pass"])
    return {code: statistics.median(found) - bare for code, found in times.items()}


def checks(rounds):
    """What ``check(...)`` takes on each question's solution: by (assignment, id), the question, its seconds at first, the median
    of the next, and the share of them that is spent in the solution itself.
    """
    from lecture_optim.check import open_assignment

    found = {}
    for assignment in bar(list(courses.load().assignments), True, "checks", "assignment"):
        check, names = open_assignment(assignment.id), {"__name__": "__main__"}
        for cell in read(assignment).cells:
            if cell.kind != "code":
                continue
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(cell.text, "<cell>", "exec"), names)
                if cell.question is None:
                    continue
                question = assignment.question(cell.question)
                answer, own = _watched(names[question.answer])
                times = []
                for _ in range(1 + rounds):
                    own.append(0.0)
                    times.append(_timed(lambda given=(check, question.id, answer): given[0](*given[1:]))[0])
            most = assignment.points(question.id)
            if check.earned(question.id) != most:
                raise Wrong(f"{assignment.id} {question.id}: the solution gets {check.earned(question.id)} of {most} points")
            share = statistics.median(inside / whole for inside, whole in zip(own[1:], times[1:], strict=True))
            found[assignment.id, question.id] = (question, times[0], statistics.median(times[1:]), share)
    return found


def _watched(answer):
    """A function that does what an answer does, and the list whose last entry grows by the seconds that its calls take."""
    spent = []
    if not callable(answer) or not hasattr(answer, "__code__"):
        return answer, spent

    def watched(*arguments, **named):
        started = time.perf_counter()
        try:
            return answer(*arguments, **named)
        finally:
            spent[-1] += time.perf_counter() - started

    return watched, spent


def _why(question, share):
    """Why the check of a question takes long."""
    if question.form in ("expression", "certificate"):
        return "SymPy judges the mathematics"
    if question.form == "value":
        return "the tests compute what the number is compared with"
    return (
        f"{share:.0%} of it is the answer's own work, called with several data"
        if share > 0.5
        else f"the tests: references, data and the codec; the answer itself takes {share:.0%}"
    )


# -------------------------------------------------------------------------------------------------------------------- the command


def main(arguments=None):
    """Measure everything, print it, and write results/submissions.md; returns 0 where every target is met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.submissions", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help=f"submissions of the class ({COUNT} unless given)")
    parser.add_argument("--sample", type=int, default=10, help="submissions a round that nbgrader grades too")
    parser.add_argument("--rounds", type=int, default=3, help="of everything that is compared in turn")
    parser.add_argument("--seed", type=int, default=1, help="of the invented students")
    parser.add_argument("--without", nargs="*", default=[], choices=("nbgrader", "loops"), help="what to leave out")
    parser.add_argument("--dry", action="store_true", help="write no result")
    given = parser.parse_args(arguments)
    head = machine("numpy", "sympy", "nbgrader", "lecture_optim")
    print(head)
    rng, verdicts, parts = np.random.default_rng(given.seed), [], [f"*{head}*"]

    def say(title, text):
        part = f"## {title}\n\n{text}"
        parts.append(part)
        print(f"\n{part}", flush=True)
        if not given.dry:
            save("submissions", "What grading costs", parts)

    place = Path(tempfile.mkdtemp(prefix="benchmark-"))
    try:
        rows, together, everybody = a_class(given.count, rng, place)
        limit = TARGET_CLASS * given.count / COUNT
        verdicts.append(
            (f"{given.count} submissions, jailed, {cores()} cores", f"<= {limit:.0f} s", f"{together:.1f} s", together <= limit)
        )
        heads = ["assignment", "submissions", "time", "a second", "a submission", "processor, each", "points, mean (range)"]
        say("A class", f"Every score is the predicted one.\n\n{table(heads, rows)}")
        heads = ["assignment", "submissions", "median", "least", "most"]
        say("One submission after another, in one jail", table(heads, spread(everybody, 20, place)))
        if "nbgrader" not in given.without:
            rows = []
            for id in ("warm-up", "adagrad"):
                rows += against_nbgrader(id, given.sample, given.rounds, rng, place)
            heads = ["command", "submissions", "a submission", "range", "times faster", "not as predicted"]
            say(
                "Beside nbgrader",
                f"Rounds of {given.sample} submissions, in turn.\n\n{table(heads, rows)}",
            )
        if "loops" not in given.without:
            rows, worst = loops(given.rounds, place)
            verdicts.append(("a loop, beyond its limit", f"<= {TARGET_LOOP:g} s", f"{worst:.2f} s", worst <= TARGET_LOOP))
            say("What a loop costs", table(["an endless loop", "limit", "median", "most", "beyond the limit"], rows))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    times = imports(5 * given.rounds)
    heads = ["beyond a bare interpreter", "median"]
    say(
        "What a student waits for", table(heads, [(f"`{code}`", seconds(took)) for code, took in times.items() if code != "pass"])
    )
    took = times["import lecture_optim.check"]
    verdicts.append(("importing the check", f"<= {TARGET_IMPORT:g} s", seconds(took), took <= TARGET_IMPORT))
    found = checks(5 * given.rounds)
    slow = {key: entry for key, entry in found.items() if entry[2] > TARGET_CHECK}
    middle, (least, most) = median(entry[2] for entry in found.values())
    rows = [
        (f"{id} {question}: {asked.title}", seconds(first), seconds(rest), _why(asked, share))
        for (id, question), (asked, first, rest, share) in slow.items()
    ]
    heads = ["question", "first check", "the next, median", "why"]
    text = (
        f"{len(found)} questions: median {seconds(middle)}, {seconds(least)} to {seconds(most)}. Above {seconds(TARGET_CHECK)}:"
    )
    say("A check, right answers", f"{text}\n\n{table(heads, rows, words=(0, 3)) if rows else 'none.'}")
    verdicts.append(
        (f"a check, the median of {len(found)} questions", f"<= {seconds(TARGET_CHECK)}", seconds(middle), middle <= TARGET_CHECK)
    )
    say("Targets", table(["what", "target", "measured", "met"], [(*row[:3], "yes" if row[3] else "**no**") for row in verdicts]))
    return 0 if all(row[3] for row in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
