"""How formulas stand on the page: numbered where a cell made them, scrolling by keyboard, never apart from their punctuation."""

import re

from docutils import nodes
from sphinx.util.logging import getLogger

logger = getLogger(__name__)

# The theme makes elements of this class reachable by keyboard when, and only when, their content is wider than they are.
SCROLLABLE = "pst-scrollable-table-container"
OPENING, CLOSING = re.compile(r"[(\[“‘]+$"), re.compile(r"[^\w\s]+")


def number_derivations(app, doctree):
    """Number the formula that a code cell displays, under the label of its metadata ``mystnb: equation: eq-...``.

    So a derivation stands once, as the output of its cell, in the notebook and on the site, and ``{eq}`` leads to it.
    """
    domain = app.env.get_domain("math")
    for cell in doctree.findall(lambda node: isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"):
        label = cell["cell_metadata"].get("mystnb", {}).get("equation")
        if label is None:
            continue
        block = next(cell.findall(nodes.math_block), None)
        if block is None:
            logger.warning("the cell of equation %r displays no formula", label, location=cell)
            continue
        domain.note_equation(app.env.docname, label, location=cell)
        block["ids"].append(nodes.make_id(f"equation-{label}"))
        block["classes"].append("derivation")
        block["label"], block["docname"] = label, app.env.docname
        block["number"] = domain.get_equation_number_for(label)


def name_equations(app, doctree):
    """Name numbered ``align`` blocks after their order on the page; MyST names them at random, so no two builds agree."""
    equations = app.env.get_domain("math").equations
    blocks = [block for block in doctree.findall(nodes.math_block) if "amsmath" in block["classes"] and block.get("label")]
    for number, block in enumerate(blocks, start=1):
        label = f"{app.env.docname}-align-{number}"
        old, new = (nodes.make_id(f"equation-{name}") for name in (block["label"], label))
        equations[label] = equations.pop(block["label"])
        for element in doctree.findall(nodes.Element):
            element["ids"] = [new if name == old else name for name in element["ids"]]
            if element.get("refid") == old:
                element["refid"] = new
        block["label"] = label


def keep_together(parent):
    """Wrap each formula among the children with the punctuation that touches it; a browser may break the line between them."""
    waiting, done = list(parent.children), []
    while waiting:
        child = waiting.pop(0)
        if isinstance(child, nodes.math):
            group = nodes.inline(classes=["unbroken"])
            if done and isinstance(done[-1], nodes.Text) and (opening := OPENING.search(done[-1])):
                group += nodes.Text(opening[0])
                done[-1] = nodes.Text(done[-1][: opening.start()])
            group += child
            if waiting and isinstance(waiting[0], nodes.Text) and (closing := CLOSING.match(waiting[0])):
                group += nodes.Text(closing[0])
                waiting[0] = nodes.Text(waiting[0][closing.end() :])
            child = group if len(group) > 1 else child
        done.append(child)
    parent.children = []
    parent.extend(done)


def refine_formulas(app, doctree, docname):
    """Let long formulas scroll by keyboard, and hold short ones together with their punctuation."""
    for formula in doctree.findall(nodes.math_block):
        formula["classes"].append(SCROLLABLE)
    for parent in {id(formula.parent): formula.parent for formula in doctree.findall(nodes.math)}.values():
        keep_together(parent)


def setup(app):
    """Connect the steps to Sphinx."""
    app.connect("doctree-read", name_equations)
    app.connect("doctree-read", number_derivations)
    app.connect("doctree-resolved", refine_formulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
