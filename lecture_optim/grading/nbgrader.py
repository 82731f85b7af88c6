"""nbgrader with our runner: its gradebook, hand marking and exchange stay, its execution of tests in the student's kernel goes.

    # nbgrader_config.py, in the folder of the course
    from lecture_optim.grading.nbgrader import configure

    c = get_config()
    configure(c, seed_file="~/class.seed")

Then ``nbgrader generate_assignment``, ``collect``, ``autograde``, the formgrader, ``generate_feedback`` and ``export`` do what
they always do. What is graded is the file that was handed in, not what nbgrader makes of it, so a submission has the same points
by every route. A question that is ungraded has no automatic score, *needs manual grade*, and the reason as its comment.

nbgrader's public hooks are used and nothing else: ``Autograde.autograde_preprocessors`` (`JailedAutograde`), its brothers
``sanitize_preprocessors`` (`RestoreCells`) and ``exporter_class`` (`TolerantExporter`), without which a copied or damaged cell
would end the run before it came to the grading, and ``ExportApp.plugin_class`` (`GradesByQuestion`).
"""

import contextlib
import csv
import re
import weakref
from html import unescape
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode, v4
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters.base import NbGraderException
from nbgrader.plugins import ExportPlugin
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, ClearOutput, NbGraderPreprocessor, OverwriteKernelspec
from traitlets import Bool, Unicode

from lecture_optim.check import notebook
from lecture_optim.grading import classroom, report
from lecture_optim.grading.jail import Jail, JailError
from lecture_optim.grading.runner import Limits
from lecture_optim.grading.seeds import Refused, read_seed
from lecture_optim.grading.sheets import safe

__all__ = ["GradebookError", "GradesByQuestion", "JailedAutograde", "RestoreCells", "TolerantExporter", "configure"]

CHECK = "-check"  # what `release.nbgrader_source` adds to a question's id for its grade cell; an essay's cell has the id itself
UNGRADED = "ungraded: "
NO_ESSAY = "No text was found below the marker of this essay."
SCHEMA = 3  # of nbgrader's metadata, as in `release`


class GradebookError(ValueError):
    """nbgrader's database and the course do not fit together; the text says what differs and how to mend it."""


def configure(config, seed_file, *, tests=None, exercises=None, unjailed=False):
    """Set up nbgrader for these exercises.

    config: what ``get_config()`` gives in ``nbgrader_config.py``. seed_file: the secret of the class (``python -m
    lecture_optim.grading seed``). tests: a folder of private tests. exercises: the folder of the course (the package's unless
    given). unjailed: run students' code without a jail, where all of it is trusted.
    """
    config.Autograde.exporter_class = TolerantExporter
    config.Autograde.sanitize_preprocessors = [ClearOutput, RestoreCells, OverwriteKernelspec, CheckCellMetadata]
    config.Autograde.autograde_preprocessors = [JailedAutograde, AssignLatePenalties, CheckCellMetadata]
    config.JailedAutograde.seed_file = _absolute(seed_file)
    config.JailedAutograde.tests = _absolute(tests)
    config.JailedAutograde.exercises = _absolute(exercises)
    config.JailedAutograde.unjailed = unjailed
    # A blank essay is blank: a stub below its marker would be its text.
    config.ClearSolutions.text_stub = ""


def _absolute(path):
    return "" if path is None else str(Path(path).expanduser().absolute())


# ------------------------------------------------------------------------------------------------- what was handed in, made whole


class TolerantExporter(NotebookExporter):
    """Reads a submission as far as it can be read: a damaged one becomes a notebook of its text, or of the reason why not.

    Only for eyes and comments: `JailedAutograde` reads the file itself.
    """

    def __init__(self, config=None, **kw):
        super().__init__(config=config, **kw)
        JailedAutograde(parent=self).ready()  # what concerns every submission is said once, before the first

    def from_file(self, file_stream, resources=None, **kw):
        """Convert what a text file, opened by nbconvert, holds in bytes. A link is not followed: it can point to any file."""
        if Path(file_stream.name).is_symlink():
            return self.from_notebook_node(
                _unreadable("the file is a link, and links are not followed"), resources=resources, **kw
            )
        return self.from_notebook_node(_legible(file_stream.buffer.read()), resources=resources, **kw)


