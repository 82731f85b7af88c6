"""The chapter on Reddi's example: the theorem against exact arithmetic of two kinds, the gap, the table at a million steps."""

from fractions import Fraction
from itertools import product
from math import sqrt

import mpmath
import numpy as np
import pytest

from lecture_optim.derivation import Unproved
from lecture_optim.online import best_fixed, play
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import reddi_periodic
from lecture_optim.projections import box
from lecture_optim.rules import adam, rmsprop
from lecture_optim.schedules import inverse_sqrt


def run(C, T, alpha=None, beta2=None, x=1.0, corrected=False, **more):
    beta2 = 1 / (1 + C**2) if beta2 is None else beta2
    lr = inverse_sqrt(0.9 * sqrt(1 - beta2) if alpha is None else alpha)
    rule, constants = (adam, {"beta1": 0.0, "eps": 0.0}) if corrected else (rmsprop, {})
    o = optimizer(rule, lr, beta2=beta2, project=box(-1, 1), **constants)
    return play(o, reddi_periodic(T, C), x, comparator=-1.0, **more)


def test_the_best_point():
    for C in (2.5, 3.0, 10.0):
        losses = reddi_periodic(300, C)
        assert best_fixed(losses) == -1 and losses.sum() == pytest.approx(100 * (C - 2))


def test_rmsprop_is_adam_without_momentum_and_correction():
    """The rule by hand, with beta_1 = 0 and no bias correction."""
    C, x, v, path = 3.0, 1.0, 0.0, []
    for t, g in enumerate(reddi_periodic(300, C), start=1):
        path.append(x)
        m, v = g, 0.1 * v + 0.9 * g**2
        x = min(max(x - 0.8 / sqrt(t) * m / sqrt(v), -1.0), 1.0)
    assert run(C, 300, alpha=0.8, record=("w",))["w"] == pytest.approx(path, rel=1e-13)


def test_every_recorded_cycle_begins_at_one(page):
    assert np.all(page["beginning"]["at"] == 1.0) and np.array_equal(page["beginning"]["begins"], np.arange(1, 32, 3))
    assert np.all(page["begins"] == 1.0) and len(page["begins"]) > 1000
    assert page["beginning"]["x"].min() == pytest.approx(0.1)


# ------------------------------------------------------------------------------------------- exact arithmetic of two kinds


def test_ten_thousand_cycles_in_intervals(page):
    for (C, corrected), (ended, least) in page["exact"].items():
        assert ended == 10_000
        floats = run(float(C), 30, record=("w",), corrected=corrected)["w"]
        assert least == pytest.approx(floats.min(), abs=1e-12)


def test_intervals_against_mpmath():
    """A second interval arithmetic, written by others, for some hundred cycles."""
    iv = mpmath.iv
    before, iv.prec = iv.prec, 80
    try:
        x, v, alpha = iv.mpf(1), iv.mpf(0), iv.sqrt(iv.mpf(81) / 100 * 9 / 10)
        for t in range(1, 601):
            g = 3 if t % 3 == 1 else -1
            v = (v + 9 * g**2) / 10
            x = x - alpha * g / iv.sqrt(t * v)
            x = iv.mpf([max(min(x.a.a, 1), -1), max(min(x.b.b, 1), -1)])
            assert t % 3 or (x.a == 1 and x.b == 1)
    finally:
        iv.prec = before


def test_intervals_hold_the_truth(page):
    """The root of a fraction lies between the two ends, which are a few units apart."""
    P, step = page["P"], page["step"]
    for square, t, g in product((Fraction(81, 100), Fraction(2, 7)), (1, 5, 333), (-1, 10)):
        v = (7 << P) // 3, (7 << P) // 3 + 1
        low, high = step(square, t, g, v, (1 << P, 1 << P))
        for end, sign in ((v[1], 1), (v[0], -1)):
            exact = square * g**2 / (t * Fraction(end, 1 << P))
            bound = low if sign == 1 else high
            assert sign * (exact - Fraction(bound, 1 << P) ** 2) >= 0
        assert 0 < high - low < 100


def test_intervals_notice_a_walk_that_falls_short(page):
    """With a longer memory the point leaves 1, and the count says so."""
    source = dict(page)
    code = "def returns" + page_source("def returns").replace("n, square = 1 + C**2,", "n, square = 3,")
    exec(code, source)
    ended, _ = source["returns"](10, 50, False)
    assert ended < 50


def page_source(start):
    """The cell of the chapter that begins with this, without its first words."""
    import jupytext

    from .conftest import TEXTS

    (cell,) = (c for c in jupytext.read(TEXTS["02_reddis_example"]).cells if c.cell_type == "code" and c.source.startswith(start))
    return cell.source.removeprefix(start)


