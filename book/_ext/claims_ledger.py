"""The directive ``{claims}``: prints entries of the register of claims (`lecture_optim.claims`), where they are wanted.

Without options, those of the chapter in which it stands. ``:chapter:`` names another one (as ``2-adagrad/05-when-it-wins``),
``:source:`` a source (its key in the bibliography); a source alone is taken from all chapters. ``:verdict:`` names the verdicts
to be printed, between commas. Claims of sources come first, each source under its name, then the book's own.
"""

from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from lecture_optim.claims import VERDICTS, ClaimError, load

FOLDER = "book/claims"
ROLES = {"eq": "eq", "fig": "numref", "tab": "numref"} | dict.fromkeys(
    ("alg", "cor", "def", "lem", "prop", "rem", "thm"), "prf:ref"
)


def link(label):
    """The MyST role that links to a label of the book, chosen by what stands before its first hyphen."""
    role = ROLES.get(label.partition("-")[0], "ref")
    return f"{'equation ' if role == 'eq' else ''}{{{role}}}`{label}`"


def verdicts(argument):
    """The verdicts that an option names, between commas; ValueError where one is unknown."""
    return [directives.choice(part, VERDICTS) for part in argument.split(",")]


class Claims(SphinxDirective):
    """A list of claims: where each stands and its verdict, then what it says, what is to be said of it, and its check."""

    option_spec: ClassVar = {
        "chapter": directives.unchanged_required,
        "source": directives.unchanged_required,
        "verdict": verdicts,
    }

    def run(self):
        """The lists' nodes; an error of the page where the register cannot be read, or has nothing to print."""
        try:
            register = load(Path(self.env.srcdir, FOLDER))
        except ClaimError as error:
            raise self.error(str(error)) from None
        here = None if "source" in self.options else self.env.docname.removeprefix("book/")
        found = register.select(self.options.get("chapter", here), self.options.get("source"))
        found = [claim for claim in found if claim.verdict in self.options.get("verdict", VERDICTS)]
        if not found:
            raise self.error(f"the register has no claim of {self.options or here}; see the files of {FOLDER}")
        for file in sorted({claim.file for claim in register.claims}):
            self.env.note_dependency(file.relative_to(self.env.srcdir).as_posix())
        groups = {}
        for claim in sorted(found, key=lambda claim: not claim.source):
            groups.setdefault(claim.source, []).append(claim)
        return [node for source, claims in groups.items() for node in self.group(source, claims)]

    def group(self, source, claims):
        """The name of a source, or of the book, and the list of its claims."""
        title = f"Claims of {{cite:t}}`{source}`" if source else "Statements of this book"
        items = [nodes.definition_list_item("", self.head(claim), self.body(claim)) for claim in claims]
        return [
            nodes.rubric("", "", *self.inline(title), classes=["claims-of"]),
            nodes.definition_list("", *items, classes=["claims"]),
        ]

    def head(self, claim):
        """Where the claim stands, and its verdict; an address of its own on the first list of the page that prints it."""
        verdict = nodes.inline("", claim.verdict, classes=["claim-verdict", nodes.make_id(claim.verdict)])
        where = claim.place or link(claim.id)
        place = nodes.inline("", "", *self.inline(where[0].upper() + where[1:]))
        head = nodes.term("", "", place, nodes.Text(" "), verdict)
        name = nodes.make_id(f"claim-{claim.id}")
        if name not in self.state.document.ids:
            head["ids"] = [name]
            self.state.document.ids[name] = head
        return head

    def body(self, claim):
        """What is claimed, the remark, the book's statement, and the checks."""
        body = nodes.definition("", *self.parsed(claim.claim))
        if claim.remark:
            body += nodes.container("", *self.parsed(claim.remark), classes=["claim-remark"])
        parts = {"In this book": [link(label) for label in claim.see or claim.equations]}
        parts["Decided by"] = [f"``{check}``" for check in claim.check]
        said = ". ".join(f"{what}: {', '.join(where)}" for what, where in parts.items() if where)
        if said:
            body += nodes.paragraph("", "", *self.inline(said), classes=["claim-links"])
        return body

    def parsed(self, text):
        """MyST text as nodes."""
        box = nodes.Element()
        box.document = self.state.document
        self.state.nested_parse(StringList(text.strip().splitlines()), self.content_offset, box)
        return box.children

    def inline(self, text):
        """One line of MyST as the nodes of a paragraph's inside."""
        return self.parsed(text)[0].children


def setup(app):
    """Register the directive."""
    app.add_directive("claims", Claims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
