"""What is found again: the index, made of the glossary's links, and the names that the search leads to their places.

The glossary says of each term what it means, then links to where it is defined and used. So the index has the term once, with
all these places, the first of them as the main one, and no page has to be marked for it.
"""

import posixpath
import re
import unicodedata
from pathlib import Path
from urllib.parse import urldefrag

from docutils import nodes
from sphinx.domains import Domain, ObjType
from sphinx.util import logging
from tips import symbols_of

logger = logging.getLogger(__name__)

KINDS = ("theorem", "lemma", "proposition", "corollary", "definition", "algorithm")


def places(app, item, glossary):
    """The (document, anchor) pairs to which the links of a resolved glossary entry lead, in order."""
    for link in item.findall(nodes.reference):
        uri, anchor = urldefrag(link.get("refuri", ""))
        if not uri or "://" in uri:
            continue
        docname = posixpath.normpath(posixpath.join(posixpath.dirname(glossary), uri)).removesuffix(".html")
        if anchor:
            yield docname, anchor
        else:
            logger.warning("a link of the glossary leads to a page, and the index needs a place on it: use {ref}", location=link)


def index_terms(app, env):
    """Fill Sphinx's index from the glossary, once every page has been read."""
    glossary = app.config.glossary_page
    if glossary not in env.all_docs or app.builder.format != "html":
        return
    entries = env.get_domain("index").entries
    for page in app.config.pages_without_index:
        entries.pop(page, None)
    first_places = env.get_domain("named").data["terms"] = []
    entries[glossary] = [(kind, value, target, "", key) for kind, value, target, _, key in entries.get(glossary, ())]
    for item in env.get_and_resolve_doctree(glossary, app.builder).findall(nodes.definition_list_item):
        terms = [term.next_node(nodes.Text) for term in item.findall(nodes.term)]
        found = list(dict.fromkeys(places(app, item, glossary)))
        if not found:
            logger.warning("the glossary does not say where %r is defined", str(terms[0]), location=item)
        first_places += [(str(term), *place) for place in found[:1] for term in terms]
        for number, (docname, anchor) in enumerate(found):
            for term in terms:
                entry = "single", str(term), anchor, "" if number else "main", None
                if entry not in entries.setdefault(docname, []):
                    entries[docname].append(entry)


def greek(symbol):
    """The words under which a symbol like ``\\beta_2`` is looked for, as ("β2", "beta2"); empty for any other."""
    match = re.fullmatch(r"\\([a-z]+)(?:_(\d+))?", symbol)
    try:
        letter = unicodedata.lookup(f"GREEK SMALL LETTER {match[1].replace('lambda', 'lamda')}") if match else None
    except KeyError:
        letter = None
    return [f"{name}{match[2] or ''}" for name in (letter, match[1])] if letter else []


def heading(node):
    """The title of the innermost section that a node stands in; what a statement says is a section too, without a title."""
    while not (isinstance(node, nodes.section) and isinstance(node[0], nodes.title)):
        node = node.parent
    return node[0].astext()


