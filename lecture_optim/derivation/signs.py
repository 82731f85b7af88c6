"""Signs by structure, and the domains of expressions: no pole, no root of a negative number, no index out of its range.

``known`` are relations, or bounds of a sum's index: things with ``op``, ``slack`` and ``fixed()``.
"""

from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from lecture_optim.derivation.identities import expand, is_zero
from lecture_optim.derivation.language import Family, Index, Mean, Term, Unproved, rebuilt

__all__ = [
    "inside_sum", "nonnegative", "positive", "require_assumptions", "require_defined", "require_symbol", "resolve", "vanishes",
]  # fmt: skip

# Only of these exact types is what SymPy says believed; a subclass may say anything.
SYMBOLS = {sp.Symbol, Index}
NUMBERS = {type(sp.sympify(n)) for n in (0, 1, -1, 2, sp.Rational(1, 2), sp.Rational(1, 3), sp.pi, sp.E)}
COMPOUNDS = {sp.Add, sp.Mul, sp.Pow, sp.log, sp.exp, sp.Abs, sp.Max, sp.Min}


@dataclass(frozen=True)
class Bound:
    """What is known of the index of a sum inside the sum: slack >= 0."""

    slack: sp.Expr
    index: sp.Symbol
    op = "<="

    def fixed(self):
        """It speaks of one value of every symbol in it."""
        return self.slack.free_symbols


def _sums_out(e, known):
    """What is known of the bound symbols of a Sum inside the sum."""
    for symbol, low, high in reversed(e.limits):
        known = inside_sum(known, symbol, low, high)
    return known


def _has_terms(e, known):
    """Whether each range of a Sum is seen to hold at least one index."""
    for symbol, low, high in reversed(e.limits):
        if not nonnegative(high - low, known):
            return False
        known = inside_sum(known, symbol, low, high)
    return True


def inside_sum(known, symbol, low, high):
    """What stays known where the symbol runs from low to high: nothing that was assumed of one value of it."""
    kept = tuple(r for r in known if symbol not in r.fixed())
    return (*kept, Bound(symbol - low, symbol), Bound(high - symbol, symbol))


def positive(e, known):
    return nonnegative(e, known, strict=True)


def nonnegative(e, known, strict=False):
    """Whether e >= 0 (strict: e > 0) by its structure: numbers, declared signs, sums, products, even powers, known relations."""
    return _nonnegative(e, tuple(known), strict)


@lru_cache(4096)  # the parts of an expression are asked for again and again, as more of what is known is left out
def _nonnegative(e, known, strict):
    e = e.primitive()[1] if e.is_Add else e  # a positive common factor says nothing
    return _by_structure(e, known, strict) or _by_known(e, known, strict)


def _nonpositive(e, known, strict):
    """Whether a factor e <= 0 (strict: e < 0)."""
    if e.is_Add or e.is_Number:
        return nonnegative(-e, known, strict)
    if e.is_Pow and e.exp.is_Integer and e.exp % 2 == 1:
        return _nonpositive(e.base, known, strict or e.exp < 0)
    return _by_known(-e, known, strict)


def _by_known(e, known, strict):
    """Whether e is what a known relation says is >= 0, or that and more."""
    for relation in () if e.is_Number else known:
        if relation.op == "=":
            continue
        rest, enough = expand(e) - expand(relation.slack), relation.op in ("<", ">") or not strict
        if rest == 0:
            if enough:
                return True
            continue
        if e.is_Add and len(sp.Add.make_args(rest)) < len(e.args):
            others = tuple(r for r in known if r is not relation)
            if nonnegative(rest, others, not enough):
                return True
        if enough and e.free_symbols == relation.slack.free_symbols and e.count_ops() > 0 and is_zero(rest):
            return True
    return False


