"""A folder of submissions, graded in parallel; stopped at any moment, it goes on where it was.

    RESULTS/gradebook.csv      a row for each student, a column for each question
    RESULTS/summary.html       how the class did
    RESULTS/reports/ID.html    what a student may see, and .json beside it
    RESULTS/records/ID.json    all that is known, for the teacher alone: what hidden tests said, and what a result depends on

Each file is whole or not there. A record says by a key what it depends on (the notebook, the tests, the seed, the package), and
is made again when that has changed. ID is made of a student's name and a digest of it, so that no name can reach another's file.
"""

import contextlib
import dataclasses
import hashlib
import hmac
import json
import os
import re
import tempfile
import types
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import lecture_optim
from lecture_optim.check import course, notebook
from lecture_optim.check.testing import collect
from lecture_optim.grading import jail as jails
from lecture_optim.grading import pool, report, sheets
from lecture_optim.grading.markup import plain
from lecture_optim.grading.summary import summary_page
from lecture_optim.progress import bar

__all__ = [
    "ClassError",
    "Graded",
    "Submission",
    "grade",
    "grade_one",
    "modules",
    "only_notebook",
    "open_assignment",
    "records",
    "submissions",
    "write",
]

MOST_ENTRIES, DEEPEST = 2_000, 6  # of a student's folder
LONGEST_NAME = 120
LITTER = {".ipynb_checkpoints", ".DS_Store", "__MACOSX", "Thumbs.db", "desktop.ini", ".git", ".gitignore", "__pycache__"}
TWICE = "the process that graded it ended twice, or did not end; grade this one alone, and look at its memory"
_MOODLE = re.compile(r"_\d+_assignsubmission_.*$", re.DOTALL)


class ClassError(ValueError):
    """What cannot be graded as it is; the text names the input and the mend."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in. id: what the files are called. path: of the notebook, or None; then reason says why."""

    id: str
    student: str
    path: Path | None
    reason: str = ""


@dataclass(frozen=True)
class Graded:
    """What came of a folder. records: of what is graded. done: how many of them now. total: all. stopped: before the end."""

    records: list
    done: int
    total: int
    stopped: bool


# ----------------------------------------------------------------------------------------------------------- what was handed in


def submissions(folder):
    """The submissions of a folder in the order of their ids, and the names of the entries that are none.

    Each is a notebook in the folder, or a subfolder named for its student that holds one. No link is followed. ClassError: the
    folder cannot be read, or holds no submission.
    """
    folder = Path(folder)
    found, others = [], []
    link = "it is a link, and links are not followed: put the notebook itself here"
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise ClassError(f"{folder}: it cannot be read: {error.strerror}; give the folder that holds the submissions") from None
    for entry in entries:
        notebook = entry.name.lower().endswith(".ipynb")
        if _is_litter(entry.name):
            continue
        name = entry.name[: -len(".ipynb")] if notebook else entry.name
        if entry.is_symlink():
            found.append(_submission(entry.name, name, None, link))
        elif entry.is_dir(follow_symlinks=False):
            found.append(_submission(entry.name, entry.name, *only_notebook(entry.path)))
        elif notebook:
            found.append(_submission(entry.name, name, Path(entry.path)))
        else:
            others.append(_shown(entry.name))
    if not found:
        raise ClassError(f"{folder}: there is no submission in it; put in each student's notebook, or a folder for each student")
    twice = [id for id, n in Counter(submission.id for submission in found).items() if n > 1]
    if twice:
        raise ClassError(f"{folder}: two submissions have the id {twice[0]}; rename one of them")
    return sorted(found, key=lambda submission: submission.id), sorted(others)


def _is_litter(name):
    """Whether a system or a tool left an entry there. Others that begin with a dot may be a student's."""
    return name in LITTER or name.startswith("._")


def _submission(entry, name, path, reason=""):
    shown = _shown(_MOODLE.sub("", name) or name)
    ascii = unicodedata.normalize("NFKD", shown).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii).strip("-")[:40].strip("-") or "student"
    # Of the raw bytes of the whole entry: names that look alike, or become alike in the slug, keep files apart.
    return Submission(f"{slug}-{hashlib.sha256(os.fsencode(entry)).hexdigest()[:16]}", shown, path, reason)


