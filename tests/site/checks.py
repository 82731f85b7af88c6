"""What a page has to be. Every check takes an open page and returns the problems that it finds, a sentence each.

`test_checks_bite` shows that each of them finds the defect that it is there for.
"""

import re
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from axe_playwright_python.sync_playwright import Axe

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
        for (const element of document.querySelectorAll('article *')) {
            if (element.closest('mjx-assistive-mml')) continue;  // for screen readers; clipped to nothing
            const box = element.getBoundingClientRect();
            if (box.width > 1 && box.right > edge && !inside(element)) {
                problems.push(`sideways: ${element.tagName.toLowerCase()}.${element.className} ends at ${Math.round(box.right)}`);
            }
        }
        return problems.slice(0, 5);
    }""")


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


def links_and_ids(page):
    """Two lists: the targets of all links of a page, and all that can be linked to in it."""
    return page.evaluate("""() => [
        [...document.querySelectorAll('a[href], area[href]')].map((link) => link.href),
        [...document.querySelectorAll('[id], a[name]')].map((element) => element.id || element.name),
    ]""")


def broken_links(html, gathered):
    """Internal links that lead nowhere.

    `gathered` maps each page's path below the folder `html` to its (links, ids); addresses of other sites are not asked for.
    """
    problems = []
    for path, (links, _) in gathered.items():
        here = path.relative_to(html)
        for link in dict.fromkeys(links):
            address, anchor = urldefrag(link)
            if urlsplit(address).scheme in {"http", "https", "mailto"}:
                continue
            target = Path(unquote(urlsplit(address).path))
            if html not in target.parents or not target.is_file():
                problems.append(f"{here}: link to {address}, where there is no file of the site")
            elif anchor and target in gathered and unquote(anchor) not in gathered[target][1]:
                problems.append(f"{here}: link to {target.relative_to(html)}#{anchor}, where there is no such place")
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


def accessibility(page):
    """What axe-core finds, by all of its rules."""
    problems = []
    for rule in Axe().run(page).response["violations"]:
        for node in rule["nodes"]:
            where, why = (" ".join(node[key].split())[:200] for key in ("html", "failureSummary"))
            problems.append(f"axe {rule['id']} ({rule['impact']}): {where} | {why}")
    return problems


def open_folds(page):
    """Open everything that a reader can open, so that it is checked too."""
    page.evaluate("() => document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")


def thin_code(page):
    """Leave one token of each kind coloured in a page's code; the others have the same colours and cost axe half its time."""
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
    """Leave, of a page's formulas, those with an element not yet seen in such a place; of others, an empty box of their size.

    One renderer makes them all of the same few elements, and a long page has 100,000 of them, most of axe's time.
    """
    page.evaluate("""() => {
        const seen = new Set();
        const places = 'h1, h2, h3, h4, a, table, figcaption, summary, nav, .proof, .admonition, .cell_output, div.math';
        for (const formula of document.querySelectorAll('mjx-container')) {
            const place = formula.parentElement.closest(places);
            const where = place ? place.tagName + place.className : '';
            const kinds = [formula, ...formula.querySelectorAll("*")]
                .map((element) => element.localName + element.style.color + where);
            const fresh = kinds.some((kind) => !seen.has(kind));
            kinds.forEach((kind) => seen.add(kind));
            if (fresh) continue;
            const {width, height} = formula.getBoundingClientRect();
            const box = document.createElement('span');
            box.style.cssText = `display: inline-block; width: ${width}px; height: ${height}px`;
            const name = formula.closest('a') ? [...formula.querySelectorAll('mjx-assistive-mml')] : [];  // a link's only words
            formula.replaceChildren(box, ...name);
        }
    }""")


def thin_entries(page):
    """Leave, of the ledger's rows, the errata and the checks, those with an element of a new name, class or attribute.

    One directive makes them all of the same few elements, and there are hundreds of them.
    """
    page.evaluate("""() => {
        const seen = new Set();
        for (const entry of document.querySelectorAll('table.ledger tbody tr, article.erratum, div.claim-check')) {
            const kinds = [entry, ...entry.querySelectorAll('*')].filter((element) => !element.closest('mjx-container'))
                .map((e) => [e.localName, e.className, e.getAttributeNames(), e.textContent.trim() === ''].join(' '));
            const fresh = kinds.some((kind) => !seen.has(kind));
            kinds.forEach((kind) => seen.add(kind));
            if (!fresh) entry.remove();
        }
    }""")