def _by_structure(e, known, strict):
    if e.is_Number or isinstance(e, sp.core.numbers.NumberSymbol):
        return bool(e > 0 or (e == 0 and not strict))
    if e.is_Symbol:
        return bool(e.is_positive if strict else e.is_nonnegative)
    if isinstance(e, Term):
        if not _in_range(e, known):
            return False
        return e.family.sign == "positive" or (e.family.sign == "nonnegative" and not strict)
    if isinstance(e, Mean):
        return nonnegative(e.args[0], (), strict)
    if e.is_Add:
        if all(nonnegative(a, known) for a in e.args):
            return not strict or any(positive(a, known) for a in e.args)
        for a in e.args:  # min(p, q) + rest is the smaller of p + rest and q + rest
            if isinstance(a, sp.Max | sp.Min) or isinstance(-a, sp.Max | sp.Min):
                sign = 1 if isinstance(a, sp.Max | sp.Min) else -1
                every = isinstance(sign * a, sp.Min if sign > 0 else sp.Max)
                found = (nonnegative(expand(sign * part + e - a), known, strict) for part in (sign * a).args)
                return all(found) if every else any(found)
        # n >= 1 means n = n' + 1 with n' >= 0.
        shift = [s for s in e.free_symbols if s.is_integer and s.is_positive]
        if not shift or e.has(Term, sp.Sum):
            return False
        moved = expand(e.xreplace({s: sp.Dummy(s.name, integer=True, nonnegative=True) + 1 for s in shift}))
        parts = sp.Add.make_args(moved)
        return all(_by_structure(a, (), False) for a in parts) and (not strict or any(_by_structure(a, (), True) for a in parts))
    if e.is_Mul:
        negative = False
        for a in e.args:
            if not nonnegative(a, known, strict):
                if not _nonpositive(a, known, strict):
                    return False
                negative = not negative
        return not negative
    if e.is_Pow:
        base, exponent = e.args
        if exponent.is_Integer and exponent % 2 == 0 and _nonzero(base, known) | (exponent > 0 and not strict):
            return True
        if not strict and nonnegative(base, known) and exponent.is_integer and nonnegative(exponent, known):
            return True
        return positive(base, known) if strict or not exponent.is_positive else nonnegative(base, known)
    if isinstance(e, sp.exp):
        return True
    if isinstance(e, sp.Abs):
        return not strict or _nonzero(e.args[0], known)
    if isinstance(e, sp.log):
        return nonnegative(e.args[0] - 1, known, strict)
    if isinstance(e, sp.Max):
        return any(nonnegative(a, known, strict) for a in e.args)
    if isinstance(e, sp.Min):
        return all(nonnegative(a, known, strict) for a in e.args)
    if isinstance(e, sp.Sum):
        return (not strict or _has_terms(e, known)) and nonnegative(e.function, _sums_out(e, known), strict)
    return False


def _nonzero(e, known):
    if e.is_Mul:
        return all(_nonzero(a, known) for a in e.args)
    return positive(e, known) or _nonpositive(e, known, True)


def _in_range(term, known):
    return all(
        i.is_integer and nonnegative(expand(i - first), known) for i, first in zip(term.indices, term.family.first, strict=True)
    )


def require_assumptions(symbol, value, known):
    """Raise Unproved unless the value has the declared assumptions of the symbol that it stands for."""
    require_defined(value, known)
    if symbol.is_integer and not value.is_integer:
        raise Unproved(f"{value} stands for {symbol}, which is an integer")
    if symbol.is_positive:
        # Whole numbers: n > 0 is n - 1 >= 0.
        if not (positive(value, known) or (symbol.is_integer and nonnegative(expand(value - 1), known))):
            raise Unproved(f"{value} stands for {symbol}, which is positive; that is not seen of it")
    elif symbol.is_nonnegative and not nonnegative(value, known):
        raise Unproved(f"{value} stands for {symbol}, which is non-negative; that is not seen of it")


def require_symbol(symbol):
    if symbol.name.startswith("_"):  # such names are those of the indices that `identities` gives to sums
        raise Unproved(f"{symbol} must not begin with an underscore")
    given = dict(symbol._assumptions_orig)
    allowed = {"real", "nonnegative", "positive", "integer", "commutative"}
    if type(symbol) not in SYMBOLS or not symbol.is_real or set(given) - allowed or not all(given.values()):
        raise Unproved(f"{symbol} must be declared by real, nonnegative, positive or integer alone, and be real")


