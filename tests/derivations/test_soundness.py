"""The parts of the checker that decide, on random expressions: whatever they say agrees with exact values at random points."""

import random
from fractions import Fraction
from functools import partial

import pytest
import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, Unproved, identities, integer_split, substitute
from lecture_optim.derivation.identities import _align, flat_sums
from lecture_optim.derivation.signs import nonnegative, positive, require_defined, resolve

from .exact import Undefined, compiled, ends, holds

t, s, r, T, k, n = Index("t"), Index("s"), Index("r"), Index("T"), Index("k"), Index("n", 0)
x, c, X = sp.Symbol("x", real=True), sp.Symbol("c", positive=True), sp.Symbol("X", nonnegative=True)
h, H, P = Family("h"), Family("H", sign="nonnegative"), Family("P", sign="positive")
S, B = Family("S", first=0, sign="nonnegative"), Family("B", first=(1, 1))
SEEDS = range(8)


class Expressions:
    """Random expressions of everything that the checker understands, many of them undefined somewhere."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def index(self, bound):
        i = self.random.choice([*bound, T, k, n])
        return self.random.choice([i, i, i + 1, i - 1, sp.S.One, 2 * i, i + self.random.choice([*bound, k])])

    def atom(self, bound):
        if self.random.random() < 0.3:
            return self.random.choice([x, c, X, T, k, n, sp.Integer(2), sp.Rational(1, 2), sp.Integer(-1), *bound])
        family = self.random.choice([h, H, P, S, B])
        return family[tuple(self.index(bound) for _ in family.first)]

    def sum(self, depth, bound, sums):
        symbol = self.random.choice([i for i in (t, s, r) if i not in bound])
        low = self.random.choice([sp.S.One, sp.S.One, sp.Integer(2), *bound])
        high = self.random.choice([T, k, n, T - 1, T + 2, sp.Integer(3), *bound, *(i + 1 for i in bound)])
        return sp.Sum(self.make(depth, [*bound, symbol], sums - 1), (symbol, low, high))

    def make(self, depth, bound=(), sums=2):
        if depth == 0:
            return self.atom(bound)
        kinds = [sp.Add, sp.Add, sp.Mul, sp.Mul, sp.Pow, sp.sqrt, sp.exp, sp.log, sp.Abs, sp.Max, sp.Min] + [sp.Sum] * (
            3 if sums else 0
        )
        kind = self.random.choice(kinds)
        if kind is sp.Sum:
            return self.sum(depth - 1, list(bound), sums)
        parts = [self.make(depth - 1, bound, sums) for _ in range(2)]
        if kind is sp.Pow:
            return parts[0] ** self.random.choice([2, 3, -1, -2, n, T, n + 1, T - 1])
        return kind(*parts) if kind in (sp.Add, sp.Mul, sp.Max, sp.Min) else kind(parts[0])

    def defined(self, number, depths=(1, 2, 2, 3), keep=lambda e: True):
        """So many of those that the checker takes for defined."""
        while number:
            try:
                e = self.make(self.random.choice(depths))
                require_defined(e, ())
            except (Unproved, ValueError):  # SymPy does not compare what it cannot evaluate
                continue
            if keep(e):
                number -= 1
                yield e


class Values(dict):
    """Small values of the declared signs, zero often among them; the same for the same seed."""

    def __init__(self, seed):
        super().__init__()
        self.seed = seed

    def __missing__(self, key):
        chance = random.Random(f"{self.seed} {key}")
        if isinstance(key, sp.Symbol) and key.is_integer:
            self[key] = Fraction(chance.randint(1 if key.is_positive else 0, 3))
            return self[key]
        sign = key[0].sign if isinstance(key, tuple) else "positive" if key.is_positive else "real"
        sign = "nonnegative" if key == X else sign
        values = [1, 2, Fraction(1, 2), 3] + [0, 0, 0] * (sign != "positive") + [-1, -2, Fraction(-1, 2)] * (sign == "real")
        self[key] = Fraction(chance.choice(values))
        return self[key]


class Changed(Values):
    """The values that what is put in for x, h and T has."""

    def __init__(self, put_in, body, index, high, seed):
        super().__init__(seed)
        self.symbols, self.body, self.index = {x: put_in, T: high}, body, index

    def __missing__(self, key):
        if key in self.symbols:
            return value(self.symbols[key], self.seed)
        if isinstance(key, tuple) and key[0] == h:
            return compiled(self.body)(Values(self.seed), {self.index: Fraction(key[1][0])})
        return super().__missing__(key)


def value(e, seed, values=Values):
    """The value at the point of the seed, or None where it is too large; whatever else is undefined raises."""
    try:
        return compiled(e)(values(seed), {})
    except Undefined as error:
        if str(error) != "too large":
            raise
    return None


def agree(first, second):
    return first is None or second is None or holds(first - second, "=") is not False


@pytest.mark.parametrize("seed", range(2))
def test_signs_and_domains(seed):
    seen = 0
    for e in Expressions(seed).defined(150):
        weak, strict = nonnegative(e, ()), positive(e, ())
        assert weak or not strict
        seen += weak
        for point in SEEDS:
            found = value(e, point)  # defined, as the checker says
            if found is not None:
                high = ends(found)[1]
                assert not (weak and high < 0) and not (strict and high <= 0), (e, point, found)
    assert seen > 30


@pytest.mark.parametrize("seed", range(2))
def test_sums_in_one_form(seed):
    for e in Expressions(seed).defined(60, depths=(2, 3), keep=lambda e: e.has(sp.Sum)):
        flat = flat_sums(e)
        for other in (flat, _align(sp.expand(flat)), resolve(e, ())):
            if not other.has(sp.Product):
                for point in SEEDS:
                    assert agree(value(e, point), value(other, point)), (e, other, point)


@pytest.mark.parametrize("seed", range(2))
def test_sums_brought_to_a_common_range(seed):
    chance, changed = random.Random(seed), 0
    while changed < 20:
        function = chance.choice([B[s, t], B[t, s], h[s] * B[s, t], h[s] * h[t], h[s + t], s * h[t], sp.sqrt(P[s]) * h[t]])
        sums = []
        for _ in range(2):
            inner = (s, chance.choice([1, 1, 2, t]), chance.choice([T, T + 1, t, t + 1, t - 1, T + t]))
            sums.append(sp.Sum(function, inner, (t, chance.choice([1, 2]), chance.choice([T, T + 1, T + 2]))))
        e = sums[0] - sums[1]
        try:
            require_defined(e, ())
        except Unproved:
            continue
        aligned = e
        for _ in range(5):
            aligned = _align(sp.expand(flat_sums(aligned)))
        assert aligned.free_symbols <= e.free_symbols
        changed += aligned != sp.expand(flat_sums(e))
        for point in SEEDS:
            try:
                assert agree(value(e, point), value(aligned, point)), (e, aligned, point)
            except Undefined as error:
                assert "backwards" in str(error)  # a common range may be empty by more than one


@pytest.mark.parametrize("seed", range(2))
def test_substitution(seed):
    make = Expressions(seed)
    for e in make.defined(60, depths=(1, 2), keep=lambda e: e.has(sp.Sum)):
        (put_in,) = make.defined(1, depths=(0, 1, 2))
        index = make.random.choice([t, s])
        body = make.make(make.random.choice([0, 1]), (index,))
        high = make.random.choice([k, n + 1, T + 1, sp.Integer(2)])
        try:
            require_defined(body, ())
            changed = substitute(e, {x: put_in, h: sp.Lambda(index, body), T: high})
        except (Unproved, ValueError):
            continue

        for point in SEEDS:
            try:
                changing = partial(Changed, put_in, body, index, high)
                assert agree(value(e, point, changing), value(changed, point)), (e, put_in, body, high, point)
            except (Undefined, TypeError):
                continue


def test_what_is_known_of_one_value_of_an_index_is_not_used_of_the_others():
    double = sp.Sum(1, (s, 1, t - 4), (t, 4, n + 4))  # 0 for n = 0
    denominators = sp.Sum(1 / (t - 4), (t, 1, T))
    seen = []

    def above(chain, local):
        for known in ((), (local,)):
            assert nonnegative(double, known) and not positive(double, known)
            assert positive(t - 4, known) == bool(known)
            with pytest.raises(Unproved):
                require_defined(denominators, known)
            with pytest.raises(Unproved):
                require_defined(sp.Sum(h[s], (s, t - 4, T), (t, 1, T)), known)
            seen.append(known)

    Derivation("cases", x).cases(x, integer_split(t, 4), [lambda chain, local: None, above])
    assert len(seen) == 2


# ------------------------------------------------------------------------------------------------- what one value refuses


@pytest.mark.parametrize(
    ("e", "differs"),
    [
        ((c + X) ** 3 / (c * X) - c**2 / X, True),
        ((c + X) ** 2 / (c - X) - (c - X) - 4 * c * X / (c - X), False),
        (sp.sqrt(c + X) * sp.sqrt(c) - c, True),
        (sp.sqrt(c**2 + c * sp.sqrt(X)) ** 2 / c - c - sp.sqrt(X), False),
        (1 / sp.sqrt(c) - sp.sqrt(c), True),
        (1 / sp.sqrt(c) - sp.sqrt(c) / c, False),
        (c**n * c - X ** (n + 1), True),
        (c**n * (c + 1) - c ** (n + 1) - c**n, False),
    ],
)
def test_one_value_refuses_just_what_the_long_way_refuses(monkeypatch, e, differs):
    assert identities._differs(*identities._algebraic(e)) == differs
    monkeypatch.setattr(identities, "_differs", lambda e, roots: False)
    assert identities.is_zero(e) != differs


@pytest.mark.parametrize("e", [sp.cbrt(c) - c, sp.sqrt(2) * c - c], ids=["a cube root", "a root of a number"])
def test_where_one_value_is_not_to_be_had_the_long_way_decides(e):
    assert not identities._differs(*identities._algebraic(e))
    assert not identities.is_zero(e)
