"""What a page has to be. Every check takes an open page and returns the problems that it finds, a sentence each.

`test_checks_bite` shows that each of them finds the defect that it is there for.
"""

import json
import re
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import TimeoutError

from .visit import NARROW, WIDE

# Text that TeX should have turned into a formula: delimiters, commands, dollars on both sides of something.
RAW_TEX = r"\$\$|\\[()\[\]]|\\[a-zA-Z]{2,}|\$[^\s$][^$]*\$"
FILE_NAME = re.compile(r"^\S+\.(png|svg|jpe?g|gif|webp)$|^[0-9a-f]{16,}", re.IGNORECASE)
REMOTE = re.compile(r"""(?:url\(\s*|@import\s+)["']?\s*((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)


def formulas(page):
    """Formulas that are not set, are set wrongly, or stand as raw TeX in the text, in a title or in a description."""
    return page.evaluate(
        r"""(source) => {
        const raw = new RegExp(source), problems = [];
        const short = (text) => JSON.stringify(text.trim().slice(0, 80));
        for (const box of document.querySelectorAll('.math')) {
            const set = box.querySelectorAll('mjx-container').length;
            if (set !== 1) problems.push(`formula: ${set} formulas are set where one is written: ${short(box.textContent)}`);
        }
        for (const error of document.querySelectorAll('mjx-merror, .MathJax_Error')) {
            problems.push(`formula: TeX error ${short(error.getAttribute('data-mjx-error') ?? error.textContent)}`);
        }
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const node = texts.currentNode;
            if (node.parentElement.closest('pre, code, script, style, noscript, mjx-container, .math')) continue;
            if (raw.test(node.data)) problems.push(`formula: raw TeX ${short(node.data)}`);
        }
        const spoken = [['the title', document.title]];
        for (const name of ['alt', 'title', 'aria-label', 'content']) {
            for (const element of document.querySelectorAll(`[${name}]`)) spoken.push([name, element.getAttribute(name)]);
        }
        for (const [where, text] of spoken) {
            if (raw.test(text)) problems.push(`formula: raw TeX in ${where}: ${short(text)}`);
        }
        return problems;
    }""",
        RAW_TEX,
    )


def sideways(page):
    """Whatever stands beyond the right edge of the window and cannot be scrolled to within a box of its own."""
    return page.evaluate("""() => {
        const edge = document.documentElement.clientWidth + 1, problems = [];
        if (document.documentElement.scrollWidth > edge) {
            problems.push(`sideways: the page is ${document.documentElement.scrollWidth} wide in a window of ${edge - 1}`);
        }
        const scrolls = (element) => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
        const inside = (element) => {
            for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
                if (scrolls(box) && box.getBoundingClientRect().right <= edge) return true;
            }
            return false;
        };
        // What a formula is made of lies within it, but for its words for screen readers, which are clipped to nothing.
        for (const article of document.querySelectorAll('article')) {
            const parts = document.createTreeWalker(article, NodeFilter.SHOW_ELEMENT, (element) =>
                element.parentElement.localName === 'mjx-math' || element.localName === 'mjx-assistive-mml'
                    ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
            while (parts.nextNode()) {
                const element = parts.currentNode, {width, right} = element.getBoundingClientRect();
                if (width > 1 && right > edge && !inside(element)) {
                    problems.push(`sideways: ${element.localName}.${element.className} ends at ${Math.round(right)}`);
                }
            }
        }
        return problems.slice(0, 5);
    }""")


def cut_off(page):
    """Displays that are wider, with their number, than their box, of which the reader sees a part at a time."""
    return page.evaluate("""() => [...document.querySelectorAll('div.math')]
        .filter((box) => box.scrollWidth > box.clientWidth)
        .map((box) => [box.id || box.textContent.trim().slice(0, 60), box.scrollWidth, box.clientWidth])
        .map(([name, wide, room]) => `cut off: the display ${name} is ${wide} wide in a box of ${room}`)""")


def brackets(page):
    """Numbers of equations, which stand in brackets, with further brackets round them."""
    return page.evaluate(r"""() => [...document.querySelectorAll('article a.reference[href*="#equation-"]')]
        .filter((link) => /^\(.*\)$/.test(link.textContent) && /\($/.test(link.previousSibling?.textContent ?? ''))
        .map((link) => `brackets: two pairs round ${link.textContent}`)""")


def images(page):
    """Images that did not load, say nothing of what they show, or say a file name."""
    problems = []
    for alt, source, width in page.evaluate(
        "() => [...document.images].map((image) => [image.getAttribute('alt'), image.src, image.naturalWidth])"
    ):
        name = source.rsplit("/", 1)[-1][:60]
        if not (alt or "").strip():
            problems.append(f"image: {name} has no alt text")
        elif FILE_NAME.match(alt.strip()):
            problems.append(f"image: the alt text of {name} is a file name")
        if width == 0:
            problems.append(f"image: {name} does not load")
    return problems


def headings(page):
    """A number of level-one headings that is not one, levels that are skipped, and ids that occur twice."""
    return page.evaluate("""() => {
        const seen = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter((h) => h.checkVisibility());
        const levels = seen.map((heading) => Number(heading.tagName[1])), problems = [];
        const first = levels.filter((level) => level === 1).length;
        if (first !== 1) problems.push(`heading: ${first} headings of level one`);
        levels.forEach((level, i) => {
            if (level - (levels[i - 1] ?? 0) > 1) problems.push(`heading: level skipped before "${seen[i].textContent}"`);
        });
        const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
        new Set(ids.filter((id, i) => ids.indexOf(id) !== i)).forEach((id) => problems.push(`heading: id "${id}" occurs twice`));
        return problems;
    }""")


def head(page):
    """A head without title, language, description or favicon, or with other than one viewport tag."""
    return page.evaluate("""() => {
        const count = (selector) => document.head.querySelectorAll(selector).length, problems = [];
        if (!document.title.trim()) problems.push('head: no title');
        if (!document.documentElement.lang) problems.push('head: no language');
        if (count('meta[name=viewport]') !== 1) problems.push(`head: ${count('meta[name=viewport]')} viewport tags`);
        const descriptions = [...document.head.querySelectorAll('meta[name=description]')];
        if (descriptions.length !== 1 || descriptions[0].content.length < 30) problems.push('head: not one proper description');
        if (!count('link[rel~=icon]')) problems.push('head: no favicon');
        return problems;
    }""")


class Places(HTMLParser):
    """The targets of all links of a page, and all that can be linked to in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag in ("a", "area") and "href" in attributes:
            self.links.append(attributes["href"])
        self.ids.update(filter(None, (attributes.get("id"), attributes.get("name") if tag == "a" else None)))


def broken_links(html, places):
    """Internal links that lead nowhere.

    `places` maps each page's path below the folder `html` to its Places; addresses of other sites are not asked for.
    """
    problems = []
    for path, page in places.items():
        here = path.relative_to(html)
        for link in dict.fromkeys(page.links):
            address, anchor = urldefrag(urljoin(path.as_uri(), link))
            if urlsplit(address).scheme in {"http", "https", "mailto"}:
                continue
            target = Path(unquote(urlsplit(address).path))
            if html not in target.parents or not target.is_file():
                problems.append(f"{here}: link to {link}, where there is no file of the site")
            elif anchor and target in places and unquote(anchor) not in places[target].ids:
                problems.append(f"{here}: link to {link}, where there is no such place")
    return problems


def remote_parts(page):
    """Parts of the page that it would load from other machines, were it allowed to."""
    styles, addresses = page.evaluate(r"""() => [
        [...document.querySelectorAll('style, [style]')].map((element) => element.getAttribute('style') ?? element.textContent),
        [...document.querySelectorAll('[src], [srcset], [poster], [data], link[href], use')]
            .filter((element) => !['canonical', 'author', 'license', 'next', 'prev', 'help'].includes(element.rel))
            .flatMap((element) => ['src', 'srcset', 'poster', 'data', 'href', 'xlink:href'].map((n) => element.getAttribute(n)))
            .filter((address) => /(^|[\s,])(https?:)?\/\//i.test(address ?? '')),
    ]""")
    return [f"remote: {address}" for address in addresses + remote_parts_of_css("\n".join(styles))]


def remote_parts_of_css(text):
    """Addresses of other machines in a style sheet."""
    return REMOTE.findall(text)


# Marks three texts of each kind, and every explorer. What decides whether a text can be read is its colour, its size, and the
# grounds on which it stands; whether a link is seen in a text, its line and the text's colour as well. axe takes most of its time
# to find that out for one text after the other.
MARK_TEXTS = """() => {
    const count = new Map(), grounds = new Map([[document.documentElement, '']]);
    for (const element of document.body.parentElement.querySelectorAll('body, body *')) {
        const style = getComputedStyle(element);
        let ground = grounds.get(element.parentElement);
        if (style.backgroundColor !== 'rgba(0, 0, 0, 0)' || style.backgroundImage !== 'none' || style.opacity !== '1' ||
            style.filter !== 'none' || style.position !== 'static') {
            const own = [style.backgroundColor, style.backgroundImage, style.opacity, style.filter];
            if (style.position !== 'static') own.push(element.localName, element.className);
            ground += ` > ${own}`;
        }
        grounds.set(element, ground);
        element.removeAttribute('data-kind');
        const speaks = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!speaks && !element.shadowRoot && !element.matches('input, select, textarea') || !element.checkVisibility()) continue;
        const looks = [ground, style.color, style.fontSize, style.fontWeight, style.textShadow];
        if (element.localName === 'a') {
            const around = getComputedStyle(element.parentElement);
            looks.push(style.textDecorationLine, around.color, around.fontWeight, around.display);
        }
        const kind = looks.join();
        const times = element.shadowRoot ? 1 : (count.get(kind) ?? 0) + 1;
        count.set(kind, times);
        if (times <= 3) element.setAttribute('data-kind', times);
    }
}"""
# Of those texts and what is within them.
TEXTS, LINKS = "[data-kind], [data-kind] *", "a[href][data-kind], [data-kind] a[href]"
OF_TEXTS = [{"id": "color-contrast", "selector": TEXTS}, {"id": "link-in-text-block", "selector": LINKS}]
AXE = Axe(f"{AXE_SCRIPT}\naxe.configure({json.dumps({'rules': OF_TEXTS})})")
# `preload` would ask for the style sheets, which a page from `file://` cannot, for a rule that is not among the usual ones.
OPTIONS = {"resultTypes": ["violations"], "preload": False}


def accessibility(page):
    """What axe-core finds, by all of its rules; by those that look at each text, in three texts of each kind."""
    page.evaluate(MARK_TEXTS)
    problems = []
    for rule in AXE.run(page, options=OPTIONS).response["violations"]:
        for node in rule["nodes"]:
            where, why = (" ".join(node[key].split())[:200] for key in ("html", "failureSummary"))
            problems.append(f"axe {rule['id']} ({rule['impact']}): {where} | {why}")
    return problems


def open_folds(page):
    """Open everything that a reader can open, so that it is checked too."""
    page.evaluate("() => document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")


# The theme makes a box reachable by keyboard some time after it has become too narrow for what it holds.
REACHABLE = (
    """() => [...document.querySelectorAll('article [tabindex="-1"]')].every((box) => box.scrollWidth <= box.clientWidth)"""
)


def resize(page, size):
    """Give the window another size, and the page time to answer to it."""
    page.set_viewport_size(size)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    with suppress(TimeoutError):  # axe will tell of it
        page.wait_for_function(REACHABLE, timeout=3000)


def darken(page):
    """Have the reader's system ask for dark colours, and wait until they are there."""
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("html[data-theme=dark]")
    page.wait_for_function("() => !document.getAnimations().some((motion) => motion.playState === 'running')")


def grounds(page):
    """Figures whose ground is not white, on which they are drawn; in the dark it has to be set."""
    return page.evaluate("""() => [...document.querySelectorAll('article img')]
        .filter((image) => getComputedStyle(image).backgroundColor !== 'rgb(255, 255, 255)')
        .map((image) => `ground: ${image.getAttribute('src').slice(0, 60)} is not on white`)""")


def thin(page):
    """Leave, of what a page has hundreds of that one program makes of the same few elements, one of each kind."""
    thin_entries(page)
    thin_code(page)
    thin_formulas(page)


def thin_code(page):
    """Leave one token of each kind coloured in a page's code."""
    page.evaluate("""() => {
        const seen = new Set();
        for (const token of document.querySelectorAll('pre span')) {
            const kind = `${token.className} ${token.closest('.cell_output') ? 'output' : 'input'}`;
            if (token.children.length) continue;
            if (seen.has(kind)) token.replaceWith(token.textContent);
            seen.add(kind);
        }
    }""")


def thin_formulas(page):
    """Leave, of a page's formulas, each kind of letter once in each kind of place, and each kind of spoken element once.

    One renderer makes them all of the same few elements, and a long page has 50,000 of them, most of axe's time. What decides
    whether a letter can be read is where it stands and the colours set on the way to it. A box takes the room of what goes.
    """
    page.evaluate("""() => {
        const seen = new Set();
        const fresh = (kind) => !seen.has(kind) && Boolean(seen.add(kind));
        const places = 'h1, h2, h3, h4, a, table, figcaption, summary, nav, .proof, .admonition, .cell_output, div.math';
        for (const formula of document.querySelectorAll('mjx-container')) {
            const place = formula.parentElement.closest(places), {color} = getComputedStyle(formula.parentElement);
            const colours = new Map([[formula, [place?.tagName, place?.className, color].join(' ')]]);
            const spoken = formula.querySelector('mjx-assistive-mml'), kept = new Set();
            for (const element of formula.querySelectorAll('*')) {
                if (spoken?.contains(element)) {
                    if (fresh(`spoken ${element.localName} ${element.getAttributeNames()}`)) kept.add(spoken);
                    continue;
                }
                const {color, backgroundColor} = element.style;
                colours.set(element, [colours.get(element.parentElement), color, backgroundColor].filter(Boolean).join(' '));
                if (element.childElementCount || !fresh(`${element.localName} ${colours.get(element)}`)) continue;
                for (let part = element; part !== formula; part = part.parentElement) kept.add(part);
            }
            if (spoken && formula.closest('a')) kept.add(spoken);  // a link's only words
            const {width, height} = formula.getBoundingClientRect(), box = document.createElement('span');
            box.style.cssText = `display: inline-block; width: ${width}px; height: ${height}px`;
            for (const element of formula.querySelectorAll('*')) {
                if (!kept.has(element) && !(kept.has(spoken) && spoken.contains(element))) element.remove();
            }
            box.append(...formula.childNodes);
            formula.append(box);
        }
    }""")


def thin_entries(page):
    """Leave, of the ledger's rows, errata, checks and functions, those with an element of a new name, class or attribute.

    One directive makes them all of the same few elements, and there are hundreds of them.
    """
    page.evaluate("""() => {
        const seen = new Set();
        for (const entry of document.querySelectorAll('table.ledger tbody tr, article.erratum, div.claim-check, dl.py')) {
            const kinds = [entry, ...entry.querySelectorAll('*')].filter((element) => !element.closest('mjx-container'))
                .map((e) => [e.localName, e.className, e.getAttributeNames(), e.textContent.trim() === ''].join(' '));
            const fresh = kinds.some((kind) => !seen.has(kind));
            kinds.forEach((kind) => seen.add(kind));
            if (!fresh) entry.remove();
        }
    }""")


ON_ARRIVAL = (formulas, brackets, images, headings, head, remote_parts)


def lay_out(page):
    """Lay out the whole page from now on: a section out of view keeps the boxes that it had in a window of another size."""
    page.add_style_tag(content="* { content-visibility: visible !important; }")


def look_over(tab, path):
    """Every problem of the page at `path`, found in one visit in a Tab: wide and light, at 390 pixels, in the dark."""
    visit = tab.open(path, reduced_motion="reduce")
    page = visit.page
    found = [problem for check in ON_ARRIVAL for problem in check(page)]
    lay_out(page)
    open_folds(page)
    found += [*sideways(page), *cut_off(page)]
    resize(page, NARROW)
    found += [f"at 390 pixels: {problem}" for problem in sideways(page)]
    thin(page)
    found += [f"at 390 pixels: {problem}" for problem in accessibility(page)]
    resize(page, WIDE)
    found += accessibility(page)
    darken(page)
    found += [f"in the dark: {problem}" for check in (accessibility, grounds) for problem in check(page)]
    return found + visit.problems
