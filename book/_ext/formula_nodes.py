"""How formulas stand on the page: numbered where a cell made them, scrolling by keyboard, never apart from their punctuation.

A formula is set some time after the page is drawn. Until then its TeX has the room that the formula will about need, so that the
lines do not move under the reader's eyes.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.util.logging import getLogger

logger = getLogger(__name__)

# The theme makes elements of this class reachable by keyboard when, and only when, their content is wider than they are.
SCROLLABLE = "pst-scrollable-table-container"
OPENING, CLOSING = re.compile(r"[(\[“‘]+$"), re.compile(r"[^\w\s]+")

# A formula's width, in em of the text: what its letters, thin signs, signs of relation, and letters above and below the line take
# on average. Fitted by least squares to 1,790 formulas of four chapters; the mean error is 0.4 em.
LETTER, THIN, RELATION, SMALL = 0.7, 0.4, 1.25, 0.35
ABOVE_OR_BELOW = re.compile(r"[_^](\{[^{}]*\}|\\[a-zA-Z]+|.)")
RELATIONS = re.compile(r"\\(?:le|ge|ne|to|in|cdot|times|mapsto|approx|sim|pm|sum|prod|l?dots|[lr]angle)\b|[=<>+-]")
UNSEEN = re.compile(
    r"\\(?:left|right|[bB]ig[lr]?|math(?:rm|bb|cal)|operatorname|text|hat|bar|tilde|sqrt|[td]?frac|displaystyle)\b|[{}\s]"
)
NAMED = re.compile(r"\\(?:[a-zA-Z]+|.)")
THIN_SIGNS = re.compile(r"[(),.;:|\[\]!'/]")
ROOMS = range(1, 121)  # in half em; what is wider has a line of its own anyway


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


def room(tex):
    """About how many half em of the text a formula within it is wide, a number of ROOMS."""
    small = sum(len(NAMED.sub("x", found[1].strip("{}"))) for found in ABOVE_OR_BELOW.finditer(tex))
    line = ABOVE_OR_BELOW.sub("", tex)
    relations = len(RELATIONS.findall(line))
    line = NAMED.sub("x", UNSEEN.sub("", RELATIONS.sub("", line)))
    thin = len(THIN_SIGNS.findall(line))
    width = LETTER * (len(line) - thin) + THIN * thin + RELATION * relations + SMALL * small
    return min(max(round(2 * width), ROOMS[0]), ROOMS[-1])


def write_rooms(app):
    """Write the style sheet of the rooms, of which the site keeps the rules that its pages use."""
    if app.builder.format == "html":
        rules = (f".math.room-{halves}:not(:has(mjx-container)) {{ --room: {halves / 2} }}" for halves in ROOMS)
        target = Path(app.outdir, "_static", "rooms.css")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(rules) + "\n", encoding="utf-8")


def refine_formulas(app, doctree, docname):
    """Let long formulas scroll by keyboard, and hold short ones together with their punctuation."""
    for formula in doctree.findall(nodes.math_block):
        formula["classes"].append(SCROLLABLE)
    for formula in doctree.findall(nodes.math):
        formula["classes"].append(f"room-{room(formula.astext())}")
    for parent in {id(formula.parent): formula.parent for formula in doctree.findall(nodes.math)}.values():
        keep_together(parent)


def setup(app):
    """Connect the steps to Sphinx."""
    app.add_css_file("rooms.css")
    app.connect("builder-inited", write_rooms)
    app.connect("doctree-read", name_equations)
    app.connect("doctree-read", number_derivations)
    app.connect("doctree-resolved", refine_formulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
