"""The one text of an assignment, `source.md`: a MyST notebook whose cells say to which question they belong, and as what.

    +++ {"question": "q1", "role": "statement"}        roles of text: statement, hint, solution, essay, marking
    ```{code-cell} ipython3
    :question: q1
    :role: answer                                      the stub, with the full solution between two marker lines
    ```

Cells without a question are introduction and set-up. Jupytext reads the text; it is imported when a text is read, not before.
"""

import re
from dataclasses import dataclass

from lecture_optim.check.course import NEEDED, CourseError

__all__ = ["BEGIN", "END", "MYST", "ROLES", "Cell", "Source", "blank", "plain", "read", "written"]

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
ROLES = {"markdown": ("statement", "hint", "solution", "essay", "marking"), "code": ("answer",)}
# Jupytext's own filter would drop fields of the page; the version of jupytext that wrote a text is no part of it.
MYST = {"extension": ".md", "format_name": "myst", "notebook_metadata_filter": "all,-jupytext,-language_info"}


@dataclass(frozen=True)
class Cell:
    """One cell. kind: "markdown" or "code"; question and role are None in the introduction and the set-up."""

    kind: str
    text: str
    question: str | None = None
    role: str | None = None


@dataclass(frozen=True)
class Source:
    """The cells of one assignment in order."""

    cells: tuple

    def of(self, question, role):
        """The texts of a question's cells in this role."""
        return [cell.text for cell in self.cells if (cell.question, cell.role) == (question, role)]

    def answer(self, question):
        """The answer cell of a question, with its solution."""
        (text,) = self.of(question, "answer")
        return text

    def before(self, question):
        """The code cells that stand before the answer cell of a question, and those of other questions among them."""
        place = next(n for n, cell in enumerate(self.cells) if (cell.question, cell.role) == (question, "answer"))
        return [cell for cell in self.cells[:place] if cell.kind == "code"]


def _jupytext():
    try:
        import jupytext
    except ModuleNotFoundError:
        raise CourseError(f"The text of an assignment is read by jupytext, which is not installed: {NEEDED}") from None
    return jupytext


def read(assignment):
    """The `Source` of an assignment. CourseError, with one line for each thing that is wrong."""
    file = assignment.folder / "source.md"
    jupytext = _jupytext()
    try:
        notebook = jupytext.reads(file.read_text("utf-8"), MYST)
    except OSError as error:
        raise CourseError(f"{file}: it cannot be read: {error.strerror}") from None
    except Exception as error:  # the parser's errors have no common class
        raise CourseError(f"{file}: it is no MyST notebook: {' '.join(str(error).split())[:300]}") from None
    cells = tuple(Cell(c.cell_type, c.source, c.metadata.get("question"), c.metadata.get("role")) for c in notebook.cells)
    if problems := list(_problems(cells, assignment)):
        raise CourseError("\n".join(f"{file}: {problem}" for problem in problems))
    return Source(cells)


def written(text):
    """A source's text, read as a notebook and written again: the same, or it is not in the one form that it must have."""
    jupytext = _jupytext()
    return jupytext.writes(jupytext.reads(text, MYST), MYST)


def _problems(cells, assignment):
    """What is wrong with the cells of an assignment, line by line."""
    known = {question.id: question for question in assignment.questions}
    for n, cell in enumerate(cells, 1):
        here = f"cell {n} ({' '.join(cell.text.split())[:40]!r})"
        if cell.question is None and cell.role is None:
            if BEGIN in cell.text or END in cell.text:
                yield f"{here}: it holds a solution, but no question; give it a question and the role answer"
        elif cell.question not in known:
            yield f"{here}: the question {cell.question!r} is not in course.toml, which has {', '.join(known)}"
        elif cell.role not in ROLES.get(cell.kind, ()):
            yield f"{here}: the role {cell.role!r} of a {cell.kind} cell is none of {', '.join(ROLES.get(cell.kind, ()))}"
        elif cell.kind == "markdown" and (BEGIN in cell.text or END in cell.text):
            yield f"{here}: markers of a solution stand in text; they belong into the answer cell"
    for id, question in known.items():
        wanted = (
            {"essay": 1, "marking": 1} if question.form == "essay" else {"statement": 1, "hint": 2, "solution": 1, "answer": 1}
        )
        for role, least in wanted.items():
            found = [cell for cell in cells if (cell.question, cell.role) == (id, role)]
            one = role in ("answer", "essay")
            if len(found) < least or (one and len(found) > 1):
                yield f"{id} has {len(found)} cells of the role {role}, and needs {least}{'' if one else ' or more'}"
            for cell in found if role == "answer" else ():
                try:
                    blank(cell.text, question)
                except CourseError as error:
                    yield str(error)
    order = [cell.question for cell in cells if cell.role in ("answer", "essay")]
    if order != [id for id in known if id in order]:
        yield f"the questions stand in the order {', '.join(map(str, order))}, and in course.toml as {', '.join(known)}"


def blank(code, question):
    """The student's version of an answer cell: each solution gives way to a line that says that nothing is answered yet.

    Inside a function that is ``raise NotImplementedError("q1")``, at the margin ``name = None``.
    CourseError: the marker lines do not come in pairs, or there are none.
    """
    lines, indent, found = [], None, 0
    for line in code.splitlines():
        mark = line.strip()
        if mark == BEGIN:
            if indent is not None:
                raise CourseError(f"{question.id}: a second {BEGIN!r} before {END!r}")
            indent, found = line[: len(line) - len(line.lstrip())], found + 1
            lines.append(f'{indent}raise NotImplementedError("{question.id}")' if indent else f"{question.answer} = None")
        elif mark == END:
            if indent is None:
                raise CourseError(f"{question.id}: {END!r} without {BEGIN!r} before it")
            indent = None
        elif indent is None:
            lines.append(line)
    if indent is not None:
        raise CourseError(f"{question.id}: {BEGIN!r} without {END!r} after it")
    if not found:
        raise CourseError(f"{question.id}: its answer cell has no solution between the lines {BEGIN!r} and {END!r}")
    return "\n".join(lines)


def plain(code):
    """An answer cell with its solution, without the marker lines."""
    return re.sub(rf"^[ \t]*({BEGIN}|{END})[ \t]*\n?", "", code, flags=re.MULTILINE).rstrip("\n")
