"""What is found again: the index, made of the glossary's links, and the names that the search leads to their places.

The glossary says of each term what it means, then links to where it is defined and used. So the index has the term once, with
all these places, the first of them as the main one, and no page has to be marked for it.
"""

import posixpath
from urllib.parse import urldefrag

from docutils import nodes
from sphinx.domains import Domain, ObjType
from sphinx.util import logging

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
    entries[glossary] = [(kind, value, target, "", key) for kind, value, target, _, key in entries.get(glossary, ())]
    for item in env.get_and_resolve_doctree(glossary, app.builder).findall(nodes.definition_list_item):
        terms = [term.next_node(nodes.Text) for term in item.findall(nodes.term)]
        found = list(dict.fromkeys(places(app, item, glossary)))
        if not found:
            logger.warning("the glossary does not say where %r is defined", str(terms[0]), location=item)
        for number, (docname, anchor) in enumerate(found):
            for term in terms:
                entry = "single", str(term), anchor, "" if number else "main", None
                if entry not in entries.setdefault(docname, []):
                    entries[docname].append(entry)


class NamedPlaces(Domain):
    """Titled statements and labelled equations, by their names, as objects of the search."""

    name = "named"
    label = "Named statements and equations"
    object_types = {kind: ObjType(kind) for kind in (*KINDS, "equation")}  # noqa: RUF012
    initial_data = {"statements": {}}  # noqa: RUF012

    def process_doc(self, env, docname, document):
        """Note the titled statements of a page."""
        self.data["statements"][docname] = [
            (node[0].astext(), node["realtype"], node["ids"][0])
            for node in document.findall(nodes.Element)
            if node.get("realtype") in KINDS and node.get("title")
        ]

    def clear_doc(self, docname):
        """Forget a page that is read anew."""
        self.data["statements"].pop(docname, None)

    def merge_domaindata(self, docnames, otherdata):
        """Take over what another process has read."""
        self.data["statements"] |= {name: otherdata["statements"][name] for name in docnames if name in otherdata["statements"]}

    def get_objects(self):
        """(name, shown name, kind, document, anchor, rank in the search) of each."""
        for docname, found in self.data["statements"].items():
            for title, kind, anchor in found:
                yield title, title, kind, docname, anchor, 1
        for label, (docname, _) in self.env.get_domain("math").equations.items():
            if label.startswith("eq-"):
                name = label.removeprefix("eq-").replace("-", " ")
                yield name, name, "equation", docname, nodes.make_id(f"equation-{label}"), 1


def setup(app):
    """Register the page of the glossary, the domain, and the step that fills the index."""
    app.add_config_value("glossary_page", "book/appendix/glossary", "env", str)
    app.add_config_value("pages_without_index", [], "env", list)
    app.add_domain(NamedPlaces)
    app.connect("env-check-consistency", index_terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
