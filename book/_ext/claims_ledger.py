"""Directives that print the register of claims (`lecture_optim.claims`), so that an entry stands once, in the register.

``{claims}`` prints entries where they are wanted; without options those of the chapter in which it stands. ``:chapter:`` names
another one (as ``2-adagrad/05-when-it-wins``), ``:source:`` a source (its key in the bibliography); a source alone is taken from
all chapters. ``:verdict:`` names the verdicts to be printed, between commas. Claims of sources come first, then the book's own;
each list is folded (`foldable`).

``{ledger}`` prints the entries of the sources as one table, with the totals of all; ``:own:`` those of the book itself, on a page
of their own, as all in one would be too heavy to load. ``{errata}`` prints the findings of one ``:weight:``, with ``:filter:``
the form for all that are on the page. ``{checks}`` prints the source of every check below a ``:folder:``, which the other three
link to. Ledger and errata can be filtered where scripts run.
"""

import ast
from collections import Counter
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective
from sphinx_external_toc.parsing import parse_toc_yaml

from lecture_optim.claims import VERDICTS, WEIGHTS, ClaimError, load, place_of

FOLDER = "book/claims"
LEDGER, OWN_LEDGER, ERRATA = "book/appendix/claims", "book/appendix/claims-own", "book/appendix/errata"
ROLES = {"eq": "eq", "fig": "numref", "tab": "numref"} | dict.fromkeys(
    ("alg", "cor", "def", "lem", "prop", "rem", "thm"), "prf:ref"
)
SCRIPT = "claims.js"


class tagged(nodes.General, nodes.Element):
    """An HTML element: its name is ``tag``, its attributes the pairs of ``attributes``."""


def tag(element, /, *content, ids=(), classes=(), **attributes):
    """A `tagged` node; in names of attributes ``_`` stands for ``-``, and one before the end is left out."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    return tagged("", *content, tag=element, attributes=named, ids=list(ids), classes=list(classes))


def visit_tagged(self, node):
    """Open the element."""
    self.body.append(self.starttag(node, node["tag"], "", **node["attributes"]))


def depart_tagged(self, node):
    """Close the element."""
    self.body.append(f"</{node['tag']}>")


def link(label):
    """The MyST role that links to a label of the book, chosen by what stands before its first hyphen."""
    role = ROLES.get(label.partition("-")[0], "ref")
    return f"{'equation ' if role == 'eq' else ''}{{{role}}}`{label}`"


def upper(text):
    """The text with its first letter a capital."""
    return text[:1].upper() + text[1:]


def verdicts(argument):
    """The verdicts that an option names, between commas; ValueError where one is unknown."""
    return [directives.choice(part, VERDICTS) for part in argument.split(",")]


def a_weight(argument):
    """A weight of errata; ValueError where it is unknown."""
    return directives.choice(argument, WEIGHTS)


def target_of(check):
    """The label of the place on the page of `Checks` that shows a check."""
    place, name = place_of(check)
    return nodes.make_id(f"check-{place}-{name}")


class Printing(SphinxDirective):
    """What the directives share: the register, and entries as nodes."""

    def register(self):
        """The register, read once a build; an error of the page where it cannot be read. The page depends on all its files."""
        app = self.env.app
        try:
            if not hasattr(app, "claims_register"):
                app.claims_register = load(Path(self.env.srcdir, FOLDER))
        except ClaimError as error:
            raise self.error(str(error)) from None
        register = app.claims_register
        for file in sorted({claim.file for claim in register.claims}):
            self.env.note_dependency(file.relative_to(self.env.srcdir).as_posix())
        return register

    def parsed(self, text):
        """MyST text as nodes."""
        box = nodes.Element()
        box.document = self.state.document
        self.state.nested_parse(StringList(text.strip().splitlines()), self.content_offset, box)
        return box.children

    def inline(self, text):
        """One line of MyST as the nodes of a paragraph's inside."""
        return self.parsed(text)[0].children

    def identified(self, node, name):
        """The node, with an address of its own where the page has none of this name yet."""
        name = nodes.make_id(name)
        if name not in self.state.document.ids:
            node["ids"] = [name]
            self.state.document.ids[name] = node
        return node

    def verdict(self, claim):
        """The verdict as a badge."""
        return nodes.inline("", claim.verdict, classes=["claim-verdict", nodes.make_id(claim.verdict)])

    def check(self, check):
        """A check as nodes: a link to its source, to the cell that is it, or to the work that says it."""
        place, name = place_of(check)
        if check.startswith("cite:"):
            return self.inline(f"{{cite:t}}`{name}`")
        if place and place.endswith(".md"):
            chapter = place.removeprefix("book/src/").removesuffix(".md")
            return self.inline(link(name) if name.startswith("fig-") else f"the cell of `{name}` in {{doc}}`/book/{chapter}`")
        # Of the types that look a label up, "ref" would make plain text of the code.
        to = {"refdomain": "std", "reftype": "keyword", "refwarn": True, "refdoc": self.env.docname}
        said = nodes.Text(name.removeprefix("test_").replace("_", " ")) if "::" in check else tag("code", nodes.Text(check))
        return [addnodes.pending_xref("", said, reftarget=target_of(check), **to)]

    def list_of(self, words, *groups, mark=", "):
        """A paragraph: words, a colon, and the groups of nodes with a mark between them."""
        between = [node for group in groups for node in (nodes.Text(mark), *group)]
        return nodes.paragraph("", f"{words}: ", *between[1:], nodes.Text("."), classes=["claim-links"])

    def links(self, claim):
        """Where the book states it, and what decides it: paragraphs, those that have something to say."""
        found = []
        if labels := claim.see or claim.equations:
            found.append(self.list_of("In this book", self.inline(", ".join(link(label) for label in labels))))
        named = "Shown false by" if claim.verdict == "wrong as printed" and claim.source else "Decided by"
        for words, checks in ((named, claim.check), ("Correct statement decided by", claim.right_check)):
            if checks:
                found.append(self.list_of(words, *map(self.check, checks)))
        return found

    def remarks(self, claim):
        """What is to be said of it: what is wrong, what is right, and the remark."""
        between = "\n\n" if claim.right.startswith("$$") else " "
        right = f"**Correct:**{between}{claim.right}" if claim.right else ""
        return [node for text in (claim.wrong, right, claim.remark) if text for node in self.parsed(text)]

    def address(self, claim, page, kind):
        """The address of an entry on the ledger or the errata page, as seen from here."""
        return f"{self.uri(page)}#{nodes.make_id(f'{kind}-{claim.id}')}"

    def row_address(self, claim):
        """The address of an entry's row, on whichever page of the ledger has it."""
        return self.address(claim, LEDGER if claim.source else OWN_LEDGER, "claim")

    def uri(self, page):
        """The address of a page, as seen from here."""
        here = self.env.docname
        return "" if page == here else self.env.app.builder.get_relative_uri(here, page)


