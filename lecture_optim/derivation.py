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

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import count, permutations

import sympy as sp
from sympy.core.symbol import Str
from sympy.printing.latex import LatexPrinter

__all__ = [
    "Derivation", "Family", "Index", "Mean", "Relation", "Unproved", "between", "expect", "integer_split", "latex", "substitute", "unknown",
    "zero_or_positive",
]  # fmt: skip

SIGNS = ("real", "nonnegative", "positive")
OPERATORS = {"=": "=", "<=": r"\le", "<": "<", ">=": r"\ge", ">": ">"}
_SEAL = object()


class Unproved(Exception):
    """A step that the checker does not accept; the text names the step, the residual, and a counterexample where one was found."""


# ---------------------------------------------------------------------------------------------------------------- the language


class Index(sp.Symbol):
    """A whole number >= first (1 or 0) over which every statement that mentions it is quantified: "for all t"."""

    def __new__(cls, name, first=1):
        if first not in (0, 1):
            raise ValueError(f"first must be 0 or 1, but is {first!r}; write t + 1 for an index that begins later")
        return super().__new__(cls, name, integer=True, **{"positive" if first else "nonnegative": True})


class Family(sp.Basic):
    """A sequence of real numbers, one for each index from ``first`` on: ``h = Family("h", sign="nonnegative")``, then ``h[t]``.

    first: the first index, or one for each of several. sign: "real", "nonnegative" or "positive", from the first index on.
    vector: print the last index in brackets, as w_t[i]. integer, random: its values are whole numbers; they are random.
    A random quantity without index is ``unknown("N", ...)``.
    """

    def __new__(cls, name, first=1, sign="real", vector=False, integer=False, random=False):
        if isinstance(name, Str):  # SymPy rebuilds an object from its arguments
            return super().__new__(cls, name, first, sign, vector, integer, random)
        if sign not in SIGNS:
            raise ValueError(f"sign must be one of {', '.join(SIGNS)}, but is {sign!r}")
        first = first if isinstance(first, tuple) else (first,)
        flags = map(sp.sympify, (bool(vector), bool(integer), bool(random)))
        return super().__new__(cls, Str(name), sp.Tuple(*first), Str(sign), *flags)

    name = property(lambda self: self.args[0].name)
    first = property(lambda self: self.args[1])
    sign = property(lambda self: self.args[2].name)
    vector, integer, random = (property(lambda self, k=k: bool(self.args[k])) for k in (3, 4, 5))

    def __getitem__(self, index):
        indices = index if isinstance(index, tuple) else (index,)
        if len(indices) != len(self.first):
            raise ValueError(f"{self.name} takes {len(self.first)} indices, but was given {len(indices)}")
        return Term(self, *map(sp.sympify, indices))


class Term(sp.Expr):
    """One member of a family. SymPy is told that it is real and no more: its sign holds in the declared range only."""

    is_commutative = is_real = is_finite = True

    def __new__(cls, family, *indices):
        return super().__new__(cls, family, *map(sp.sympify, indices))

    family = property(lambda self: self.args[0])
    indices = property(lambda self: self.args[1:])

    def _latex(self, printer, exp=None):
        shown = [printer._print(i) for i in self.indices]
        inside = f"[{shown.pop()}]" if self.family.vector else ""
        text = sp.latex(sp.Symbol(self.family.name)) + (f"_{{{','.join(shown)}}}" if shown else "")
        return text + (f"^{{{exp}}}" if exp else "") + inside

    def _sympystr(self, printer):
        return self.family.name + (f"[{', '.join(map(printer._print, self.indices))}]" if self.indices else "")


class Mean(sp.Expr):
    """The mean of a random monomial, E[...]."""

    is_commutative = is_real = is_finite = True

    def _latex(self, printer, exp=None):
        text = rf"\mathbb{{E}}\left[{printer._print(self.args[0])}\right]"
        return rf"\left({text}\right)^{{{exp}}}" if exp else text

    def _sympystr(self, printer):
        return f"E[{printer._print(self.args[0])}]"


def unknown(name, sign="real", integer=False):
    """A random quantity without an index."""
    return Term(Family(name, (), sign, integer=integer, random=True))


@dataclass(frozen=True, eq=False)
class Relation:
    """left op right, made by the checker alone; ``rests_on`` are the hypotheses that it needs, None for one that is a hypothesis.

    local: a condition of one case, or an induction hypothesis: it speaks of the present value of its symbols.
    """

    left: sp.Expr
    op: str
    right: sp.Expr
    why: str = ""
    rests_on: frozenset | None = None
    local: bool = False
    seal: object = field(default=None, repr=False)

    def __post_init__(self):
        if self.seal is not _SEAL:
            raise Unproved("a Relation is made by the rules of a Derivation, never by hand")

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

    def at(self, place):
        """The relation for other values of its indices: ``{t: T + 1}``. Each must be in the index's range."""
        for symbol, value in place.items():
            if not isinstance(symbol, Index) or symbol in self.fixed():
                raise Unproved(f"{symbol} is not quantified in {self}; only an Index outside a case or an induction is")
            _require_assumptions(symbol, sp.sympify(value), ())
        left, right = (substitute(side, place) for side in (self.left, self.right))
        return Relation(left, self.op, right, self.why, self.hypotheses, seal=_SEAL)

    def sum(self, index, low, high, factor=1, knowing=()):
        """The sum over index = low .. high, each relation multiplied by a factor that is non-negative there (any for "=").

        knowing: relations that show the sign of the factor.
        """
        if not isinstance(index, Index) or index in self.fixed():
            raise Unproved(f"{index} is not quantified in {self}, so the relation cannot be summed over it")
        factor = sp.sympify(factor)
        sides = [sp.Sum(factor * side, (index, low, high)) for side in (self.left, self.right)]
        inside = _inside_sum(tuple(knowing), index, *map(sp.sympify, (low, high)))
        _require_defined(sp.Sum(factor, (index, low, high)), tuple(knowing))
        if self.op != "=" and not _nonnegative(factor, inside):
            raise Unproved(f"the factor {factor} is not seen to be >= 0 for {index} = {low}..{high}")
        op = {"<": "<=", ">": ">="}.get(self.op, self.op)
        rests = self.hypotheses.union(*(r.hypotheses for r in knowing))
        return Relation(sides[0], op, sides[1], self.why, rests, seal=_SEAL)

    def __str__(self):
        return f"{self.left} {self.op} {self.right}"


