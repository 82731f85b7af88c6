"""One style sheet and one small icon font for the whole site, holding what its pages use.

The theme and its extensions bring 600 kB of rules in eleven files and 1 MB of icon fonts; a page is not drawn before all rules
have come. The rules stay in their order; those for classes that occur in no page and no script are left out.
"""

import hashlib
import logging
import posixpath
import re
import shutil
from html import unescape
from importlib.metadata import version
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.errors import ExtensionError

SHEET, ICONS = "site.css", "icons.woff"
FIRST = ("styles/theme.css", "styles/pydata-sphinx-theme.css")  # which the theme's layout names itself
# Whose sheets come, some of them only after the pages: a page's link carries a mark of what the sheet is made of.
PACKAGES = ("Sphinx", "pydata-sphinx-theme", "sphinx-book-theme", "myst-nb", "sphinx-proof", "sphinx-exercise", "sphinx-design")
FONTS = "vendor/fontawesome"
AT_ONCE = "documentation_options.js"  # scripts within the pages use what it sets

IMPORT = re.compile(r"@import\s*(?:url\()?\s*[\"']?([^\"');]+)[\"']?\s*\)?\s*;")
COMMENT = re.compile(r"/\*(?!!).*?\*/", re.DOTALL)
LICENCE = re.compile(r"/\*!.*?\*/", re.DOTALL)
ADDRESS = re.compile(r"url\(\s*[\"']?(?!data:|#)([^\"')]+)[\"']?\s*\)")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
FACE = re.compile(r"@font-face\s*\{[^}]*Font Awesome[^}]*\}")
CLASS = re.compile(r"\.((?:\\.|[\w-])+)")
WORDS = re.compile(r"[\w-]+")
ICON = re.compile(r"content:\s*\"\\([0-9a-f]{2,5})\"")


def kept(app):
    """Where the sheets lie that a build took out of the site; not every one is put there again by the next build."""
    return Path(app.doctreedir, "style")


def gathered(app, name):
    """A style sheet's text, with what it imports, and with addresses as seen from the folder `_static`."""
    path = next(path for folder in (Path(app.outdir, "_static"), kept(app)) if (path := folder / name).is_file())
    text = COMMENT.sub("", path.read_text("utf-8"))
    folder = posixpath.dirname(name)
    text = IMPORT.sub(lambda found: gathered(app, posixpath.normpath(posixpath.join(folder, found[1]))), text)
    if not folder:
        return text
    return ADDRESS.sub(lambda found: f"url({posixpath.normpath(posixpath.join(folder, found[1]))})", text)


def used_words(outdir):
    """All class names of the pages, and all words of the scripts, some of which are names of classes."""
    words = set()
    for page in outdir.rglob("*.html"):
        for names in re.findall(r"class=\"([^\"]*)\"", page.read_text("utf-8")):
            words.update(unescape(names).split())
    for script in (outdir / "_static").rglob("*.js"):
        if "mathjax" not in script.parts:
            words.update(WORDS.findall(script.read_text("utf-8")))
    return words


def is_used(selector, words):
    """False where a selector asks for a class that is none of `words`; what stands in brackets is taken as used."""
    plain = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", selector))
    return all(re.sub(r"\\(.)", r"\1", name) in words or name.startswith(("MathJax", "mjx")) for name in CLASS.findall(plain))


def selectors(rule):
    """The selectors of a rule: what stands between commas, but for those in brackets."""
    found, depth = [""], 0
    for letter in rule:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found


def pruned(text, words):
    """The style sheet without the rules for classes that are none of `words`."""

    def keep(rule):
        kept = [one for one in selectors(rule[1]) if one.lstrip().startswith("@") or is_used(one, words)]
        return f"{','.join(kept)}{{{rule[2]}}}" if kept else ""

    text = RULE.sub(keep, text)
    return re.sub(r"@(?:media|supports)[^{}]*\{\s*\}", "", text)


def linked_once(app, pagename, templatename, context, doctree):
    """Have a page load the one sheet in place of all others, and its scripts after it is drawn.

    Whichever pages a build writes, the sheet is for all pages of the site. So all of them must name the same sheets: a page with
    one of its own raises ExtensionError.
    """
    names = [str(sheet.filename).removeprefix("_static/") for sheet in context["css_files"]]
    if not hasattr(app, "site_style"):
        made_of = [*names, *map(version, PACKAGES), app.env.frame_digest]
        app.site_style = (*FIRST, *names), hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:8]
    known, mark = app.site_style
    if unlike := set(known) - set(FIRST) ^ set(names):
        raise ExtensionError(f"{pagename}: {', '.join(sorted(unlike))} is for some pages only; add it in `setup`, for all pages")
    context["css_files"] = [f"_static/{SHEET}?v={mark}"]
    if templatename != "search.html":  # whose own scripts begin at once, with functions of the others
        context["script_files"] = [deferred(script) for script in context["script_files"]]


def deferred(script):
    """A script that waits until the page is read."""
    if not script.filename or str(script.filename).endswith(AT_ONCE) or {"async", "defer"} & set(script.attributes):
        return script
    return type(script)(script.filename, priority=script.priority, defer="defer", **script.attributes)


def write_style(app, exception):
    """Write the sheet and the font, and take away what they stand for."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    if not hasattr(app, "site_style"):  # no page was out of date, yet the sheets were copied
        for taken in kept(app).rglob("*.css"):
            (static / taken.relative_to(kept(app))).unlink(missing_ok=True)
        return
    names, _ = app.site_style
    text = "\n".join(gathered(app, name) for name in names)  # the theme writes one of them when all pages are done
    text, licences = LICENCE.sub("", text), list(dict.fromkeys(LICENCE.findall(text)))
    text = pruned(text, used_words(Path(app.outdir)))
    fonts = static / FONTS / "webfonts"
    if fonts.is_dir():
        text = FACE.sub("", text)
        text += '@font-face{font-family:"Font Awesome 6 Free";font-weight:900;font-display:block;'
        text += f'src:url({ICONS}) format("woff")}}\n'
        logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table
        font = TTFont(fonts / "fa-solid-900.ttf", recalcTimestamp=False)
        cut = subset.Subsetter(subset.Options(drop_tables=["FFTM"], layout_features=[]))
        cut.populate(unicodes=[int(code, 16) for code in ICON.findall(text)])
        cut.subset(font)
        font.flavor = "woff"
        font.save(static / ICONS)
        shutil.rmtree(static / FONTS)
    (static / SHEET).write_text("\n".join([*licences, text]), "utf-8")
    for name in {*names, "basic.css"}:
        if (static / name).is_file():
            (kept(app) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(static / name, kept(app) / name)


def setup(app):
    """Connect the two steps, the first after all extensions have named their files for a page."""
    app.connect("html-page-context", linked_once, priority=950)
    app.connect("build-finished", write_style, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
