"""While the site is built, Python does not look for rubbish: a third of the time of a build, two thirds of one with little to do.

The collector goes through all objects that there are, again and again as pages are read, and the trees of the pages are millions
that stay. What it would have freed is half a gigabyte, which goes with the process.
"""

import gc


def collect_later(app, exception):
    """Start the collector again, for what is made from now on."""
    gc.freeze()
    gc.enable()


def setup(app):
    """Stop the collector until the build is at its end."""
    if gc.isenabled():
        gc.disable()
        app.connect("build-finished", collect_later, priority=999)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