class Claims(Printing):
    """Lists of claims: where each stands and its verdict, then what it says, what is to be said of it, and its check."""

    option_spec: ClassVar = {
        "chapter": directives.unchanged_required,
        "source": directives.unchanged_required,
        "verdict": verdicts,
    }

    def run(self):
        """The lists' nodes; an error of the page where the register cannot be read, or has nothing to print."""
        register = self.register()
        here = None if "source" in self.options else self.env.docname.removeprefix("book/")
        found = register.select(self.options.get("chapter", here), self.options.get("source"))
        found = [claim for claim in found if claim.verdict in self.options.get("verdict", VERDICTS)]
        if not found:
            raise self.error(f"the register has no claim of {self.options or here}; see the files of {FOLDER}")
        groups = {}
        for claim in sorted(found, key=lambda claim: not claim.source):
            groups.setdefault(claim.source, []).append(claim)
        return [self.group(source, claims) for source, claims in groups.items()]

    def group(self, source, claims):
        """The claims of a source, or of the book, folded: the line that is always seen says how many have which verdict."""
        title = f"Claims of {{cite:t}}`{source}`" if source else "Statements of this book"
        count = Counter(claim.verdict for claim in claims)
        numbers = ", ".join(f"{count[verdict]} {verdict}" for verdict in VERDICTS if count[verdict])
        items = [nodes.definition_list_item("", self.head(claim), self.body(claim)) for claim in claims]
        return nodes.admonition(
            "",
            nodes.title("", "", *self.inline(title), nodes.Text(f": {numbers}")),
            nodes.definition_list("", *items, classes=["claims"]),
            classes=["dropdown", "claims-of"],
        )

    def head(self, claim):
        """Where the claim stands, and its verdict; an address of its own on the first list of the page that prints it."""
        place = nodes.inline("", "", *self.inline(upper(claim.place or link(claim.id))))
        return self.identified(nodes.term("", "", place, nodes.Text(" "), self.verdict(claim)), f"claim-{claim.id}")

    def body(self, claim):
        """What is claimed, the remark, the book's statement, and the checks."""
        body = nodes.definition("", *self.parsed(claim.claim))
        if remarks := self.remarks(claim):
            body += nodes.container("", *remarks, classes=["claim-remark"])
        body += self.links(claim)
        return body


