"""The notebooks of an assignment, made from its one source: the student's, the solution, and the source for nbgrader.

None of them is ever edited: edit `source.md`, and release again.
"""

import os
import re
from pathlib import Path

from lecture_optim.check import course as _course
from lecture_optim.check.handout import cells, essay_cell, notebook
from lecture_optim.check.handout import student as _student
from lecture_optim.check.source import BEGIN, END, plain, read
from lecture_optim.grading.gate import gate

__all__ = ["ReleaseError", "nbgrader_source", "release", "solution", "student"]


class ReleaseError(ValueError):
    """An assignment that must not be released; the text says what fails, line by line."""


def student(id, folder=None):
    """The student's notebook of an assignment. folder: of the exercises, by default the repository's or the wheel's."""
    course = _course.load(folder)
    return _student(course, course.assignment(id))


def solution(id, folder=None):
    """The solution notebook of an assignment, executed, with its outputs.

    ReleaseError: a cell raises. ModuleNotFoundError: nbclient or ipykernel is not installed.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpecManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    course = _course.load(folder)
    assignment = course.assignment(id)
    shown = ("statement", "hint", "essay", "solution", "answer")
    made = notebook(assignment, cells(course, assignment, read(assignment), lambda text, question: plain(text), shown))
    # With no kernel folder to look in, python3 is the interpreter that runs this.
    kernel = AsyncKernelManager(
        kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]), transport_encryption="auto"
    )
    client = NotebookClient(
        made,
        km=kernel,
        timeout=course.limits.notebook_seconds,
        record_timing=False,
        coalesce_streams=True,
        shutdown_kernel="immediate",
    )
    try:
        client.execute(cleanup_kc=True, env={**os.environ, _course.ELSEWHERE: str(course.folder.resolve())})
    except CellTimeoutError:
        raise ReleaseError(f"{id}: a cell of the solution takes more than {course.limits.notebook_seconds:g} seconds") from None
    except CellExecutionError as error:
        raise ReleaseError(f"{id}: a cell of the solution raises {error.ename}: {error.evalue}") from None
    # The interpreter's version would differ from one machine to the next.
    made.metadata["language_info"] = {"name": "python"}
    return made


def nbgrader_source(id, folder=None):
    """The instructor's notebook of an assignment for nbgrader: ``nbgrader generate_assignment`` makes the student's from it.

    Each question is a solution cell, called by its id, and a locked cell ``<id>-check`` with its points, whose last line is the
    number of points, which nbgrader takes as partial credit. An essay is one cell that a person marks, with its marking scheme
    where nbgrader cuts the solution out.
    """
    course = _course.load(folder)
    assignment = course.assignment(id)
    source = read(assignment)
    made = cells(course, assignment, source, _named)
    for cell in made:
        own = cell["metadata"]
        question, role = own.get("question"), own.get("role")
        if question is None:
            continue
        points = assignment.points(question)
        if role == "answer":
            own["nbgrader"] = _nbgrader(cell, question, solution=True)
        elif role == "check":
            cell["source"] += f'\ncheck.earned("{question}")'
            own["nbgrader"] = _nbgrader(cell, f"{question}-check", grade=True, locked=True, points=points)
        elif role == "text":
            scheme = "\n\n".join(source.of(question, "marking"))
            cell["source"] = essay_cell(question, f"{BEGIN}\n{scheme}\n{END}")
            own["nbgrader"] = _nbgrader(cell, question, grade=True, solution=True, points=points)
    return notebook(assignment, made)


def _named(text, question):
    """An answer cell whose name is still to be read when nbgrader has cut the solution out."""
    return re.sub(rf"^{BEGIN}", f"{question.answer} = None\n{BEGIN}", text, count=1, flags=re.MULTILINE)


def _nbgrader(cell, id, *, grade=False, solution=False, locked=False, points=None):
    """The fields of nbgrader's format 3."""
    fields = {"schema_version": 3, "grade_id": id, "cell_type": cell["cell_type"], "grade": grade, "solution": solution}
    fields |= {"locked": locked, "task": False}
    return fields | ({"points": points} if points is not None else {})


def release(id, folder, exercises=None):
    """Write the notebooks of an assignment below a folder, if the assignment passes the gate; returns the paths written.

    ``<folder>/<id>/<id>.ipynb`` is the student's, ``<id>-solution.ipynb`` beside it the solution, and
    ``<folder>/nbgrader/source/<id>/<id>.ipynb`` the source for nbgrader. What an earlier release wrote there is replaced.
    exercises: the folder of the exercises. ReleaseError: what fails, line by line; nothing is written then.
    """
    import nbformat

    course = _course.load(exercises)
    if problems := gate(course, course.assignment(id)):
        raise ReleaseError(f"{id} is not released:\n" + "\n".join(f"  - {problem}" for problem in problems))
    folder = Path(folder)
    inside = course.folder.resolve()
    if inside == folder.resolve() or inside in folder.resolve().parents:
        raise ReleaseError(f"{folder} is inside the exercises themselves: release into another folder")
    made = {
        folder / id / f"{id}.ipynb": student(id, exercises),
        folder / id / f"{id}-solution.ipynb": solution(id, exercises),
        folder / "nbgrader" / "source" / id / f"{id}.ipynb": nbgrader_source(id, exercises),
    }
    for path, content in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(nbformat.writes(content) + "\n", "utf-8")
        part.replace(path)
    return list(made)