# ------------------------------------------------------------------------------------------------ signs and domains, by structure


def _lower(symbol):
    """A whole number below which the integer symbol never is, or None."""
    return 1 if symbol.is_positive else 0 if symbol.is_nonnegative else None


def _sums_out(e, known):
    """What is known of the bound symbols of a Sum inside the sum."""
    for symbol, low, high in reversed(e.limits):
        known = _inside_sum(known, symbol, low, high)
    return known


def _inside_sum(known, symbol, low, high):
    """What stays known where the symbol runs from low to high: nothing that was assumed of one value of it."""
    kept = tuple(r for r in known if symbol not in r.fixed())
    bounds = ((low, symbol), (symbol, high))
    return kept + tuple(Relation(a, "<=", b, local=True, seal=_SEAL) for a, b in bounds)


def _positive(e, known):
    return _nonnegative(e, known, strict=True)


def _nonnegative(e, known, strict=False):
    """Whether e >= 0 (strict: e > 0) by its structure: numbers, declared signs, sums, products, even powers, known relations."""
    e = e.primitive()[1] if e.is_Add else e  # a positive common factor says nothing
    return _by_structure(e, known, strict) or _by_known(e, known, strict)


def _nonpositive(e, known, strict):
    """Whether a factor e <= 0 (strict: e < 0)."""
    if e.is_Add or e.is_Number:
        return _nonnegative(-e, known, strict)
    if e.is_Pow and e.exp.is_Integer and e.exp % 2 == 1:
        return _nonpositive(e.base, known, strict or e.exp < 0)
    return _by_known(-e, known, strict)


def _by_known(e, known, strict):
    """Whether e is what a known relation says is >= 0, or that and more."""
    for relation in () if e.is_Number else known:
        if relation.op == "=":
            continue
        rest, enough = sp.expand(e - relation.slack), relation.op in ("<", ">") or not strict
        if rest == 0:
            if enough:
                return True
        elif e.is_Add and len(sp.Add.make_args(rest)) < len(e.args) and _nonnegative(
            rest, tuple(r for r in known if r is not relation), not enough
        ):
            return True
        elif enough and e.free_symbols == relation.slack.free_symbols and e.count_ops() > 0 and _zero(rest):
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
        return _nonnegative(e.args[0], (), strict)
    if e.is_Add:
        if all(_nonnegative(a, known) for a in e.args):
            return not strict or any(_positive(a, known) for a in e.args)
        for a in e.args:  # min(p, q) + rest is the smaller of p + rest and q + rest
            if isinstance(a, sp.Max | sp.Min) or isinstance(-a, sp.Max | sp.Min):
                sign = 1 if isinstance(a, sp.Max | sp.Min) else -1
                every = isinstance(sign * a, sp.Min if sign > 0 else sp.Max)
                found = (_nonnegative(sp.expand(sign * part + e - a), known, strict) for part in (sign * a).args)
                return all(found) if every else any(found)
        # n >= 1 means n = n' + 1 with n' >= 0.
        shift = {s: s + 1 for s in e.free_symbols if s.is_integer and s.is_positive and not e.has(Term, sp.Sum)}
        moved = sp.expand(e.subs(shift, simultaneous=True)) if shift else e
        weak = {s: sp.Dummy(s.name, integer=True, nonnegative=True) for s in shift}
        parts = [a.xreplace(weak) for a in sp.Add.make_args(moved)]
        return bool(shift) and all(_by_structure(a, (), False) for a in parts) and (
            not strict or any(_by_structure(a, (), True) for a in parts)
        )
    if e.is_Mul:
        negative = False
        for a in e.args:
            if not _nonnegative(a, known, strict):
                if not _nonpositive(a, known, strict):
                    return False
                negative = not negative
        return not negative
    if e.is_Pow:
        base, exponent = e.args
        if exponent.is_Integer and exponent % 2 == 0 and _nonzero(base, known) | (exponent > 0 and not strict):
            return True
        return _positive(base, known) if strict or not exponent.is_positive else _nonnegative(base, known)
    if isinstance(e, sp.exp):
        return True
    if isinstance(e, sp.Abs):
        return not strict or _nonzero(e.args[0], known)
    if isinstance(e, sp.log):
        return _nonnegative(e.args[0] - 1, known, strict)
    if isinstance(e, sp.Max):
        return any(_nonnegative(a, known, strict) for a in e.args)
    if isinstance(e, sp.Min):
        return all(_nonnegative(a, known, strict) for a in e.args)
    if isinstance(e, sp.Sum):
        if strict and not all(_nonnegative(high - low, known) for _, low, high in e.limits):
            return False
        return _nonnegative(e.function, _sums_out(e, known), strict)
    return False


def _nonzero(e, known):
    if e.is_Mul:
        return all(_nonzero(a, known) for a in e.args)
    return _positive(e, known) or _nonpositive(e, known, True)


def _in_range(term, known):
    return all(
        i.is_integer and _nonnegative(sp.expand(i - first), known)
        for i, first in zip(term.indices, term.family.first, strict=True)
    )