class Filtered(Printing):
    """What can be filtered: a form that a script fills, and elements that say of which document they are."""

    def form(self, name, fields):
        """The form, which a script fills; where none runs it is hidden and everything is shown."""
        labels = [
            tag(
                "label",
                nodes.Text(f"{upper(field)} "),
                tag("select", name=field, ids=[f"{name}-{field}"]),
                for_=f"{name}-{field}",
            )
            for field in fields
        ]
        status = tag("p", classes=["claims-count"], role="status")
        reset = tag("button", nodes.Text("Show all"), type="reset")
        return tag("form", *labels, reset, status, classes=["claims-filter"], aria_label=f"Filter of the {name}")

    def part_names(self):
        """{folder: caption} of the book's parts, as the contents have them."""
        path = Path(self.env.srcdir, "_toc.yml")
        trees = parse_toc_yaml(path).root.subtrees if path.is_file() else []
        files = ((tree.caption, str(item).split("/")) for tree in trees for item in tree.items)
        return {file[1]: caption for caption, file in files if len(file) == 3}

    def keys(self, claim, names):
        """The attributes by which an element of this entry is filtered."""
        part = names.get(claim.part, "Front matter")
        return {"data_document": claim.source or "book", "data_part": part, "data_verdict": claim.verdict}

    def source(self, claim):
        """The name of the document; the script takes it from here."""
        named = self.inline(f"{{cite:t}}`{claim.source}`") if claim.source else [nodes.Text("This book")]
        return nodes.inline("", "", *named, classes=["claim-source"])

    def chapter(self, claim):
        """A link to the chapter that teaches it."""
        return self.inline(f"{{doc}}`/book/{claim.chapter}`")


def keys_of_sources(argument):
    """The keys of sources that an option names, between commas."""
    return [part.strip() for part in argument.split(",")]


