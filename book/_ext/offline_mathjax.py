"""Serve MathJax from the site itself, so that formulas render offline and from ``file://``.

The files come from the locked package ``sphinx-mathjax-offline``. Used as a Sphinx extension that package copies all of
MathJax (24 MB); the components that this book loads, the fonts and the TeX extensions are 1.3 MB. No page of the book asks
for an extension today, but one with ``\\cancel`` or ``\\require{physics}`` in a formula would, and finds it without a network.
The components are separate files and not the one that holds them all, which a telephone reads without a pause.
"""

import shutil
from importlib import resources
from pathlib import Path

START = "startup.js"
LOADED = ("core", "input/tex", "output/chtml", "a11y/assistive-mml")
FONT = "output/chtml/fonts/tex"  # which the output asks for itself, once it is there
NEEDED = (START, *(f"{name}.js" for name in (*LOADED, FONT)), "output/chtml/fonts/woff-v2", "input/tex/extensions")

# Those that `input/tex` holds, and one file that holds them all.
WITHIN = ("all-packages", "ams", "autoload", "configmacros", "newcommand", "noundefined", "require")


def use_local_mathjax(app, config):
    """Point Sphinx at the copy below ``_static``."""
    config.mathjax_path = f"mathjax/{START}"
    config.mathjax3_config = {**(config.mathjax3_config or {}), "loader": {"load": list(LOADED)}}


def copy_mathjax(app):
    """Copy the needed files before pages are written, because a page's link carries the checksum of its target."""
    if app.builder.format != "html":
        return
    target = Path(app.outdir, "_static", "mathjax")
    with resources.as_file(resources.files("sphinx-mathjax-offline") / "static" / "mathjax") as source:
        for name in NEEDED:
            if (source / name).is_dir():
                within = shutil.ignore_patterns(*(f"{extension}.js" for extension in WITHIN))
                shutil.copytree(source / name, target / name, ignore=within, dirs_exist_ok=True)
            else:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / name, target / name)


def setup(app):
    """Connect the two steps to Sphinx."""
    app.connect("config-inited", use_local_mathjax)
    app.connect("builder-inited", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
