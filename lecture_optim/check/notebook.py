"""A reader's own notebook, read and run here: without a jail, as the reader's own kernel would run it.

``python -m lecture_optim.check.notebook FILE`` runs it in its own process and says what it does, in lines of JSON.
``python -m lecture_optim.check grade`` starts that as a child, so that a notebook that never ends can be stopped.
"""

import ast
import contextlib
import json
import linecache
import os
import re
import signal
import sys
import types
from dataclasses import dataclass
from pathlib import Path

from lecture_optim.check.alone import judge
from lecture_optim.check.course import CourseError, load

__all__ = ["Damaged", "Notebook", "read"]

_OPENED = re.compile(r"""open_assignment\(\s*["']([^"']+)["']""")


class Damaged(ValueError):
    """A file that is no notebook of an assignment; the text says what is wrong with it, and what to do."""


class TooLong(BaseException):
    """Time is up: no Exception, as students' code may catch those."""


@dataclass(frozen=True)
class Notebook:
    """The assignment that a notebook answers, by its id, and its code cells in order, as pairs (number among them, code)."""

    assignment: str
    code: tuple


def read(file):
    """The `Notebook` in a file. Raises `Damaged`."""
    file = Path(file)
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError:
        raise Damaged(f"{file}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{file}: it cannot be read as text ({error}); is it the notebook, and not an archive of it?") from None
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{file}: it is no notebook, as it is no JSON ({error}); save it again from JupyterLab") from None
    cells = table.get("cells") if isinstance(table, dict) else None
    if not isinstance(cells, list):
        raise Damaged(f"{file}: it has no cells in notebook format 4; open it in JupyterLab and save it again")
    code = []
    for n, cell in enumerate(cells, 1):
        source = cell.get("source", "") if isinstance(cell, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(source, str):
            raise Damaged(f"{file}: its cell {n} has no text; delete that cell, or begin from a new copy of the notebook")
        if cell.get("cell_type") == "code":
            code.append((len(code) + 1, source))
    known = table.get("metadata")
    known = known.get("lecture_optim") if isinstance(known, dict) else None
    id = known.get("assignment") if isinstance(known, dict) else None
    if not isinstance(id, str):
        # A copy through another program may have lost the notebook's own fields.
        opened = [found for _, source in code for found in _OPENED.findall(source)]
        if len(set(opened)) != 1:
            raise Damaged(
                f'{file}: no line says which assignment it answers; it needs check = open_assignment("...") in one cell'
            )
        id = opened[0]
    return Notebook(id, tuple(code))


def _python(source):
    """A cell without the lines that are commands of the notebook and not Python, which are no part of any answer."""
    try:
        ast.parse(source)
        return source
    except SyntaxError:
        return re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)


@contextlib.contextmanager
def _within(seconds):
    """Interrupt what runs here after so many seconds, by `TooLong`, where the system has an alarm (Windows has none)."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(number, frame):
        raise TooLong(f"it did not end within {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _run(file, say):
    """Run a notebook's cells in one namespace, and its tests; say: takes each event, a dict."""
    notebook, course = read(file), load()
    assignment = course.assignment(notebook.assignment)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    for n, source in notebook.code:
        say({"cell": n})
        name = f"code cell {n} of {file.name}"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        try:
            with _within(course.limits.cell_seconds):
                exec(compile(_python(source), name, "exec"), module.__dict__)
        except (Exception, SystemExit, TooLong) as error:
            say({"cell": n, "raised": f"{type(error).__name__}: {error}"[:300]})
    for question in assignment.questions:
        if question.form == "essay":
            continue
        say({"question": question.id})
        if question.answer not in vars(module):
            say({"question": question.id, "missing": question.answer})
            continue
        try:
            with _within(course.limits.cell_seconds):
                outcomes = judge(assignment, question.id, vars(module)[question.answer], course.public_seed)
            say({"question": question.id, "outcomes": [vars(outcome) for outcome in outcomes]})
        except (CourseError, TooLong) as error:
            say({"question": question.id, "refused": str(error)})
    say({"end": True})


def _main(file):
    # What the notebook prints is thrown away; the events go to the stream that was standard output.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.path.insert(0, "")

    def say(event):
        events.write(json.dumps(event) + "\n")
        events.flush()

    _run(Path(file), say)


if __name__ == "__main__":
    _main(sys.argv[1])