class Ledger(Filtered):
    """How many entries have which verdict, document by document; then a table of the sources', in each document's order.

    ``:first:`` names the sources that come first, in their order, between commas; then the others, and the book itself.
    ``:own:`` prints the table of the book's own entries instead.

    The style makes a card of each row, of which browsers would forget that it is a table. Hence the roles.
    """

    option_spec: ClassVar = {"first": keys_of_sources, "own": directives.flag}

    def run(self):
        """The figure, the form and the table; an error of the page where a source is named that has no claims."""
        register = self.register()
        first = self.options.get("first", [])
        if unknown := [source for source in first if source not in register.sources]:
            raise self.error(f"the register has no claim of {', '.join(unknown)}; see the files of {FOLDER}")
        order = (*first, *(source for source in register.sources if source not in first))
        documents = {source: register.reading_order(source) for source in order}
        own = tuple(claim for claim in register.claims if not claim.source)
        self.env.metadata[self.env.docname]["claims"] = True
        if "own" in self.options:
            return [self.form("claims", ("part", "verdict")), self.table("The claims of this book", own)]
        entries = [claim for claims in documents.values() for claim in claims]
        table = self.table("The claims of the sources, each document in its order", entries)
        return [self.totals(documents | {"": own}), self.form("claims", ("document", "part", "verdict")), table]

    def table(self, caption, claims):
        """A table with a row for each of the claims."""
        names = self.part_names()
        titles = (tag("th", nodes.Text(title), scope="col", role="columnheader") for title in ("Where", "Verdict", "Claim"))
        head = tag("thead", tag("tr", *titles, role="row"), role="rowgroup")
        rows = tag("tbody", *(self.row(claim, names) for claim in claims), role="rowgroup")
        return tag("table", tag("caption", nodes.Text(caption)), head, rows, classes=["ledger"], role="table")

    def totals(self, documents):
        """A bar for each document, divided by the shares of the verdicts, and their numbers."""
        items = []
        for source, claims in documents.items():
            count = Counter(claim.verdict for claim in claims)
            shares = [
                tag(
                    "span",
                    classes=["claim-share", nodes.make_id(verdict)],
                    style=f"width: {100 * count[verdict] / len(claims):.2f}%",
                )
                for verdict in VERDICTS
                if count[verdict]
            ]
            numbers = [node for verdict in VERDICTS if count[verdict] for node in self.number(source, verdict, count[verdict])]
            name = self.inline(f"{{cite:t}}`{source}`") if source else [nodes.Text("This book")]
            title = nodes.paragraph("", "", *name, nodes.Text(f": {len(claims)} claims"))
            bar = tag("div", *shares, classes=["claim-bar"], aria_hidden="true")
            items.append(tag("li", title, bar, nodes.paragraph("", "", *numbers[:-1], classes=["claim-links"])))
        caption = tag("figcaption", nodes.Text("Shares of verdicts, document by document"))
        return tag("figure", tag("ul", *items), caption, classes=["claim-totals"], ids=["claim-totals"])

    def number(self, source, verdict, count):
        """The number of a document's claims with a verdict, and a comma; the script makes a filter of a source's link."""
        text = [tag("span", classes=["claim-key", nodes.make_id(verdict)], aria_hidden="true"), nodes.Text(f" {count} {verdict}")]
        if source:
            to = {"href": "#claims-table", "data_document": source, "data_verdict": verdict}
        else:
            to = {"href": f"{self.uri(OWN_LEDGER)}?{urlencode({'verdict': verdict})}"}
        return [tag("a", *text, **to), nodes.Text(", ")]

    def row(self, claim, names):
        """One entry."""
        place = self.inline(upper(claim.place or link(claim.id)))
        where = [
            nodes.paragraph("", "", self.source(claim), nodes.Text(": " if claim.source else ", "), *place),
            nodes.paragraph("", "Taught in ", *self.chapter(claim), classes=["claim-links"]),
        ]
        body = [*self.parsed(claim.claim), *self.links(claim)]
        said = [*self.remarks(claim), *(self.parsed(f"A check in common: {claim.shared}") if claim.shared else [])]
        if said:
            words = "What is wrong, and what is right" if claim.kind else "What is to be said of it"
            body.append(tag("details", tag("summary", nodes.Text(words)), *said, classes=["claim-why"]))
        decided = [nodes.paragraph("", "", self.verdict(claim))]
        if claim.kind:
            there = nodes.reference(
                "", f"{claim.kind}, {claim.weight}", internal=True, refuri=self.address(claim, ERRATA, "erratum")
            )
            decided.append(nodes.paragraph("", "", there, classes=["claim-links"]))
        cells = (tag("td", *content, role="cell") for content in (decided, body))
        row = tag("tr", tag("th", *where, scope="row", role="rowheader"), *cells, role="row", **self.keys(claim, names))
        return self.identified(row, f"claim-{claim.id}")


class Errata(Filtered):
    """The findings of one weight: place and kind, what is printed, what is wrong, the correct statement, and the checks."""

    option_spec: ClassVar = {"weight": a_weight, "filter": directives.flag}

    def run(self):
        """The findings, or the form for those of the page; an error of the page where there are none."""
        if "filter" in self.options:
            return [self.form("errata", ("document", "part", "kind"))]
        weight = self.options.get("weight")
        found, names = self.register().errata(weight), self.part_names()
        if not found:
            raise self.error(f"the register has no finding of the weight {weight!r}; see the files of {FOLDER}")
        self.env.metadata[self.env.docname]["claims"] = True
        return [self.erratum(claim, names) for claim in found]

    def erratum(self, claim, names):
        """One finding."""
        kind = nodes.inline("", claim.kind, classes=["claim-verdict", nodes.make_id(claim.verdict)])
        title = tag("h3", self.source(claim), nodes.Text(": "), *self.inline(upper(claim.place)), nodes.Text(" "), kind)
        said = {"Printed": claim.claim, "Wrong": claim.wrong, "Correct": claim.right, "Remark": claim.remark}
        items = [tag("div", tag("dt", nodes.Text(t)), tag("dd", *self.parsed(text))) for t, text in said.items() if text]
        ledger = nodes.reference("", "its row in the ledger", internal=True, refuri=self.row_address(claim))
        last = nodes.paragraph("", "Taught in ", *self.chapter(claim), nodes.Text("; "), ledger, nodes.Text("."))
        last["classes"] = ["claim-links"]
        keys = self.keys(claim, names) | {"data_kind": claim.kind}
        card = tag("article", title, tag("dl", *items), *self.links(claim), last, classes=["erratum"], **keys)
        return self.identified(card, f"erratum-{claim.id}")


