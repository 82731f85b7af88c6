"""What the answers to "AdaGrad" must do: numbers are drawn, the right answers come from the package or a second formula.

SymPy is imported by the tests that need it, so that the others run without.
"""

from math import comb

import numpy as np

from lecture_optim.check.testing import Wrong, choice, close, entry, interval, number, parts, prepared, rehearse, test
from lecture_optim.online import best_fixed
from lecture_optim.optimizer import optimizer
from lecture_optim.rules import adagrad, ratio

HIGHEST = 9  # power in an answer

# ------------------------------------------------------------------------------------------------------- q1: rows that repeat


def rows_step(W, S, rows, G, lr, eps):
    """AdaGrad's dense step of the package, and what common mistakes make of it: each (W, S)."""
    g, squares, last = np.zeros_like(W), np.zeros_like(W), np.zeros_like(W)
    np.add.at(g, rows, G)
    np.add.at(squares, rows, G**2)
    last[rows] = G
    o = optimizer(adagrad, lr=lr, eps=eps)
    w, state = o.update(W.ravel(), g.ravel(), o.init(W.ravel(), s=S.ravel()))
    new = S + g**2
    one = S + np.sum(g**2, axis=1, keepdims=True)
    mistakes = {
        "the squares of the parts are added up, not the square of their sum": (
            W - lr * ratio(g, np.sqrt(S + squares) + eps),
            S + squares,
        ),
        "of a repeated row only the last gradient counts": (W - lr * ratio(last, np.sqrt(S + last**2) + eps), S + last**2),
        "eps stands inside the root": (W - lr * ratio(g, np.sqrt(new + eps)), new),
        "eps squared stands inside the root": (W - lr * ratio(g, np.sqrt(new + eps**2)), new),
        "eps is left out": (W - lr * ratio(g, np.sqrt(new)), new),
        "eps is added to the quotient": (W - lr * (ratio(g, np.sqrt(new)) + eps * (g != 0)), new),
        "the old sum divides": (W - lr * ratio(g, np.sqrt(S) + eps), new),
        "the root is forgotten": (W - lr * ratio(g, new + eps), new),
        "the square is forgotten": (W - lr * ratio(g, np.sqrt(S + np.abs(g)) + eps), S + np.abs(g)),
        "one sum for each row": (W - lr * ratio(g, np.sqrt(one) + eps), one),
        "the sum is not carried on": (W - lr * ratio(g, np.sqrt(g**2) + eps), g**2),
        "the sign is wrong": (W + lr * ratio(g, np.sqrt(new) + eps), new),
        "the sum is averaged": (W - lr * ratio(g, np.sqrt((S + g**2) / 2) + eps), (S + g**2) / 2),
    }
    return (w.reshape(W.shape), state.s.reshape(W.shape)), mistakes


def judge_rows(answer, W, S, rows, G, lr, eps):
    want, mistakes = rows_step(W, S, rows, G, lr, eps)
    got = parts(answer(W, S, rows, G, lr, eps), 2, "the result")
    given = {"W": W, "S": S, "rows": rows, "G": G, "lr": lr, "eps": eps}
    close(got, want, given=given, mistakes=mistakes, what="(W, S)")
    return want


@test("q1", points=1, title="Three steps on different rows, with a large eps")
def different_rows(answer, rng):
    """The sum is carried from step to step; eps stands outside the root."""
    for n, m in ((5, 2), (4, 1)):
        W, S = rng.normal(size=(n, m)), rng.uniform(0.5, 2.0, size=(n, m))
        for _ in range(3):
            rows = rng.permutation(n)[:3]
            W, S = judge_rows(answer, W, S, rows, rng.normal(size=(3, m)), rng.uniform(0.1, 1.0), rng.uniform(0.3, 0.6))


@test("q1", points=2, title="Rows that come more than once")
def repeated_rows(answer, rng):
    """The gradient of a row is the sum over its repetitions, and that sum is squared."""
    W, S = rng.normal(size=(6, 3)), rng.uniform(0.5, 2.0, size=(6, 3))
    for _ in range(3):
        a, b, c = rng.permutation(6)[:3]
        rows = np.array([a, b, a, c, b, a])
        W, S = judge_rows(answer, W, S, rows, rng.normal(size=(6, 3)), rng.uniform(0.1, 1.0), rng.uniform(0.3, 0.6))


