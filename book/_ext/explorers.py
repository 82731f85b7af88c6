"""The directive ``{explorer}``: a question, and a custom element that the reader answers it with, in the frame of a figure.

    :::{explorer} adam
    :still: fig-first-steps

    What makes the first *n* steps so long?
    :::

    (a cell whose figure is named fig-first-steps, or any other figure of the page)

The question stands above the instrument, and nothing else does, so that a reader sees what there is to play on the first screen.
The argument names a script of `book/_static/explorers/`, which registers the element ``optim-<argument>``. The figure that
``:still:`` names is taken from its place on the page into the explorer: its image is what stands there on paper and where
scripts are off, its number and caption belong to the explorer. Scripts and styles are loaded by pages with an explorer alone.
How an explorer is written is told at the top of `core.js`.
"""

from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from sphinx.util.logging import getLogger

from lecture_optim.plots.style import COLORS, readable

FOLDER = "explorers"  # below book/_static, and below _static in the built site
SHARED = ("rules", "plots", "core")  # in the order in which they need each other
WITHOUT_SCRIPTS = "On the site, where scripts run, this picture is an instrument that answers the question."
THEMES = {"light": 'html:not([data-theme="dark"])', "dark": 'html[data-theme="dark"]'}
LINES = 3.0  # the contrast that lines need with the page (WCAG 2.1, 1.4.11)
logger = getLogger(__name__)


class explorer(nodes.General, nodes.Element):
    """The frame around question and figure."""


class instrument(nodes.General, nodes.Element):
    """The custom element; its children are what is shown where it does not run."""


class Explorer(SphinxDirective):
    """The frame with the question; the figure comes in when the whole page is read."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"still": directives.unchanged_required}

    def run(self):
        """The frame; an error of the page where the script, the figure's name or the question is missing."""
        name = self.arguments[0]
        script = Path(self.env.srcdir, "book/_static", FOLDER, f"{name}.js")
        if name in SHARED or not script.is_file():
            raise self.error(f"there is no explorer {name!r}: book/_static/{FOLDER}/{name}.js is missing")
        if "still" not in self.options:
            raise self.error("the option :still: must name the figure that stands for the explorer where scripts are off")
        if not self.content:
            raise self.error("an explorer needs a question: the text of the directive")
        frame = explorer("", classes=["explorer"], name=name, still=self.options["still"])
        self.set_source_info(frame)
        box = nodes.Element()
        box.document = self.state.document
        self.state.nested_parse(StringList(list(self.content), self.content.source(0)), self.content_offset, box)
        frame.extend(box.children)
        if len(frame) != 1 or not isinstance(frame[0], nodes.paragraph):
            raise self.error("an explorer has one question, a paragraph; what else is to be said stands below it on the page")
        frame[0]["classes"].append("question")
        if next(frame[0].findall(nodes.math), None):
            raise self.error("the question is read without scripts too: set its letters in italics, not as formulas")
        self.env.metadata[self.env.docname].setdefault("explorers", []).append(name)
        return [frame]


def take_figures(app, doctree):
    """Bring each explorer's figure, with the cell's output around it, into its frame, and its image into the element."""
    for frame in list(doctree.findall(explorer)):
        name = nodes.make_id(frame["still"])
        figure = next((figure for figure in doctree.findall(nodes.figure) if name in figure["ids"]), None)
        image = figure and next(figure.findall(nodes.image), None)
        if image is None:
            logger.warning("the explorer %r: no figure %r on this page", frame["name"], frame["still"], location=frame)
            continue
        said = nodes.paragraph("", WITHOUT_SCRIPTS, classes=["without-scripts"])
        image.replace_self(instrument("", image.deepcopy(), said, name=frame["name"]))
        moved = figure
        for outer in ancestors(figure):
            if outer.get("nb_element") == "cell_code_output":
                moved = outer
        moved.parent.remove(moved)
        frame += moved


def ancestors(node):
    """The elements around a node, the nearest first."""
    while node := node.parent:
        yield node


def write_palette(app):
    """Write the optimizers' colours as CSS variables for words and for lines, readable on the ground of each theme."""
    if app.builder.format != "html":
        return
    blocks = []
    for theme, selector in THEMES.items():
        lines = []
        for rule in COLORS:
            name = rule.replace("_", "-")
            lines += [f"  --rule-{name}: {readable(rule, theme)};", f"  --line-{name}: {readable(rule, theme, LINES)};"]
        blocks.append("\n".join([f"{selector} {{", *lines, "}"]))
    target = Path(app.outdir, "_static", FOLDER, "palette.css")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def load_scripts(app, pagename, templatename, context, doctree):
    """Give a page with explorers their scripts, and no other page."""
    names = app.env.metadata.get(pagename, {}).get("explorers", [])
    for script in (*SHARED, *dict.fromkeys(names)) if names else ():
        app.add_js_file(f"{FOLDER}/{script}.js", loading_method="defer")


def visit_explorer(self, node):
    """Open the frame."""
    self.body.append(self.starttag(node, "div"))


def depart_explorer(self, node):
    """Close the frame."""
    self.body.append("</div>\n")


def visit_instrument(self, node):
    """Open the custom element."""
    self.body.append(f"<optim-{node['name']}>\n")


def depart_instrument(self, node):
    """Close the custom element."""
    self.body.append(f"</optim-{node['name']}>\n")


def setup(app):
    """Register the directive, its nodes, and the steps."""
    app.add_node(explorer, html=(visit_explorer, depart_explorer))
    app.add_node(instrument, html=(visit_instrument, depart_instrument))
    app.add_directive("explorer", Explorer)
    app.connect("doctree-read", take_figures)
    app.connect("builder-inited", write_palette)
    app.connect("html-page-context", load_scripts)
    for style in ("palette", "explorers"):  # for all pages, which share one sheet
        app.add_css_file(f"{FOLDER}/{style}.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
