"""The course: which assignments there are, their questions, and where their texts and tests stand.

`course.toml` names the assignments and their questions in order. Each assignment has a folder with its `source.md` (the one text
that every notebook is made of), its `tests.py`, and its `answers.py` (other answers, right and wrong, with the scores that they
must get). The folder `exercises/` of the repository is read where there is one, else the copy that the wheel carries.
"""

import hashlib
import hmac
import os
import re
import sys
import tomllib
import types
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from lecture_optim.check.testing import collect

__all__ = [
    "ELSEWHERE", "FORMS", "KINDS", "NEEDED", "Assignment", "Course", "CourseError", "Limits", "Question", "UnknownId",
    "exercises", "generator", "load", "question_key",
]  # fmt: skip

KINDS = ("implement", "prove", "experiment", "find the bug", "essay")
FORMS = ("function", "value", "expression", "certificate", "essay")
NEEDED = "pip install 'lecture_optim[exercises]'"  # what an error about a missing library says to do
ELSEWHERE = "LECTURE_OPTIM_EXERCISES"  # the variable of the environment that names another folder of exercises
_PLACE = re.compile(r"[0-9a-z-]+/[0-9a-z-]+#\S+")
_ID = re.compile(r"q[1-9][0-9]?")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


class CourseError(ValueError):
    """The course, or the folder of an assignment, cannot be read; the text says where, what is wrong, and what would be right."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    call_seconds: float
    cell_seconds: float
    notebook_seconds: float
    memory_megabytes: int


@dataclass(frozen=True)
class Question:
    """One question. answer: the name that it has in the notebook, None for an essay. section: ``part/chapter#label`` in the book.

    stated_points: of an essay; None elsewhere, where the points are the sum over the tests (`Assignment.points`).
    """

    id: str
    title: str
    kind: str
    form: str
    minutes: int
    section: str
    answer: str | None = None
    stated_points: int | None = None

    @property
    def chapter(self):
        return self.section.partition("#")[0]

    @property
    def page(self):
        """Where its section stands in the built site: the file, and the place in it."""
        label = self.section.partition("#")[2]
        # Sphinx puts this before the label of a numbered equation.
        return f"book/{self.chapter}.html#{'equation-' if label.startswith('eq-') else ''}{label}"


@dataclass(frozen=True)
class Assignment:
    """One assignment; folder: where its `source.md`, `tests.py`, `answers.py` stand. part: of the book, "" for none."""

    id: str
    title: str
    part: str
    questions: tuple
    folder: Path

    def question(self, id):
        """The question of this id. KeyError, which lists the ids, where there is none."""
        found = next((question for question in self.questions if question.id == id), None)
        if found is None:
            ids = [question.id for question in self.questions]
            some = f"{ids[0]} ... {ids[-1]}" if len(ids) > 2 else " and ".join(ids)
            raise UnknownId(f"{id}: this assignment has {some}.")
        return found

    def tests(self):
        """The tests of each question, by its id, in order. CourseError: `tests.py` is missing, damaged, or not of this course."""
        return self._tests

    def answers(self):
        """What `answers.py` says of each question, by its id: lists of `testing.Alternative` and `testing.Mistaken`."""
        found = getattr(_module(self.folder / "answers.py", self.id), "ANSWERS", None)
        if not isinstance(found, dict):
            raise CourseError(
                f"{self.folder / 'answers.py'}: it must define ANSWERS, a dict from question ids to lists of answers"
            )
        return found

    def points(self, id):
        """The points of a question: an essay's own, elsewhere the sum over its tests."""
        question = self.question(id)
        return question.stated_points if question.form == "essay" else sum(test.points for test in self.tests()[id])

    @cached_property
    def _tests(self):
        file = self.folder / "tests.py"
        try:
            found = collect(_module(file, self.id))
        except CourseError:
            raise
        except ValueError as error:
            raise CourseError(f"{file}: {error}") from None
        wanted = [question.id for question in self.questions if question.form != "essay"]
        if strange := sorted(found.keys() - set(wanted)):
            raise CourseError(f"{file}: it tests {', '.join(strange)}, which course.toml does not have as a question with tests")
        if missing := [id for id in wanted if id not in found]:
            raise CourseError(f"{file}: there are no tests of {', '.join(missing)}")
        return {id: tuple(found[id]) for id in wanted}

    @property
    def minutes(self):
        return sum(question.minutes for question in self.questions)