def _require_assumptions(symbol, value, known):
    """Raise Unproved unless the value has the declared assumptions of the symbol that it stands for."""
    _require_defined(value, known)
    if symbol.is_integer and not value.is_integer:
        raise Unproved(f"{value} stands for {symbol}, which is an integer")
    if symbol.is_positive:
        # Whole numbers: n > 0 is n - 1 >= 0.
        if not (_positive(value, known) or (symbol.is_integer and _nonnegative(sp.expand(value - 1), known))):
            raise Unproved(f"{value} stands for {symbol}, which is positive; that is not seen of it")
    elif symbol.is_nonnegative:
        if not _nonnegative(value, known):
            raise Unproved(f"{value} stands for {symbol}, which is non-negative; that is not seen of it")
    elif symbol.is_nonzero and not _nonzero(value, known):
        raise Unproved(f"{value} stands for {symbol}, which is not zero; that is not seen of it")


def _require_symbol(symbol):
    given = set(symbol._assumptions_orig) - {"commutative"}
    if not symbol.is_real or given - {"real", "nonnegative", "positive", "integer", "nonzero"}:
        raise Unproved(f"{symbol} must be declared by real, nonnegative, positive, integer or nonzero alone, and be real")


def _require_defined(e, known):
    """Raise Unproved unless e is a real number for all values that its symbols may have: no pole, no root of a negative number."""
    if e.is_Symbol:
        return _require_symbol(e)
    if e.is_Rational or isinstance(e, sp.core.numbers.NumberSymbol):
        return None
    if isinstance(e, Term):
        if not _in_range(e, known):
            raise Unproved(f"{e} is not seen to lie in the declared range of its family, from {tuple(e.family.first)} on")
        return None
    if isinstance(e, sp.Sum):
        for symbol, low, high in e.limits:
            if not (low.is_integer and high.is_integer and symbol.is_integer):
                raise Unproved(f"the limits of {e} must be whole numbers")
            _require_symbol(symbol)
            _require_assumptions(symbol, low, known)
            if symbol in low.free_symbols | high.free_symbols:
                raise Unproved(f"a limit of {e} depends on its own index")
        inside = known
        for symbol, low, high in reversed(e.limits):
            if not _nonnegative(sp.expand(high - low + 1), inside):
                raise Unproved(f"the range {symbol} = {low}..{high} is not seen to be in order")
            inside = _inside_sum(inside, symbol, low, high)
        return _require_defined(e.function, inside)
    if isinstance(e, Mean):
        return _require_defined(e.args[0], ())
    if e.is_Pow:
        base, exponent = e.args
        _require_defined(base, known)
        if exponent.is_Rational:
            if exponent < 0 and not _nonzero(base, known):
                raise Unproved(f"{base} stands in a denominator and is not seen to differ from 0")
            if not exponent.is_Integer and not _nonnegative(base, known):
                raise Unproved(f"{base} stands under a root and is not seen to be >= 0")
            return None
        _require_defined(exponent, known)
        whole = exponent.is_integer and _nonnegative(exponent, known) and _nonnegative(base, known)
        if not (whole or _positive(base, known)):
            raise Unproved(f"{e} has a symbolic exponent, and its base is not seen to be positive")
        return None
    if isinstance(e, sp.log) and not _positive(e.args[0], known):
        raise Unproved(f"{e.args[0]} stands in a logarithm and is not seen to be positive")
    if e.is_Add or e.is_Mul or isinstance(e, sp.log | sp.exp | sp.Abs | sp.Max | sp.Min):
        for a in e.args:
            _require_defined(a, known)
        return None
    raise Unproved(f"{e} is not among the things that the checker understands")


# ------------------------------------------------------------------------------------------------------ identities, by expansion


def substitute(e, place):
    """Put expressions for symbols and Lambdas for families, all at once, without capture by a sum's own index."""
    e, place = sp.sympify(e), {old: sp.sympify(new) for old, new in place.items()}
    used = e.free_symbols.union(*(v.free_symbols for v in place.values()))
    bound = {s: sp.Dummy(s.name, **s._assumptions_orig) for total in e.atoms(sp.Sum) for s in total.bound_symbols}

    def walk(e, names):
        if isinstance(e, sp.Sum):
            names = {**names, **{s: bound[s] for s in e.bound_symbols}}
        if isinstance(e, Term):
            indices = [walk(i, names) for i in e.indices]
            if e.family in place:
                body = place[e.family]
                return substitute(body.expr, dict(zip(body.variables, indices, strict=True)))
            return Term(e.family, *indices)
        if e.is_Symbol:
            return names.get(e, place.get(e, e))
        return e.func(*(walk(a, names) for a in e.args)) if e.args else e

    result, back = walk(e, {}), {}
    for symbol, dummy in bound.items():  # the old name comes back, with primes where something else has it
        name = symbol
        while name in used | set(back.values()):
            name = Index(name.name + "'", _lower(symbol) or 0)
        back[dummy] = name
    return result.xreplace(back)


def _resolve(e, known):
    """Max, Min and Abs replaced by one of their arguments where the known relations say which."""

    def larger(a, b):
        return _nonnegative(sp.expand(a - b), known)

    def choose(e):
        if isinstance(e, sp.Abs):
            a = e.args[0]
            return a if _nonnegative(a, known) else -a if _nonnegative(-a, known) else e
        flip = isinstance(e, sp.Min)
        for a in e.args:
            if all(larger(b, a) if flip else larger(a, b) for b in e.args if b != a):
                return a
        return e

    return e.replace(lambda a: isinstance(a, sp.Max | sp.Min | sp.Abs), choose)


def _flat_sums(e):
    """Every Sum as a sum of products of sums of one monomial each, over named indices in one order."""
    if not e.has(sp.Sum):
        return e
    e = e.func(*(_flat_sums(a) for a in e.args)) if not isinstance(e, sp.Sum) else e
    if not isinstance(e, sp.Sum):
        return e
    inner = sp.expand(_flat_sums(e.function))
    return sp.Add(*(_separate(term, e.limits) for term in sp.Add.make_args(inner)))


