"""The directive ``{assignment}``: an assignment of `exercises/` as a page, and the notebooks and the wheel for download.

The page is made of the same `source.md`, tests and order as the student's notebook: statements, stubs, what is checked, hints and
solutions to unfold. When the site is built, each notebook and one zip with all of them and the wheel are put beside the pages.
The section "Exercises" of a chapter ends with links to the graded questions on that chapter.
"""

import json
import os
import shutil
import zipfile
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from hatchling.builders.wheel import WheelBuilder
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from lecture_optim.check import handout, source
from lecture_optim.check.course import CourseError, load

DOWNLOADS = "_downloads/exercises"  # in the built site
BUNDLE = "exercises.zip"
ORDINALS = ("First", "Second", "Third", "Fourth")
logger = logging.getLogger(__name__)


class AssignmentPage(SphinxDirective):
    """What an assignment asks, question by question. Its argument is the assignment's id."""

    required_arguments = 1

    def run(self):
        """The nodes of the page; an error of the page where the course cannot be read."""
        try:
            self.course = load(Path(self.env.srcdir, "exercises"))
            self.assignment = self.course.assignment(self.arguments[0])
            self.source = source.read(self.assignment)
            self.tests = self.assignment.tests()
        except (CourseError, KeyError) as error:
            raise self.error(str(error)) from None
        self.env.metadata[self.env.docname]["assignment"] = self.assignment.id
        for file in ("../course.toml", "source.md", "tests.py"):
            self.env.note_dependency(os.path.relpath(self.assignment.folder / file, self.env.srcdir))
        return [*self.opening(), *(self.section(question) for question in self.assignment.questions)]

    def opening(self):
        """Facts, downloads, and the introduction with its set-up."""
        questions = self.assignment.questions
        points = sum(self.assignment.points(question.id) for question in questions)
        facts = f"{len(questions)} questions, {points} points, about {self.assignment.minutes} minutes."
        yield nodes.paragraph("", facts, classes=["exercise-facts"])
        notebook, bundle = (
            nodes.reference("", text, refuri=self.to(f"{DOWNLOADS}/{file}"), internal=False)
            for text, file in (
                ("the notebook of this assignment", f"{self.assignment.id}.ipynb"),
                ("all notebooks and the package in one zip", BUNDLE),
            )
        )
        yield nodes.paragraph("", "Download ", notebook, nodes.Text(", or "), bundle, nodes.Text("."))
        for cell in self.source.cells:
            if cell.question is None:
                if cell.kind == "markdown":
                    yield from self.parsed("\n".join(line for line in cell.text.splitlines() if not line.startswith("# ")))
                else:
                    yield self.code(cell.text)

    def section(self, question):
        """One question with what belongs to it."""
        texts = {role: self.source.of(question.id, role) for role in ("statement", "essay", "hint", "solution", "marking")}
        points = self.assignment.points(question.id)
        section = nodes.section(ids=[f"{self.assignment.id}-{question.id}"], names=[])
        section += nodes.title("", f"{question.id}. {question.title}")
        chapter = self.course.chapters[question.chapter]
        read = nodes.reference("", chapter, refuri=self.to(question.page), internal=False)
        facts = f"{question.kind.capitalize()}, {points} {'point' if points == 1 else 'points'}, about {question.minutes} "
        facts += "minute. Read " if question.minutes == 1 else "minutes. Read "
        section += nodes.paragraph("", facts, read, nodes.Text("."), classes=["exercise-facts"])
        for text in texts["statement"] + texts["essay"]:
            section += self.parsed(text)
        if question.form == "essay":
            section += self.fold("How it is marked", *(node for text in texts["marking"] for node in self.parsed(text)))
            return section
        answer = self.source.answer(question.id)
        section += self.code(source.blank(answer, question))
        items = [
            nodes.list_item("", nodes.paragraph("", f"{test.title} ({test.points} {'point' if test.points == 1 else 'points'})"))
            for test in self.tests[question.id]
        ]
        section += nodes.paragraph("", "What is checked:")
        section += nodes.bullet_list("", *items, bullet="-")
        for ordinal, text in zip(ORDINALS, texts["hint"], strict=False):
            section += self.fold(f"{ordinal} hint", *self.parsed(text))
        prose = [node for text in texts["solution"] for node in self.parsed(text)]
        section += self.fold("Solution", *prose, self.code(source.plain(answer)))
        return section

    def to(self, target):
        """The address of a file of the site as seen from this page."""
        return os.path.relpath(target, Path(self.env.docname).parent).replace(os.sep, "/")

    def code(self, text):
        return nodes.literal_block(text, text, language="python")

    def fold(self, title, *content):
        return nodes.admonition("", nodes.title("", title), *content, classes=["dropdown"])

    def parsed(self, text):
        """MyST text as nodes."""
        box = nodes.Element()
        box.document = self.state.document
        self.state.nested_parse(StringList(text.strip().splitlines()), self.content_offset, box)
        return box.children


def name_graded_questions(app, doctree):
    """Add to the section "Exercises" of a chapter, at its end, links to the graded questions on this chapter."""
    here, file = app.env.docname, Path(app.srcdir, "exercises", "course.toml")
    places = [title.parent for title in doctree.findall(nodes.title) if title.astext() == "Exercises"]
    if not places or not file.exists():
        return
    app.env.note_dependency(str(file))
    try:
        course = load(file.parent)
    except CourseError:  # told by the pages of the assignments
        return
    links = []
    for one in course.assignments:
        page = f"book/exercises/{one.id}"
        for question in one.questions if page in app.env.found_docs else ():
            if f"book/{question.chapter}" == here:
                address = f"{app.builder.get_relative_uri(here, page)}#{one.id}-{question.id}"
                links.append(nodes.reference("", question.title, refuri=address, internal=True))
    if links:
        text = [node for link in links for node in (nodes.Text(", "), link)][1:]
        places[-1] += nodes.paragraph("", "", nodes.strong("", "Graded: "), *text, nodes.Text("."))


def put_downloads(app, exception):
    """Write each assignment's notebook, the wheel, and the zip of all of them into a built site with a page of an assignment."""
    if exception is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir, DOWNLOADS)
    shutil.rmtree(folder, ignore_errors=True)  # an earlier build may have offered what is gone, such as an older wheel
    if not any("assignment" in facts for facts in app.env.metadata.values()):
        return
    try:
        course = load(Path(app.srcdir, "exercises"))
        notebooks = {f"{one.id}.ipynb": handout.student(course, one) for one in course.assignments}
    except CourseError as error:
        logger.error("the exercises cannot be offered for download: %s", error)
        return
    folder.mkdir(parents=True)
    wheel = Path(next(WheelBuilder(str(app.srcdir)).build(directory=str(folder))))
    for name, notebook in notebooks.items():
        (folder / name).write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")
    with zipfile.ZipFile(folder / BUNDLE, "w", zipfile.ZIP_DEFLATED) as bundle:
        for file in (*(folder / name for name in sorted(notebooks)), wheel, Path(app.srcdir, "exercises", "README.md")):
            # A ZipInfo of its own has a fixed date: the same sources give the same bytes.
            bundle.writestr(zipfile.ZipInfo(f"exercises/{file.name}"), file.read_bytes(), zipfile.ZIP_DEFLATED)


def setup(app):
    """Register the directive, the chapters' links, and the downloads."""
    app.add_directive("assignment", AssignmentPage)
    app.connect("doctree-read", name_graded_questions)
    app.connect("build-finished", put_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