class UnknownId(KeyError):
    """A KeyError whose text is the message itself, not its repr."""

    def __str__(self):
        return self.args[0]


@dataclass(frozen=True)
class Course:
    """All assignments in order. public_seed: what a reader alone is tested with. chapters: their titles, by ``part/chapter``.

    places: what the book calls a section, theorem or equation, by ``part/chapter#label``. site: the address of the built book in
    the web, None where it has none.
    """

    title: str
    public_seed: str
    limits: Limits
    chapters: dict
    places: dict
    assignments: tuple
    folder: Path
    site: str | None = None

    def assignment(self, id):
        """The assignment of this id. KeyError, which lists the ids, where there is none."""
        found = next((assignment for assignment in self.assignments if assignment.id == id), None)
        if found is None:
            raise UnknownId(
                f"{id}: this course has {', '.join(assignment.id for assignment in self.assignments) or 'no assignments'}."
            )
        return found


def exercises():
    """The folder of the exercises: what LECTURE_OPTIM_EXERCISES names, else the repository's, else what the wheel carries.

    CourseError: there is none.
    """
    if named := os.environ.get(ELSEWHERE):
        if (Path(named) / "course.toml").is_file():
            return Path(named)
        raise CourseError(f"{ELSEWHERE} names {named!r}, where there is no course.toml: mend it, or unset it")
    here = Path(__file__).resolve()
    for folder in (here.parents[2] / "exercises", here.parent / "exercises"):
        if (folder / "course.toml").is_file():
            return folder
    raise CourseError(f"no exercises beside {here.parent}: install the package anew, from its wheel or from the repository")


def load(folder=None):
    """The `Course` of a folder, by default `exercises()`. Raises CourseError, with one line for each thing that is wrong."""
    folder = exercises() if folder is None else Path(folder)
    file = folder / "course.toml"
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"{file}: it cannot be read: {error}") from None
    problems = []

    def fits(entry, where, needed, allowed=()):
        """Whether a table has the needed keys with values of their types, and no others; what is wrong is noted."""
        before = len(problems)
        for key, kind in needed.items():
            value = entry.get(key)
            number = kind is float and isinstance(value, int)
            if isinstance(value, bool) or not (isinstance(value, kind) or number) or (kind is not str and value <= 0):
                problems.append(f"{where}: {key} must be {_KINDS[kind]}, not {value!r}")
        problems.extend(
            f"{where}: {key!r} means nothing here; remove it, or mend its spelling" for key in set(entry) - {*needed, *allowed}
        )
        return len(problems) == before

    fits(table, str(file), {"title": str, "public_seed": str}, ("limits", "chapters", "places", "assignment", "site"))
    chapters, places, site = table.get("chapters", {}), table.get("places", {}), table.get("site")
    fits(chapters, f"{file}, [chapters]", dict.fromkeys(chapters, str))
    fits(places, f"{file}, [places]", dict.fromkeys(places, str))
    if site is not None and not (isinstance(site, str) and site.startswith(("https://", "http://"))):
        problems.append(f"{file}: site must be the address of the book in the web, as https://..., not {site!r}")
    limits = table.get("limits", {})
    fits(limits, f"{file}, [limits]", {key: int if kind is int else float for key, kind in Limits.__annotations__.items()})
    assignments = [
        _assignment(entry, f"{file}, assignment {entry.get('id', n)!r}", folder, fits, problems)
        for n, entry in enumerate(table.get("assignment", []), 1)
    ]
    problems.extend(f"{file}: two assignments are called {id!r}" for id in _twice([a.id for a in assignments if a]))
    for assignment in filter(None, assignments):
        for question in assignment.questions:
            if question.chapter not in chapters:
                problems.append(f"{file}, {assignment.id} {question.id}: the chapter {question.chapter!r} is not in [chapters]")
    if problems:
        raise CourseError("\n".join(problems))
    return Course(table["title"], table["public_seed"], Limits(**limits), chapters, places, tuple(assignments), folder, site)