def _separate(term, limits):
    """The sum of one product, as a product of sums over groups of indices that share no factor."""
    limits, names = [tuple(x) for x in limits], count()
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
    outside = []
    for factor in factors:
        group = merge(factor.free_symbols)
        (group[2] if group else outside).append(factor)
    order = {x[0]: k for k, x in enumerate(limits)}
    return sp.Mul(*outside, *(_one_sum(sp.Mul(*g[2]), sorted(g[1], key=lambda x: order[x[0]])) for g in groups))


def _one_sum(core, limits):
    """The sum of one monomial whose indices hang together; short ranges are written out."""
    *inner, (symbol, low, high) = limits
    if core == 1 and not inner:
        return high - low + 1
    if (high - low).is_Integer and -1 <= high - low < 60:
        terms = (sp.Sum(core, *inner) if inner else core for _ in range(high - low + 1))
        return _flat_sums(sp.Add(*(substitute(term, {symbol: low + k}) for k, term in enumerate(terms))))
    symbols = {x[0] for x in limits}
    independent = not any(x[k].free_symbols & symbols for x in limits for k in (1, 2))

    def named(order):
        names = {x[0]: sp.Symbol(f"_{k}", integer=True) for k, x in enumerate(order)}
        return sp.Sum(core.xreplace(names), *(tuple(a.xreplace(names) for a in x) for x in order))

    orders = permutations(limits) if independent and len(limits) < 4 else [limits]
    return min(map(named, orders), key=sp.default_sort_key)


def _align(e):
    """Sums of one monomial over ranges that differ by a few terms, brought to their common range."""
    groups = {}
    for total in e.atoms(sp.Sum):
        for k, (symbol, low, high) in enumerate(total.limits):
            others = total.limits[:k] + total.limits[k + 1 :]
            if not any(symbol in a.free_symbols for x in others for a in x[1:]):
                key = (total.function, others, symbol, low.as_coeff_Add()[1], high.as_coeff_Add()[1])
                groups.setdefault(key, []).append((total, low, high))
    for (function, others, symbol, *_), members in groups.items():
        low = max((a for _, a, _ in members), key=lambda a: a.as_coeff_Add()[0])
        high = min((b for _, _, b in members), key=lambda b: b.as_coeff_Add()[0])
        change = {}
        for total, a, b in members:
            ends = [a + k for k in range(low - a)] + [b - k for k in range(b - high)]
            if ends:
                middle = sp.Sum(function, *others, (symbol, low, high))
                parts = (sp.Sum(function, *others) if others else function for _ in ends)
                change[total] = middle + sp.Add(*(substitute(part, {symbol: i}) for part, i in zip(parts, ends)))
        if change:
            return e.xreplace(change)  # the others wait for the next round
    return e


def _algebraic(e):
    """e as a rational expression in symbols: (expression, {root: (power, radicand)})."""
    symbols, roots = {}, {}

    def symbol(key):
        return symbols.setdefault(key, sp.Dummy(f"a{len(symbols)}"))

    def power(base, exponent):
        parts = [a.as_coeff_Mul() for a in sp.Add.make_args(sp.expand(exponent))]
        return sp.Mul(*(symbol((base, m)) ** c if c.is_Integer else symbol((base, c * m)) for c, m in parts if m != 1)) * (
            base ** sp.Add(*(c for c, m in parts if m == 1))
        )

    def walk(e):
        if e.is_Number or e.is_Symbol:
            return e
        if e.is_Add or e.is_Mul:
            return e.func(*map(walk, e.args))
        if isinstance(e, sp.exp):
            parts = [a.as_coeff_Mul() for a in sp.Add.make_args(sp.expand(e.args[0]))]
            return sp.Mul(*(symbol((sp.E, m)) ** c if c.is_Integer else symbol((sp.E, c * m)) for c, m in parts))
        if e.is_Pow and e.exp.is_Integer:
            return walk(e.base) ** e.exp
        if e.is_Pow and e.exp.is_Rational:
            if e.base.is_Number:
                return e
            base = sp.together(walk(e.base))
            root = next((r for r, (q, b) in roots.items() if q == e.exp.q and sp.expand(b - base) == 0), None)
            if root is None:
                root = sp.Dummy(f"r{len(roots)}")
                roots[root] = (e.exp.q, base)
            return root**e.exp.p
        if e.is_Pow:
            return power(walk(e.base), e.exp)
        return symbol(e)

    return walk(e), roots


def _zero(e, known=()):
    """Whether e is 0 as an expression: after writing out sums, clearing denominators, expanding, and reducing squares of roots."""
    e = _resolve(sp.sympify(e), known)
    for _ in range(20):
        e, before = _align(sp.expand(_flat_sums(e))), e
        if e == before:
            break
    if e == 0:
        return True
    e, roots = _algebraic(sp.expand_log(e))
    for root in reversed(roots):
        q, radicand = roots[root]
        e = sp.expand(sp.fraction(sp.together(e))[0])
        if e.has(root):
            e = sp.rem(e, root**q - radicand, root)
    return sp.expand(sp.fraction(sp.together(e))[0]) == 0


# ------------------------------------------------------------------------------------------------------------------- the means


