"""Whether an expression is 0: sums written out in one form, denominators cleared, roots reduced, everything expanded."""

import random
from itertools import chain, count, permutations
from math import prod

import sympy as sp

from lecture_optim.derivation.language import rebuilt, substitute

__all__ = ["expand", "factored", "flat_sums", "is_zero"]

FACTORED = 250  # monomials that a polynomial of these degrees can have
PRIME = 2**61 - 1  # 3 modulo 4, so that a square root of a square is one power of it
TRIES = 40  # points at which the roots of an expression are looked for


def expand(e):
    """e multiplied out. Exponents stay: of exp(Sum(...)) SymPy would make a Product, an index of which nothing here knows."""
    return sp.expand(e, power_exp=False)


def factored(e):
    """e as a product, to be read: where its degrees are small. SymPy's search is random, and can take minutes beyond that."""
    try:
        degrees = sp.Poly(e).degree_list()
    except sp.BasePolynomialError:
        return sp.factor_terms(e)
    return sp.factor(e) if prod(degree + 1 for degree in degrees) <= FACTORED else sp.factor_terms(e)


def flat_sums(e):
    """Every Sum as a sum of products of sums of one monomial each, over named indices in one order."""
    if not e.has(sp.Sum):
        return e
    e = rebuilt(e, [flat_sums(a) for a in e.args]) if not isinstance(e, sp.Sum) else e
    if not isinstance(e, sp.Sum):
        return e
    inner = expand(flat_sums(e.function))
    return sp.Add(*(_separate(term, e.limits) for term in sp.Add.make_args(inner)))


def _separate(term, limits):
    """The sum of one product, as a product of sums over groups of indices that share no factor."""
    limits, names = [tuple(x) for x in limits], count()
    for k, (symbol, low, high) in enumerate(limits):  # new indices, from the inside out, so that each stands once
        new = {symbol: sp.Dummy(symbol.name, integer=True)}
        term = term.xreplace(new)
        limits[: k + 1] = [*((s, a.xreplace(new), b.xreplace(new)) for s, a, b in limits[:k]), (new[symbol], low, high)]
    factors = []
    for factor in sp.Mul.make_args(term):
        base, times = factor.as_base_exp()
        if isinstance(base, sp.Sum) and times.is_Integer and times > 0 and base.free_symbols & {x[0] for x in limits}:
            for _ in range(times):
                new = {s: sp.Dummy(f"n{next(names)}", integer=True) for s in base.bound_symbols}
                factors.append(base.function.xreplace(new))
                limits = [tuple(a.xreplace(new) for a in x) for x in base.limits] + limits
        else:
            factors.append(factor)
    groups = [[{symbol}, [(symbol, low, high)], []] for symbol, low, high in limits]

    def merge(symbols):
        hit = [g for g in groups if g[0] & symbols]
        for g in hit[1:]:
            hit[0][0] |= g[0]
            hit[0][1] += g[1]
            hit[0][2] += g[2]
            groups.remove(g)
        return hit[0] if hit else None

    for symbol, low, high in limits:
        merge({symbol} | low.free_symbols | high.free_symbols)
    order = {x[0]: k for k, x in enumerate(limits)}
    outside = []
    for factor in chain.from_iterable(_split_power(f, set(order)) for f in factors):
        group = merge(factor.free_symbols)
        (group[2] if group else outside).append(factor)
    return sp.Mul(*outside, *(_one_sum(sp.Mul(*g[2]), sorted(g[1], key=lambda x: order[x[0]])) for g in groups))


def _split_power(factor, bound):
    """b**(t - s) as b**t * b**(-s) where s is bound and t is not, so that what does not depend on the index leaves the sum.

    At b = 0 this is no equality of its own; but where two sides agree for all b > 0 and are defined at 0, they agree there too,
    as both are continuous in b.
    """
    if not factor.is_Pow or factor.exp.is_number or factor.base.free_symbols & bound:
        return [factor]
    fixed, moving = [], []
    for part in sp.Add.make_args(expand(factor.exp)):
        (moving if part.free_symbols & bound else fixed).append(part)
    return [factor.base ** sp.Add(*fixed), factor.base ** sp.Add(*moving)] if fixed and moving else [factor]


def _one_sum(core, limits):
    """The sum of one monomial whose indices hang together; short ranges are written out."""
    *inner, (symbol, low, high) = limits
    if core == 1 and not inner:
        return high - low + 1
    if (high - low).is_Integer and -1 <= high - low < 60:
        terms = (sp.Sum(core, *inner) if inner else core for _ in range(high - low + 1))
        return flat_sums(sp.Add(*(substitute(term, {symbol: low + k}) for k, term in enumerate(terms))))
    symbols = {x[0] for x in limits}
    independent = not any(x[k].free_symbols & symbols for x in limits for k in (1, 2))

    def named(order):
        taken = set().union(*(a.atoms(sp.Symbol) for a in (core, *sum(limits, ())))) - symbols  # as by a sum under a root
        free = (s for s in (sp.Symbol(f"_{k}", integer=True) for k in count()) if s not in taken)
        names = {x[0]: next(free) for x in order}
        return sp.Sum(core.xreplace(names), *(tuple(a.xreplace(names) for a in x) for x in order))

    orders = permutations(limits) if independent and len(limits) < 4 else [limits]
    return min(map(named, orders), key=sp.default_sort_key)