_KINDS = {str: "a text", int: "a whole number above 0", float: "a number above 0"}


def _assignment(entry, where, folder, fits, problems):
    if not fits(entry, where, {"id": str, "title": str}, ("part", "question")):
        return None
    if not _NAME.fullmatch(entry["id"]):
        problems.append(f"{where}: an id is of small letters, digits and hyphens, as it names a folder")
    questions = [
        _question(q, f"{where}, question {q.get('id', n)!r}", fits, problems) for n, q in enumerate(entry.get("question", []), 1)
    ]
    if not questions:
        problems.append(f"{where}: it has no questions; add a table [[assignment.question]]")
    found = [question for question in questions if question]
    problems.extend(f"{where}: two questions are called {id!r}" for id in _twice([q.id for q in found]))
    problems.extend(f"{where}: two questions have the answer {name!r}" for name in _twice([q.answer for q in found if q.answer]))
    return Assignment(entry["id"], entry["title"], entry.get("part", ""), tuple(found), folder / entry["id"])


def _question(entry, where, fits, problems):
    essay = entry.get("form") == "essay"
    needed = {"id": str, "title": str, "kind": str, "form": str, "minutes": int, "section": str}
    if not fits(entry, where, needed | ({"points": int} if essay else {"answer": str})):
        return None
    for key, known in (("kind", KINDS), ("form", FORMS)):
        if entry[key] not in known:
            problems.append(f"{where}: {key} must be one of {', '.join(known)}, not {entry[key]!r}")
    if (entry["kind"] == "essay") != essay:
        problems.append(
            f"{where}: an essay has both the kind and the form essay, but here they are {entry['kind']!r} and {entry['form']!r}"
        )
    if not _ID.fullmatch(entry["id"]):
        problems.append(f"{where}: the id of a question is q and its number, as q1, and not {entry['id']!r}")
    if not _PLACE.fullmatch(entry["section"]):
        problems.append(f"{where}: section must read part/chapter#label, not {entry['section']!r}")
    if not essay and not entry["answer"].isidentifier():
        problems.append(f"{where}: answer must be a name in Python, not {entry['answer']!r}")
    common = {key: entry[key] for key in needed}
    return Question(**common, answer=entry.get("answer"), stated_points=entry.get("points"))


def _twice(names):
    return sorted({name for name in names if names.count(name) > 1})


# ----------------------------------------------------------------------------------------------------- tests and their numbers


def _module(file, id):
    """A Python file of an assignment as a module. It is compiled here, so that no `__pycache__` appears in the exercises."""
    name = f"exercises_{id.replace('-', '_')}_{file.stem}"
    module = types.ModuleType(name)
    module.__file__ = str(file)
    try:
        code = compile(file.read_text("utf-8"), str(file), "exec")
        sys.modules[name] = module  # dataclasses look their module up
        exec(code, module.__dict__)
    except OSError as error:
        raise CourseError(f"{file}: it cannot be read: {error.strerror}") from None
    except ModuleNotFoundError as error:
        sys.modules.pop(name, None)
        if error.name and error.name.partition(".")[0] == "sympy":
            raise CourseError(f"The tests of {id!r} need SymPy, which is not installed: {NEEDED}") from None
        raise
    except SyntaxError as error:
        raise CourseError(f"{file}: {error}") from None
    return module


def question_key(seed, question, submission=""):
    """The key of the random numbers of a question: HMAC-SHA256 with the seed of (digest of the submission, question id).

    seed: text or bytes, public or a class's own. submission: "" for a reader alone, who gets the same numbers each time.
    """
    seed = seed.encode() if isinstance(seed, str) else seed
    return hmac.digest(seed, f"{submission}\n{question}".encode(), hashlib.sha256)


def generator(key, test):
    """The random numbers of one test (`testing.Test`) of a question with this `question_key`: those of no other test."""
    return np.random.default_rng(int.from_bytes(hmac.digest(key, test.title.encode(), hashlib.sha256)))