def _unreadable(reason):
    # Indented text is code in Markdown: nothing in a reason can become HTML.
    return v4.new_notebook(cells=[v4.new_markdown_cell(f"This file cannot be read:\n\n    {UNGRADED}{reason}")])


def _legible(data):
    """A notebook of these bytes that holds to the format."""
    try:
        found = notebook.read(data)
    except notebook.NotebookError as error:
        return _unreadable(error)
    try:
        made = nbformat.reads(data.decode("utf-8"), as_version=4)
        nbformat.validate(made)
        return made
    except Exception:  # nbformat meets damage with errors of every kind
        essays = [v4.new_markdown_cell(f"<!-- essay: {id} -->\n{text}") for id, text in found.essays.items()]
        return v4.new_notebook(cells=[*map(v4.new_code_cell, found.cells), *essays])


class RestoreCells(NbGraderPreprocessor):
    """Gives each cell of the assignment its nbgrader metadata back, as the gradebook has it, whatever became of it on the way.

    It stands in for nbgrader's DeduplicateIds and OverwriteCells: the first leaves a copied cell in a state that ends the whole
    run, the second knows a cell by its metadata only, which Colab takes away. What could run in a browser is taken out, as the
    formgrader and the feedback show text cells with the HTML that a student wrote into them.
    """

    def preprocess(self, nb, resources):
        """Return the notebook with its cells restored, and the resources."""
        where = resources["nbgrader"]
        with Gradebook(where["db_url"]) as gradebook:
            wanted = _source_cells(gradebook, where)
        claims = {}
        for n, cell in enumerate(nb.cells):
            own = cell.metadata.get("nbgrader")
            id = own.get("grade_id") if isinstance(own, dict) else None
            if isinstance(id, str) and id in wanted and wanted[id]["cell_type"] == cell.cell_type:
                claims[id] = n  # of copies the last counts, as in nbgrader
            _disarm(cell)
        nb.metadata = NotebookNode(language_info=NotebookNode(name="python"))
        for id in sorted(wanted, key=lambda id: not wanted[id]["grade"]):  # an answer is found by the check below it
            if id not in claims and (n := _found(nb.cells, id, wanted[id], claims)) is not None:
                claims[id] = n
        for id, want in wanted.items():
            if id in claims:
                cell = nb.cells[claims[id]]
            elif want["grade"]:
                text = f"{id} is not in this submission."
                cell = v4.new_code_cell(want["source"]) if want["cell_type"] == "code" else v4.new_markdown_cell(text)
                nb.cells.append(cell)
            else:
                continue
            if want["locked"]:
                cell.source = want["source"]
            fields = ("cell_type", "checksum", "grade", "locked", "points", "solution")
            cell.metadata["nbgrader"] = {key: want[key] for key in fields if key in want}
            cell.metadata["nbgrader"] |= {"schema_version": SCHEMA, "grade_id": id, "task": False}
        return nb, resources


TAG = re.compile(r"<(?=[A-Za-z/!?])(?!/?(?:details|summary)>|!-- essay: [A-Za-z0-9_-]{1,40} -->)")

SCRIPT = re.compile(r"(java|vb)script:|data:(text/|application/|image/svg)")
NAME = re.compile(r"[\w.-]+")
ATTACHED = re.compile(r"attachment:([^\s\"'()<>]*)")