def _shown(name):
    """A file's name as a student's name: one line of characters that can be seen, of bounded length."""
    name = " ".join(plain(os.fsencode(name).decode("utf-8", "replace")).split()) or "(a name without characters)"
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def only_notebook(folder):
    """The one notebook below a student's folder, and ""; or None, and why there is not exactly one."""
    found, left, links = [], [(folder, 0)], 0
    count = 0
    while left:
        place, depth = left.pop()
        try:
            entries = sorted(os.scandir(place), key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            return None, f"the folder cannot be read: {error.strerror}"
        for entry in entries:
            count += 1
            if count > MOST_ENTRIES:
                return None, f"the folder holds more than {MOST_ENTRIES} files; leave the notebook alone in it"
            if _is_litter(entry.name):
                continue
            if entry.is_symlink():
                links += 1
            elif entry.is_dir(follow_symlinks=False):
                if depth < DEEPEST:
                    left.append((entry.path, depth + 1))
            elif entry.name.lower().endswith(".ipynb"):
                found.append(Path(entry.path))
    if len(found) == 1:
        return found[0], ""
    if found:
        names = sorted(_shown(str(path.relative_to(folder))) for path in found)
        return None, f"the folder holds {len(found)} notebooks ({', '.join(names)[:300]}); leave the one that is to be graded"
    linked = "; it holds a link, and links are not followed" if links else ""
    return None, f"there is no notebook (.ipynb) in the folder{linked}"


# ----------------------------------------------------------------------------------------------------------------- the assignment


@dataclass(frozen=True)
class _Extended(course.Assignment):
    """An assignment with tests that only this class has."""

    private: dict = field(default_factory=dict)

    def tests(self):
        return {id: (*tests, *self.private.get(id, ())) for id, tests in super().tests().items()}


def open_assignment(id, exercises=None, tests=None):
    """The limits of the course (`course.Limits`) and an assignment of it.

    exercises: the folder of the course, or None for the usual one. tests: a folder of private tests or None: ``ID/tests.py`` in
    it has more tests of the same questions. Raises course.UnknownId, course.CourseError, ClassError.
    """
    found = course.load(exercises)
    assignment = found.assignment(id)
    if tests is None:
        return found.limits, assignment
    file = Path(tests) / id / "tests.py"
    module = types.ModuleType(f"private_tests_{id.replace('-', '_')}")
    module.__file__ = str(file)
    try:
        exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)
        private = collect(module)
    except OSError as error:
        raise ClassError(f"{file}: it cannot be read: {error.strerror}; private tests of {id} belong there") from None
    except Exception as error:  # it is the teacher's own code
        raise ClassError(f"{file}: it cannot be run: {type(error).__name__}: {error}") from None
    own = assignment.tests()
    if strange := sorted(private.keys() - own.keys()):
        raise ClassError(f"{file}: it tests {', '.join(strange)}, and {id} has tests of {', '.join(own)}")
    for question, more in private.items():
        titles = {test.title for test in own[question]}
        if both := next((test.title for test in more if test.title in titles), None):
            raise ClassError(f"{file}: {question} has a test with the title {both!r} already; choose another title")
    fields = {f.name: getattr(assignment, f.name) for f in dataclasses.fields(assignment)}
    return found.limits, _Extended(**fields, private=private)


def _fingerprint(assignment, limits, seed, tests):
    """What a result depends on besides the notebook: assignment with its tests, seed, package; no seed can be read off it."""
    parts = [hmac.digest(seed, b"which seed", hashlib.sha256), lecture_optim.__version__.encode(), str(report.FORMAT).encode()]
    parts.append(repr((assignment.id, assignment.title, assignment.questions, limits)).encode())
    files = [assignment.folder / "tests.py"] + ([Path(tests) / assignment.id / "tests.py"] if tests else [])
    package = Path(lecture_optim.__file__).parent
    code = [path for path in package.rglob("*.py") if path.parts[-3:-2] != ("exercises",)]
    for path in files + sorted(code, key=lambda path: path.relative_to(package).parts):
        parts.append(path.read_bytes())
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _key(digest, fingerprint):
    return hashlib.sha256(f"{digest}\n{fingerprint}".encode()).hexdigest()


# ---------------------------------------------------------------------------------------------------------------------- grading


def modules(questions, paths):
    """What a jail imports for these questions and the notebooks at these paths, names of modules (`jail.preload`)."""

    def readable():
        for path in paths:
            with contextlib.suppress(notebook.NotebookError):
                yield notebook.contents(path, follow=False)

    return jails.preload(questions, readable())


