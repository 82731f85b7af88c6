"""The chains: given, equal, at most, at least, cases, induction; and how what one proves is used in another."""

from itertools import pairwise

import sympy as sp

from lecture_optim.derivation import counterexample
from lecture_optim.derivation.identities import expand, factored, flat_sums
from lecture_optim.derivation.language import SEAL, Family, Index, Mean, Sealed, Term, Unproved, lower, random, substitute
from lecture_optim.derivation.page import OPERATORS, Math, aligned, header, latex, lines, shown
from lecture_optim.derivation.relations import Relation, genuine
from lecture_optim.derivation.signs import (
    nonnegative,
    positive,
    require_assumptions,
    require_defined,
    require_symbol,
    resolve,
    vanishes,
)

__all__ = ["Chain", "Derivation", "Split", "Step", "between", "integer_split", "zero_or_positive"]


class Split(Sealed):
    """Cases that cover everything by their kind: a list of conditions for each case, and the sentence that says why.

    needs: expressions that must be >= 0 for the split to cover; whole: expressions that must be whole numbers.
    """

    __slots__ = fields = ("conditions", "why", "needs", "whole")
    defaults = ((), ())


def between(x, *marks):
    """x <= a, a <= x <= b, ..., b <= x for the marks a, b, ...: real numbers are ordered."""
    x, *marks = map(sp.sympify, (x, *marks))
    ends = [
        [(x, "<=", marks[0])],
        *([(a, "<=", x), (x, "<=", b)] for a, b in pairwise(marks)),
        [(marks[-1], "<=", x)],
    ]
    return Split(tuple(map(tuple, ends)), "any two real numbers are comparable", seal=SEAL)


def zero_or_positive(x):
    """x = 0 or x > 0, for x >= 0."""
    x = sp.sympify(x)
    conditions = ((x, "=", sp.S.Zero),), ((sp.S.Zero, "<", x),)
    return Split(conditions, f"${latex(x)}$ is not negative", needs=(x,), seal=SEAL)


def integer_split(n, k):
    """n <= k or n >= k + 1, for whole numbers n and k."""
    n, k = sp.sympify(n), sp.sympify(k)
    return Split((((n, "<=", k),), ((k + 1, "<=", n),)), f"${latex(n)}$ is a whole number", whole=(n, k), seal=SEAL)