def _disarm(cell):
    """Leave nothing in a cell that a browser would take for more than text and pictures."""
    cell.metadata = NotebookNode()
    if cell.cell_type != "code":
        # A space, which mathematics does not show, makes a tag text; an entity would show where mathematics or code stands.
        cell.source = TAG.sub("< ", cell.source)
        attached = cell.pop("attachments", {})
        kept = {name: kinds for name, kinds in attached.items() if NAME.fullmatch(name) and all(map(_picture, kinds.items()))}
        if kept:
            cell["attachments"] = kept
        flat = re.sub(r"[\s\\\x00-\x20]", "", unescape(unescape(cell.source))).lower()
        if SCRIPT.search(flat):  # a link that runs something; indented, it is shown as it is written
            cell.source = "\n".join(f"    {line}" for line in cell.source.splitlines())
        # A picture that is not there would end nbgrader's feedback.
        cell.source = ATTACHED.sub(lambda found: found[0] if found[1] in kept else f"missing {found[1]}", cell.source)


def _picture(item):
    kind, data = item
    plain = isinstance(data, str) and re.fullmatch(r"[A-Za-z0-9+/=\s]*", data)
    return bool(plain) and re.fullmatch(r"image/(png|jpeg|gif)", kind) is not None


def _source_cells(gradebook, where):
    """What the gradebook knows of the cells of a notebook, by id."""
    found = gradebook.find_notebook(where["notebook"], where["assignment"])
    points = {cell.name: cell.max_score for cell in found.grade_cells}
    solutions = {cell.name for cell in found.solution_cells}
    made = {}
    for cell in found.source_cells:
        made[cell.name] = {
            "cell_type": cell.cell_type, "source": cell.source, "checksum": cell.checksum, "locked": cell.locked,
            "grade": cell.name in points, "solution": cell.name in solutions,
        }  # fmt: skip
        if cell.name in points:
            made[cell.name]["points"] = points[cell.name]
    return made


def _found(cells, id, want, claims):
    """The place of a cell that has lost its metadata, by what it says or where it stands; None where there is none."""
    taken = set(claims.values())
    question = id.removesuffix(CHECK)
    if not want["grade"]:
        below = claims.get(f"{id}{CHECK}")
        above = range((below or 0) - 1, -1, -1)
        place = next((n for n in above if cells[n].cell_type == "code"), None)
        return None if place in taken else place
    essay = want["cell_type"] == "markdown"
    sign = rf"<!--\s*essay:\s*{re.escape(question)}\s*-->" if essay else rf"check\(\s*['\"]{re.escape(question)}['\"]"
    places = [n for n, cell in enumerate(cells) if cell.cell_type == want["cell_type"] and re.search(sign, cell.source)]
    return next((n for n in reversed(places) if n not in taken), None)


# ------------------------------------------------------------------------------------------------------------------------ grading