@test("q1", points=1, title="Nought over nought", visible=False)
def nothing_over_nothing(answer, rng):
    """Without eps, an entry whose gradients are zero or cancel at a sum of 0 does not move."""
    W, S = rng.normal(size=(4, 2)), np.zeros((4, 2))
    g = rng.normal(size=2)
    rows, G = np.array([1, 3, 1, 0]), np.array([g, [0.0, 2.0], -g, [1.0, 0.0]])
    judge_rows(answer, W, S, rows, G, 0.5, 0.0)
    judge_rows(answer, W, S, np.array([], dtype=int), np.zeros((0, 2)), 0.5, 0.0)


# ------------------------------------------------------------------------------------------------------- q2: five logs

AVERAGED, SHARED, NOTHING = (
    "the squares are averaged over the steps so far",
    "one sum serves all coordinates",
    "nothing is wrong",
)
SUMMED, ANEW = "the gradients are added up, and their sum is squared", "the sum starts anew every four steps"
CAUSES = (NOTHING, AVERAGED, SHARED, SUMMED, ANEW, "the step divides by the sum, not by its root")


def named(answer, log, right, look):
    """That the cause of a log is named. look: where to look, for those who named another."""
    mistakes = {cause: f"log {log} is taken for one in which {cause}" for cause in CAUSES}
    try:
        choice(entry(answer, log, "causes"), right, among=CAUSES, mistakes=mistakes, what=f"causes[{log!r}]")
    except Wrong as wrong:
        if wrong.mistake not in mistakes.values():
            raise
        raise Wrong(f"{wrong.message} {look}", wrong.mistake) from None


@test("q2", points=1, title="Log A")
def log_a(answer, rng):
    named(
        answer,
        "A",
        AVERAGED,
        "The first two steps, of length 1, are right; at its next sighting a coordinate goes too far.",
    )


@test("q2", points=1, title="Log B")
def log_b(answer, rng):
    named(answer, "B", SHARED, "The very first step is shorter than 1 in both coordinates.")


@test("q2", points=1, title="Log C")
def log_c(answer, rng):
    named(answer, "C", NOTHING, "Try the right rule on the stream.")


@test("q2", points=1, title="Log D")
def log_d(answer, rng):
    named(answer, "D", SUMMED, "After a change of sign the next steps grow.")


@test("q2", points=1, title="Log E")
def log_e(answer, rng):
    named(answer, "E", ANEW, "Four steps are right, and the fifth has the length of a first one.")


# ------------------------------------------------------------------------------------------------------- q3: the trainer, mended


def trained(w, epochs, lr, eps, *, shared=False, anew=False, inside=False):
    """The right run by the package's rule (all switches off), or one with mistakes of the printed program."""
    w, S = np.array(w), np.zeros_like(w)
    for epoch in epochs:
        if anew:
            S = np.zeros_like(S)
        for g in epoch:
            if shared:
                # One array stands for all layers: layer k divides by what layers 0 .. k have added so far.
                running = S[0] + np.cumsum(g**2, axis=0)
                root, S = running, np.broadcast_to(running[-1], S.shape)
            else:
                S = S + g**2
                root = S
            w = w - lr * ratio(g, np.sqrt(root + eps) if inside else np.sqrt(root) + eps)
    return w


def judge_trained(answer, w, epochs, lr, eps):
    mistakes = {
        "all layers share one sum": trained(w, epochs, lr, eps, shared=True),
        "the sums start anew in every epoch": trained(w, epochs, lr, eps, anew=True),
        "eps stands inside the root": trained(w, epochs, lr, eps, inside=True),
        "all layers share one sum, and eps stands inside the root": trained(w, epochs, lr, eps, shared=True, inside=True),
        "the sums start anew, and eps stands inside the root": trained(w, epochs, lr, eps, anew=True, inside=True),
        "shared sums that start anew": trained(w, epochs, lr, eps, shared=True, anew=True),
        "all three mistakes": trained(w, epochs, lr, eps, shared=True, anew=True, inside=True),
        "only the first epoch counts": trained(w, epochs[:1], lr, eps),
        "only the last epoch counts": trained(w, epochs[-1:], lr, eps),
    }
    given = {"w": w, "epochs": epochs, "lr": lr, "eps": eps}
    want = trained(w, epochs, lr, eps)
    close(answer(w, epochs, lr, eps), want, given=given, mistakes=mistakes, what="the array of layers")


