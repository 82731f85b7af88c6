"""The exercises from a command line, for one reader: ``python -m lecture_optim.check list | start | grade``.

It ends with 0 where all went well, 1 where an answer is wrong or missing, and 2 where nothing could be done.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path

from lecture_optim.check.alone import missing
from lecture_optim.check.course import CourseError, UnknownId, exercises, load
from lecture_optim.check.notebook import NotebookError, contents, read
from lecture_optim.check.rerun import Refused, rerun
from lecture_optim.check.show import plural, progress, report

ME = "python -m lecture_optim.check"


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
    try:
        notebook = read(contents(file, follow=True))
    except NotebookError as error:
        raise Refused(f"{file}: {error}") from None
    course = load()
    id = arguments.assignment or notebook.assignment
    if id is None:
        raise Refused(
            f"{file}: no line says which assignment it answers; say it by --assignment ID (one of those that list shows)"
        )
    assignment = course.assignment(id)
    with _told() as told:
        given = {"limits": course.limits, "seed": course.public_seed, "folder": file.resolve().parent, "name": file.name}
        outcomes, ended = rerun(notebook, assignment, **given, told=told)
    for question in assignment.questions:
        if question.form == "essay":
            print(f"{question.id}  {question.title}: an essay, which a person marks")
            continue
        print(report(question, outcomes[question.id]))
        said = {outcome.message for outcome in outcomes[question.id]}
        if said == {missing(question.answer).message}:
            print(f"  {said.pop()}")
    print(f"\n{progress(assignment, outcomes)}")
    if ended:
        print("\nCells that did not run to their end, code cells counted from the top:")
    for n, text in ended.items():
        first = next(filter(None, map(str.strip, notebook.cells[n - 1].splitlines())), "")
        print(f"code cell {n} ({first[:40]}): {text}")
    return int(not all(outcome.passed for found in outcomes.values() for outcome in found))


@contextlib.contextmanager
def _told():
    """A function that shows a person who waits what is done now, in one line that is gone afterwards."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    clear = "\r\033[K"
    try:
        yield lambda text: print(f"{clear}{text}", end="", file=sys.stderr, flush=True)
    finally:
        print(clear, end="", file=sys.stderr, flush=True)


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
    add.add_argument("--assignment", metavar="ID", help="that it answers (the one that the notebook names unless given)")
    add.set_defaults(run=_grade)
    given = parser.parse_args(arguments)
    try:
        return given.run(given)
    except (CourseError, Refused, UnknownId) as error:
        print(f"{ME}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