class JailedAutograde(NbGraderPreprocessor):
    """Grades the submitted file by our runner in its jail, and writes points, reasons and what the tests said.

    A question's points become the automatic score of its grade cell; an essay and an ungraded question *need manual grade*. The
    student's report stands beside the autograded notebook as ``report/NOTEBOOK.html``, and ``generate_feedback`` takes it along.
    What only the teacher may read, such as what broke a hidden test, stands in the log and in the metadata of the autograded
    notebook, which no feedback shows.
    """

    seed_file = Unicode("", help="The file with the secret of the class").tag(config=True)
    tests = Unicode("", help="A folder of private tests, in it ID/tests.py").tag(config=True)
    exercises = Unicode("", help="The folder of the course; the package's own where it is empty").tag(config=True)
    unjailed = Bool(False, help="Run students' code without a jail: only if all of it is trusted").tag(config=True)

    def ready(self):
        """The seed of the class and the jail, made once for all submissions of a run; it goes when the converter does.

        Raises nbgrader's own NbGraderException, which ends a run with its text, where there is no seed or no jail.
        """
        converter = _converter(self)
        try:
            if not self.seed_file:
                raise GradebookError("no seed of the class: call configure(c, seed_file=...) in nbgrader_config.py")
            seed = read_seed(self.seed_file)
            if converter not in _JAILS:
                course = converter.coursedir
                folders = ("source", "release", "submitted", "autograded", "feedback")
                hidden = [Path(course.root, getattr(course, f"{name}_directory")) for name in folders]
                hidden += [Path(course.root, "gradebook.db"), self.seed_file, *([self.tests] if self.tests else [])]
                handed_in = [Path(file) for files in converter.assignments.values() for file in files]
                preload = classroom.modules((), handed_in)  # of any assignment: what proofs need, their notebooks speak of
                _JAILS[converter] = jail = Jail(unjailed=self.unjailed, preload=preload, hidden=hidden)
                weakref.finalize(converter, jail.close)
        except (Refused, JailError, GradebookError) as error:
            self.log.error("%s", error)
            raise NbGraderException(str(error)) from None
        return seed, _JAILS[converter]

    def preprocess(self, nb, resources):
        """Return the notebook with what the tests said below each check, and the resources with the report.

        Raises what concerns every submission alike: as `ready` does, for an unknown assignment, and GradebookError.
        """
        where = resources["nbgrader"]
        id, student = where["notebook"], where["student"]
        seed, jail = self.ready()
        limits, assignment = classroom.open_assignment(id, self.exercises or None, self.tests or None)
        course = _converter(self).coursedir
        path = Path(course.format_path(course.submitted_directory, student, where["assignment"]), f"{id}.ipynb")
        with Gradebook(where["db_url"]) as gradebook:
            _compare(gradebook.find_notebook(id, where["assignment"]), assignment, where["assignment"])
        limits = Limits.of(limits)
        record = classroom.grade_one(path, assignment, id=id, student=student, jail=jail, seed=seed, limits=limits)
        seen = report.for_student(record)
        with Gradebook(where["db_url"]) as gradebook:
            _save(gradebook, where, assignment, seen)
        if (state := report.state(record)).startswith("ungraded"):
            self.log.warning("%s, %s: %s", student, id, state)
            for question in record["questions"]:
                if question["state"] == "ungraded":
                    self.log.warning("%s, %s %s: %s", student, id, question["id"], question["reason"])
        _show(nb, assignment, seen)
        nb.metadata["lecture_optim"] = {"assignment": id, "record": record}
        outputs = resources.get("outputs")
        page = {f"report/{id}.html": report.student_page(record).encode()}
        resources["outputs"] = {**outputs, **page} if isinstance(outputs, dict) else page
        return nb, resources


_JAILS = weakref.WeakKeyDictionary()


def _converter(part):
    """What runs this preprocessor: the first of its parents that knows the folders of the course."""
    while not hasattr(part, "coursedir"):
        part = part.parent
        if part is None:
            raise GradebookError("JailedAutograde belongs into c.Autograde.autograde_preprocessors, and works nowhere else")
    return part


def _cell(question):
    """The id of a question's grade cell."""
    return question.id if question.form == "essay" else f"{question.id}{CHECK}"


def _compare(found, assignment, name):
    """Raise GradebookError unless the gradebook has the grade cells of this assignment, with their points."""
    ours = {_cell(question): float(assignment.points(question.id)) for question in assignment.questions}
    theirs = {cell.name: float(cell.max_score) for cell in found.grade_cells}
    if ours != theirs:
        differ = sorted(id for id in ours.keys() | theirs.keys() if ours.get(id) != theirs.get(id))
        each = ", ".join(f"{id} ({theirs.get(id, 'none')} there, {ours.get(id, 'none')} here)" for id in differ)
        raise GradebookError(
            f"the gradebook and the course differ in the points of {each}: release the source of {assignment.id} again, and then "
            f"nbgrader generate_assignment {name} --force"
        )