class Checks(Printing):
    """The source of every check below a folder, file by file, as it ran; each with the claims that it decides."""

    option_spec: ClassVar = {"folder": directives.unchanged_required}

    def run(self):
        """A section for each file; an error of the page where no claim has a check there."""
        decides = {}
        for claim in self.register().claims:
            for check in claim.checks:
                place, name = place_of(check)
                if place and place.startswith(f"{self.options['folder']}/") and place.endswith(".py"):
                    decides.setdefault(place, {}).setdefault(name, []).append(claim)
        if not decides:
            raise self.error(f"no claim has a check in {self.options['folder']}; see the files of {FOLDER}")
        return [self.file(place, names) for place, names in sorted(decides.items())]

    def file(self, place, names):
        """The section of one file: its path, what it says of itself, then its checks in its order."""
        self.env.note_dependency(place)
        text = Path(self.env.srcdir, place).read_text(encoding="utf-8")
        tree, lines = ast.parse(text), text.splitlines()
        section = nodes.section(
            "", nodes.title("", Path(place).name), ids=[nodes.make_id(f"file-{place}")], classes=["claim-file"]
        )
        self.state.document.note_implicit_target(section)
        said = (ast.get_docstring(tree) or "").partition("\n\n")[0].replace("\n", " ")
        section += nodes.paragraph("", "", nodes.literal("", place), nodes.Text(f". {said}"))
        for part in tree.body:
            if name := next((name for name in self.bound(part) if name in names), None):
                first = min([part.lineno, *(d.lineno for d in getattr(part, "decorator_list", []))])
                code = "\n".join(line.removesuffix("  # fmt: skip") for line in lines[first - 1 : part.end_lineno])
                section += self.one(place, name, code, names[name])
        return section

    def bound(self, part):
        """The names that a statement of a file binds."""
        if isinstance(part, ast.FunctionDef):
            return [part.name]
        return [n.id for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]

    def one(self, place, name, code, claims):
        """One check with an address, its code, and the claims that it decides."""
        label = nodes.make_id(f"check-{place}-{name}")
        box = tag("div", ids=[label], classes=["claim-check"])
        box["names"] = [label]
        self.env.get_domain("std").note_hyperlink_target(label, self.env.docname, label, name)
        rows = [[nodes.reference("", "", *self.named(claim), internal=True, refuri=self.row_address(claim))] for claim in claims]
        box += [self.list_of("Decides", *rows, mark="; "), nodes.literal_block(code, code, language="python")]
        return box

    def named(self, claim):
        """What a claim is called where it is not printed: its document and place, or its name and number in the book."""
        return self.inline(f"{{cite:t}}`{claim.source}`: {claim.place}" if claim.source else upper(link(claim.id)))


def make_lean(app, doctree, docname):
    """Make bare elements of the links within rows and checks, which are most of what they weigh beside their words.

    What a citation names in full, for whoever points at it, is said once in a table.
    """
    named = set()
    for box in list(doctree.findall(tagged)):
        if box["tag"] != "tr" and "claim-check" not in box["classes"]:
            continue
        links = list(box.findall(nodes.reference))
        for inner in [inner for link in links for inner in link.findall(nodes.reference, include_self=False)]:
            inner.replace_self(inner.children)
            links.remove(inner)
        for link in [link for link in links if link.get("internal")]:
            to = {"href": link.get("refuri") or f"#{link['refid']}"}
            if "reftitle" in link and to["href"] not in named:
                to["title"] = link["reftitle"]
                named.add(to["href"])
            words = [part for child in link.children for part in (child.children if plain(child) else [child])]
            link.replace_self(tag("a", *words, **to))


def plain(node):
    """True for the wrapping of a link's words that only says which kind of link it is."""
    return isinstance(node, nodes.inline) and set(node["classes"]) <= {"std", "std-ref", "std-numref", "doc"}


def load_script(app, pagename, templatename, context, doctree):
    """Load the script on the pages whose directives have asked for it."""
    if app.env.metadata.get(pagename, {}).get("claims"):
        app.add_js_file(SCRIPT, loading_method="defer")


def setup(app):
    """Register the directives and the node."""
    for name, directive in {"claims": Claims, "ledger": Ledger, "errata": Errata, "checks": Checks}.items():
        app.add_directive(name, directive)
    app.add_node(tagged, html=(visit_tagged, depart_tagged))
    app.connect("doctree-resolved", make_lean, priority=960)  # once tips stand beside links
    app.connect("html-page-context", load_script)
    app.add_css_file("claims.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