def expect(relation, *declared):
    """The means of both sides of a relation between random quantities: E[left] op E[right].

    Means are linear (over finite sums too) and monotone. declared: the monomials in random quantities that may occur, each with a
    finite mean; a family's indices stand for all of them. Raises Unproved for a monomial that is not declared, so that a mean of
    a product is never split, and for a relation inside a case or an induction.
    """
    if any(h.local for h in relation.hypotheses):
        raise Unproved("a case or an induction hypothesis says nothing of means")
    patterns = {_without_indices(sp.sympify(m)) for m in declared}

    def mean(e):
        e = sp.expand(_flat_sums(sp.sympify(e)))
        return sp.Add(*(of_product(term) for term in sp.Add.make_args(e)))

    def of_product(term):
        fixed, free = [], []
        for factor in sp.Mul.make_args(term):
            (free if _is_random(factor) else fixed).append(factor)
        if not free:
            return term
        sums = [f for f in free if isinstance(f, sp.Sum)]
        if len(free) == 1 and sums:
            return sp.Mul(*fixed) * sp.Sum(of_product(sums[0].function), *sums[0].limits)
        monomial = sp.Mul(*free)
        if _without_indices(monomial) not in patterns:
            raise Unproved(f"the mean of {monomial} is not declared; a mean of a product is not a product of means")
        return sp.Mul(*fixed) * Mean(monomial)

    op = {"<": "<=", ">": ">="}.get(relation.op, relation.op)
    left, right = mean(relation.left), mean(relation.right)
    return Relation(left, op, right, "means are linear and monotone", relation.hypotheses, seal=_SEAL)


def _is_random(e):
    return any(term.family.random for term in e.atoms(Term))


def _without_indices(e):
    """The monomial with the pattern of its indices in place of the indices, so that g[t] w[t] and g[s] w[s] are one."""
    found = sorted({i for term in e.atoms(Term) for i in term.indices}, key=sp.default_sort_key)
    names = {index: sp.Symbol(f"_{k}", integer=True) for k, index in enumerate(found)}

    def walk(e):
        if isinstance(e, Term):
            return Term(e.family, *(names[i] for i in e.indices))
        return e.func(*map(walk, e.args)) if e.args else e

    return walk(e)


# ------------------------------------------------------------------------------------------------------------------ the chains


@dataclass(frozen=True)
class Split:
    """Cases that cover everything by their kind: a list of conditions for each case, and the sentence that says why."""

    conditions: tuple
    why: str
    needs: tuple = ()  # expressions that must be >= 0 for the split to cover
    whole: tuple = ()  # expressions that must be whole numbers


def between(x, *marks):
    """x <= a, a <= x <= b, ..., b <= x for the marks a, b, ...: real numbers are ordered."""
    marks = [sp.sympify(m) for m in marks]
    ends = [[(x, "<=", marks[0])], *([(a, "<=", x), (x, "<=", b)] for a, b in zip(marks, marks[1:], strict=False)), [(marks[-1], "<=", x)]]
    return Split(tuple(map(tuple, ends)), "any two real numbers are comparable")


def zero_or_positive(x):
    """x = 0 or x > 0, for x >= 0."""
    return Split((((x, "=", sp.Integer(0)),), ((sp.Integer(0), "<", x),)), f"${latex(x)}$ is not negative", needs=(x,))


def integer_split(n, k):
    """n <= k or n >= k + 1, for whole numbers n and k."""
    n, k = sp.sympify(n), sp.sympify(k)
    return Split((((n, "<=", k),), ((k + 1, "<=", n),)), f"${latex(n)}$ is a whole number", whole=(n, k))