class Chain:
    """A current side, and the steps that led to it from the first."""

    def __init__(self, name, hypotheses, start, names=None):
        if "_steps" in vars(self):
            raise Unproved(f"{self.name}: a chain begins once")
        self.name, self._hypotheses, self._steps = name, list(map(genuine, hypotheses)), []
        self._names = {} if names is None else names  # what each name stands for
        self._first = self._side = self._induction = None
        if start is not None:
            self._first = self._side = self._checked("start", start)

    first = property(lambda self: self._first)
    side = property(lambda self: self._side)
    induction = property(lambda self: self._induction)
    steps = property(lambda self: tuple(self._steps))

    def __reduce_ex__(self, protocol):
        raise Unproved(f"{self.name}: a chain is not copied")

    def _fail(self, what, message):
        raise Unproved(f"{self.name}: {what}: {message}") from None

    def _checked(self, what, e, known=()):
        if isinstance(self._steps, tuple):
            self._fail(what, "this part of the proof is closed")
        e = sp.sympify(e)
        if not isinstance(e, sp.Expr):
            self._fail(what, f"{e!r} is no expression")
        try:
            require_defined(e, (*self._hypotheses, *known))
        except Unproved as error:
            self._fail(what, error)
        for atom in e.atoms(sp.Symbol, Family):
            name = (atom.name, len(atom.first), atom.vector) if isinstance(atom, Family) else atom.name
            if self._names.setdefault(name, atom) != atom:
                self._fail(what, f"{atom.name} stands for two things that are declared differently")
        return e

    def _accept(self, what, relation):
        try:
            genuine(relation)
        except Unproved as error:
            self._fail(what, error)
        foreign = [h for h in relation.hypotheses if not any(h is own for own in self._hypotheses)]
        if foreign:
            self._fail(what, f"{relation} rests on {foreign[0]}, which is not in force here")
        return relation

    def _require_direction(self, what, op):
        if len({o[0] for o in (op, *self._ops()) if o != "="}) > 1:
            self._fail(what, "one chain goes up or down, not both: <= and >= do not mix")

    def _step(self, op, e, why, using, gap, knowing, put):
        what = f"step {len(self._steps) + 1} ({why})"
        knowing, put = tuple(knowing), tuple(put)
        using = {self._accept(what, r): sp.sympify(f) for r, f in (using or {}).items()}
        known = (*self._hypotheses, *using, *(self._accept(what, r) for r in (*knowing, *put)))
        if bad := next((r for r in put if r.op != "="), None):
            self._fail(what, f"{bad} is no equality, so its left side cannot be replaced by its right side")
        e, gap = self._checked(what, e, known), self._checked(what, gap, known)
        strict = op in ("<", ">")
        self._require_direction(what, op)
        sure, total = False, gap
        for relation, factor in using.items():
            self._checked(what, factor, known)
            if relation.op != "=":
                if op == "=":
                    self._fail(what, f"an equality cannot use the inequality {relation}")
                if not nonnegative(factor, known):
                    self._fail(what, f"the factor {factor} of {relation} is not seen to be >= 0")
                sure |= relation.op in ("<", ">") and positive(factor, known)
            total += factor * relation.slack
        if op != "=":
            if not nonnegative(gap, known):
                self._fail(what, f"the gap {gap} is not seen to be >= 0" + self._refutation(op, e))
            if strict and not (sure or positive(gap, known)):
                self._fail(what, f"nothing in the certificate is seen to be > 0, so only {op}= follows" + self._refutation(op, e))
        difference = (e - self.side) if op in ("=", "<", "<=") else (self.side - e)
        rest = difference - total
        for relation in put:
            # Sums are given other indices first, so that none of theirs is taken for the relation's.
            rest = flat_sums(resolve(rest, known))
            # A condition on the present outcome says nothing of the others, so nothing inside a mean.
            means = {m: sp.Dummy() for m in rest.atoms(Mean) if m != relation.left} if relation.present() else {}
            rest = rest.xreplace(means).xreplace({relation.left: relation.right}).xreplace({d: m for m, d in means.items()})
        if not vanishes(rest, known):
            residual = factored(expand(flat_sums(resolve(rest, known))))
            self._fail(what, f"the sides do not differ by the certificate; what is left is {residual}" + self._refutation(op, e))
        self._steps.append(Step(op, self._side, e, why, using, gap, knowing, put, seal=SEAL))
        self._side = e
        return self

    def _refutation(self, op, e):
        found = counterexample.refute(self.side, op, e, self._hypotheses)
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
        """The current side op e in every case of the split.

        blocks[k](chain, *conditions) leads a chain of its own from the current side to e, under the conditions of case k.
        """
        what = f"step {len(self._steps) + 1} (cases)"
        if type(split) is not Split or len(blocks) != len(split.conditions):
            self._fail(what, f"a split and one block for each of its {len(getattr(split, 'conditions', ()))} cases are needed")
        e = self._checked(what, e)
        for x in split.needs:
            if not nonnegative(x, self._hypotheses):
                self._fail(what, f"{x} is not seen to be >= 0, so the cases do not cover")
        for x in split.whole:
            if not x.is_integer:
                self._fail(what, f"{x} is not a whole number, so the cases do not cover")
        chains, before = [], (self._side, len(self._steps))
        for conditions, block in zip(split.conditions, blocks, strict=True):
            local = [
                Relation(self._checked(what, a), op, self._checked(what, b), "the case", local=True, seal=SEAL)
                for a, op, b in conditions
            ]
            name = f"{self.name}, case {' and '.join(map(str, local))}"
            chain = Chain(name, [*self._hypotheses, *local], self._side, self._names)
            block(chain, *local)
            chain.must_reach(e)
            chains.append((local, chain))
        if (self._side, len(self._steps)) != before:
            self._fail(what, "a case continues the chain that it is given, not the chain around it")
        op = _join(what, [chain.op for _, chain in chains], self._fail)
        self._require_direction(what, op)
        self._steps.append(Step(op, self._side, e, why, blocks=tuple(chains), split=split, seal=SEAL))
        self._side = e
        return self

    def walk(self):
        """This chain and all chains inside it: of cases, of an induction."""
        yield self
        inner = [chain for step in self.steps for _, chain in step.blocks]
        inner += [chain for _, chain in self.induction[2]] if self.induction else []
        for chain in inner:
            yield from chain.walk()

    def must_reach(self, e):
        """Close the chain; raise Unproved unless it has come to e."""
        if self.side != e and not vanishes(self.side - e, self._hypotheses):
            self._fail("end", f"the chain ends at {self.side}, not at {e}")
        self._steps = tuple(self._steps)  # nothing is added any more

    @property
    def op(self):
        """What the whole chain says of its first and its last side."""
        return _join("chain", self._ops(), self._fail, chain=True)

    def _ops(self):
        return [*(self._induction[1:2] if self._induction else ()), *(step.op for step in self._steps)]


