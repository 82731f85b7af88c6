"""Controls of the mutants' own machinery, and that every subject of the book is met by it."""

import sys

import pytest
import sympy as sp

from lecture_optim import proofs
from lecture_optim.derivation import Derivation

from . import mutants

pytestmark = pytest.mark.usefixtures("no_refutations")


def test_every_subject_is_mutated_in_one_file():
    assert sorted(sum(mutants.FILES.values(), ())) == sorted(proofs.SUBJECTS)


# ------------------------------------------------------------------------------------------------------------- controls


def blind(monkeypatch, *functions):
    """A checker to which everything looks non-negative."""
    for module in [m for name, m in sys.modules.items() if name.startswith("lecture_optim.derivation")]:
        for function in functions:
            if hasattr(module, function):
                monkeypatch.setattr(module, function, lambda *args, **options: True)


@pytest.mark.parametrize("name", ["lemmas:order", "lemmas:width", "lemmas:monotone_weights", "regret:one_step"])
def test_a_checker_blind_to_signs_is_caught(monkeypatch, name):
    mutants.made(name)
    blind(monkeypatch, "nonnegative", "positive")
    with pytest.raises(AssertionError, match="false mutants are accepted"):
        mutants.check(name)


def test_a_derivation_that_fails_at_a_point_is_caught(monkeypatch):
    blind(monkeypatch, "nonnegative")
    x = sp.Symbol("x", real=True)
    d = Derivation("wrong").start(x).at_most(x**2, "it looked right", gap=x**2 - x)
    monkeypatch.setattr(mutants, "made", lambda name: d)
    with pytest.raises(AssertionError, match="fails at x = "):
        mutants.check("wrong")


def test_true_mutants_are_accepted_by_the_same_offers():
    """So that a false one is not refused for how it is offered."""
    accepted = 0
    for name in ("lemmas:projection", "lemmas:larger", "lemmas:roots_rise", "lemmas:telescope"):
        for claim in mutants.claims(mutants.made(name)):
            accepted += sum(mutants.accepted(m) for m in mutants.mutants(claim) if m.counterexample() is None)
    assert accepted >= 20


def test_every_kind_of_mutant_is_made_and_refuted():
    x, y = sp.symbols("x y", real=True)
    planted = Derivation("planted").start(sp.Min(x, y)).at_most(x, "the smaller one", gap=x - sp.Min(x, y))
    kinds = set()
    for d in (planted, *map(mutants.made, ("lemmas:one_step", "lemmas:monotone_weights", "lemmas:roots_rise"))):
        kinds |= {mutant.kind for mutant, _ in mutants.sorted_out(mutants.claims(d), everything=True)[0]}
    more = {"direction", "made strict", "equality made strict", "hypothesis dropped", "assumption weakened"}
    assert kinds >= {*mutants.KINDS, *more}