@test("q3", points=1, title="Layers of their own")
def layers(answer, rng):
    """Three layers, one epoch: what one layer sees does not change the others' rates."""
    judge_trained(answer, rng.normal(size=(3, 2)), [rng.normal(size=(4, 3, 2))], rng.uniform(0.1, 1.0), 0.0)


@test("q3", points=1, title="Several epochs")
def several_epochs(answer, rng):
    """One layer, three epochs of different lengths: the sum remembers all of them."""
    epochs = [rng.normal(size=(T, 1, 3)) for T in (3, 1, 4)]
    judge_trained(answer, rng.normal(size=(1, 3)), epochs, rng.uniform(0.1, 1.0), 0.0)


@test("q3", points=1, title="A large eps, and no eps where nothing came")
def where_eps_stands(answer, rng):
    """eps stands outside the root; without it an entry that has not been seen stands still."""
    judge_trained(answer, rng.normal(size=(1, 3)), [rng.normal(size=(4, 1, 3))], rng.uniform(0.1, 1.0), rng.uniform(0.3, 0.6))
    g = rng.normal(size=(4, 1, 3))
    g[:, 0, 1], g[:2, 0, 2] = 0.0, 0.0
    judge_trained(answer, rng.normal(size=(1, 3)), [g], rng.uniform(0.1, 1.0), 0.0)


@test("q3", points=1, title="All of it together", visible=False)
def together(answer, rng):
    """Layers, epochs, eps and zeros; and a list of no epochs."""
    epochs = [rng.normal(size=(T, 2, 4)) * (rng.random((T, 2, 4)) < 0.7) for T in (2, 5)]
    judge_trained(answer, rng.normal(size=(2, 4)), epochs, rng.uniform(0.1, 1.0), rng.uniform(0.01, 0.1))
    judge_trained(answer, rng.normal(size=(2, 4)), [], 0.1, 0.1)


# ------------------------------------------------------------------------------------------- q4: between one root and two


@prepared
def letters():
    """The symbols of q4 and q8, a, b, c, W, by their names."""
    import sympy as sp

    return {"a": sp.Symbol("a", nonnegative=True), **{name: sp.Symbol(name, positive=True) for name in "bcW"}}


UNSEEN = "the difference, whose sign is not seen in this form"


def root_gap(answer, key, name, side, goal, up, mistakes):
    """That a gap proves the side <= goal (or >=), under a <= b."""
    import sympy as sp

    from lecture_optim.check.expressions import expression, proves
    from lecture_optim.derivation import Derivation

    names = {letter: letters()[letter] for letter in ("ab" if name == "gaps" else "abcW")}
    a, b = names["a"], names["b"]
    gap = expression(entry(answer, key, name), names, f"{name}[{key!r}]", highest=HIGHEST)

    def derivation():
        d = Derivation("the gap")
        d.given(a, "<=", b, "the sum never falls")
        d.given(a / b, "<=", 1, "the same, divided by b")  # for answers with a factor 1 - a/b
        d.start(side)
        (d.at_most if up else d.at_least)(goal, "the gap", gap=gap)

    point = {a: sp.Rational(3, 7), b: sp.Rational(5, 3)}
    value, right = gap.subs(point), ((goal - side) if up else (side - goal)).subs(point)
    # Recognised by their values, not by their forms; a gap that is right and not accepted does not show its sign.
    name_of = UNSEEN if value == right else next((wrong for wrong, e in mistakes.items() if e.subs(point) == value), None)
    proves(derivation, got=gap, mistakes={name_of: gap} if name_of else {}, what=f"{name}[{key!r}]")


@test("q4", points=1, title="At most twice the growth of the root")
def ratio_above(answer, rng):
    """The checker subtracts your gap and asks whether it is seen not to be negative."""
    a, b, *_ = letters().values()
    mistakes = {
        "the denominator is missing": (b - a) ** 2,
        "the square is missing": (b - a) / b,
        "the gap of the other inequality": a * (b - a) / b,
        "half the gap": (b - a) ** 2 / (2 * b),
        "no gap": 0 * b,
        "divided by a, which may be 0": (b - a) ** 2 / a,
    }
    root_gap(answer, "above", "gaps", (b**2 - a**2) / b, 2 * (b - a), True, mistakes)


