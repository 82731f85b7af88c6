"""Checked mathematics: its three examples say what they claim, its refused proofs are refused for the reason given."""

import math
from fractions import Fraction

import pytest

from lecture_optim.derivation import Unproved


def test_the_sum_that_was_proved_for_all_T_holds_for_many(page):
    total = 0.0
    for T in range(1, 2_000):
        total += 1 / math.sqrt(T)
        assert total <= 2 * math.sqrt(T)
    # The last derivation that the page makes is Jensen's; the induction's object is rebuilt from its own blocks.
    d = page["Derivation"]("again").induct(page["T"], page["left"], "<=", 2 * page["now"], page["first"], page["next_one"])
    assert str(d.result) == "Sum(1/sqrt(t), (t, 1, T)) <= 2*sqrt(T)"


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