def grade_one(path, assignment, *, id, student, jail, seed, limits):
    """The record of one submission (`report.record`), without its key. A fault of the grader is marked, to be tried again."""
    from lecture_optim.grading import runner

    who = {"id": id, "student": student}
    try:
        data = notebook.contents(path, follow=False)
    except notebook.NotebookError as error:
        return report.unread(assignment, str(error), **who)
    digest = hashlib.sha256(data).hexdigest()
    try:
        result = runner.grade_submission(data, assignment, jail=jail, seed=seed, limits=limits)
    except Exception as error:
        text = f"the grader failed: {type(error).__name__}: {str(error)[:300]}"
        return report.unread(assignment, text, **who, fault=True, digest=digest)
    fault = False
    if result.state == "ungraded":
        try:
            notebook.read(data, assignment.id)
            fault = True  # the notebook is not why
        except notebook.NotebookError:
            pass
    return report.record(result, assignment, **who, fault=fault)


def grade(
    folder, id, out, *, seed, jobs=1, tests=None, marks=None, unjailed=False, exercises=None, progress=False, stop=None, hidden=()
):
    """Grade a folder of submissions into a folder of results; what is there already and still holds is kept.

    seed: bytes, the secret of the class. jobs: processes. tests: a folder of private tests. marks: a sheet of essays' marks (a
    file), or None: marks that were read before are kept while their essays are the same. exercises: the folder of the course.
    progress: show a bar. stop: a `pool.Stop`. hidden: more paths that no student's code may see. Returns a `Graded`.

    Raises ClassError, sheets.SheetError, course.CourseError, course.UnknownId for what must be mended, jail.JailError where a
    student's code cannot be held.
    """
    folder, out = Path(folder), Path(out)
    limits, assignment = open_assignment(id, exercises, tests)
    found, _ = submissions(folder)
    inside = folder.resolve()
    if out.resolve() == inside or inside in out.resolve().parents or out.resolve() in inside.parents:
        raise ClassError(f"{out}: the results cannot stand in the folder of the submissions, or around it; choose another --out")
    with _locked(out):
        before = _records(out, id)
        fingerprint = _fingerprint(assignment, limits, seed, tests)
        kept, tasks = {}, []
        for submission in found:
            record = _unchanged(submission, before.get(submission.id), assignment, fingerprint)
            if record is None:
                tasks.append(pool.Task(submission.id, submission.student, submission.path))
            else:
                kept[submission.id] = record
        for record in kept.values():
            _keep(out, record)
        secret = [folder, out, *([tests] if tests else []), *hidden]
        seconds = 2 * limits.notebook_seconds + 60.0 * (len(assignment.questions) + 1)
        paths = [None if path is None else str(path) for path in (exercises, tests)]
        imported = modules(assignment.questions, [task.path for task in tasks])
        work = pool.Work(id, *paths, seed, unjailed, tuple(map(str, secret)), seconds, imported)
        steps = pool.run(tasks, work, jobs, stop) if tasks else ()
        for task, record in _counted(steps, len(tasks), progress and bool(tasks)):
            if record is None:
                record = report.unread(assignment, TWICE, student=task.student, id=task.id, fault=True)
            record["key"] = "" if _faulty(record) else _key(record["digest"], fingerprint)
            record = _with_old_marks(record, before.get(task.id))
            kept[task.id] = record
            _keep(out, record)
        stopped = len(kept) < len(found)
        made = [kept[submission.id] for submission in found if submission.id in kept]
        if stopped:
            return Graded(made, len(kept) - (len(found) - len(tasks)), len(found), True)
        if marks is not None:
            made = _with_marks(out, made, assignment, Path(marks))
        write(out / "gradebook.csv", sheets.gradebook(made, assignment))
        write(out / "summary.html", summary_page(made, assignment).encode())
        return Graded(made, len(tasks), len(found), False)


def _counted(steps, total, progress):
    """The steps, under a bar where that is wanted."""

    class Counted:
        def __len__(self):
            return total

        def __iter__(self):
            return iter(steps)

    return bar(Counted(), progress, "grading", "submission")


def _faulty(record):
    """Whether a record holds a fault of the grader, and not only of what was handed in: the next run tries it again."""
    return record["fault"] or any(question["state"] == "ungraded" for question in record["questions"])


