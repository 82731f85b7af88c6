"""What libraries look up anew hundreds of times in one build is looked up once: a fifth of the time that the build takes.

pybtex searches the metadata of every installed package for the plug-in of each citation. Sphinx reads the whole page that a
figure stands on for each reference to the figure. What both find is the same in all of a build.
"""

from functools import cache

import pybtex.plugin
from sphinx.domains.std import StandardDomain
from sphinx.util.build_phase import BuildPhase


class Remembering:
    """An environment whose pages, only to be looked at, are read from disk once."""

    def __init__(self, env):
        self._env, self.get_doctree = env, cache(env.get_doctree)

    def __getattr__(self, name):
        return getattr(self._env, name)


class RememberingDomain(StandardDomain):
    """Sphinx's standard domain, with references to figures that remember the pages of the figures."""

    def _resolve_numref_xref(self, env, *rest):
        if env.app.phase >= BuildPhase.RESOLVING:  # pages do not change any more
            env = self._pages = getattr(self, "_pages", None) or Remembering(env)
        return super()._resolve_numref_xref(env, *rest)


def setup(app):
    if not hasattr(pybtex.plugin._load_entry_point, "cache_info"):
        pybtex.plugin._load_entry_point = cache(pybtex.plugin._load_entry_point)
    app.add_domain(RememberingDomain, override=True)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
