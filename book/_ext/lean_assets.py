"""Leave out what the theme publishes but no page needs.

``fontawesome.js`` (1.5 MB) draws the icons that the theme's web font draws already; ``_templates/static/webpack-macros.html``
keeps pages from loading it. Source maps (3.5 MB) serve the theme's own developers, and its translations (0.7 MB) are read
while the site is built.
"""

import shutil
from pathlib import Path

UNUSED = ("*.map", "scripts/fontawesome.js", "scripts/fontawesome.js.LICENSE.txt")


def remove_unused(app, exception):
    """Delete the unused files after Sphinx has copied the theme's static folders; there is no hook before that."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    for pattern in UNUSED:
        for path in static.rglob(pattern):
            path.unlink()
    shutil.rmtree(static / "locales", ignore_errors=True)


def setup(app):
    """Connect the step to Sphinx."""
    app.connect("build-finished", remove_unused)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