class Chain:
    """A current side, and the steps that led to it from the first."""

    def __init__(self, name, hypotheses, start):
        self.name, self._hypotheses, self.steps = name, list(hypotheses), []
        self.first = self.side = None
        if start is not None:
            self.first = self.side = self._checked("start", start)

    def _fail(self, what, message):
        raise Unproved(f"{self.name}: {what}: {message}") from None

    def _checked(self, what, e, known=()):
        e = sp.sympify(e)
        if not isinstance(e, sp.Expr):
            self._fail(what, f"{e!r} is no expression")
        try:
            _require_defined(e, (*self._hypotheses, *known))
        except Unproved as error:
            self._fail(what, error)
        return e

    def _accept(self, what, relation):
        if not isinstance(relation, Relation):
            self._fail(what, f"{relation!r} is no relation; a lemma is used by .at(...)")
        foreign = [h for h in relation.hypotheses if not any(h is own for own in self._hypotheses)]
        if foreign:
            self._fail(what, f"{relation} rests on {foreign[0]}, which is not in force here")
        return relation

    def _step(self, op, e, why, using, gap, knowing, put):
        what = f"step {len(self.steps) + 1} ({why})"
        using = {self._accept(what, r): sp.sympify(f) for r, f in (using or {}).items()}
        known = (*self._hypotheses, *using, *(self._accept(what, r) for r in (*knowing, *put)))
        if bad := next((r for r in put if r.op != "="), None):
            self._fail(what, f"{bad} is no equality, so its left side cannot be replaced by its right side")
        e, gap = self._checked(what, e, known), self._checked(what, gap, known)
        strict, less = op in ("<", ">"), op in ("<", "<=")
        if op != "=" and any(s.op != "=" and (s.op in ("<", "<=")) != less for s in self.steps):
            self._fail(what, "one chain goes up or down, not both: <= and >= do not mix")
        sure, total = False, gap
        for relation, factor in using.items():
            self._checked(what, factor, known)
            if relation.op != "=":
                if op == "=":
                    self._fail(what, f"an equality cannot use the inequality {relation}")
                if not _nonnegative(factor, known):
                    self._fail(what, f"the factor {factor} of {relation} is not seen to be >= 0")
                sure |= relation.op in ("<", ">") and _positive(factor, known)
            total += factor * relation.slack
        if op != "=":
            if not _nonnegative(gap, known):
                self._fail(what, f"the gap {gap} is not seen to be >= 0" + self._refutation(op, e))
            if strict and not (sure or _positive(gap, known)):
                self._fail(what, f"nothing in the certificate is seen to be > 0, so only {op}= follows" + self._refutation(op, e))
        difference = (e - self.side) if op in ("=", "<", "<=") else (self.side - e)
        rest = difference - total
        for relation in put:
            # Sums are given other indices first, so that none of theirs is taken for the relation's.
            rest = _resolve(_flat_sums(_resolve(rest, known)).xreplace({relation.left: relation.right}), known)
        if not _zero(rest, known):
            residual = sp.factor(sp.expand(_flat_sums(_resolve(rest, known))))
            self._fail(what, f"the sides do not differ by the certificate; what is left is {residual}" + self._refutation(op, e))
        self.steps.append(Step(op, self.side, e, why, dict(using), gap, tuple(knowing), tuple(put)))
        self.side = e
        return self

    def _refutation(self, op, e):
        from lecture_optim.counterexample import refute

        found = refute(self.side, op, e, self._hypotheses)
        return f"; it is false: {found}" if found else ""

    def equal(self, e, why, using=None, knowing=(), put=()):
        """The current side equals e: their difference is 0 after expansion, up to multiples of the equalities in ``using``.

        put: equalities whose left sides are replaced by their right sides, one after the other, wherever they stand.
        """
        return self._step("=", e, why, using, 0, knowing, put)

    def at_most(self, e, why, gap=0, using=None, knowing=(), put=(), strict=False):
        """The current side is <= e (strict: <), as e - side = gap + the sum of factor * (right - left) over ``using``.

        gap and factors must be non-negative by their structure (a factor of an equality may be anything). knowing: further
        relations to be used for signs and for Max and Min. put: as in `equal`. Raises Unproved.
        """
        return self._step("<" if strict else "<=", e, why, using, gap, knowing, put)

    def at_least(self, e, why, gap=0, using=None, knowing=(), put=(), strict=False):
        """The current side is >= e (strict: >); as `at_most`, the other way round."""
        return self._step(">" if strict else ">=", e, why, using, gap, knowing, put)

    def cases(self, e, split, blocks, why=""):
        """The current side op e in every case: blocks[k](chain, *conditions) continues a chain of its own from the current side to e."""
        what = f"step {len(self.steps) + 1} (cases)"
        if not isinstance(split, Split) or len(blocks) != len(split.conditions):
            self._fail(what, f"a split and one block for each of its {len(getattr(split, 'conditions', ()))} cases are needed")
        e = self._checked(what, e)
        for x in split.needs:
            if not _nonnegative(x, self._hypotheses):
                self._fail(what, f"{x} is not seen to be >= 0, so the cases do not cover")
        for x in split.whole:
            if not x.is_integer:
                self._fail(what, f"{x} is not a whole number, so the cases do not cover")
        chains = []
        for conditions, block in zip(split.conditions, blocks, strict=True):
            local = [
                Relation(self._checked(what, a), op, self._checked(what, b), "the case", local=True, seal=_SEAL)
                for a, op, b in conditions
            ]
            chain = Chain(f"{self.name}, case {' and '.join(map(str, local))}", [*self._hypotheses, *local], self.side)
            block(chain, *local)
            chain.must_reach(e)
            chains.append((local, chain))
        op = _join(what, [chain.op for _, chain in chains], self._fail)
        if any(s.op != "=" and op != "=" and s.op[0] != op[0] for s in self.steps):
            self._fail(what, "one chain goes up or down, not both: <= and >= do not mix")
        self.steps.append(Step(op, self.side, e, why, blocks=tuple(chains), split=split))
        self.side = e
        return self

    def must_reach(self, e):
        """Raise Unproved unless the chain has come to e."""
        if self.side != e and not _zero(self.side - e, self._hypotheses):
            self._fail("end", f"the chain ends at {self.side}, not at {e}")

    @property
    def op(self):
        """What the whole chain says of its first and its last side."""
        return _join("chain", [s.op for s in self.steps], self._fail, chain=True)


def _join(what, ops, fail, chain=False):
    """The relation that follows from several: in a chain one strict link is enough, in cases all must be strict."""
    kinds = {op[0] for op in ops if op != "="}
    if len(kinds) > 1:
        fail(what, "<= and >= do not mix")
    if not kinds:
        return "="
    (kind,) = kinds
    strict = any(op == kind for op in ops) if chain else all(op == kind for op in ops)
    return kind if strict else kind + "="


@dataclass(frozen=True)
class Step:
    """One link: before op after, with its reason and its certificate."""

    op: str
    before: sp.Expr
    after: sp.Expr
    why: str
    using: dict = field(default_factory=dict)
    gap: sp.Expr = sp.Integer(0)
    knowing: tuple = ()
    put: tuple = ()
    blocks: tuple = ()
    split: Split | None = None