@test("q4", points=2, title="At least the growth of the root")
def ratio_below(answer, rng):
    """The other side, which the chapter does not need."""
    a, b, *_ = letters().values()
    mistakes = {
        "the denominator is missing": a * (b - a),
        "a product with b in place of a": b - a,
        "the gap of the other inequality": (b - a) ** 2 / b,
        "the sign is wrong": a * (a - b) / b,
        "no gap": 0 * b,
    }
    root_gap(answer, "below", "gaps", (b**2 - a**2) / b, b - a, False, mistakes)


# ------------------------------------------------------------------------------------------------------- q5: the regret meter


def regret_of(w, g, low, high):
    """The regret against the best fixed point so far, from `best_fixed` at every step, and what mistakes give."""
    paid, total = np.cumsum(np.sum(g * w, axis=1)), np.cumsum(g, axis=0)
    T, d = g.shape
    low, high = np.broadcast_to(low, d), np.broadcast_to(high, d)
    best = np.array([total[t] @ best_fixed(g[: t + 1], low, high) for t in range(T)])
    worst = np.sum(np.maximum(total * low, total * high), axis=1)
    moving = np.cumsum(np.sum(np.minimum(g * low, g * high), axis=1))
    played = np.array([np.min(w[: t + 1] @ total[t]) for t in range(T)])
    corner = np.minimum(np.sum(total * low, axis=1), np.sum(total * high, axis=1))
    want = paid - best
    mistakes = {
        "the comparator is the best point of all T steps, not of those so far": paid - total @ best_fixed(g, low, high),
        "the comparator moves": paid - moving,
        "the worst point in place of the best": paid - worst,
        "the box is taken to be [-1, 1]": paid + np.sum(np.abs(total), axis=1),
        "only points that were played are compared": paid - played,
        "one end of the box for all coordinates at once": paid - corner,
        "the comparator is left out": paid,
        "the sign is wrong": -want,
        "not added up over the steps": np.diff(want, prepend=0.0),
        "the mean regret": want / np.arange(1, T + 1),
        "only the last number": want[-1],
    }
    return want, mistakes


def judge_regret(answer, w, g, low, high):
    want, mistakes = regret_of(w, g, low, high)
    given = {"w": w, "g": g, "low": low, "high": high}
    close(answer(w, g, low, high), want, atol=1e-9, given=given, mistakes=mistakes, what="the regret")


def points_in(rng, T, low, high):
    return low + (high - low) * rng.random((T, len(low)))


@test("q5", points=1, title="One coordinate, the interval [-1, 1]")
def meter_one(answer, rng):
    """The smallest game; the sum of the gradients changes its sign on the way."""
    g = rng.normal(size=(7, 1))
    g[0], g[1], g[5] = -1.0, 3.0, -9.0
    low, high = np.array([-1.0]), np.array([1.0])
    judge_regret(answer, points_in(rng, 7, low, high), g, low, high)


@test("q5", points=2, title="Several coordinates, a box of its own for each")
def meter_box(answer, rng):
    """The best point goes to one end or the other in each coordinate by itself."""
    for T, d in ((5, 3), (9, 2)):
        low = rng.uniform(-3, 0.5, size=d)
        high = low + rng.uniform(0.5, 2.0, size=d)
        g = rng.normal(size=(T, d))
        g[0], g[1] = 1.0, -4.0
        g[2, :1] = 6.0
        judge_regret(answer, points_in(rng, T, low, high), g, low, high)


@test("q5", points=1, title="Two hundred steps, and a coordinate that cannot move", visible=False)
def meter_long(answer, rng):
    """low = high in one coordinate, and no gradient at all in another."""
    low, high = np.array([-1.0, 0.7, -2.0, 0.0]), np.array([0.5, 0.7, 1.0, 2.0])
    g = rng.normal(size=(200, 4))
    g[0], g[1] = 1.0, -4.0  # the best point changes its end
    g[2, 0] = 8.0  # and no longer in all coordinates at once
    g[:, 3] = 0.0
    judge_regret(answer, points_in(rng, 200, low, high), g, low, high)


# ------------------------------------------------------------------------------------------------------- q6: a loaded coin

T, LOADS, LOADED, WIDEST = 400, (0.5, 0.525, 0.55, 0.575, 0.6, 0.65, 0.75), 0.6, 0.02


