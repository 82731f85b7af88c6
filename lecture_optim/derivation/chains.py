"""The chains: given, equal, at most, at least, cases, induction; and how what one proves is used in another."""

from dataclasses import dataclass, field
from itertools import pairwise

import sympy as sp

from lecture_optim.derivation.identities import flat_sums
from lecture_optim.derivation.language import Family, Index, Term, Unproved, lower, substitute
from lecture_optim.derivation.page import OPERATORS, aligned, header, latex, lines
from lecture_optim.derivation.relations import SEAL, Relation
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
    ends = [
        [(x, "<=", marks[0])],
        *([(a, "<=", x), (x, "<=", b)] for a, b in pairwise(marks)),
        [(marks[-1], "<=", x)],
    ]
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
        self.first = self.side = self.induction = None
        if start is not None:
            self.first = self.side = self._checked("start", start)

    def _fail(self, what, message):
        raise Unproved(f"{self.name}: {what}: {message}") from None

    def _checked(self, what, e, known=()):
        e = sp.sympify(e)
        if not isinstance(e, sp.Expr):
            self._fail(what, f"{e!r} is no expression")
        try:
            require_defined(e, (*self._hypotheses, *known))
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
            rest = resolve(flat_sums(resolve(rest, known)).xreplace({relation.left: relation.right}), known)
        if not vanishes(rest, known):
            residual = sp.factor(sp.expand(flat_sums(resolve(rest, known))))
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
        """The current side op e in every case of the split.

        blocks[k](chain, *conditions) leads a chain of its own from the current side to e, under the conditions of case k.
        """
        what = f"step {len(self.steps) + 1} (cases)"
        if not isinstance(split, Split) or len(blocks) != len(split.conditions):
            self._fail(what, f"a split and one block for each of its {len(getattr(split, 'conditions', ()))} cases are needed")
        e = self._checked(what, e)
        for x in split.needs:
            if not nonnegative(x, self._hypotheses):
                self._fail(what, f"{x} is not seen to be >= 0, so the cases do not cover")
        for x in split.whole:
            if not x.is_integer:
                self._fail(what, f"{x} is not a whole number, so the cases do not cover")
        chains = []
        for conditions, block in zip(split.conditions, blocks, strict=True):
            local = [
                Relation(self._checked(what, a), op, self._checked(what, b), "the case", local=True, seal=SEAL)
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

    def walk(self):
        """This chain and all chains inside it: of cases, of an induction."""
        yield self
        inner = [chain for step in self.steps for _, chain in step.blocks]
        inner += [chain for _, chain in self.induction[2]] if self.induction else []
        for chain in inner:
            yield from chain.walk()

    def must_reach(self, e):
        """Raise Unproved unless the chain has come to e."""
        if self.side != e and not vanishes(self.side - e, self._hypotheses):
            self._fail("end", f"the chain ends at {self.side}, not at {e}")

    @property
    def op(self):
        """What the whole chain says of its first and its last side."""
        links = [self.induction[1]] if self.induction else []
        return _join("chain", [*links, *(s.op for s in self.steps)], self._fail, chain=True)


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
    gap: sp.Expr = sp.S.Zero
    knowing: tuple = ()
    put: tuple = ()
    blocks: tuple = ()
    split: Split | None = None


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

    def start(self, e):
        """The first side, where it was not given with the name."""
        if self.first is not None:
            self._fail("start", "the chain has begun")
        self.first = self.side = self._checked("start", e)
        return self

    def induct(self, index, left, op, right, base, step):
        """left op right for every value of the index, from its first on.

        base(chain) leads from left to right at the first index; step(chain, hypothesis) does so at index + 1, where
        ``hypothesis`` is the statement at the index.
        """
        if not isinstance(index, Index):
            self._fail("induction", f"{index} must be an Index")
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
            chain = Chain(f"{self.name}, {title}", [*self._hypotheses, *more], ends[0])
            block(chain, *more)
            chain.must_reach(ends[1])
            if chain.op != op and not (op in ("<=", ">=") and chain.op in ("=", op[0])):
                self._fail(title, f"the chain proves {chain.op}, but the statement says {op}")
            chains.append((title, chain))
        self.first, self.side = left, right
        self.induction = (index, op, chains)
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
        rests = frozenset(self._hypotheses)
        return Relation(self.first, self.op, self.side, self.name, rests, seal=SEAL)

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
        return Relation(left, result.op, right, self.name, frozenset(rests), seal=SEAL)

    def _require_fitting(self, place, given):
        bound = {s for h in self._hypotheses for s in h.slack.free_symbols if isinstance(s, Index)}
        for old, new in place.items():
            try:
                if isinstance(old, Family):
                    self._require_family(old, new, given)
                elif isinstance(old, sp.Symbol):
                    require_symbol(old)
                    require_assumptions(old, sp.sympify(new), given)
                else:
                    self._fail("use", f"{old!r} is neither a symbol nor a family")
            except Unproved as error:
                self._fail("use", error)
            if not isinstance(old, Index) and (clash := bound & sp.sympify(new).free_symbols):
                self._fail(
                    "use", f"{clash.pop()} is an index of the lemma's hypotheses; what stands for {old} must not contain it"
                )

    def _require_family(self, family, value, given):
        if not isinstance(value, sp.Lambda) or len(value.variables) != len(family.first):
            raise Unproved(f"{family.name} must be replaced by a sympy.Lambda of {len(family.first)} indices, not {value!r}")
        for variable, first in zip(value.variables, family.first, strict=True):
            if not isinstance(variable, Index) or not nonnegative(sp.sympify(first) - lower(variable), ()):
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
        for relation in given:
            fits = relation.op == wanted.op or (wanted.op in ("<=", ">=") and relation.op in ("=", "<", "<=", ">", ">="))
            if not fits or relation.fixed() & quantified:
                continue
            same = relation.slack - wanted.slack
            both = "=" in (relation.op,) and vanishes(relation.slack + wanted.slack)
            if (same == 0 or vanishes(same) or both) and not (relation.op == "=" and wanted.op in ("<", ">")):
                return set(relation.hypotheses)
        if wanted.op == "=" and vanishes(wanted.slack, given):
            return set()
        if wanted.op != "=":
            known = tuple(r for r in given if not r.fixed() & quantified)
            if nonnegative(wanted.slack, known, strict=wanted.op in ("<", ">")):
                return set()
        self._fail("use", f"its hypothesis {wanted} ({hypothesis.why}) is not among the relations given")

    # --------------------------------------------------------------------------------------------------------------- the page

    def assumptions(self):
        """What is declared of its symbols and families beyond being real numbers, as LaTeX such as "c > 0", sorted."""
        sides = [e for r in self._hypotheses for e in (r.left, r.right)]
        sides += [e for chain in self.walk() for step in chain.steps for e in (step.before, step.after)]
        sides += [e for chain in self.walk() for e in (chain.first, chain.side) if e is not None]
        # Only signs: that an index is a whole number is said of all indices, once for the book.
        symbols = {s for e in sides for s in e.free_symbols if not s.is_integer and s.is_nonnegative}
        families = {term.family for e in sides for term in e.atoms(Term)}
        found = {latex(s) + (" > 0" if s.is_positive else r" \ge 0") for s in symbols}
        for family in families:
            if family.sign != "real":
                names = ("i",) if family.vector and len(family.first) == 1 else ("t", "i", "j")
                term = Term(family, *(sp.Symbol(name) for name in names[: len(family.first)]))
                found.add(latex(term) + (" > 0" if family.sign == "positive" else r" \ge 0"))
        return sorted(found)

    def hypotheses(self):
        """Its givens as (LaTeX, source)."""
        return [(f"{latex(r.left)} {OPERATORS[r.op]} {latex(r.right)}", r.why) for r in self._hypotheses]

    def statement(self):
        """What it proves, as LaTeX."""
        return f"{latex(self.first)} {OPERATORS[self.op]} {latex(self.side)}"

    def counts(self):
        """How many relations were proved and how many given: {"proved": n, "given": m}."""
        proved = sum(len(chain.steps) for chain in self.walk()) + bool(self.induction)
        return {"proved": proved, "given": len(self._hypotheses)}

    def _repr_latex_(self):
        return "$$\n" + aligned([*header(self), *lines(self)]) + "\n$$"

    def __repr__(self):
        return f"Derivation({self.name}: {self.first} {self.op} {self.side})" if self.steps or self.induction else self.name