class NamedPlaces(Domain):
    """Statements, equations, figures, terms and symbols as objects of the search, called by words that a reader has seen."""

    name = "named"
    label = "Places of the book"
    object_types = {kind: ObjType(kind) for kind in (*KINDS, "equation", "figure", "term", "symbol")}  # noqa: RUF012
    initial_data = {"statements": {}, "headings": {}, "figures": {}, "symbols": {}, "terms": []}  # noqa: RUF012
    data_version = 2
    # What is known of each page, and forgotten with it.
    of_pages = ("statements", "headings", "figures", "symbols")

    def process_doc(self, env, docname, document):
        """Note the statements of a page, and the symbols if it is the notation."""
        self.data["statements"][docname] = [
            (node["ids"][0], node["realtype"], node["countertype"], node[0].astext().strip()[1:-1] if node.get("title") else "")
            for node in document.findall(nodes.Element)
            if node.get("realtype") in KINDS and node["ids"]
        ]
        self.data["symbols"][docname] = list(self.note_symbols(document)) if docname == env.config.notation_page else []

    def note_symbols(self, notation):
        """Yield (words, anchor) of each Greek symbol of the notation, and give its row that anchor."""
        rows = [row for row in notation.findall(nodes.row) if not isinstance(row.parent, nodes.thead)]
        for number, row in enumerate(rows, start=1):
            cells = list(row.findall(nodes.entry))
            symbols = [words for symbol in dict.fromkeys(symbols_of(cells[0])) if (words := greek(symbol))]
            in_code = [code.astext() for code in cells[-1].findall(nodes.literal)]
            if len(in_code) != len(symbols):
                in_code = [""] * len(symbols)
            if symbols:
                anchor = f"symbol-{symbols[0][1]}"
                row["ids"].append(anchor := f"{anchor}-{number}" if anchor in notation.ids else anchor)
                notation.ids[anchor] = row
                for words, code in zip(symbols, in_code, strict=True):
                    yield ", ".join(dict.fromkeys([*words, *filter(None, [code])])), anchor

    def clear_doc(self, docname):
        """Forget a page that is read anew."""
        for known in self.of_pages:
            self.data[known].pop(docname, None)

    def merge_domaindata(self, docnames, otherdata):
        """Take over what another process has read."""
        for known in self.of_pages:
            self.data[known] |= {name: otherdata[known][name] for name in docnames if name in otherdata[known]}

    def get_type_name(self, kind, primary=False):
        """Nothing: an object's name says what it is."""
        return ""

    def number(self, docname, counter, anchor):
        """The number that the page shows, as "10.1"."""
        return ".".join(map(str, self.env.toc_fignumbers.get(docname, {}).get(counter, {}).get(anchor, ())))

    def statements(self):
        """(document, anchor, kind, "Theorem 10.1", title) of each statement."""
        for docname, found in self.data["statements"].items():
            for anchor, kind, counter, title in found:
                yield docname, anchor, kind, f"{kind.title()} {self.number(docname, counter, anchor)}", title

    def locators(self):
        """What the index calls the places to which it leads, by (document, anchor): numbers, or the titles of sections."""
        labels = self.env.get_domain("std").labels.values()
        found = {(docname, anchor): title for docname, anchor, title in labels}
        for docname, anchor, title in labels:
            number = self.env.toc_secnumbers.get(docname, {}).get("")
            if number and title == self.env.titles[docname].astext():
                found[docname, anchor] = f"Chapter {number[0]}"
        return found | {(docname, anchor): name for docname, anchor, _, name, _ in self.statements()}

    def get_objects(self):
        """(name, shown name, kind, document, anchor, rank in the search) of each."""
        titles = {}
        for docname, anchor, kind, name, title in self.statements():
            titles[docname, anchor] = title.lower()
            shown = f"{name}: {title}" if title else name
            yield shown, shown, kind, docname, anchor, 0
        for label, (docname, _) in self.env.get_domain("math").equations.items():
            anchor = nodes.make_id(f"equation-{label}")
            name = f"Equation ({self.number(docname, 'displaymath', anchor)})"
            title = self.data["headings"].get(docname, {}).get(label)
            yield name, f"{name}: {title}" if title else name, "equation", docname, anchor, 2
        for docname, found in self.data["figures"].items():
            for anchor, caption in found:
                shown = f"Figure {self.number(docname, 'figure', anchor)}: {caption}"
                yield shown, shown, "figure", docname, anchor, 1
        locators = self.locators()
        for term, docname, anchor in self.data["terms"]:
            if term.lower() not in titles.get((docname, anchor), ""):
                yield term, f"{term}: {locators[docname, anchor]}", "term", docname, anchor, 1
        for docname, found in self.data["symbols"].items():
            for words, anchor in found:
                yield words, words, "symbol", docname, anchor, 1


def note_late(app, doctree):
    """Note what is put into a page after `process_doc`: the sections of its equations, of which some come from derivations, and
    the captions of its figures, of which most come from cells.
    """
    known, page = app.env.get_domain("named").data, app.env.docname
    labelled = [node for node in doctree.findall(nodes.math_block) if node.get("label")]
    known["headings"][page] = {node["label"]: heading(node) for node in labelled}
    captioned = [(figure, figure.next_node(nodes.caption)) for figure in doctree.findall(nodes.figure) if figure["ids"]]
    known["figures"][page] = [(figure["ids"][0], caption.astext()) for figure, caption in captioned if caption is not None]


def name_locators(app, pagename, templatename, context, doctree):
    """Give the page of the index the names of the places to which it leads."""
    if pagename == "genindex":
        named = app.env.get_domain("named").locators().items()
        context["locators"] = {f"{app.builder.get_relative_uri(pagename, page)}#{anchor}": name for (page, anchor), name in named}


def order_results(app, config):
    """Have Sphinx put `search_order.js` beside its search."""
    config.html_search_scorer = str(Path(__file__).with_name("search_order.js"))


def setup(app):
    """Register the page of the glossary, the domain, and the step that fills the index."""
    app.add_config_value("glossary_page", "book/appendix/glossary", "env", str)
    app.add_config_value("pages_without_index", [], "env", list)
    app.add_domain(NamedPlaces)
    app.connect("config-inited", order_results)
    app.connect("doctree-read", note_late)
    app.connect("env-check-consistency", index_terms)
    app.connect("html-page-context", name_locators)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
