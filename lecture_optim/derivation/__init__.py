"""Checked mathematics: a derivation is a chain of relations, and the page prints the very object that was checked.

    x, y = sp.symbols("x y", real=True)
    d = Derivation("am-gm", 4 * x * y)
    d.at_most((x + y) ** 2, "a square is not negative", gap=(x - y) ** 2)

Six rules and no more. `given`: a hypothesis or a cited fact. `equal`: the difference of two sides is 0 after expansion. `at_most`
and `at_least`: the difference is a sum of earlier relations with non-negative factors and a gap that is non-negative by its
structure. `cases`: each case a chain of its own; the kind of split proves that the cases cover all. `induct`: a base and a step.
`expect`: means are linear and monotone, over declared monomials. Points are never sampled to prove; they may only refute.

What is said of symbols: `sympy.Symbol` with assumptions among real, nonnegative, positive, integer; an `Index` is a whole number
that every statement quantifies over ("for all t"); a `Family` is a sequence, its assumption holds from its first index on.
A relation carries the hypotheses that it rests on; a chain accepts it only where all of them are in force.
"""

from lecture_optim.derivation.chains import Derivation, between, integer_split, zero_or_positive
from lecture_optim.derivation.language import Family, Index, Mean, Unproved, substitute, unknown
from lecture_optim.derivation.page import latex
from lecture_optim.derivation.relations import Relation, expect

__all__ = [
    "Derivation", "Family", "Index", "Mean", "Relation", "Unproved", "between", "expect", "integer_split", "latex", "substitute",
    "unknown", "zero_or_positive",
]  # fmt: skip