class Derivation(Chain):
    """A chain with a name and its hypotheses: a lemma or a theorem. ``d.result`` is what it proves, ``d.at(...)`` uses it elsewhere.

    Shown in a notebook it prints itself as aligned LaTeX, a reason below each relation; ``d.assumptions()`` and ``d.hypotheses()``
    print what it assumes. Raises Unproved from the rule that does not hold.
    """

    def __init__(self, name, start=None):
        super().__init__(name, (), start)
        self._induction = None

    def given(self, left, op, right, source):
        """A hypothesis, a definition or a cited fact: for all values of its indices. source: what it is, in words."""
        what = f"given ({source})"
        if self.steps or self._induction:
            self._fail(what, "hypotheses come before the chain")
        if op not in OPERATORS:
            self._fail(what, f"the relation must be one of {', '.join(OPERATORS)}, but is {op!r}")
        relation = Relation(self._checked(what, left), op, self._checked(what, right), source, seal=_SEAL)
        self._hypotheses.append(relation)
        return relation

    def start(self, e):
        """The first side, where it was not given with the name."""
        if self.first is not None:
            self._fail("start", "the chain has begun")
        self.first = self.side = self._checked("start", e)
        return self

    def induct(self, index, left, op, right, base, step):
        """left op right for every value of the index, from its first on.

        base(chain) leads from left to right at the first index; step(chain, hypothesis) does so at index + 1, where ``hypothesis``
        is the statement at the index.
        """
        if not isinstance(index, Index):
            self._fail("induction", f"{index} must be an Index")
        if self.first is not None:
            self._fail("induction", "an induction is a derivation of its own")
        left, right = self._checked("induction", left), self._checked("induction", right)
        local = Relation(left, op, right, "induction hypothesis", local=True, seal=_SEAL)
        chains = []
        for title, value, block, more in (
            ("base", sp.Integer(_lower(index)), base, []),
            ("step", index + 1, step, [local]),
        ):
            ends = [substitute(side, {index: value}) for side in (left, right)]
            chain = Chain(f"{self.name}, {title}", [*self._hypotheses, *more], ends[0])
            block(chain, *more)
            chain.must_reach(ends[1])
            if _join(title, [chain.op, op], self._fail, chain=True) != op or (chain.op != op and chain.op == op[0] + "=") or (
                op == "=" and chain.op != "="
            ) or (op in ("<", ">") and chain.op != op):
                self._fail(title, f"the chain proves {chain.op}, but the statement says {op}")
            chains.append((title, chain))
        self.first, self.side = left, right
        self._induction = (index, op, chains)
        return self

    @property
    def op(self):
        return self._induction[1] if self._induction and not self.steps else super().op

    @property
    def givens(self):
        """Its hypotheses, relations."""
        return tuple(self._hypotheses)

    @property
    def result(self):
        """What it proves, under its own hypotheses."""
        if self.first is None or not (self.steps or self._induction):
            self._fail("result", "nothing is proved yet")
        rests = frozenset(self._hypotheses)
        return Relation(self.first, self.op, self.side, self.name, rests, seal=_SEAL)

    def at(self, place=None, given=()):
        """What it proves of other things: ``place`` maps its symbols to expressions and its families to Lambdas.

        Every expression must have the assumptions of what it replaces, and every hypothesis, so changed, must be among the
        relations ``given`` or be non-negative by structure. Raises Unproved that names the one that is missing.
        """
        place, given, result = dict(place or {}), tuple(given), self.result
        for relation in given:
            if not isinstance(relation, Relation):
                self._fail("use", f"{relation!r} is no relation")
        self._require_fitting(place, given)
        indices = {k: v for k, v in place.items() if isinstance(k, Index)}
        rest = {k: v for k, v in place.items() if k not in indices}
        rests = set()
        for hypothesis in self._hypotheses:
            rests |= self._discharge(hypothesis, rest, given)
        for relation in given:
            rests |= relation.hypotheses
        left, right = (substitute(side, place) for side in (result.left, result.right))
        return Relation(left, result.op, right, self.name, frozenset(rests), seal=_SEAL)

    def _require_fitting(self, place, given):
        bound = {s for h in self._hypotheses for s in h.slack.free_symbols if isinstance(s, Index)}
        for old, new in place.items():
            try:
                if isinstance(old, Family):
                    self._require_family(old, new, given)
                elif isinstance(old, sp.Symbol):
                    _require_symbol(old)
                    _require_assumptions(old, sp.sympify(new), given)
                else:
                    self._fail("use", f"{old!r} is neither a symbol nor a family")
            except Unproved as error:
                self._fail("use", error)
            if not isinstance(old, Index) and (clash := bound & sp.sympify(new).free_symbols):
                self._fail("use", f"{clash.pop()} is an index of the lemma's hypotheses; what stands for {old} must not contain it")

    def _require_family(self, family, value, given):
        if not isinstance(value, sp.Lambda) or len(value.variables) != len(family.first):
            raise Unproved(f"{family.name} must be replaced by a sympy.Lambda of {len(family.first)} indices, not {value!r}")
        for variable, first in zip(value.variables, family.first, strict=True):
            if not isinstance(variable, Index) or not _nonnegative(sp.sympify(first) - _lower(variable), ()):
                raise Unproved(f"{variable} must be an Index that begins at or before {first}, where {family.name} does")
        variables = set(value.variables)
        known = tuple(r for r in given if not r.fixed() & variables)
        _require_defined(value.expr, known)
        sign = family.sign
        if sign != "real" and not _nonnegative(value.expr, known, strict=sign == "positive"):
            raise Unproved(f"{value.expr} stands for {family.name}, which is {sign}; that is not seen of it")
        if family.integer and not value.expr.is_integer:
            raise Unproved(f"{value.expr} stands for {family.name}, whose values are whole numbers")

    def _discharge(self, hypothesis, place, given):
        """The hypotheses that the changed hypothesis rests on; raises Unproved where nothing gives it."""
        left, right = (substitute(side, place) for side in (hypothesis.left, hypothesis.right))
        wanted = Relation(left, hypothesis.op, right, seal=_SEAL)
        quantified = {s for s in hypothesis.slack.free_symbols if isinstance(s, Index)}
        for relation in given:
            fits = relation.op == wanted.op or (wanted.op in ("<=", ">=") and relation.op in ("=", "<", "<=", ">", ">="))
            if not fits or relation.fixed() & quantified:
                continue
            same = relation.slack - wanted.slack
            both = "=" in (relation.op,) and _zero(relation.slack + wanted.slack)
            if (same == 0 or _zero(same) or both) and not (relation.op == "=" and wanted.op in ("<", ">")):
                return set(relation.hypotheses)
        if wanted.op == "=" and _zero(wanted.slack, given):
            return set()
        if wanted.op != "=":
            known = tuple(r for r in given if not r.fixed() & quantified)
            if _nonnegative(wanted.slack, known, strict=wanted.op in ("<", ">")):
                return set()
        self._fail("use", f"its hypothesis {wanted} ({hypothesis.why}) is not among the relations given")

    # --------------------------------------------------------------------------------------------------------------- the page

    def everything(self):
        """Every expression of the derivation."""
        for relation in self._hypotheses:
            yield from (relation.left, relation.right)
        stack = [self]
        while stack:
            chain = stack.pop()
            yield from (e for e in (chain.first, chain.side) if e is not None)
            for step in chain.steps:
                yield from (step.before, step.after)
                stack += [c for _, c in step.blocks]
            stack += [c for _, c in (getattr(chain, "_induction", None) or (0, 0, ()))[2]]

    def assumptions(self):
        """What is declared of its symbols and families, as LaTeX sentences' parts, in the order of their names."""
        found = list(self.everything())
        bound = {s for e in found for total in e.atoms(sp.Sum) for s in total.bound_symbols}
        symbols = set().union(*(e.free_symbols for e in found)) - {s for s in bound if isinstance(s, Index)}
        families = {term.family for e in found for term in e.atoms(Term)}
        lines = {}
        for s in symbols:
            kind = (r"\in\{%d,%d,\dots\}" % (_lower(s), _lower(s) + 1)) if s.is_integer and _lower(s) is not None else (
                r"\in\mathbb Z" if s.is_integer else "> 0" if s.is_positive else r"\ge 0" if s.is_nonnegative else r"\in\mathbb R"
            )
            lines.setdefault(kind, []).append(latex(s))
        for f in families:
            kind = {"positive": "> 0", "nonnegative": r"\ge 0", "real": r"\in\mathbb R"}[f.sign]
            names = [Index(n) for n in ("t", "i", "j")]
            head = names[len(f.first) > 1 or not f.vector :] if f.vector and len(f.first) == 1 else names
            lines.setdefault(kind, []).append(latex(Term(f, *(head[1:] if f.vector and len(f.first) == 1 else head)[: len(f.first)])))
        return [f"{', '.join(sorted(names))} {kind}" for kind, names in sorted(lines.items())]

    def hypotheses(self):
        """Its givens as (LaTeX, source)."""
        return [(f"{latex(r.left)} {OPERATORS[r.op]} {latex(r.right)}", r.why) for r in self._hypotheses]

    def statement(self):
        """What it proves, as LaTeX."""
        return f"{latex(self.first)} {OPERATORS[self.op]} {latex(self.side)}"

    def counts(self):
        """How many relations were proved and how many given: {"proved": n, "given": m}."""
        total, stack = Counter(given=len(self._hypotheses), proved=bool(self._induction)), [self]
        while stack:
            chain = stack.pop()
            total["proved"] += len(chain.steps)
            stack += [c for s in chain.steps for _, c in s.blocks]
            stack += [c for _, c in (getattr(chain, "_induction", None) or (0, 0, ()))[2]]
        return dict(total)

    def _repr_latex_(self):
        return "$$\n" + _aligned(_rows(self)) + "\n$$"

    def __repr__(self):
        return f"Derivation({self.name}: {self.first} {self.op} {self.side})" if self.steps or self._induction else self.name