def coin_regret(rng, share, runs=10_000, c=2**0.5):
    """The mean of R_T / sqrt(T) of AdaGrad on [-1, 1] against gradients that are -1 with this probability, else 1; its error."""
    w, s, paid, total = np.zeros(runs), np.zeros(runs), np.zeros(runs), np.zeros(runs)
    for t in range(1, T + 1):
        g = np.where(rng.random(runs) < share, -1.0, 1.0)
        paid += g * w
        total += g
        w, s = adagrad(w, g, s, float(t), c)
        w = np.clip(w, -1.0, 1.0)
    regret = (paid + np.abs(total)) / np.sqrt(T)
    return regret.mean(), regret.std() / np.sqrt(runs)


@prepared
def loaded():
    """The mean regret against the loaded coin, its standard error, and the mean of c = 1: facts, the same for every answer."""
    rng = np.random.default_rng(400)
    return (*coin_regret(rng, LOADED), coin_regret(rng, LOADED, runs=2000, c=1.0)[0])


def covers(got, want, error, what, mistakes):
    """`interval`, with four standard errors of the recomputation given to the answer; mistakes are known within 2 percent."""
    value = got[0] if isinstance(got, (tuple, list)) and len(got) == 2 else None
    value = float(value) if isinstance(value, (float, np.floating)) and np.isfinite(value) else None
    if value is not None:
        want += float(np.clip(value - want, -4 * error, 4 * error))
    try:
        interval(got, want, widest=WIDEST, what=what)
    except Wrong as wrong:
        near = (name for name, other in mistakes.items() if value is not None and abs(value - other) <= 0.02 * max(1, abs(other)))
        raise Wrong(wrong.message, next(near, wrong.mistake)) from None