def _unchanged(submission, record, assignment, fingerprint):
    """The record that holds for a submission without any grading; None where it must be graded."""
    who = {"id": submission.id, "student": submission.student}
    if submission.path is None:
        return report.unread(assignment, submission.reason, **who)
    if record is None or not record["key"]:
        return None
    try:
        digest = hashlib.sha256(notebook.contents(submission.path, follow=False)).hexdigest()
    except notebook.NotebookError as error:
        return report.unread(assignment, str(error), **who)
    return record if record["key"] == _key(digest, fingerprint) and record["student"] == submission.student else None


def _with_old_marks(record, old):
    """A new record with the marks of the one before, for each essay that is the same."""
    if old is None:
        return record
    marks = {q["id"]: (q["essay"], q["possible"], q["marks"]) for q in old["questions"] if q["state"] == "essay"}
    kept = {}
    for question in record["questions"]:
        if question["state"] == "essay" and marks.get(question["id"], ())[:2] == (question["essay"], question["possible"]):
            kept[question["id"]] = marks[question["id"]][2]
    return report.marked(record, kept)


def _with_marks(out, made, assignment, file):
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ClassError(f"{file}: it cannot be read: {error.strerror}; make it with the command essays") from None
    marks = sheets.read_marks(data, made, assignment, str(file))
    made = [report.marked(record, marks.get(record["id"], {})) for record in made]
    for record in made:
        _keep(out, record)
    return made


# ------------------------------------------------------------------------------------------------------------------ what is kept


def records(out):
    """The records of a folder of results, by id, as the last whole run left them. ClassError: there are none."""
    out = Path(out)
    found = _records(out, None)
    if not found:
        raise ClassError(f"{out}: there are no results in it; grade first, and give the folder that --out named")
    ids = {record["assignment"] for record in found.values()}
    if len(ids) > 1:
        raise ClassError(f"{out}: it holds results of {', '.join(sorted(ids))}; give each assignment a folder of its own")
    return found


def _records(out, id):
    """The records in a folder, by the ids of submissions; one that is no whole record of this format is left out."""
    found = {}
    for path in sorted((out / "records").glob("*.json")):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            record = json.loads(path.read_bytes())
            if record["format"] == report.FORMAT and record["id"] == path.stem:
                if id not in (None, record["assignment"]):
                    raise _Other(record["assignment"])
                found[path.stem] = record
    return found


class _Other(Exception):
    """The results are another assignment's."""


@contextlib.contextmanager
def _locked(out):
    """The folder of results, made where it is missing and held by this process alone. ClassError: it cannot be."""
    try:
        for path in (out, out / "records", out / "reports"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ClassError(f"{out}: it cannot be made: {error.strerror}; choose another folder by --out") from None
    with contextlib.ExitStack() as held:
        with contextlib.suppress(ImportError):
            import fcntl

            fd = os.open(out, os.O_RDONLY)
            held.callback(os.close, fd)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ClassError(f"{out}: another run is writing there; wait for it, or choose another folder by --out") from None
        for path in [*out.glob(f"{PART}*"), *out.glob(f"*/{PART}*")]:
            path.unlink(missing_ok=True)  # of a run that was killed
        try:
            yield
        except _Other as error:
            raise ClassError(f"{out}: it holds results of {error}; choose another folder by --out") from None


def _keep(out, record):
    """Write a record and what the student may see of it; the record last, so that it is there only with the rest."""
    stem = record["id"]
    write(out / "reports" / f"{stem}.html", report.student_page(record).encode())
    write(out / "reports" / f"{stem}.json", report.as_json(report.for_student(record)).encode())
    write(out / "records" / f"{stem}.json", report.as_json(record).encode())


PART = ".part-"


def write(path, data):
    """Write a file whole or not at all, whatever happens meanwhile; one that holds these bytes already is left alone."""
    path = Path(path)
    with contextlib.suppress(OSError):
        if path.read_bytes() == data:
            return
    try:
        fd, part = tempfile.mkstemp(prefix=PART, dir=path.parent)
        try:
            with open(fd, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise
        if os.name == "posix":
            place = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(place)
            finally:
                os.close(place)
    except OSError as error:
        raise ClassError(f"{path}: it cannot be written: {error.strerror}; make room, or choose another folder") from None
