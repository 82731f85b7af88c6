"""Compiling the loops, and keeping the machine code for the next process."""

import hashlib
import logging
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from numba import njit
from numba.core import event

from lecture_optim import projections, rules
from lecture_optim.engine import loops, weak

__all__ = ["kernel_of", "kind_of"]

log = logging.getLogger(__name__)

# numba would see that its cache is stale by the file of the loops alone, which a change of a rule leaves as it was.
_FILES = (rules.__file__, projections.__file__, weak.__file__, loops.__file__, __file__)
_SOURCES = hashlib.sha256(b"".join(Path(file).read_bytes() for file in _FILES)).hexdigest()[:16]


def kind_of(arguments):
    """The types of arguments in letters, as far as they can differ."""
    letters = []
    for a in arguments:
        if isinstance(a, np.ndarray):
            letters.append(f"{a.dtype.char}{a.ndim}" if a.flags.writeable else f"{a.dtype.char}{a.ndim}r")
        else:
            letters.append(type(a).__name__[0])
    return "".join(letters)


class Kernel:
    """A loop with a rule and a projection in it.

    compiled: by kind of arguments. Each kind has files of its own in numba's cache: two processes that store two kinds under one
    name at the same time could leave the one's index with the other's machine code.
    """

    def __init__(self, loop, rule, project, n, h, k):
        self._loop, self._parts, self.compiled = loop, (rule, project, n, h, k), {}
        self._name = f"{loop.__name__}-{rule.__name__}-{project.__name__}"

    def __call__(self, *arguments):
        """The loop's result, compiled for the arguments' types where they are new."""
        kind = kind_of(arguments)
        if kind in self.compiled:
            return self.compiled[kind](*arguments)
        function = self._loop(*self._parts)
        function.__qualname__ = f"{self._name}-{kind}-{_SOURCES}"
        for keep in (True, False):
            try:
                compiled = njit(function, cache=keep, nogil=True, **weak.LIKE_NUMPY)
                with _announced(f"compiling the {self._loop.__name__} loop of {self._parts[0].__name__}"):
                    result = compiled(*arguments)
                break
            except (RuntimeError, OSError):  # no folder to keep machine code in, or one that cannot be read or written after all
                if not keep:
                    raise
        # From here on other types raise TypeError: the caller learns of them without a look.
        compiled.disable_compile()
        self.compiled[kind] = compiled
        return result


@contextmanager
def _announced(what):
    """Logs what is compiled, unless it comes from the cache."""

    class Announce(event.Listener):
        said = False

        def on_start(self, event):
            if not self.said:
                log.info("%s, which is kept for the next time", what)
            self.said = True

        def on_end(self, event):
            pass

    with event.install_listener("numba:compile", Announce()):
        yield


kernel_of = cache(Kernel)
