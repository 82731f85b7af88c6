"""How formulas stand on the page: scrolling by keyboard, never apart from their punctuation, with ids that stay the same."""

import re

from docutils import nodes

# The theme makes elements of this class reachable by keyboard when, and only when, their content is wider than they are.
SCROLLABLE = "pst-scrollable-table-container"
OPENING, CLOSING = re.compile(r"[(\[“‘]+$"), re.compile(r"[^\w\s]+")


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


def keep_together(formula):
    """Wrap a formula and the punctuation that touches it, which a browser would let fall onto another line."""
    before, after = formula.previous_sibling(), formula.next_node(descend=False, siblings=True)
    opening = OPENING.search(before) if isinstance(before, nodes.Text) else None
    closing = CLOSING.match(after) if isinstance(after, nodes.Text) else None
    if not opening and not closing:
        return
    group = nodes.inline(classes=["unbroken"])
    formula.replace_self(group)
    if opening:
        before.parent.replace(before, nodes.Text(before[: opening.start()]))
        group += nodes.Text(opening[0])
    group += formula
    if closing:
        after.parent.replace(after, nodes.Text(after[closing.end() :]))
        group += nodes.Text(closing[0])


def refine_formulas(app, doctree, docname):
    """Let long formulas scroll by keyboard, and hold short ones together with their punctuation."""
    for formula in doctree.findall(nodes.math_block):
        formula["classes"].append(SCROLLABLE)
    for formula in list(doctree.findall(nodes.math)):
        keep_together(formula)


def setup(app):
    """Connect the steps to Sphinx."""
    app.connect("doctree-read", name_equations)
    app.connect("doctree-resolved", refine_formulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