# ----------------------------------------------------------------------------------------------------------------- LaTeX


class _Printer(LatexPrinter):
    def _print_Add(self, expr, order=None):
        # Positive terms first, so that a difference reads as one.
        terms = sorted(self._as_ordered_terms(expr, order=order), key=lambda a: a.could_extract_minus_sign())
        parts = [("-" if a.could_extract_minus_sign() else "+", self._print(-a if a.could_extract_minus_sign() else a), a) for a in terms]
        parts = [(sign, self._add_parens(text) if (-a if sign == "-" else a).is_Add else text) for sign, text, a in parts]
        return " ".join(("" if k == 0 and sign == "+" else f"{sign} ") + text for k, (sign, text) in enumerate(parts)).strip()


def latex(e):
    """The LaTeX of an expression as the book prints it."""
    return _Printer({"fold_short_frac": False}).doprint(sp.sympify(e))


SPACE = "%space"  # marks a row that a little room follows
NARROW = 30  # characters that still stand in one line on a telephone


def _width(text):
    """About how many characters wide a piece of LaTeX is."""
    return len(re.sub(r"\\[a-zA-Z]+|\\.", "x", re.sub(r"\\left|\\right|\\frac", "", text)).translate(str.maketrans("", "", "{}_^ ")))


def _link(left, op, right, indent):
    """left op right in one row where that is narrow, else in two."""
    first, second = latex(left), f"{OPERATORS[op]} {latex(right)}"
    if _width(first + second) <= NARROW:
        return [f"& {indent}{first} {second}"]
    return [f"& {indent}{first}", rf"& {indent}\quad {second}"]


def _small(text):
    return rf"{{\small \text{{{text}}}}}"


def _rows(chain, depth=0):
    """The rows of a chain: its sides, a reason below each relation, cases and inductions indented."""
    indent, rows = r"\quad " * depth, []
    induction = getattr(chain, "_induction", None)
    if induction:
        index, op, chains = induction
        start = _lower(index)
        rows += _link(chain.first, op, chain.side, indent)
        rows.append(rf"& {indent}{_small(f'by induction over ${latex(index)}$')}")
        for (_, part), name in zip(chains, (f"${latex(index)} = {start}$:", f"from ${latex(index)}$ to ${latex(index + 1)}$:"), strict=True):
            rows.append(rf"& {indent}\quad {_small(name)}")
            rows += _rows(part, depth + 2)
    for k, step in enumerate(chain.steps):
        link = _link(step.before, step.op, step.after, indent)
        rows += link if k == 0 and not induction else [rf"& {indent}\quad {OPERATORS[step.op]} {latex(step.after)}"]
        why = "; ".join(filter(None, (step.why, step.split and f"by cases, as {step.split.why}")))
        if why:
            rows.append(rf"& {indent}\qquad {_small(why)}" + ("" if step.blocks else SPACE))
        for local, part in step.blocks:
            conditions = " and ".join(f"${latex(r.left)} {OPERATORS[r.op]} {latex(r.right)}$" for r in local)
            rows.append(rf"& {indent}\qquad {_small(f'if {conditions}:')}")
            rows += _rows(part, depth + 2)
    return rows


def _aligned(rows):
    text = " \\\\\n".join(rows).replace(SPACE + " \\\\", r" \\[0.4em]").replace(SPACE, "")
    return "\\begin{aligned}\n" + text + "\n\\end{aligned}"
