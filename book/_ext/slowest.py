"""On request, the parts of a build that took longest: `SLOWEST=10 jupyter-book build .`, or `make book SLOWEST=10`."""

import os
import time
from collections import Counter

from sphinx.util.logging import getLogger

logger = getLogger(__name__)


class Stopwatch:
    """Notes when the build reaches each of its steps; what lies between two steps is a part."""

    def __init__(self, count):
        self.count, self.parts, self.last = count, Counter(), time.perf_counter()

    def note(self, part):
        """End a part, and begin the next."""
        now = time.perf_counter()
        self.parts[part] += now - self.last
        self.last = now

    def show(self, app, exception):
        """Show the longest parts."""
        self.note("the end: scripts, styles, the index of the search")
        for part, seconds in self.parts.most_common(self.count):
            logger.info("%7.1f s  %s", seconds, part)
        logger.info("%7.1f s  all", self.parts.total())


def setup(app):
    """Connect the watch where it is asked for; ValueError where SLOWEST is no number."""
    if count := int(os.environ.get("SLOWEST") or 0):
        watch = Stopwatch(count)
        # Each is connected to be called last, or first, so that what others do in that step counts as that step's.
        app.connect("env-before-read-docs", lambda app, env, names: watch.note("the beginning"), priority=999)
        app.connect("doctree-read", lambda app, doctree: watch.note(f"reading {app.env.docname}"), priority=999)
        app.connect("env-updated", lambda app, env: watch.note("what all pages make together"), priority=999)
        app.connect("doctree-resolved", lambda app, doctree, name: watch.note(f"references of {name}"), priority=999)
        app.connect("html-page-context", lambda app, name, *rest: watch.note(f"writing {name}"), priority=999)
        app.connect("build-finished", watch.show, priority=999)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
