"""What statements are made of: indices, families, means, and substitution without capture."""

import sympy as sp
from sympy.core.symbol import Str

__all__ = [
    "SEAL", "Family", "Index", "Mean", "Sealed", "Term", "Unproved", "lower", "random", "rebuilt", "substitute", "unknown",
]  # fmt: skip

SIGNS = ("real", "nonnegative", "positive")


class Unproved(Exception):
    """A step that the checker does not accept; the text names it, what is left, and a counterexample where one was found."""


SEAL = object()


class Sealed:
    """What the rules alone make, as they hold the seal, and what nothing changes afterwards."""

    __slots__ = fields = defaults = ()

    def __new__(cls, *values, seal=None, **named):
        if seal is not SEAL or cls.__base__ is not Sealed:
            raise Unproved(f"a {cls.__name__} is made by the rules of a Derivation, never by hand, copied or derived from")
        self = super().__new__(cls)
        optional = cls.fields[len(cls.fields) - len(cls.defaults) :]
        values = {**dict(zip(optional, cls.defaults, strict=True)), **dict(zip(cls.fields, values, strict=False)), **named}
        for name in cls.fields:
            object.__setattr__(self, name, values[name])
        return self

    def __setattr__(self, name, value):
        raise Unproved(f"a {type(self).__name__} is never changed")

    __delattr__ = __setstate__ = __setattr__


class Index(sp.Symbol):
    """A whole number >= first (1 or 0) over which every statement that mentions it is quantified: "for all t"."""

    __slots__ = ()

    def __new__(cls, name, first=1):
        if first not in (0, 1):
            raise ValueError(f"first must be 0 or 1, but is {first!r}; write t + 1 for an index that begins later")
        return super().__new__(cls, name, integer=True, **{"positive" if first else "nonnegative": True})

    def __getnewargs_ex__(self):
        """What `__new__` takes, for copies and pickles: a symbol of SymPy would be made anew of its name and assumptions."""
        return (self.name, 1 if self.is_positive else 0), {}


class Family(sp.Basic):
    """A sequence of real numbers, one for each index from ``first`` on: ``h = Family("h", sign="nonnegative")``, then ``h[t]``.

    first: the first index, or one for each of several. sign: "real", "nonnegative" or "positive", from the first index on.
    vector: print the last index in brackets, as w_t[i]. integer, random: its values are whole numbers; they are random.
    A random quantity without index is ``unknown("N", ...)``.
    """

    __slots__ = ()

    def __new__(cls, name, first=1, sign="real", vector=False, integer=False, random=False):
        if isinstance(name, Str):  # SymPy rebuilds an object from its arguments
            return super().__new__(cls, name, first, sign, vector, integer, random)
        if sign not in SIGNS:
            raise ValueError(f"sign must be one of {', '.join(SIGNS)}, but is {sign!r}")
        first = first if isinstance(first, tuple) else (first,)
        if not all(isinstance(k, int | sp.Integer) for k in first):
            raise ValueError(f"the first indices must be whole numbers, but are {first}")
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

    __slots__ = ()
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

    __slots__ = ()
    is_commutative = is_real = is_finite = True

    def _latex(self, printer, exp=None):
        text = rf"\mathbb{{E}}\left[{printer._print(self.args[0])}\right]"
        return rf"\left({text}\right)^{{{exp}}}" if exp else text

    def _sympystr(self, printer):
        return f"E[{printer._print(self.args[0])}]"


def unknown(name, sign="real", integer=False):
    """A random quantity without an index."""
    return Term(Family(name, (), sign, integer=integer, random=True))


def random(e):
    """Whether e depends on what is random otherwise than through means."""
    if isinstance(e, Mean):
        return False
    return e.family.random if isinstance(e, Term) else any(map(random, e.args))


def lower(symbol):
    """A whole number below which the integer symbol never is, or None."""
    return 1 if symbol.is_positive else 0 if symbol.is_nonnegative else None


def rebuilt(e, parts):
    """e of these parts, itself where they are its own: SymPy compares those of a Max or Min each time that it makes one."""
    return e if all(a is b for a, b in zip(e.args, parts, strict=True)) else e.func(*parts)


def substitute(e, place):
    """Put expressions for symbols and Lambdas for families, all at once, without capture by a sum's own index."""
    e, place = sp.sympify(e), {old: sp.sympify(new) for old, new in place.items()}
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
        return rebuilt(e, [walk(a, names) for a in e.args])

    result, back = walk(e, {}), {}
    used = result.atoms(sp.Symbol)  # free or the index of another sum
    for symbol, dummy in bound.items():  # the old name comes back, with primes where something else has it
        name = symbol
        while name in used | set(back.values()):
            name = Index(name.name + "'", lower(symbol) or 0)
        back[dummy] = name
    return result.xreplace(back)