@pytest.mark.parametrize("alpha", [0.01, 1.0, 2.5, 10.0, 1000.0])
def test_any_learning_rate(alpha):
    """The bound on the learning rate is not needed; the last three reach the best point and come back."""
    for C, corrected in product((2.0, 3.0, 10.0), (False, True)):
        w = run(C, 3000, alpha=alpha, corrected=corrected, record=("w",))["w"]
        assert np.all(w[::3] == 1.0)


# --------------------------------------------------------------------------------------------------------- the proof's parts


@pytest.mark.parametrize("C", [2.0, 2.05, 3.0, 50.0])
def test_averages_and_units(C):
    beta2, alpha = 1 / (1 + C**2), 0.5
    v = run(C, 600, alpha=alpha, record=("v",))["v"].reshape(-1, 3)
    assert np.all(v[:, 0] >= (1 - beta2) * C**2 * (1 - 1e-15)) and np.all(v[:, 1:] <= 2 * (1 - beta2) * (1 + 1e-15))
    t = np.arange(1, 601).reshape(-1, 3)
    lengths = alpha * np.array([C, 1, 1]) / np.sqrt(t * v)
    units = lengths / (alpha / np.sqrt(t[:, :1] * (1 - beta2)))
    assert np.all(units[:, 0] <= 1 + 1e-15) and np.all(units[1:, 1:] >= 0.5)
    assert np.all(units[:, 1] + units[:, 2] >= units[:, 0])


def test_the_first_cycle_is_another(page):
    """In it the third step can be shorter than half the step away, and the general bounds do not suffice."""
    away, one, two = page["lengths"](0, 2.0)
    assert two < away / 2 < one and one + two > away
    assert page["first_cycle_share"] < 1
    assert all(sum(page["lengths"](0, C)[1:]) > page["lengths"](0, C)[0] for C in np.geomspace(2, 1000, 50))
    with pytest.raises(Unproved, match="is not seen to be >= 0"):
        page["third_step"]()
    # The averages allow it: m^2 = 1, v_3 = 2 (1 - beta_2), j = 0 give s_3^2 = 1/6.
    assert Fraction(1, 3 * 2) < Fraction(1, 4)
    # The closed forms of the text, in fractions.
    beta2 = Fraction(1, 5)
    v1 = (1 - beta2) * 4
    v2 = beta2 * v1 + 1 - beta2
    v3 = beta2 * v2 + 1 - beta2
    assert v2 == (2 - beta2) * (1 - beta2) and v3 == (1 + beta2 * (2 - beta2)) * (1 - beta2)


def test_walks_in_fractions():
    """Random steps as fractions, with steps back that are just long enough."""
    rng, C = np.random.default_rng(2), 3
    x = Fraction(1)
    for _ in range(500):
        away, part = Fraction(int(rng.integers(0, 300)), 100), Fraction(int(rng.integers(0, 101)), 100)
        y = max(x - away, Fraction(-1))
        z = min(y + away * part, Fraction(1))
        price = C * x - y - z + C - 2
        assert x == 1 and price >= 2 * C - 4 and (away > 1 or price <= 2 * C - 4 + 2 * away)
        x = min(z + away * (1 - part), Fraction(1))


def test_regret_within_a_cycle():
    r = run(3.0, 3000, record=("regret",))["regret"]
    assert np.all(r >= 2 * np.floor(np.arange(1, 3001) / 3) - 1e-9)


# --------------------------------------------------------------------------------------------------------------- a million


def test_a_million_steps(page):
    adam_run, amsgrad_run = page["million"]["adam"], page["million"]["amsgrad"]
    T = page["T"]
    assert adam_run.regret / T == pytest.approx(0.667, abs=1e-3) and adam_run.regret / T > 2 / 3
    assert amsgrad_run.regret / T < 0.002 and amsgrad_run.w == pytest.approx(-1, abs=1e-3)
    assert page["shown"]["line"] == pytest.approx(2 / 3)
    assert np.all(page["shown"]["adam"][1] > 2 / 3)


EXPECTED = {  # of both slopes: the last point, the regret per step
    "Adam": (0.99911, 0.66743, 0.99910, 5.33412),
    "Adam, corrected": (0.99911, 0.66743, 0.99910, 5.33412),
    "Adam, from -1": (0.99911, 0.66742, 0.99910, 5.33408),
    "AMSGrad": (-1.0, 0.00101, -1.0, 0.00118),
    "AdaGrad": (-1.0, 0.00247, -1.0, 0.00309),
    "SGD": (-1.0, 0.00223, -1.0, 0.00255),
    "Adam, defaults": (-1.0, 0.00001, -1.0, 0.00002),
    "ADOPT": (-1.0, 0.00171, -1.0, 0.00482),
}