def _save(gradebook, where, assignment, seen):
    """Write scores and comments; what a person gave is left as it is."""
    place = (where["notebook"], where["assignment"], where["student"])
    found = {question["id"]: question for question in seen["questions"]}
    for question in assignment.questions:
        said = found.get(question.id)
        points = None if said is None or said["state"] != "graded" else said["points"]
        grade = gradebook.find_grade(_cell(question), *place)
        grade.auto_score = points
        grade.needs_manual_grade = points is None or grade.manual_score is not None
        if said is None:
            comment = f"{UNGRADED}{seen['reason']}"
        elif said["state"] == "ungraded":
            comment = f"{UNGRADED}{said['reason']}"
        else:
            comment = NO_ESSAY if said["state"] == "essay" and not said["essay"].strip() else None
        gradebook.find_comment(question.id, *place).auto_comment = comment
    gradebook.db.commit()


def _show(nb, assignment, seen):
    """Put what the tests said, as plain text, below the check of each question."""
    found = {f"{question['id']}{CHECK}": question for question in seen["questions"]}
    checks = {_cell(question) for question in assignment.questions if question.form != "essay"}
    for cell in nb.cells:
        id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if id in checks:
            text = _text(found[id]) if id in found else f"{UNGRADED}{seen['reason']}\n"
            cell.outputs, cell.execution_count = [v4.new_output("stream", name="stdout", text=text)], None


def _text(question):
    if question["state"] == "ungraded":
        return f"{UNGRADED}{question['reason']}\n"
    words = {True: "passed", False: "not passed", None: "not tested"}
    lines = [f"{question['id']}: {question['points']} of {question['possible']} points"]
    for test in question["tests"]:
        hidden = "" if test["visible"] else ", a hidden test"
        lines.append(f"  {words[test['passed']]}: {test['title']} ({test['points']}{hidden})")
        if test["message"]:
            lines += [f"      {line}" for line in test["message"].splitlines()]
        if test["mistake"] and test["mistake"] != report.UNANSWERED:
            lines.append(f"      This looks like a known mistake: {test['mistake']}.")
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------------------------------------------- export


class GradesByQuestion(ExportPlugin):
    """``nbgrader export --exporter=lecture_optim.grading.nbgrader.GradesByQuestion --to FILE``: a column for each question.

    nbgrader's own table counts what is not graded yet as 0. Here its cell is empty, and so is the total; the state says why.
    """

    def export(self, gradebook):
        """Write the table, a row for each assignment and student."""
        rows, questions = [], {}
        for assignment in gradebook.assignments:
            if self.assignment and assignment.name not in self.assignment:
                continue
            for student in gradebook.students:
                if self.student and student.id not in map(str, self.student):
                    continue
                row = {"assignment": assignment.name, "student_id": student.id, "last_name": student.last_name or ""}
                row |= {"first_name": student.first_name or "", "state": "nothing handed in", "of": assignment.max_score}
                with contextlib.suppress(MissingEntry):
                    found, row["state"] = _by_question(gradebook.find_submission(assignment.name, student.id))
                    questions |= dict.fromkeys(found)
                    row |= found
                    if row["state"] == "graded":
                        row["total"] = sum(found.values())
                rows.append(row)
        heads = ["assignment", "student_id", "last_name", "first_name", "state", *questions, "total", "of"]
        with open(self.to or "grades.csv", "w", encoding="utf-8-sig", newline="") as file:
            table = csv.DictWriter(file, heads, restval="")
            table.writeheader()
            table.writerows({key: safe(value) for key, value in row.items()} for row in rows)


def _by_question(submission):
    """The points of each question of a submission, "" where they are not known, and the state in words."""
    points, ungraded, marking = {}, [], []
    for part in submission.notebooks:
        comments = {comment.name: comment.comment or "" for comment in part.comments}
        for grade in sorted(part.grades, key=lambda grade: [int(n) for n in re.findall(r"\d+", grade.name)] or [0]):
            id = grade.name.removesuffix(CHECK)
            if grade.needs_manual_grade:
                points[id] = ""
                (ungraded if comments.get(id, "").startswith(UNGRADED) else marking).append(id)
            else:
                points[id] = grade.score
    state = [f"ungraded: {', '.join(ungraded)}"] * bool(ungraded) + [f"to mark: {', '.join(marking)}"] * bool(marking)
    return points, "; ".join(state) or "graded"
