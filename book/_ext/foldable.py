"""Boxes of class ``dropdown`` (solutions, notes, proofs) as native ``<details>``.

They open by keyboard, without JavaScript and on paper, and what is hidden in them is found by the browser's search.
"""

from docutils import nodes
from sphinx.locale import admonitionlabels
from sphinx_proof.nodes import proof_node


class foldable(nodes.General, nodes.Element):
    """A box that is closed until the reader opens it; its first child is a `fold_title`."""


class fold_title(nodes.TextElement):
    """The line of a foldable box that is always seen."""


def fold(app, doctree, docname):
    """Replace every box of class ``dropdown`` that has a title, or whose kind gives it one."""
    for box in list(doctree.findall(nodes.Admonition)):
        if "dropdown" not in box.get("classes", ()):
            continue
        if isinstance(box.parent, proof_node):
            label, content = [nodes.Text("Proof")], box.children
        elif isinstance(box[0], nodes.title):
            label, content = box[0].children, box.children[1:]
        else:
            label, content = [nodes.Text(admonitionlabels[box.tagname])], box.children
        title = fold_title("", "", *label)
        for link in list(title.findall(nodes.reference)):
            link.replace_self(link.children)  # a title that opens its box must not lead elsewhere as well
        folded = foldable("", title, *content, ids=box["ids"], classes=[*box["classes"], box.tagname])
        folded.source, folded.line = box.source, box.line
        box.replace_self(folded)


def visit_foldable(self, node):
    """Open the box."""
    self.body.append(self.starttag(node, "details", CLASS="admonition"))


def depart_foldable(self, node):
    """Close the box."""
    self.body.append("</details>\n")


def visit_fold_title(self, node):
    """Open the line that is always seen."""
    self.body.append(self.starttag(node, "summary", "", CLASS="admonition-title"))


def depart_fold_title(self, node):
    """Close the line that is always seen."""
    self.body.append("</summary>\n")


def setup(app):
    """Register the two nodes; replace the boxes once Sphinx has resolved their titles."""
    app.add_node(foldable, html=(visit_foldable, depart_foldable))
    app.add_node(fold_title, html=(visit_fold_title, depart_fold_title))
    app.connect("doctree-resolved", fold, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
