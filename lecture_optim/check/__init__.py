"""Graded exercises for one reader: instant, offline, and without anything but NumPy (proofs need SymPy).

    from lecture_optim.check import open_assignment

    check = open_assignment("warm-up")
    check("q1", answer)  # what is right, which property fails and on which input
    check.hint("q1")  # the next hint
    check.solution("q1")  # the full solution, once q1 was checked
    check.progress()  # the points so far

From a command line: ``python -m lecture_optim.check list``, ``start``, ``grade``. A function that runs for ever runs in the
reader's own kernel: interrupt it (the square in JupyterLab, Ctrl-C in a terminal), and the check ends with it.
"""

import contextlib
import sys
import types

from lecture_optim.check import course as _course
from lecture_optim.check.alone import judge
from lecture_optim.check.cells import refused
from lecture_optim.check.show import progress, report

__all__ = ["Checker", "open_assignment"]

_FORGOTTEN = object()


def open_assignment(id, folder=None):
    """The `Checker` of an assignment. folder: of the exercises, by default the repository's or the wheel's.

    KeyError: there is no such assignment; the message lists those that there are. `course.CourseError`: the course is damaged.
    """
    found = _course.load(folder)
    return Checker(found.assignment(id), found.public_seed)


class Checker:
    """Checks the answers of one assignment. seed: what the tests draw their data from."""

    def __init__(self, assignment, seed):
        self.assignment, self.seed = assignment, seed
        self._outcomes, self._hinted = {}, {}

    def __repr__(self):
        return f"the check of {self.assignment.id!r}: check({self.assignment.questions[0].id!r}, answer), check.progress()"

    def __call__(self, question=_FORGOTTEN, answer=_FORGOTTEN):
        """Print what is right and what is wrong with an answer. Nothing is raised for a wrong one, so that a notebook runs on.

        KeyError: no such question. TypeError: the question or the answer is missing.
        """
        asked = self._asked(question)
        if asked.form == "essay":
            print(f"{asked.id}  {asked.title}: an essay, which a person reads. It is marked from what stands in the notebook.")
            return
        if answer is _FORGOTTEN:
            raise TypeError(f'the answer is missing: check("{asked.id}", {asked.answer})')
        self._outcomes[asked.id] = judge(self.assignment, asked.id, answer, self.seed)
        print(report(asked, self._outcomes[asked.id]))
        for why in _borrowed():
            print(f"  Note: your notebook imports what it will miss: {why}.")

    def earned(self, question):
        """The points of the last check of a question; 0 where it was not checked. KeyError: no such question."""
        return sum(outcome.earned for outcome in self._outcomes.get(self._asked(question).id, ()))

    def progress(self):
        """Print a table of the points so far, by question."""
        print(progress(self.assignment, self._outcomes))

    def hint(self, question):
        """Show the next hint of a question. KeyError: no such question."""
        asked = self._asked(question)
        hints = self._source().of(asked.id, "hint")
        if not hints:
            print(f"{asked.id} has no hints.")
            return
        n = self._hinted.get(asked.id, 0)
        if n == len(hints):
            print(f'Those were all hints of {asked.id}. After a check, check.solution("{asked.id}") shows the solution.')
            return
        self._hinted[asked.id] = n + 1
        _show(f"**Hint {n + 1} of {len(hints)} for {asked.id}.** {hints[n]}")

    def solution(self, question):
        """Show the full solution of a question, code and text, once it was checked. KeyError: no such question."""
        from lecture_optim.check.source import plain

        asked = self._asked(question)
        if asked.form == "essay":
            print(f"{asked.id} is an essay: there is no one solution. What is expected stands in the question.")
        elif asked.id not in self._outcomes:
            print(f'Try {asked.id} first: the solution is shown after check("{asked.id}", {asked.answer}).')
        else:
            source = self._source()
            code = f"```python\n{plain(source.answer(asked.id))}\n```"
            _show("\n\n".join([f"**Solution of {asked.id}: {asked.title}**", *source.of(asked.id, "solution"), code]))

    def _asked(self, question):
        example = self.assignment.questions[0]
        if not isinstance(question, str):
            given = "nothing" if question is _FORGOTTEN else type(question).__name__
            call = f'check("{example.id}", {example.answer or "answer"})'
            raise TypeError(f"the question comes first, by its id, as in {call}; given was {given}")
        return self.assignment.question(question)

    def _source(self):
        from lecture_optim.check.source import read

        return read(self.assignment)


def _borrowed():
    """Why what the notebook has imported from the package is not there when it is graded, a sentence for each module."""
    modules = []
    for value in list(vars(sys.modules["__main__"]).values()):
        with contextlib.suppress(Exception):
            modules.append(value.__name__ if isinstance(value, types.ModuleType) else value.__module__)
    return sorted({why for module in modules if isinstance(module, str) and (why := refused(module))})


def _show(text):
    """Text with formulas: rendered in a notebook, printed elsewhere. IPython is used where it runs already."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None and hasattr(shell, "kernel"):
        from IPython.display import Markdown, display

        display(Markdown(text))
    else:
        print(text)