@test("q6", points=1, title="The fair coin")
def fair_coin(answer, rng):
    """Against a fair coin nothing is gained or lost: the regret is the mean distance of a random walk, a binomial sum."""
    want = T * comb(T, T // 2) / 2**T / np.sqrt(T)
    mistakes = {
        "not divided by the root": want * np.sqrt(T),
        "divided by T": want / np.sqrt(T),
        "the comparator is missing, or it is 1 whatever came": 0.0,
        "twice the regret": 2 * want,
    }
    covers(entry(answer, "fair", "coin"), float(want), 0.0, "coin['fair']", mistakes)


@test("q6", points=2, title="The loaded coin")
def loaded_coin(answer, rng):
    """A recomputation with 10,000 runs of the package's rule; your three standard errors must cover it."""
    got = entry(answer, "loaded", "coin")
    want, error, of_one = loaded()
    mistakes = {
        "not divided by the root": want * np.sqrt(T),
        "divided by T": want / np.sqrt(T),
        "c = 1": of_one,
        "the fair coin": T * comb(T, T // 2) / 2**T / np.sqrt(T),
    }
    covers(got, float(want), error, "coin['loaded']", mistakes)


@test("q6", points=1, title="The coin that costs most")
def worst_coin(answer, rng):
    """Which of the seven probabilities gives the largest mean regret."""
    got = entry(answer, "worst", "coin")
    mistakes = {
        "the fair coin": 0.5,
        "the coin that is loaded most": LOADS[-1],
        "too few runs to tell neighbours apart": 0.6,
        "a coin beside the worst": 0.55,
    }
    number(got, 0.575, atol=1e-9, mistakes=mistakes, what="coin['worst']")


# ------------------------------------------------------------------------------------------------- q7: who gives way


def projected(w, h, total):
    """The nearest point with this sum in the norm weighted by h, entries without a weight giving way first; and mistakes."""
    miss, free = total - np.sum(w), h == 0
    share = free / free.sum() if free.any() else (1 / h) / np.sum(1 / h)
    inverse = np.where(free, 1.0, h)
    mistakes = {
        "all give way alike, whatever their weights": w + miss / len(w),
        "the weights themselves in place of one over them": w + miss * h / np.sum(h),
        "one over the squares of the weights": w + miss * inverse**-2 / np.sum(inverse**-2),
        "one over the roots of the weights": w + miss * inverse**-0.5 / np.sum(inverse**-0.5),
        "scaled, not moved": w * total / np.sum(w),
        "the sign is wrong": w - miss * share,
        "the sum is made 0": w - np.sum(w) * share,
        "the shares do not add up to 1": w + miss * (1 / inverse),
        "only the last entry gives way": np.append(w[:-1], w[-1] + miss),
    }
    return w + miss * share, mistakes


def judge_projected(answer, w, h, total):
    want, mistakes = projected(w, h, total)
    close(answer(w, h, total), want, given={"w": w, "h": h, "total": total}, mistakes=mistakes, what="the projection")


@test("q7", points=1, title="Equal weights")
def equal_weights(answer, rng):
    """Then it is the ordinary projection: the difference is shared equally."""
    for d in (2, 5):
        judge_projected(answer, rng.normal(size=d) + 1, np.full(d, rng.uniform(0.5, 3.0)), rng.uniform(-4, -2))


@test("q7", points=2, title="Weights of their own")
def own_weights(answer, rng):
    """What has the smaller weight gives way more."""
    for d in (2, 3, 6):
        judge_projected(answer, rng.normal(size=d) + 1, rng.uniform(0.3, 3.0, size=d), rng.uniform(-4, -2))


@test("q7", points=1, title="Coordinates that have not been seen", visible=False)
def unseen_weights(answer, rng):
    """A weight of 0 costs nothing: these coordinates take it all, in equal parts, and the others stay."""
    for zeros in (1, 2):
        h = rng.uniform(0.3, 3.0, size=5)
        h[rng.permutation(5)[:zeros]] = 0.0
        judge_projected(answer, rng.normal(size=5) + 1, h, rng.uniform(-4, -2))


# ------------------------------------------------------------------------------------------------- q8: another root


@test("q8", points=2, title="The gap of one price")
def cube_gap(answer, rng):
    """(b^3 - a^3)/b is at most 3/2 (b^2 - a^2)."""
    a, b, *_ = letters().values()
    mistakes = {
        "the factor 1/2 is missing": (b - a) ** 2 * (b + 2 * a) / b,
        "a and b are exchanged in the last factor": (b - a) ** 2 * (2 * b + a) / (2 * b),
        "the denominator is missing": (b - a) ** 2 * (b + 2 * a) / 2,
        "the square is missing": (b - a) * (b + 2 * a) / (2 * b),
        "the gap for square roots": (b - a) ** 2 / b,
        "no gap": 0 * b,
    }
    root_gap(answer, "gap", "cube", (b**3 - a**3) / b, 3 * (b**2 - a**2) / 2, True, mistakes)


@test("q8", points=2, title="The bound on the regret")
def cube_bound(answer, rng):
    """One step, monotone weights, and the sum of the prices."""
    import sympy as sp

    from lecture_optim.check.expressions import equivalent, expression

    a, b, c, W = letters().values()
    bound = expression(entry(answer, "bound", "cube"), letters(), "cube['bound']", highest=HIGHEST)
    mistakes = {
        "the half of the price is forgotten": W**2 * b / (2 * c) + sp.Rational(3, 2) * c * b**2,
        "the half of the weight is forgotten": W**2 * b / c + sp.Rational(3, 4) * c * b**2,
        "the bound for square roots": W**2 * b / (2 * c) + c * b,
        "the price is not added up": W**2 * b / (2 * c),
        "W is not squared": W * b / (2 * c) + sp.Rational(3, 4) * c * b**2,
        "the price grows like b": W**2 * b / (2 * c) + sp.Rational(3, 4) * c * b,
        "the factor 3/2 of the sum is forgotten": W**2 * b / (2 * c) + c * b**2 / 2,
    }
    if bound.has(a):
        raise Wrong("cube['bound'] holds a, which belongs to one step; the sums begin at 0.", "a sum that does not begin at 0")
    point = {b: sp.Rational(5, 3), c: sp.Rational(2, 7), W: sp.Rational(3, 5)}
    same = {name: bound for name, e in mistakes.items() if e.subs(point) == bound.subs(point)}
    equivalent(bound, W**2 * b / (2 * c) + sp.Rational(3, 4) * c * b**2, mistakes=same, what="cube['bound']")


# ------------------------------------------------------------------------------------------------------- before a class is graded


@prepared
def rehearsed():
    """Right answers proved, and wrong ones refused, once before a class is graded: what is found then is kept."""
    gaps = {"above": "(b - a)**2/b", "below": "a*(b - a)/b"}
    cube = {"gap": "(b - a)**2*(b + 2*a)/(2*b)", "bound": "W**2*b/(2*c) + 3*c*b**2/4"}
    right = ((ratio_above, gaps), (ratio_below, gaps), (cube_gap, cube), (cube_bound, cube))
    rehearse(right, ((ratio_above, {"above": "b"}), (ratio_below, {"below": "b"}), (cube_gap, {"gap": "b"})))
