"""Tips: what a term of the glossary or a symbol of the notation means shows where it stands in the text, on hover and focus.

A term is linked to the glossary at its first place in a chapter, a formula that is one symbol to the notation at its first place
in a section. A term that is an ordinary word too (``ordinary_terms``) is linked where it stands as a noun in the singular: after
an article, or after whose it is. The links work without a script; `_static/tips.js` shows the meaning beside them. Meanings stand
once, in the glossary and in the tables of the notation: one of class ``symbols`` holds for the whole book, one of ``symbols-3``
for Part 3. Single Latin letters get no tip, for chapters use them as they please.
"""

import re

from docutils import nodes

PART = re.compile(r"book/(\d)-")
# A term is not looked for where it is named, defined, quoted or already a link.
APART = (
    *(nodes.reference, nodes.literal, nodes.title, nodes.caption, nodes.term),
    *(nodes.citation, nodes.entry, nodes.strong, nodes.raw),
)
DETERMINER = re.compile(r"(?:\b(?:an?|the|this|each|every|no|its|their|whose)|[’']s|s[’'])\s+$", re.IGNORECASE)
SKIPPED_BOXES = {"opening", "cell_output", "claims"}
ASIDE = re.compile(r"(\(.*?\)|\[.*?\]|\\in .*)$")


class tip_link(nodes.Inline, nodes.TextElement):
    """A term or symbol in the text, with the address and the name of its tip."""


class tip_text(nodes.General, nodes.Element):
    """The meaning that a page's tip links of this name show."""


def symbols_of(cell):
    """The symbols of a cell of the notation, as TeX, each also without its argument, index or set."""
    for formula in cell.findall(nodes.math):
        for symbol in re.split(r",\s*(?:\\ )?\s*(?![^\[(]*[\])])", formula.astext()):
            symbol = symbol.strip()
            for form in (symbol, ASIDE.sub("", symbol).strip()):
                if not re.fullmatch(r"[A-Za-z]?", form):
                    yield form


def meanings(app):
    """Two mappings, made once a build: of terms to (name, content), and of (part or None, symbol) to (name, content)."""
    env = app.env
    if hasattr(app, "book_meanings"):
        return app.book_meanings
    terms, symbols = {}, {}
    if (page := app.config.glossary_page) in env.all_docs:
        for item in env.get_doctree(page).findall(nodes.definition_list_item):
            names = list(item.findall(nodes.term))
            for name in names:
                terms[name.next_node(nodes.Text).lower()] = names[0]["ids"][0], [plain(item.next_node(nodes.definition)[0])]
    if (page := app.config.notation_page) in env.all_docs:
        rows = 0
        for table in env.get_doctree(page).findall(nodes.table):
            scopes = [c.removeprefix("symbols").removeprefix("-") for c in table["classes"] if c.startswith("symbols")]
            for row in table.findall(nodes.row):
                cells = list(row.findall(nodes.entry))
                if not scopes or isinstance(row.parent, nodes.thead):
                    continue
                rows += 1
                content = [plain(paragraph) for cell in cells[:2] for paragraph in cell.findall(nodes.paragraph)]
                for symbol in symbols_of(cells[0]):
                    for scope in scopes:
                        symbols[scope, symbol] = f"symbol-{rows}", content
    app.book_meanings = terms, symbols
    return app.book_meanings


def plain(paragraph):
    """A copy of a paragraph in which links are their words."""
    result = paragraph.deepcopy()
    for link in list(result.findall(lambda node: isinstance(node, nodes.reference) or node.tagname == "pending_xref")):
        link.replace_self(link.children)
    return result


def place_tips(app, doctree, docname):
    """Make links of a page's first terms and symbols, and add the meanings that these show to its end."""
    if docname in (app.config.glossary_page, app.config.notation_page):
        return
    terms, symbols = meanings(app)
    used = {}
    link_terms(app, doctree, docname, terms, used)
    link_symbols(app, doctree, docname, symbols, used)
    section = doctree.next_node(nodes.section)
    if used and section is not None:
        section.extend(tip_text("", *(node.deepcopy() for node in content), name=name) for name, content in sorted(used.items()))