def _spoken_of(e):
    """The symbols and families of which e speaks."""
    return e.free_symbols | {term.family for term in e.atoms(Term)}


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


class Step(Sealed):
    """One link: before op after, with its reason and its certificate."""

    __slots__ = fields = ("op", "before", "after", "why", "using", "gap", "knowing", "put", "blocks", "split")
    defaults = ({}, sp.S.Zero, (), (), (), None)


class Derivation(Chain):
    """A chain with a name and its hypotheses: a lemma or a theorem. ``d.result`` is what it proves; ``d.at(...)`` uses it.

    Shown in a notebook it prints itself as aligned LaTeX: what it assumes, then the chain, a reason below each relation.
    ``d.assumptions()`` and ``d.hypotheses()`` give what it assumes. Raises Unproved from the rule that does not hold.
    """

    def __init__(self, name, start=None):
        super().__init__(name, (), start)

    def given(self, left, op, right, source):
        """A hypothesis, a definition or a cited fact: for all values of its indices. source: what it is, in words."""
        what = f"given ({source})"
        if self.steps or self.induction:
            self._fail(what, "hypotheses come before the chain")
        if op not in OPERATORS:
            self._fail(what, f"the relation must be one of {', '.join(OPERATORS)}, but is {op!r}")
        relation = Relation(self._checked(what, left), op, self._checked(what, right), source, seal=SEAL)
        self._hypotheses.append(relation)
        return relation

    def start(self, e, knowing=()):
        """The first side, where it was not given with the name. knowing: relations that show that it is defined."""
        if self.first is not None:
            self._fail("start", "the chain has begun")
        self._first = self._side = self._checked("start", e, [self._accept("start", r) for r in knowing])
        return self

    def induct(self, index, left, op, right, base, step):
        """left op right for every value of the index, from its first on.

        base(chain) leads from left to right at the first index; step(chain, hypothesis) does so at index + 1, where
        ``hypothesis`` is the statement at the index.
        """
        if type(index) is not Index:
            self._fail("induction", f"{index} must be an Index")
        if op not in OPERATORS:
            self._fail("induction", f"the relation must be one of {', '.join(OPERATORS)}, but is {op!r}")
        if self.first is not None:
            self._fail("induction", "an induction is a derivation of its own")
        left, right = self._checked("induction", left), self._checked("induction", right)
        local = Relation(left, op, right, "induction hypothesis", local=True, seal=SEAL)
        chains = []
        for title, value, block, more in (
            ("base", sp.Integer(lower(index)), base, []),
            ("step", index + 1, step, [local]),
        ):
            ends = [substitute(side, {index: value}) for side in (left, right)]
            chain = Chain(f"{self.name}, {title}", [*self._hypotheses, *more], ends[0], self._names)
            block(chain, *more)
            chain.must_reach(ends[1])
            if chain.op != op and not (op in ("<=", ">=") and chain.op in ("=", op[0])):
                self._fail(title, f"the chain proves {chain.op}, but the statement says {op}")
            chains.append((title, chain))
        if self.first is not None:
            self._fail("induction", "a block continues the chain that it is given, not the derivation around it")
        self._first, self._side = left, right
        self._induction = (index, op, chains)
        return self

    @property
    def givens(self):
        """Its hypotheses, relations."""
        return tuple(self._hypotheses)

    @property
    def result(self):
        """What it proves, under its own hypotheses."""
        if self.first is None or not (self.steps or self.induction):
            self._fail("result", "nothing is proved yet")
        if type(self) is not Derivation:
            raise Unproved(f"{self!r} is no Derivation")
        rests = frozenset(self._hypotheses)
        return Relation(self.first, self.op, self.side, self.name, rests, seal=SEAL)

    def at(self, place=None, given=()):
        """What it proves of other things: ``place`` maps its symbols to expressions and its families to Lambdas.

        Every expression must have the assumptions of what it replaces, and every hypothesis, so changed, must be among the
        relations ``given`` or be non-negative by structure. Raises Unproved that names the one that is missing.
        """
        if type(self) is not Derivation:
            raise Unproved(f"{self!r} is no Derivation")
        place, given = {old: sp.sympify(new) for old, new in (place or {}).items()}, tuple(given)
        try:
            result, given = self.result, tuple(map(genuine, given))
        except Unproved as error:
            self._fail("use", error)
        self._require_fitting(place, given)
        self._require_outcomes(place, given)
        indices = {k: v for k, v in place.items() if isinstance(k, Index)}
        rest = {k: v for k, v in place.items() if k not in indices}
        rests = set()
        for hypothesis in self._hypotheses:
            rests |= self._discharge(hypothesis, rest, given)
        for relation in given:
            rests |= relation.hypotheses
        left, right = (substitute(side, place) for side in (result.left, result.right))
        return Relation(left, result.op, right, self.name, frozenset(rests), seal=SEAL)

    def _require_fitting(self, place, given):
        bound = {s for h in self._hypotheses for s in h.slack.free_symbols if isinstance(s, Index)}
        for old, new in place.items():
            try:
                if isinstance(old, Family):
                    self._require_family(old, new, given)
                elif isinstance(old, sp.Symbol):
                    require_symbol(old)
                    require_assumptions(old, new, given)
                else:
                    self._fail("use", f"{old!r} is neither a symbol nor a family")
            except Unproved as error:
                self._fail("use", error)
            if not isinstance(old, Index) and (clash := bound & new.free_symbols):
                self._fail(
                    "use", f"{clash.pop()} is an index of the lemma's hypotheses; what stands for {old} must not contain it"
                )

    def _require_outcomes(self, place, given):
        """What a lemma says of means holds where nothing in it depends on the outcome that its own proof did not take so."""
        if not any(e.has(Mean) for r in (*self._hypotheses, self.result) for e in (r.left, r.right)):
            return
        if any(relation.present() for relation in given):
            self._fail("use", "it speaks of means, and a condition on one outcome says nothing of means")
        for old, new in place.items():
            if random(new) and not (isinstance(old, Family) and old.random):
                self._fail("use", f"it speaks of means, and {old} is not random there, but {new} is")

    def _require_family(self, family, value, given):
        if type(value) is not sp.Lambda or len(value.variables) != len(family.first):
            raise Unproved(f"{family.name} must be replaced by a sympy.Lambda of {len(family.first)} indices, not {value!r}")
        for variable, first in zip(value.variables, family.first, strict=True):
            if type(variable) is not Index or not nonnegative(sp.sympify(first) - lower(variable), ()):
                raise Unproved(f"{variable} must be an Index that begins at or before {first}, where {family.name} does")
        variables = set(value.variables)
        known = tuple(r for r in given if not r.fixed() & variables)
        require_defined(value.expr, known)
        sign = family.sign
        if sign != "real" and not nonnegative(value.expr, known, strict=sign == "positive"):
            raise Unproved(f"{value.expr} stands for {family.name}, which is {sign}; that is not seen of it")
        if family.integer and not value.expr.is_integer:
            raise Unproved(f"{value.expr} stands for {family.name}, whose values are whole numbers")

    def _discharge(self, hypothesis, place, given):
        """The hypotheses that the changed hypothesis rests on; raises Unproved where nothing gives it."""
        left, right = (substitute(side, place) for side in (hypothesis.left, hypothesis.right))
        wanted = Relation(left, hypothesis.op, right, seal=SEAL)
        quantified = {s for s in hypothesis.slack.free_symbols if isinstance(s, Index)}
        known = tuple(r for r in given if not r.fixed() & quantified)
        fit = [r for r in known if r.op == wanted.op or wanted.op in ("<=", ">=")]
        for relation in fit:
            if relation.slack == wanted.slack:
                return set(relation.hypotheses)
        # What speaks of the same things is most often what is wanted; to see of the others that they are not takes long.
        fit.sort(key=lambda r: _spoken_of(r.slack) != _spoken_of(wanted.slack))
        for relation in fit:
            if vanishes(relation.slack - wanted.slack) or (relation.op == "=" and vanishes(relation.slack + wanted.slack)):
                return set(relation.hypotheses)
        if wanted.op == "=" and vanishes(wanted.slack, known):
            return set()
        if wanted.op != "=" and nonnegative(wanted.slack, known, strict=wanted.op in ("<", ">")):
            return set()
        self._fail("use", f"its hypothesis {wanted} ({hypothesis.why}) is not among the relations given")

    # --------------------------------------------------------------------------------------------------------------- the page

    def assumptions(self):
        """What is declared of its symbols and families beyond being real numbers, as LaTeX such as "c > 0", sorted."""
        sides = [e for r in self._hypotheses for e in (r.left, r.right)]
        sides += [e for chain in self.walk() for step in chain.steps for e in (step.before, step.after)]
        sides += [e for chain in self.walk() for e in (chain.first, chain.side) if e is not None]
        symbols = {s for e in sides for s in e.free_symbols if s.is_nonnegative}
        families = {term.family for e in sides for term in e.atoms(Term)}
        found = {latex(s) + (" > 0" if s.is_positive else r" \ge 0") for s in symbols if not s.is_integer}
        # That an index begins at 1 is said once for the book.
        whole = {s for s in symbols if s.is_integer and not (isinstance(s, Index) and s.is_positive)}
        found |= {rf"{latex(s)} \in \{{{lower(s)}, {lower(s) + 1}, \dots\}}" for s in whole}
        for family in families:
            if family.sign != "real":
                names = ("i",) if family.vector and len(family.first) == 1 else ("t", "i", "j")
                term = Term(family, *(sp.Symbol(name) for name in names[: len(family.first)]))
                found.add(latex(term) + (" > 0" if family.sign == "positive" else r" \ge 0"))
        return sorted(found)

    def hypotheses(self):
        """Its givens as (LaTeX, source)."""
        return [(shown(r), r.why) for r in self._hypotheses]

    def statement(self):
        """What it proves, as LaTeX."""
        return f"{latex(self.first)} {OPERATORS[self.op]} {latex(self.side)}"

    def certificates(self):
        """The chain as it prints itself, with what the checker was handed for each relation below it; shown in a notebook.

        "adds f x [left <= right]" is the factor f times (right - left); these and the gap add up to the new side minus the old.
        """
        return Math(aligned([*header(self), *lines(self, certificates=True)]))

    def after(self, earlier, place="above"):
        """The chain as it prints itself, for a page that has shown the derivation `earlier`: what both are given is not repeated.

        place: words that say where it was, such as "in the theorem"; "above" is the derivation shown just before.
        Shown in a notebook. Raises ValueError where the two have no hypothesis in common.
        """
        return Math(aligned([*header(self, earlier, place), *lines(self)]))

    def counts(self):
        """How many relations were proved and how many given: {"proved": n, "given": m}."""
        proved = sum(len(chain.steps) for chain in self.walk()) + bool(self.induction)
        return {"proved": proved, "given": len(self._hypotheses)}

    def _repr_latex_(self):
        return Math(aligned([*header(self), *lines(self)]))._repr_latex_()

    def __repr__(self):
        return f"Derivation({self.name}: {self.first} {self.op} {self.side})" if self.steps or self.induction else self.name
