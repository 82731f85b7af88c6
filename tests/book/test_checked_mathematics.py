"""Checked mathematics: its three examples say what they claim, its refused proofs are refused for the reason given."""

from fractions import Fraction

import pytest
import sympy as sp

from lecture_optim.derivation import Unproved
from lecture_optim.proofs import lemmas


def test_the_sum_that_was_proved_for_all_T_holds_for_many(page):
    total = Fraction(0)
    for T in range(1, 200):
        total += Fraction(1, T**2)
        assert total <= 2 - Fraction(1, T)
    # The last derivation that the page makes is Jensen's; the induction's object is rebuilt from its own blocks.
    d = page["Derivation"]("again").induct(page["T"], page["left"], "<=", 2 - 1 / page["T"], page["first"], page["next_one"])
    assert str(d.result) == "Sum(t**(-2), (t, 1, T)) <= 2 - 1/T"


def test_the_certificate_is_the_difference_of_the_two_sides(page):
    difference = page["after"] - page["before"]
    assert sp.expand(difference) != 0
    assert sp.expand(difference - page["s"] / (2 * page["c"]) * page["lent"]) == 0
    shown = lemmas.one_step().certificates()
    assert r"adds }}\frac{s}{2 c}{\small \text{ times}}" in shown and "(projection)" in shown
    assert r"\left(p - u\right)^{2} \le \left(w - c r - u\right)^{2}" in shown


def test_the_mean_of_a_root(page):
    assert str(page["averaged"]) == "E[sqrt(S)] <= m/2 + E[S]/(2*m)"
    assert [source for _, source in page["d"].hypotheses()] == ["$m$ is the root of the mean"]
    assert str(page["d"].result) == "E[sqrt(S)] <= m"
    # One case by hand: S is 1 or 49 with equal chances, so its mean is 25.
    assert Fraction(1 + 7, 2) <= 5


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sampled", "the gap x**2 - x is not seen to be >= 0"),
        ("scaled", "the factor k of x <= y is not seen to be >= 0"),
        ("divided", "s stands in a denominator and is not seen to differ from 0"),
        ("split", "the mean of a*b is not declared"),
    ],
)
def test_what_is_refused(page, name, reason):
    with pytest.raises(Unproved) as refusal:
        page[name]()
    assert reason in str(refusal.value)