def _align(e):
    """Sums of one monomial over ranges that differ by a few terms, brought to their common range."""
    groups = {}
    for total in e.atoms(sp.Sum):
        for k, (symbol, low, high) in enumerate(total.limits):
            inner, outer = total.limits[:k], total.limits[k + 1 :]
            key = (total.function, inner, outer, symbol, low.as_coeff_Add()[1], high.as_coeff_Add()[1])
            groups.setdefault(key, []).append((total, low, high))
    for (function, inner, outer, symbol, *_), members in groups.items():
        low = max((a for _, a, _ in members), key=lambda a: a.as_coeff_Add()[0])
        high = min((b for _, _, b in members), key=lambda b: b.as_coeff_Add()[0])
        change = {}
        for total, a, b in members:
            ends = [a + k for k in range(low - a)] + [b - k for k in range(b - high)]
            if ends:
                middle = sp.Sum(function, *inner, (symbol, low, high), *outer)
                part = sp.Sum(function, *inner) if inner else function
                parts = (substitute(part, {symbol: i}) for i in ends)  # an end may name the outer indices, inner ranges this one
                change[total] = middle + sp.Add(*(sp.Sum(p, *outer) if outer else p for p in parts))
        if change:
            return e.xreplace(change)  # the others wait for the next round
    return e


def _algebraic(e):
    """e as a rational expression in symbols: (expression, {root: (power, radicand)})."""
    symbols, roots = {}, {}

    def symbol(key):
        return symbols.setdefault(key, sp.Dummy(f"a{len(symbols)}"))

    def power(base, exponent):
        parts = [a.as_coeff_Mul() for a in sp.Add.make_args(expand(exponent))]
        return sp.Mul(*(symbol((base, m)) ** c if c.is_Integer else symbol((base, c * m)) for c, m in parts if m != 1)) * (
            base ** sp.Add(*(c for c, m in parts if m == 1))
        )

    def walk(e):
        if e.is_Number or e.is_Symbol:
            return e
        if e.is_Add or e.is_Mul:
            return e.func(*map(walk, e.args))
        if isinstance(e, sp.exp):
            parts = [a.as_coeff_Mul() for a in sp.Add.make_args(expand(e.args[0]))]
            return sp.Mul(*(symbol((sp.E, m)) ** c if c.is_Integer else symbol((sp.E, c * m)) for c, m in parts))
        if e.is_Pow and e.exp.is_Integer:
            return walk(e.base) ** e.exp
        if e.is_Pow and e.exp.is_Rational:
            if e.base.is_Number:
                return e
            base = sp.together(walk(e.base))
            root = next((r for r, (q, b) in roots.items() if q == e.exp.q and expand(b - base) == 0), None)
            if root is None:
                root = sp.Dummy(f"r{len(roots)}")
                roots[root] = (e.exp.q, base)
            return root**e.exp.p
        if e.is_Pow:
            return power(walk(e.base), e.exp)
        return symbol(e)

    return walk(e), roots


def _differs(e, roots):
    """Whether e, as `_algebraic` gives it, has a value other than 0 at some point modulo a prime: then it is not 0.

    It spares what is not 0 the common denominator. It only refuses: that the value is 0, or is not found, says nothing.
    """
    if any(q != 2 for q, _ in roots.values()):
        return False
    chance = random.Random(0)

    def value(e, point):
        if e.is_Symbol:
            if e not in point:
                point[e] = chance.randrange(1, PRIME)
            return point[e]
        if e.is_Rational:
            return e.p * pow(e.q, -1, PRIME) % PRIME
        if e.is_Add:
            return sum(value(a, point) for a in e.args) % PRIME
        if e.is_Mul:
            result = 1
            for a in e.args:
                result = result * value(a, point) % PRIME
            return result
        if e.is_Pow and e.exp.is_Integer:
            return pow(value(e.base, point), int(e.exp), PRIME)
        raise ValueError  # as the root of a number

    for _ in range(TRIES):
        point = {}
        try:
            for root, (_, radicand) in roots.items():
                square = value(radicand, point)
                point[root] = pow(square, (PRIME + 1) // 4, PRIME)
                if point[root] ** 2 % PRIME != square:
                    break
            else:
                return value(e, point) != 0
        except ValueError:  # a pole, or what has no value here
            return False
    return False


def is_zero(e):
    """Whether e is 0 as an expression: sums written out, denominators cleared, expanded, powers of roots reduced."""
    e = sp.sympify(e)
    for _ in range(20):
        e, before = _align(expand(flat_sums(e))), e
        if e == before:
            break
    if e == 0:
        return True
    e, roots = _algebraic(sp.expand_log(e))
    if _differs(e, roots):
        return False
    for root in reversed(roots):
        q, radicand = roots[root]
        e = expand(sp.fraction(sp.together(e))[0])
        if e.has(root):
            e = sp.rem(e, root**q - radicand, root)
    return expand(sp.fraction(sp.together(e))[0]) == 0