def by_hand(name, C, T):
    """The last point and the regret per step of a row of the table, in plain floats and without the package."""
    beta1, beta2, alpha = 0.0, 1 / (1 + C * C), 0.9 * sqrt(1 - 1 / (1 + C * C))
    if name == "Adam, defaults":
        beta1, beta2 = 0.9, 0.999
    x, m, v, top, S, regret, b1, b2 = -1.0 if "from" in name else 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0
    for t in range(1, T + 1):
        g = C if t % 3 == 1 else -1.0
        regret += g * (x + 1)
        before, square = v, g * g
        v = beta2 * v + (1 - beta2) * square
        rate = alpha / sqrt(t)
        if name in ("Adam", "Adam, from -1"):
            s = rate * g / sqrt(v)
        elif name in ("Adam, corrected", "Adam, defaults"):
            m, b1, b2 = beta1 * m + (1 - beta1) * g, b1 * beta1, b2 * beta2
            s = rate * (m / (1 - b1)) / (sqrt(v / (1 - b2)) + (1e-8 if name == "Adam, defaults" else 0))
        elif name == "AMSGrad":
            top = v if v > top else top
            s = rate * g / sqrt(top)
        elif name == "AdaGrad":
            S += square
            s = sqrt(2) * g / sqrt(S)
        elif name == "SGD":
            s = 2 / (C * sqrt(t)) * g
        else:  # ADOPT: its first gradient only starts the average
            v, s = (v, rate * g / sqrt(before)) if t > 1 else (square, 0.0)
        x -= s
        x = -1.0 if x < -1 else 1.0 if x > 1 else x
    return x, regret / T


@pytest.mark.parametrize("name", EXPECTED)
def test_the_table_at_a_million_steps(page, name):
    """To the printed digits, in plain floats; which are the package's numbers for some thousand steps."""
    for C in (3.0, 10.0):
        assert by_hand(name, C, 4000) == pytest.approx(page["last_and_rate"](name, C, 4000), rel=1e-8)
    found = [value for C in (3.0, 10.0) for value in by_hand(name, C, 10**6)]
    assert found == pytest.approx(EXPECTED[name], abs=6e-6)


def test_climbs_from_every_start_tried(page):
    for x in np.linspace(-1, 1, 9):
        w = run(3.0, 3001, x=float(x), record=("w",))["w"][::3]
        first = np.argmax(w == 1.0)
        assert w[first] == 1.0 and np.all(w[first:] == 1.0) and np.all(np.diff(w[: first + 1]) > 0)
    for C in (2.0, 3.0, 10.0):  # the proved bound, in every cycle
        w = run(C, 3001, x=-1.0, record=("w",))["w"][::3]
        gains = np.cumsum(0.9 / np.sqrt(3 * np.arange(len(w) - 2) + 4)) / 7
        assert np.all(w[2:] >= np.minimum(1, w[1] + gains) - 1e-12)
    assert page["arrived"] == {0.5: 13, 0.0: 25, -1.0: 28}
    assert np.array_equal(page["climbing"]["x"], page["paths"])


def test_what_forgets_is_the_average_of_squares(page):
    """Without any average of gradients it fails; on the same losses the default rates do not."""
    assert run(3.0, 30_000).regret / 30_000 > 2 / 3
    w, rate = page["last_and_rate"]("Adam, defaults", 3.0, 30_000)
    assert w < -0.99 and rate < 0.001


# --------------------------------------------------------------------------------------------------- figures and exercises


def test_the_picture_of_the_cycles(page):
    for k, places in page["drawn"].items():
        away, one, two = page["units"][k]
        assert places == pytest.approx([0, -away, one - away, one + two - away])
        assert places[-1] > 0 and (k == 0 or places[-1] > 1 / 3)


def test_exercises(page):
    two = page["two"]["regret"]
    assert [two[3 * K - 1] / sqrt(K) for K in (100, 10_000)] == pytest.approx([1.275, 1.251], abs=1e-3)
    assert np.all(page["four"]["w"][:-1] == 1.0) and page["four"].regret >= 2000
    assert np.all(page["wild"][::3] == 1.0) and page["wild"][1] == -1
    w = run(3.0, 3000, alpha=sqrt(0.9), record=("w",))["w"]
    assert w.min() == pytest.approx(0, abs=1e-15) and np.argmin(w) == 1
    assert [run(3.0, 30_000, beta2=beta2).w > 0.9 for beta2 in (0.1, 0.3, 0.6, 0.9)] == [True, True, False, False]
