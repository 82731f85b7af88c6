"""Relations that the checker made, for other indices, summed, and averaged."""

from itertools import permutations

import sympy as sp

from lecture_optim.derivation.identities import expand, flat_sums
from lecture_optim.derivation.language import SEAL, Index, Mean, Sealed, Term, Unproved, random, substitute
from lecture_optim.derivation.signs import inside_sum, nonnegative, require_assumptions, require_defined

__all__ = ["Relation", "expect"]


class Relation(Sealed):
    """left op right, made by the checker alone; ``rests_on`` are the hypotheses that it needs, None for one that is a hypothesis.

    local: a condition of one case, or an induction hypothesis: it speaks of the present value of its symbols.
    """

    __slots__ = fields = ("left", "op", "right", "why", "rests_on", "local")
    defaults = ("", None, False)

    @property
    def hypotheses(self):
        """Those that it rests on; a hypothesis rests on itself."""
        return frozenset([self]) if self.rests_on is None else self.rests_on

    @property
    def slack(self):
        """What the relation says is 0 ("="), >= 0 or > 0."""
        return self.left - self.right if self.op in (">=", ">") else self.right - self.left

    def fixed(self):
        """The symbols of its local hypotheses, which it does not quantify over."""
        return set().union(*(h.slack.free_symbols for h in self.hypotheses if h.local))

    def present(self):
        """Whether it rests on a condition that one outcome may meet and another not."""
        return any(h.local and random(h.slack) for h in self.hypotheses)

    def weak(self):
        """Its operator without strictness, as it holds of sums, which may be empty, and of means."""
        return {"<": "<=", ">": ">="}.get(self.op, self.op)

    def at(self, place):
        """The relation for other values of its indices: ``{t: T + 1}``. Each must be in the index's range."""
        genuine(self)
        left, right = self._at(place, ())
        return Relation(left, self.op, right, self.why, self.hypotheses, seal=SEAL)

    def _at(self, place, known):
        """Both sides for other values of the indices, each seen to be in the index's range by what is known."""
        place = {symbol: sp.sympify(value) for symbol, value in place.items()}
        for symbol, value in place.items():
            if not isinstance(symbol, Index) or symbol in self.fixed():
                raise Unproved(f"{symbol} is not quantified in {self}; only an Index outside a case or an induction is")
            require_assumptions(symbol, value, known)
        return tuple(substitute(side, place) for side in (self.left, self.right))

    def sum(self, index, low, high, factor=1, knowing=(), at=None):
        """The sum over index = low .. high, each relation multiplied by a factor that is non-negative there (any for "=").

        knowing: relations that show the sign of the factor. at: values for other indices of the relation, which may name the
        sum's index and need be in range for its values only: ``sum(s, 1, t, at={k: t - s})``.
        """
        if not isinstance(index, Index) or index in self.fixed():
            raise Unproved(f"{index} is not quantified in {self}, so the relation cannot be summed over it")
        factor, low, high = map(sp.sympify, (factor, low, high))
        knowing = tuple(map(genuine, (self, *knowing)))[1:]
        inside = inside_sum(knowing, index, low, high)
        left, right = self._at(at or {}, inside)
        sides = [sp.Sum(factor * side, (index, low, high)) for side in (left, right)]
        require_defined(sp.Sum(factor, (index, low, high)), knowing)
        if self.op != "=" and not nonnegative(factor, inside):
            raise Unproved(f"the factor {factor} is not seen to be >= 0 for {index} = {low}..{high}")
        rests = self.hypotheses.union(*(r.hypotheses for r in knowing))
        return Relation(sides[0], self.weak(), sides[1], self.why, rests, seal=SEAL)

    def __str__(self):
        return f"{self.left} {self.op} {self.right}"


def genuine(relation):
    """The relation; raises Unproved for whatever else."""
    if type(relation) is not Relation:
        raise Unproved(f"{relation!r} is no relation; a lemma is used by .at(...)")
    return relation


def expect(relation, *declared):
    """The means of both sides of a relation between random quantities: E[left] op E[right].

    Means are linear (over finite sums too) and monotone. declared: the monomials in random quantities that may occur, each with a
    finite mean; a family's indices stand for all of them. Raises Unproved for a monomial that is not declared, so that a mean of
    a product is never split, and for a relation inside a case or an induction.
    """
    if any(h.local for h in genuine(relation).hypotheses):
        raise Unproved("a case or an induction hypothesis says nothing of means")
    patterns = {_without_indices(sp.sympify(m)) for m in declared}

    def mean(e):
        e = expand(flat_sums(sp.sympify(e)))
        return sp.Add(*(of_product(term) for term in sp.Add.make_args(e)))

    def of_product(term):
        fixed, free = [], []
        for factor in sp.Mul.make_args(term):
            (free if random(factor) else fixed).append(factor)
        if not free:
            return term
        sums = [f for f in free if isinstance(f, sp.Sum)]
        if len(free) == 1 and sums:
            return sp.Mul(*fixed) * sp.Sum(of_product(sums[0].function), *sums[0].limits)
        monomial = sp.Mul(*free)
        if _without_indices(monomial) not in patterns:
            raise Unproved(f"the mean of {monomial} is not declared; a mean of a product is not a product of means")
        return sp.Mul(*fixed) * Mean(monomial)

    left, right = mean(relation.left), mean(relation.right)
    return Relation(left, relation.weak(), right, "means are linear and monotone", relation.hypotheses, seal=SEAL)


def _without_indices(e):
    """The monomial with numbered places in place of its indices, so that g[t] w[t] and g[s] w[s] are one.

    Of all ways to number them the first in SymPy's order is taken: what an index is called decides nothing.
    """
    found = sorted({i for term in e.atoms(Term) for i in term.indices}, key=sp.default_sort_key)
    places = [sp.Symbol(f"_{k}", integer=True) for k in range(len(found))]

    def walk(e, names):
        if isinstance(e, Term):
            return Term(e.family, *(names[i] for i in e.indices))
        return e.func(*(walk(a, names) for a in e.args)) if e.args else e

    return min((walk(e, dict(zip(found, order, strict=True))) for order in permutations(places)), key=sp.default_sort_key)