def link_terms(app, doctree, docname, terms, used):
    """Link the first place of each term; `used` is given the meanings."""
    if not terms:
        return
    longest_first = sorted(terms, key=lambda term: (-len(term), term))
    pattern = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest_first))})s?(?![\w-])", re.IGNORECASE)
    target = app.builder.get_relative_uri(docname, app.config.glossary_page)
    for text in list(doctree.findall(nodes.Text)):
        if not isinstance(text.parent, (nodes.paragraph, nodes.emphasis)) or apart(text):
            continue
        parts, end = [], 0
        for match in pattern.finditer(text):
            name, content = terms[match[1].lower()]
            if name not in used and is_meant(match, app.config.ordinary_terms):
                used[name] = content
                parts += [nodes.Text(text[end : match.start()]), tip_link("", match[0], uri=f"{target}#{name}", name=name)]
                end = match.end()
        if parts:
            text.parent.replace(text, [part for part in (*parts, nodes.Text(text[end:])) if len(part.astext())])


def is_meant(match, ordinary):
    """False where the match is one of the `ordinary` words and may be a verb, or a plural that means something else."""
    return match[1].lower() not in ordinary or (match[0] == match[1] and bool(DETERMINER.search(match.string[: match.start()])))


def link_symbols(app, doctree, docname, symbols, used):
    """Link the first place of each symbol in each section; `used` is given the meanings."""
    part = PART.match(docname)
    known = {symbol: found for (scope, symbol), found in symbols.items() if scope == ""}
    if part:
        known |= {symbol: found for (scope, symbol), found in symbols.items() if scope == part[1]}
    target = app.builder.get_relative_uri(docname, app.config.notation_page)
    seen = set()
    for formula in list(doctree.findall(nodes.math)):
        if (found := known.get(formula.astext().strip())) is None or apart(formula):
            continue
        name, content = found
        place = id(section_of(formula)), name
        if place not in seen:
            seen.add(place)
            used[name] = content
            link = tip_link("", "", formula.deepcopy(), uri=f"{target}#symbols", name=name, symbol=True)
            formula.parent.replace(formula, link)  # `replace_self` would give the link the formula's classes too


def apart(node):
    """True where a node stands in something that holds no tips."""
    parent = node.parent
    while parent is not None:
        if isinstance(parent, APART) or parent.tagname in ("fold_title", "tip_link", "caption"):
            return True
        if SKIPPED_BOXES & set(parent.get("classes", ())):
            return True
        parent = parent.parent
    return False


def section_of(node):
    """The section of the second level in which a node stands, or the page."""
    sections = []
    while node is not None:
        if isinstance(node, nodes.section) and "names" in node:
            sections.append(node)
        node = node.parent
    return sections[-2] if len(sections) > 1 else sections[-1] if sections else None


def visit_tip_link(self, node):
    """Open the link."""
    kinds = "tip symbol" if node.get("symbol") else "tip"
    self.body.append(self.starttag(node, "a", "", CLASS=kinds, href=node["uri"], **{"data-tip": node["name"]}))


def depart_tip_link(self, node):
    """Close the link; one whose only words are a formula needs some that every screen reader takes for words."""
    self.body.append('<span class="visually-hidden"> in the notation</span></a>' if node.get("symbol") else "</a>")


def visit_tip_text(self, node):
    """Open the meaning, which no browser shows by itself."""
    self.body.append(f'<template data-tip="{node["name"]}">')


def depart_tip_text(self, node):
    """Close the meaning."""
    self.body.append("</template>\n")


def setup(app):
    """Register nodes and configuration; place the tips once the links of a page are resolved and its boxes folded."""
    app.add_config_value("notation_page", "book/notation", "env", str)
    app.add_config_value("ordinary_terms", [], "env", list)
    app.add_node(tip_link, html=(visit_tip_link, depart_tip_link))
    app.add_node(tip_text, html=(visit_tip_text, depart_tip_text))
    app.add_js_file("tips.js", loading_method="defer")
    app.connect("doctree-resolved", place_tips, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
