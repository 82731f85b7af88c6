"""A class from a command line: ``python -m lecture_optim.grading seed | release | grade | essays``.

It ends with 0 where all went well, 1 where a submission is ungraded or the run was stopped, and 2 where nothing could be done.
"""

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path

from lecture_optim.check import course
from lecture_optim.cores import cores
from lecture_optim.grading.seeds import ME, Refused, make_seed, read_seed


def _seed(arguments):
    make_seed(arguments.to)
    print(f"{arguments.to} holds the seed of your class. Keep it, and keep it to yourself: it decides the numbers of every test.")
    return 0


def _release(arguments):
    from lecture_optim.grading.release import ReleaseError, release

    try:
        made = release(arguments.id, arguments.to, arguments.exercises)
    except (ReleaseError, course.CourseError) as error:
        raise Refused(str(error)) from None
    except ModuleNotFoundError as error:
        raise Refused(f"{error.name}, which a release needs, is not installed: pip install 'lecture_optim[class]'") from None
    except OSError as error:
        raise Refused(f"{arguments.to}: it cannot be written: {error.strerror}; choose another folder by --to") from None
    for path in made:
        print(path)
    return 0


def _grade(arguments):
    if os.name != "posix":
        raise Refused("a class is graded on Linux (with a jail) or macOS (without); on Windows use Linux in WSL 2")
    from lecture_optim.grading import classroom, pool
    from lecture_optim.grading.jail import JailError
    from lecture_optim.grading.report import state
    from lecture_optim.grading.sheets import SheetError

    stop = pool.Stop()
    if arguments.seed_file is None:
        seed = course.load(arguments.exercises).public_seed.encode()
        _warn("no --seed-file is given: the tests take the course's public numbers, which whoever reads them can know")
        hidden = ()
    else:
        seed, hidden = read_seed(arguments.seed_file), (arguments.seed_file,)
    if arguments.unjailed:
        _warn("--unjailed: the students' code can read and change whatever you can")
    try:
        _, others = classroom.submissions(arguments.folder)
        if others:
            more = f" and {len(others) - 5} more" if len(others) > 5 else ""
            _warn(f"{arguments.folder}: passed over, as they are no notebooks or folders: {', '.join(others[:5])}{more}")
        with _signals(stop):
            graded = classroom.grade(
                arguments.folder,
                arguments.assignment,
                arguments.out,
                seed=seed,
                jobs=arguments.jobs,
                tests=arguments.tests,
                marks=arguments.marks,
                unjailed=arguments.unjailed,
                exercises=arguments.exercises,
                progress=_wants_bar(),
                stop=stop,
                hidden=hidden,
            )
    except (classroom.ClassError, SheetError, JailError) as error:
        raise Refused(str(error)) from None
    known = len(graded.records)
    if graded.stopped:
        print(f"Stopped: {known} of {graded.total} submissions are graded and kept. The same command goes on from there.")
        return 1
    print(f"{graded.total} submissions: {graded.done} graded now, {graded.total - graded.done} as they were before.")
    said = [(record["student"], state(record)) for record in graded.records]
    ungraded = [f"  {student}: {words}" for student, words in said if words.startswith("ungraded")]
    for line in ungraded:
        print(line)
    if waiting := sum(words.startswith("essays to mark") for _, words in said):
        print(f"Essays wait in {waiting}: {ME} essays {arguments.out} --to essays.csv makes a sheet to mark them on.")
    out = Path(arguments.out)
    print(f"{out / 'gradebook.csv'}, {out / 'summary.html'}, and a report for each student in {out / 'reports'}")
    return int(bool(ungraded))


def _essays(arguments):
    from lecture_optim.grading import classroom, sheets

    try:
        records = classroom.records(arguments.results)
        id = next(iter(records.values()))["assignment"]
        _, assignment = classroom.open_assignment(id, arguments.exercises)
        data = sheets.essays(records.values(), assignment)
    except (classroom.ClassError, sheets.SheetError) as error:
        raise Refused(str(error)) from None
    try:
        # A sheet may hold an evening's marks.
        with open(os.open(arguments.to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except FileExistsError:
        raise Refused(
            f"{arguments.to} exists, and nothing was written, as marks may stand in it; choose another name by --to"
        ) from None
    except OSError as error:
        raise Refused(f"{arguments.to}: it cannot be written: {error.strerror}; choose another place by --to") from None
    print(f"{arguments.to}: fill the column mark, and give the sheet back with grade ... --marks {arguments.to}")
    return 0


def _warn(text):
    print(f"{ME}: {text}", file=sys.stderr)


def _wants_bar():
    """A bar for a person who watches, where tqdm is installed."""
    from importlib.util import find_spec

    return sys.stderr.isatty() and find_spec("tqdm") is not None


@contextlib.contextmanager
def _signals(stop):
    """Let Ctrl-C and SIGTERM stop the work in good order."""
    before = {number: signal.signal(number, stop.set) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1 process is needed")
    return value


def main(arguments=None):
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog=ME, description="The exercises for a class: released, collected, graded, marked.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, run, help):
        made = commands.add_parser(name, help=help, description=help)
        made.set_defaults(run=run)
        made.add_argument("--exercises", metavar="FOLDER", help="of the course (that of the package unless given)")
        return made

    add = command("seed", _seed, "make the secret that decides the numbers of your class's tests; never overwrites")
    add.add_argument("--to", metavar="FILE", required=True, help="where to put it")
    add = command("release", _release, "make the notebooks of an assignment, if it passes its own tests")
    add.add_argument("id", metavar="ID", help="of the assignment")
    add.add_argument("--to", metavar="FOLDER", required=True, help="where to put them")
    add = command("grade", _grade, "grade a folder of submissions; stopped, the same command goes on")
    add.add_argument("folder", metavar="FOLDER", help="of notebooks, or of a folder for each student")
    add.add_argument("--assignment", metavar="ID", required=True)
    add.add_argument("--out", metavar="RESULTS", required=True, help="folder for reports, gradebook and summary")
    add.add_argument("--seed-file", metavar="FILE", help="the secret of your class, made by the command seed")
    add.add_argument("--jobs", metavar="N", type=_positive, default=cores(), help="processes (one for each core unless given)")
    add.add_argument("--tests", metavar="FOLDER", help="of private tests, in it ID/tests.py")
    add.add_argument("--marks", metavar="CSV", help="a sheet made by the command essays, with your marks")
    add.add_argument("--unjailed", action="store_true", help="run students' code without a jail: only if you trust all of it")
    add = command("essays", _essays, "make a sheet to mark the essays on")
    add.add_argument("results", metavar="RESULTS", help="the folder that grade wrote")
    add.add_argument("--to", metavar="CSV", required=True, help="where to put the sheet; never overwrites")
    given = parser.parse_args(arguments)
    try:
        return given.run(given)
    except (Refused, course.CourseError, course.UnknownId) as error:
        print(f"{ME}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
