"""What cells of a notebook take for given and plain Python lacks, magics and IPython's own modules; and what they may not use.

A notebook is run for its answers, alone and in a class, and both take the same lines for Python and refuse the same imports. This
file needs nothing of the package, as it stands alone in the jail of a class.
"""

import builtins
import re
import sys
import types

__all__ = ["MODULES", "Nothing", "refuse_answers", "refused", "stand_in_for_ipython", "without_magics"]

PACKAGE = "lecture_optim"
# Modules and packages of it that an answer may use; none holds an answer, and they import only one another.
MODULES = ("checks", "derivation", "problems", "projections")

MAGIC = re.compile(r"\s*(?:[%!?]|[\w.\[\]\"', ]+=\s*[%!]|[\w.]+\?{1,2}\s*$)")
WHOLE = re.compile(r"\s*%%(\w+)")
PYTHON = {"time", "timeit", "capture", "prun", "python", "python3"}  # cell magics whose cell is Python
TIMED = re.compile(r"(\s*)%(?:time|prun)\s+(?!-)(.+)")  # line magics that run a statement: what it defines is there afterwards
MOST_MAGICS = 200


def without_magics(text):
    """The text of a cell without what only IPython understands: magics, shell lines, questions.

    A line is dropped only where Python cannot read it: ``%`` and ``!`` may well begin a line inside a string or bracket.
    """
    whole = WHOLE.match(text)
    if whole:
        rest = text.lstrip().partition("\n")[2]
        return without_magics(rest) if whole[1] in PYTHON else ""
    lines = text.split("\n")  # only where Python breaks lines: a string or comment may hold the other breaks of Unicode
    for _ in range(MOST_MAGICS):
        try:
            compile("\n".join(lines), "<cell>", "exec", dont_inherit=True)
            break
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            if not (0 <= at < len(lines) and MAGIC.match(lines[at])):
                break
            _drop(lines, at)
        except (ValueError, MemoryError, RecursionError, OverflowError):
            break  # said again, and noted, when the cell is run
    return "\n".join(lines)


def _drop(lines, at):
    """Take a line that is no Python out, and those that continue it; of a statement that is only timed, the statement stays."""
    if timed := TIMED.fullmatch(lines[at]):
        lines[at] = timed[1] + timed[2]
        return
    blank = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    while lines[at].endswith("\\") and at + 1 < len(lines):
        lines[at] = f"{blank}pass"
        at += 1
    lines[at] = f"{blank}pass"


def refused(name, parts=()):
    """Why a cell may not import this module, or these parts of it; None where it may."""
    if name == PACKAGE:
        asked = [part for part in parts if not part.startswith("__")]
    else:
        asked = [name.removeprefix(f"{PACKAGE}.").partition(".")[0]] if name.startswith(f"{PACKAGE}.") else []
    for part in asked:
        if part not in (*MODULES, "check"):
            return (
                f"{PACKAGE}.{part} is not there where answers are graded, as no answer may call what it is asked for; "
                f"of {PACKAGE} an answer may use {', '.join(MODULES)}"
            )
    return None


def refuse_answers():
    """From now on, code of the notebook (of ``__main__``) imports nothing that could hold an answer: ModuleNotFoundError."""
    usual = builtins.__import__

    def importing(name, globals=None, locals=None, fromlist=(), level=0):
        if (
            level == 0
            and globals is not None
            and globals.get("__name__") == "__main__"
            and (why := refused(name, fromlist or ()))
        ):
            raise ModuleNotFoundError(why, name=name)
        return usual(name, globals, locals, fromlist, level)

    builtins.__import__ = importing


class Nothing:
    """Takes any argument, has any attribute, does nothing."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return None

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()


def stand_in_for_ipython():
    """IPython, its display and its magics, which do nothing: a notebook is run for its answers."""
    shell = types.ModuleType("IPython")
    display = types.ModuleType("IPython.display")
    nothing = Nothing()
    for module in (shell, display):
        module.__getattr__ = lambda name: _missing(name)
    shell.display, shell.get_ipython, shell.__path__ = display, lambda: nothing, []
    shell.__version__, shell.version_info = "9.0.0", (9, 0, 0, "")  # Matplotlib asks for it
    display.display = display.clear_output = nothing
    sys.modules["IPython"], sys.modules["IPython.display"] = shell, display
    builtins.display, builtins.get_ipython = nothing, shell.get_ipython


def _missing(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return Nothing
