"""What the pages of the site share: their head, their figures, their proofs, their hidden cells, their bibliography.

Everything here works on Sphinx's own objects (page context, document tree, node visitors); the theme's templates that
need a change are in ``book/_templates``.
"""

from html import escape
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput
from sphinx.util.images import get_image_size
from sphinx.writers.html5 import HTML5Translator
from sphinx_proof.nodes import proof_node

# The tag that docutils adds to every page, although the layout has one already.
DOCUTILS_VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1" />\n'

# sphinx-proof and sphinx-exercise give these ids to every statement, proof, exercise and solution of a page.
REPEATED_IDS = {"proof", "proof-content", "exercise-content", "solution-content"}

# Figures are drawn at this many pixels for each pixel of the page, to be sharp on fine screens.
FIGURE_RESOLUTION = 2

# Browsers cannot fetch a page from `file://`, so the excerpts below search results need a server; the results do not.
NO_EXCERPTS_FROM_FILES = "if (location.protocol === 'file:') DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;"


def complete_head(app, pagename, templatename, context, doctree):
    """Give the page one viewport tag, and a description where its author wrote none (``myst: html_meta: description``)."""
    metatags = context.get("metatags", "").replace(DOCUTILS_VIEWPORT, "")
    written = doctree.findall(nodes.meta) if doctree else ()
    if not any(tag.get("name") == "description" for tag in written):
        description = app.config.page_description
        if doctree and pagename != app.config.root_doc:
            description = f"{app.env.titles[pagename].astext()}. {description}"
        metatags += f'<meta name="description" content="{escape(description)}" />\n'
    context["metatags"] = metatags
    if pagename == "search":
        app.add_js_file(None, body=NO_EXCERPTS_FROM_FILES)


def refine_document(app, doctree, docname):
    """Size computed figures, put folded code below what it makes, drop repeated ids and the unused numbers of the bibliography,
    mark proofs.
    """
    for output in doctree.findall(lambda node: isinstance(node, nodes.Element) and node.get("nb_element") == "cell_code_output"):
        for image in output.findall(nodes.image):
            image["loading"] = "lazy"
            if "width" not in image and (size := get_image_size(Path(app.srcdir, image["uri"]))):
                image["width"] = str(size[0] // FIGURE_RESOLUTION)
                image["ratio"] = "{} / {}".format(*size)
    for fold in list(doctree.findall(HideCodeCellNode)):
        cell = fold.parent
        if "above-input" in fold["classes"] and cell[-1].get("nb_element") == "cell_code_output":
            cell.remove(fold)
            cell.append(fold)
    for label in list(doctree.findall(nodes.label)):
        if isinstance(label.parent, nodes.citation):
            label.parent.remove(label)
    for element in doctree.findall(nodes.Element):
        element["ids"] = [name for name in element["ids"] if name not in REPEATED_IDS]
    for proof in doctree.findall(proof_node):
        mark_proof(proof[0])


def mark_proof(box):
    """Set the word that sphinx-proof writes before a proof apart; a foldable proof has it as its title instead."""
    folded = "dropdown" in box["classes"]
    box["classes"] = ["proof-of-statement", *(["dropdown"] if folded else [])]
    opening = next(box.findall(nodes.Text), None)
    if opening and opening.startswith("Proof."):
        said = [] if folded else [nodes.emphasis("", "Proof."), nodes.Text(" ")]
        opening.parent.replace(opening, [*said, nodes.Text(opening.removeprefix("Proof.").lstrip())])


def visit_hidden_cell(self, node):
    """Open a hidden part of a cell; myst-nb labels its summary with words other than those it shows."""
    self.body.append(self.starttag(node, "details", CLASS="admonition hide"))
    self.body.append("<summary>\n")
    for state in ("collapsed", "expanded"):
        prompt = node["prompt_show"] if state == "collapsed" else node["prompt_hide"]
        self.body.append(f'<span class="{state} admonition-title">{escape(prompt)}</span>\n')
    self.body.append("</summary>\n")


def visit_image(self, node):
    """Write an image that loads when it comes near the window, its room kept free until then."""
    HTML5Translator.visit_image(self, node)
    if "ratio" in node:
        self.body[-1] = self.body[-1].replace('style="', f'style="aspect-ratio: {node["ratio"]}; ', 1)


def visit_citation(self, node):
    """Open an entry of the bibliography; docutils makes a list whose entries are no list items."""
    if not isinstance(node.previous_sibling(), nodes.citation):
        self.body.append('<ul class="citation-list">\n')
    self.body.append(self.starttag(node, "li"))


def depart_citation(self, node):
    """Close the entry, and after the last one the list."""
    self.body.append("</li>\n")
    if not isinstance(node.next_node(descend=False, siblings=True), nodes.citation):
        self.body.append("</ul>\n")


def setup(app):
    """Register the configuration values and connect the steps to Sphinx."""
    app.add_config_value("page_description", "", "html", str)
    app.add_config_value("comments_config", {}, "html", dict)  # Jupyter Book always sets it, for an extension left out here
    app.connect("html-page-context", complete_head)
    app.connect("doctree-resolved", refine_document)
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    app.add_node(nodes.image, override=True, html=(visit_image, HTML5Translator.depart_image))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_cell, depart_HideCellInput))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