def require_defined(e, known):
    """Raise Unproved unless e is a real number for all values of its symbols: no pole, no root of a negative number."""
    if isinstance(e, sp.Symbol):
        return require_symbol(e)
    if type(e) in NUMBERS:
        return None
    if type(e) is Term:
        first = e.family.first
        if type(e.family) is not Family or not {*map(type, first)} <= NUMBERS or len(e.indices) != len(first):
            raise Unproved(f"{e} is no member of a family")
        for i in e.indices:
            require_defined(i, known)
        if not _in_range(e, known):
            raise Unproved(f"{e} is not seen to lie in the declared range of its family, from {tuple(e.family.first)} on")
        return None
    if type(e) is sp.Sum:
        if len({x[0] for x in e.limits}) != len(e.limits) or any(len(x) != 3 or type(x[0]) is not Index for x in e.limits):
            raise Unproved(f"{e} must run over an Index from a first to a last value, each index once")
        inside = known
        for symbol, low, high in reversed(e.limits):
            if symbol in low.free_symbols | high.free_symbols:
                raise Unproved(f"a limit of {e} depends on its own index")
            require_symbol(symbol)
            require_defined(high, inside)
            require_assumptions(symbol, low, inside)
            if not high.is_integer:
                raise Unproved(f"the limits of {e} must be whole numbers")
            if not nonnegative(expand(high - low + 1), inside):
                raise Unproved(f"the range {symbol} = {low}..{high} is not seen to be in order")
            inside = inside_sum(inside, symbol, low, high)
        return require_defined(e.function, inside)
    if type(e) is Mean and len(e.args) == 1:
        return require_defined(e.args[0], ())
    if type(e) not in COMPOUNDS:
        raise Unproved(f"{e} is not among the things that the checker understands")
    if isinstance(e, sp.Pow):
        base, exponent = e.args
        require_defined(base, known)
        if isinstance(exponent, sp.Rational) and type(exponent) in NUMBERS:
            if exponent < 0 and not _nonzero(base, known):
                raise Unproved(f"{base} stands in a denominator and is not seen to differ from 0")
            if not exponent.is_Integer and not nonnegative(base, known):
                raise Unproved(f"{base} stands under a root and is not seen to be >= 0")
            return None
        require_defined(exponent, known)
        whole = exponent.is_integer and nonnegative(exponent, known) and nonnegative(base, known)
        if not (whole or positive(base, known)):
            raise Unproved(f"{e} has a symbolic exponent, and its base is not seen to be positive")
        return None
    if isinstance(e, sp.log) and not positive(e.args[0], known):
        raise Unproved(f"{e.args[0]} stands in a logarithm and is not seen to be positive")
    for a in e.args:
        require_defined(a, known)
    return None


def resolve(e, known):
    """Max, Min and Abs replaced by one of their arguments where the known relations say which."""
    if not e.has(sp.Max, sp.Min, sp.Abs):
        return e
    if isinstance(e, Mean):  # what is known of the present outcome says nothing of the others
        return Mean(resolve(e.args[0], ()))
    if isinstance(e, sp.Sum):  # what is known of one value of the sum's index says nothing inside it
        return sp.Sum(resolve(e.function, _sums_out(e, known)), *e.limits)
    e = rebuilt(e, [resolve(a, known) for a in e.args])
    if isinstance(e, sp.Abs):
        (a,) = e.args
        return a if nonnegative(a, known) else -a if nonnegative(-a, known) else e
    if isinstance(e, sp.Max | sp.Min):
        sign = 1 if isinstance(e, sp.Max) else -1
        for a in e.args:
            if all(nonnegative(expand(sign * (a - b)), known) or is_zero(a - b) for b in e.args if b != a):
                return a
    return e


def vanishes(e, known=()):
    """Whether e is 0, with Max, Min and Abs resolved by what is known."""
    return is_zero(resolve(sp.sympify(e), known))
