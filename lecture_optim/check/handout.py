"""The notebook that a student gets: the source's introduction and statements, hints to unfold, stubs, and a check after each.

It is made of named roles only (statement, hint, essay, the stub of an answer), so that what is added to a source later, under
another role, stays out of it.
"""

import re

from lecture_optim.check.show import plural
from lecture_optim.check.source import blank, read

__all__ = ["KERNEL", "cells", "essay_cell", "heading", "notebook", "student"]

KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
HOW_TO = """\
Fill in each answer cell and run it; the cell below it checks the answer at once, here, without a network, and may be run as often
as you like. Hints unfold on a click, and after a check `check.solution("{first}")` shows the full solution. Rename no answer, and
keep the cells in their order."""


def student(course, assignment):
    """The notebook of an assignment as a student gets it. Raises course.CourseError where the source is not whole."""
    return notebook(assignment, cells(course, assignment, read(assignment), blank))


def notebook(assignment, cells):
    """A notebook of these cells. It has one form only: the ids of cells are their places in it."""
    import nbformat.v4 as v4

    for n, cell in enumerate(cells, 1):
        cell["id"] = f"{assignment.id}-{n}"
    return v4.new_notebook(cells=cells, metadata={**KERNEL, "lecture_optim": {"assignment": assignment.id}})


def essay_cell(question, text=""):
    """The cell of an essay. What stands below its marker line is the essay; the grader looks for that line."""
    return f"**Your text for {question}.** Open this cell and write below its last line.\n\n<!-- essay: {question} -->\n{text}"


def heading(course, assignment, question):
    """Title, kind, points and minutes of a question, and where to read."""
    part, page = (name.partition("-")[0].lstrip("0") for name in question.chapter.split("/"))
    place = course.places.get(question.section)
    where = f"*{course.chapters[question.chapter]}*{f': {place}' if place else ''}"
    if course.site:
        where = f"[{where}]({course.site.rstrip('/')}/{question.page})"
    return (
        f"## {question.id}. {question.title}\n\n"
        f"*{question.kind}, {plural(assignment.points(question.id))}, "
        f"about {question.minutes} {'minute' if question.minutes == 1 else 'minutes'}.* "
        f"Read part {part}, chapter {page}, {where}{'' if course.site else f' (`{question.page}`)'}."
    )


def cells(course, assignment, source, answer, visible=("statement", "hint", "essay", "answer")):
    """The cells of a notebook made from a source, in order.

    answer: a function of (the text of an answer cell, its question) that gives what stands in the notebook. visible: the roles
    that are shown.
    """
    import nbformat.v4 as v4

    made, opened, headed, hints = [], False, set(), {}

    def add(cell, **metadata):
        made.append(cell)
        cell["metadata"].update(metadata)

    def open_check():
        text = f'from lecture_optim.check import open_assignment\n\ncheck = open_assignment("{assignment.id}")'
        add(v4.new_code_cell(text), role="check")

    first = assignment.questions[0].id
    minutes = assignment.minutes
    total = sum(assignment.points(question.id) for question in assignment.questions)
    facts = f"{len(assignment.questions)} questions, {total} points, about {minutes} minutes"
    texts = list(source.cells)
    if not (texts and texts[0].kind == "markdown" and texts[0].question is None):
        texts.insert(0, None)
    opening = texts.pop(0)
    text = opening.text if opening else ""
    title, _, intro = text.partition("\n") if text.startswith("# ") else (f"# {assignment.title}", "", text)
    add(v4.new_markdown_cell("\n\n".join(filter(None, [title, f"*{facts}*", intro.strip()]))))
    add(v4.new_markdown_cell(HOW_TO.format(first=first).replace("\n", " ")))

    for cell in texts:
        if not opened and (cell.kind == "code" or cell.question is not None):
            open_check()
            opened = True
        if cell.question is None:
            add(v4.new_code_cell(cell.text) if cell.kind == "code" else v4.new_markdown_cell(cell.text))
            continue
        if cell.role not in visible:
            continue
        question = assignment.question(cell.question)
        own = {"question": question.id, "role": cell.role}
        text = cell.text
        if cell.role in ("statement", "essay") and question.id not in headed:
            headed.add(question.id)
            # The title may open the text too, for who reads the source.
            text = re.sub(rf"\A\*\*{re.escape(question.title)}\.?\*\*\s+", "", text)
            text = f"{heading(course, assignment, question)}\n\n{text}"
        if cell.role == "hint":
            hints[question.id] = n = hints.get(question.id, 0) + 1
            text = f"<details>\n<summary>Hint {n}</summary>\n\n{text}\n\n</details>"
        if cell.role == "solution":
            text = f"**Solution.** {text}"
        if cell.role == "answer":
            add(v4.new_code_cell(answer(text, question)), **own)
            add(v4.new_code_cell(f'check("{question.id}", {question.answer})'), question=question.id, role="check")
        else:
            add(v4.new_markdown_cell(text), **own)
        if cell.role == "essay":
            add(v4.new_markdown_cell(essay_cell(question.id)), question=question.id, role="text")
    add(v4.new_code_cell("check.progress()"), role="check")
    return made
