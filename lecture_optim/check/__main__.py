"""The exercises from a command line, for one reader: ``python -m lecture_optim.check list | start | grade``.

It ends with 0 where all went well, 1 where an answer is wrong or missing, and 2 where nothing could be done.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from lecture_optim.check.course import CourseError, UnknownId, exercises, load
from lecture_optim.check.notebook import Damaged, read
from lecture_optim.check.show import plural, progress, report
from lecture_optim.check.testing import Outcome

ME = "python -m lecture_optim.check"


class Refused(Exception):
    """Something that the person at the keyboard has to mend; the message says what and how."""


def _list(arguments):
    course = load()
    print(course.title)
    unread = 0
    for assignment in course.assignments:
        try:
            assignment.tests()
        except CourseError as error:
            print(f"\n{assignment.id}  {assignment.title}: {error}")
            unread += 1
            continue
        total = sum(assignment.points(question.id) for question in assignment.questions)
        facts = f"{len(assignment.questions)} questions, {total} points, {assignment.minutes} minutes"
        print(f"\n{assignment.id}  {assignment.title}: {facts}")
        for question in assignment.questions:
            most = plural(assignment.points(question.id))
            print(f"  {question.id}  {question.title} ({question.kind}, {most}, {question.minutes} min)")
    print(f"\n{ME} start ID makes the notebook of an assignment.")
    return 2 if unread else 0


def _start(arguments):
    course = load()
    assignment = course.assignment(arguments.id)
    folder = Path(arguments.to)
    name = arguments.name or f"{assignment.id}.ipynb"
    if Path(name).name != name or name in (".", ".."):
        raise Refused(f"--name {name}: give the name of a file alone, and its folder by --to")
    target = folder / (name if name.endswith(".ipynb") else f"{name}.ipynb")
    inside = exercises().resolve()
    if inside == folder.resolve() or inside in folder.resolve().parents:
        mend = f"{ME} start {assignment.id} --to my-work"
        raise Refused(f"{folder}: that is inside the exercises themselves; work elsewhere, for example: {mend}")
    from lecture_optim.check.handout import student

    notebook = student(course, assignment)
    import nbformat

    text = nbformat.writes(notebook) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(target, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        if not folder.is_dir():
            raise Refused(f"{folder}: there is a file of that name; choose another folder by --to") from None
        stem = target.stem
        free = next(n for n in range(2, 10_000) if not os.path.lexists(folder / f"{stem}-{n}.ipynb"))
        raise Refused(
            f"{target} exists, and nothing was written. Go on in it, or make a new copy: "
            f"{ME} start {assignment.id} --to {folder} --name {stem}-{free}.ipynb"
        ) from None
    except OSError as error:
        raise Refused(f"{target}: it cannot be written: {error.strerror}; choose another folder by --to") from None
    print(f"{target} is ready: open it in JupyterLab. Later, {ME} grade {target} shows all points at once.")
    return 0


def _grade(arguments):
    file = Path(arguments.notebook)
    notebook, course = read(file), load()
    assignment = course.assignment(notebook.assignment)
    events, finished = _child(file, course.limits.notebook_seconds)
    outcomes, others = {}, {}
    for event in events:
        if "outcomes" in event:
            outcomes[event["question"]] = [Outcome(**outcome) for outcome in event["outcomes"]]
        elif "missing" in event or "refused" in event:
            others[event["question"]] = event.get("refused") or f"the notebook makes no {event['missing']}"
    for question in assignment.questions:
        if question.id in outcomes:
            print(report(question, outcomes[question.id]))
        elif question.form == "essay":
            print(f"{question.id}  {question.title}: an essay, which a person marks")
        else:
            print(f"{question.id}  {question.title}: {others.get(question.id, 'not reached')}")
    print(f"\n{progress(assignment, outcomes)}")
    if notes := list(_notes(events, finished, course.limits.notebook_seconds, dict(notebook.code))):
        print("\n" + "\n".join(notes))
    wanted = [question.id for question in assignment.questions if question.form != "essay"]
    return int(not all(id in outcomes and all(outcome.passed for outcome in outcomes[id]) for id in wanted))


def _notes(events, finished, seconds, code):
    """What else to say of a run: cells that raised, and where it was stopped. code: of the cells, by their number."""

    def cell(n):
        first = next(filter(None, map(str.strip, code[n].splitlines())), "")
        return f"code cell {n} ({first[:40]})"

    yield from (f"{cell(event['cell'])} raised {event['raised']}" for event in events if "raised" in event)
    last = events[-1] if events else {}
    where = cell(last["cell"]) if "cell" in last else f"a test of {last['question']}" if "question" in last else "the start"
    if not finished:
        yield f"{where} did not end within {seconds:g} seconds, and the run was stopped there"
    elif "end" not in last:
        yield f"the process that ran the notebook ended in {where}: it was killed, ran out of memory, or left by itself"


def _child(file, seconds):
    """What the child that runs a notebook says, a list of dicts, and whether it ended within this time."""
    run = [sys.executable, "-m", "lecture_optim.check.notebook", file.name]
    # The package may be found through the present folder alone, and the child starts in the notebook's.
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), package]))
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": path}
    child = subprocess.Popen(
        run,
        cwd=file.resolve().parent,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    late = threading.Event()

    def stop():
        late.set()
        child.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        said, trouble = child.communicate()
    except KeyboardInterrupt:
        child.kill()
        raise
    finally:
        timer.cancel()
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    if not events and not late.is_set():
        raise Refused(f"{file}: it could not be run: {(trouble.strip().splitlines() or ['no reason was given'])[-1]}")
    return events, not late.is_set()


def main(arguments=None):
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog=ME, description="The exercises, for one reader: offline, nothing is sent anywhere.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser("list", help="the assignments, their questions, points and minutes")
    add.set_defaults(run=_list)
    add = commands.add_parser("start", help="make the notebook of an assignment; nothing is ever overwritten")
    add.add_argument("id", metavar="ID", help="of the assignment, as `list` shows it")
    add.add_argument("--to", metavar="FOLDER", default=".", help="where to put it (here unless given)")
    add.add_argument("--name", metavar="NAME", help="of the notebook (ID.ipynb unless given)")
    add.set_defaults(run=_start)
    add = commands.add_parser("grade", help="run your notebook here, without a jail, and show all points")
    add.add_argument("notebook", metavar="NOTEBOOK")
    add.set_defaults(run=_grade)
    given = parser.parse_args(arguments)
    try:
        return given.run(given)
    except (CourseError, Damaged, Refused, UnknownId) as error:
        print(f"{ME}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
