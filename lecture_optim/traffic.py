"""What a step moves between memory and processor: counted by running the rule, not by reading it.

A **word** is one number of the vector's type, for each coordinate. NumPy makes one pass over the vectors for every operation of
a rule: it reads the operands and writes a new vector. The least that any program can do is to read the parameters, the gradient
and the states once and to write the parameters and the states once.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from lecture_optim.optimizer import optimizer

__all__ = ["Traffic", "least_words", "numpy_traffic"]

LENGTH = 64  # coordinates of the vectors that are counted; the words of each do not depend on it


@dataclass(frozen=True)
class Traffic:
    """What a rule's body in NumPy does for each coordinate.

    passes: the operations on whole vectors, by NumPy's name, in their order. read, written: words, a truth value being a byte of
    one. least: the words that the step must move.
    """

    passes: tuple
    read: float
    written: float
    least: int

    @property
    def words(self):
        """Words that are moved where no vector fits into a cache."""
        return self.read + self.written

    def count(self, name):
        """How often an operation ("divide", "sqrt", ...) is done for each coordinate."""
        return Counter(self.passes)[name]


def least_words(rule):
    """The words that a step of the rule must move: w and every state read and written, the gradient read.

    AdaGrad-norm's state is one number and counts as none. Raises TypeError for what is no rule.
    """
    states = optimizer(rule, 1.0).init(np.zeros(LENGTH))[1:]
    return 3 + 2 * sum(np.size(s) == LENGTH for s in states)


def numpy_traffic(rule, dtype=float, **hyper):
    """The `Traffic` of one step of the rule as NumPy takes it, for vectors of the dtype; hyper: as in `optimizer`, but for lr.

    Raises TypeError for what is no rule and for a hyper-parameter that it has not.
    """
    passes, moved = [], {"read": 0, "written": 0}

    class Counted(np.ndarray):
        """An array that counts what is done with it."""

        def __array_ufunc__(self, ufunc, method, *inputs, **options):
            plain = [x.view(np.ndarray) if isinstance(x, Counted) else x for x in inputs]
            outs = tuple(x.view(np.ndarray) if isinstance(x, Counted) else x for x in options.pop("out", ()))
            result = getattr(ufunc, method)(*plain, **options, **({"out": outs} if outs else {}))
            operands = [x for x in plain if np.size(x) == LENGTH]
            if operands:
                passes.append(ufunc.__name__)
                moved["read"] += sum(x.nbytes for x in operands)
                moved["written"] += result.nbytes if np.size(result) == LENGTH else 0
            return np.asarray(result).view(Counted)

    o = optimizer(rule, 1.0, **hyper)
    w = np.linspace(1, 2, LENGTH, dtype=dtype)
    t, *states = o.init(w)
    vectors = [np.array(x).view(Counted) for x in (w, w, *states)]
    rule(*vectors, t + 1.0, **o.hyper_at(t + 1.0))
    return Traffic(tuple(passes), *(moved[way] / w.nbytes for way in ("read", "written")), least_words(rule))
