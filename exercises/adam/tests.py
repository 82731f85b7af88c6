"""The tests of the assignment on Adam. What is right comes from the package's rules, or from the checker of derivations.

SymPy is imported by the tests that need it, so that the others run without.
"""

from types import SimpleNamespace

import numpy as np

from lecture_optim.check.testing import (
    Mistakes,
    Wrong,
    choice,
    close,
    diagnosis,
    interval,
    number,
    parts,
    prepared,
    rehearse,
    test,
)  # fmt: skip
from lecture_optim.rules import adam, ratio

# ------------------------------------------------------------------------------------------ q1: a run that can be stopped


def _adam(G, state, lr, beta1, beta2, eps, wrong=None):
    """The state after Adam's steps on gradients G (T, ...), or what a known mistake makes of it."""
    w, m, v, t = (np.asarray(state[name]) for name in ("w", "m", "v", "t"))
    start, t = int(t), int(t)
    if wrong == "beta1 and beta2 swapped":
        beta1, beta2 = beta2, beta1
    for n, g in enumerate(G):
        t += wrong != "the step counter is frozen"
        power = {
            "the step counter is frozen": start + 1,
            "the correction begins again in every call": n + 1,
            "the counter is one step behind": max(t - 1, 1),
        }.get(wrong, t)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (abs(g) if wrong == "the square is forgotten" else g * g)
        low1, low2 = 1 - beta1**power, 1 - beta2**power
        if wrong == "no bias correction":
            low1 = low2 = 1.0
        m_hat, v_hat = m / low1, v / low2
        below = np.sqrt(v_hat + eps) if wrong == "eps inside the root" else np.sqrt(v_hat) + eps
        if wrong == "eps is not corrected along with v: the paper's second form":
            below = np.sqrt(v_hat) + eps / np.sqrt(low2)
        step = m_hat / below if wrong == "0/0 is not settled" else ratio(m_hat, below)
        if wrong == "eps added to the quotient":
            step = ratio(m_hat, np.sqrt(v_hat)) + eps
        w = w - lr * step
        if wrong == "the corrected averages are stored":
            m, v = m_hat, v_hat
    return {"w": w, "m": m, "v": v, "t": t}


KNOWN = (
    "the step counter is frozen", "the correction begins again in every call", "the counter is one step behind",
    "no bias correction", "eps inside the root", "eps added to the quotient", "beta1 and beta2 swapped",
    "the square is forgotten", "the corrected averages are stored", "0/0 is not settled",
    "eps is not corrected along with v: the paper's second form",
)  # fmt: skip


TINY = 1e-15  # an epsilon that shows nowhere, whatever its place: only the tests for it have a large one


def _hyper(rng, eps=TINY):
    return float(rng.uniform(0.01, 0.3)), float(rng.uniform(0.5, 0.95)), float(rng.uniform(0.9, 0.999)), eps


def _judge(answer, G, state, hyper):
    given = {"gradients": G, "state": state, "lr": hyper[0], "beta1": hyper[1], "beta2": hyper[2], "eps": hyper[3]}
    want = _adam(G, state, *hyper)
    mistakes = Mistakes(KNOWN, lambda name: _adam(G, state, *hyper, name))
    close(answer(G, state, *hyper), want, given=given, mistakes=mistakes, what="the state")
    return want


def _fresh(shape, rng):
    return {"w": rng.standard_normal(shape), "m": np.zeros(shape), "v": np.zeros(shape), "t": 0}


def _away_from_0(rng, shape):
    """Gradients, none so small that a tiny epsilon shows where it stands, which is another test's."""
    g = rng.standard_normal(shape)
    return g + np.copysign(0.1, g)


@test("q1", points=2, title="A run from the start")
def from_the_start(answer, rng):
    """Several steps with changing gradients, for parameters of two shapes; a number of steps above 3."""
    for shape in ((int(rng.integers(2, 6)),), (2, int(rng.integers(2, 4)))):
        T = int(rng.integers(4, 9))
        _judge(answer, _away_from_0(rng, (T, *shape)), _fresh(shape, rng), _hyper(rng))


@test("q1", points=2, title="Stopped, and continued")
def continued(answer, rng):
    """A run in three pieces is the run in one: the counter is part of the state. One piece has whole numbers as gradients."""
    state, hyper = _fresh((3,), rng), _hyper(rng)
    whole = rng.integers(-4, 5, (2, 3))
    for G in (_away_from_0(rng, (3, 3)), whole, _away_from_0(rng, (int(rng.integers(3, 7)), 3))):
        state = _judge(answer, G, state, hyper)


@test("q1", points=1, title="A silent coordinate, and no epsilon", visible=False)
def silent(answer, rng):
    """With eps = 0 a coordinate without any gradient does not move: 0/0 is 0."""
    G = rng.standard_normal((7, 4))
    G[:, 1] = 0.0
    G[:4, 2] = 0.0
    _judge(answer, G, _fresh((4,), rng), _hyper(rng, 0.0))


@test("q1", points=2, title="A large epsilon, and no step at all", visible=False)
def large_epsilon(answer, rng):
    """eps = 1/2 shows where it stands. No gradients at all: the state that came in."""
    hyper = _hyper(rng, 0.5)
    state = _judge(answer, 0.3 * rng.standard_normal((5, 3)), _fresh((3,), rng), hyper)
    _judge(answer, np.zeros((0, 3)), state, hyper)


# ----------------------------------------------------------------------------------------------- q2: what silence has done


def _catch_up(w, m, v, last, t, lr, beta1, beta2, eps, wrong=None):
    """What dense Adam makes of rows whose gradients are 0 from step last + 1 to step t, step by step; or a mistake."""
    w, m, v = (np.array(a, dtype=float) for a in (w, m, v))
    if wrong == "one decay rate for both averages":
        beta2 = beta1
    for row in range(len(last)):
        first, end = int(last[row]) + 1, t
        if wrong == "every row sleeps as long as the one that slept longest":
            end += int(last[row] - np.min(last))
        if wrong == "one silent step too many":
            end += 1
        for step in range(first, end + 1):
            power = {
                "the counter stands still during the silence": first - 1,
                "the corrections count the silent steps, and not all steps": step - first + 1,
            }.get(wrong, step)
            m[row] = beta1 * m[row]
            v[row] = beta2 * v[row]
            if wrong == "v does not fade during the silence":
                v[row] = v[row] / beta2
            if wrong != "the weights stand still during the silence":
                low1, low2 = 1 - beta1**power, 1 - beta2**power
                if wrong == "no bias correction":
                    low1 = low2 = 1.0
                v_hat = v[row] / low2
                below = np.sqrt(v_hat + eps) if wrong == "eps inside the root" else np.sqrt(v_hat) + eps
                w[row] = w[row] - lr * ratio(m[row] / low1, below)
        if wrong == "the averages decay by the number of the step, not by the length of the silence":
            m[row] = m[row] / beta1 ** (t - first + 1) * beta1**t
            v[row] = v[row] / beta2 ** (t - first + 1) * beta2**t
    return w, m, v


SILENCE = (
    "the weights stand still during the silence", "one decay rate for both averages", "one silent step too many",
    "the counter stands still during the silence", "no bias correction", "eps inside the root",
    "the averages decay by the number of the step, not by the length of the silence",
    "every row sleeps as long as the one that slept longest", "v does not fade during the silence",
    "the corrections count the silent steps, and not all steps",
)  # fmt: skip


def _rows(rng, n, k, t):
    """Rows that were last brought up to date at different steps: (w, m, v, last)."""
    w, m = rng.standard_normal((2, n, k))
    v = rng.uniform(0.5, 2.0, (n, k))
    last = rng.integers(1, t, n)
    return w, m, v, last


def _silent(answer, rows, t, hyper, only=(0, 1, 2)):
    want = _catch_up(*rows, t, *hyper)
    given = dict(zip(("w", "m", "v", "last", "t", "lr", "beta1", "beta2", "eps"), (*rows, t, *hyper), strict=True))
    got = parts(answer(*rows, t, *hyper), 3, "the result (w, m, v)")
    for place in only:
        wrong = Mistakes(SILENCE, lambda name, place=place: _catch_up(*rows, t, *hyper, name)[place])
        close(got[place], want[place], given=given, mistakes=wrong, what="wmv"[place])


@test("q2", points=1, title="The averages after a silence")
def silent_averages(answer, rng):
    """m and v of rows that were silent for different numbers of steps."""
    t = int(rng.integers(20, 60))
    _silent(answer, _rows(rng, int(rng.integers(3, 7)), 2, t), t, _hyper(rng), only=(1, 2))


@test("q2", points=2, title="The weights after a silence")
def silent_weights(answer, rng):
    """The echo of the last gradients: the weights move on while the gradients are 0."""
    for n, k, eps in ((1, 3, TINY), (5, 2, 0.3)):
        t = int(rng.integers(20, 60))
        rows = _rows(rng, n, k, t)
        if n > 1:
            rows[3][:2] = t - 1, t - 9  # silences that are seen to differ, as a long one's echo is as good as over
        _silent(answer, rows, t, _hyper(rng, eps), only=(0,))


@test("q2", points=1, title="Rows that are up to date, and rows that were never seen", visible=False)
def edge_rows(answer, rng):
    """No silent step: nothing changes. Never a gradient, eps = 0: nothing moves."""
    t = int(rng.integers(20, 60))
    w, m, v, last = _rows(rng, 6, 2, t)
    last[:2] = t
    m[4:], v[4:] = 0.0, 0.0
    _silent(answer, (w, m, v, last), t, _hyper(rng, 0.0))


@test("q2", points=2, title="A sparse run, touched row by row, beside dense Adam", visible=False)
def lazy_run(answer, rng):
    """Only rows with gradients are touched, each brought up to date first; at the end all are. It must be dense Adam."""
    n, k, T = 5, 2, 25
    lr, beta1, beta2, eps = _hyper(rng)
    seen = rng.random((T, n)) < 0.25
    seen[rng.integers(0, T - 5), :] = True
    G = rng.standard_normal((T, n, k)) * seen[..., None]
    W = M = V = np.zeros((n, k))
    w, m, v, last = np.zeros((n, k)), np.zeros((n, k)), np.zeros((n, k)), np.zeros(n, dtype=int)
    for t in range(1, T + 1):
        W, M, V = adam(W, G[t - 1], M, V, float(t), lr, beta1, beta2, eps)
        rows = np.flatnonzero(seen[t - 1])
        late = rows[last[rows] > 0]  # seen before: these have slept
        if len(late):
            before = (w[late], m[late], v[late], last[late], t - 1)
            got = parts(answer(*before, lr, beta1, beta2, eps), 3, "the result (w, m, v)")
            want = _catch_up(*before, lr, beta1, beta2, eps)
            mistakes = Mistakes(SILENCE, lambda name, before=before: _catch_up(*before, lr, beta1, beta2, eps, name))
            given = dict(zip(("w", "m", "v", "last", "t"), before, strict=True))
            given |= {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps}
            close(got, want, given=given, mistakes=mistakes)
            w[late], m[late], v[late] = want
        w[rows], m[rows], v[rows] = adam(w[rows], G[t - 1][rows], m[rows], v[rows], float(t), lr, beta1, beta2, eps)
        last[rows] = t
    final = parts(answer(w, m, v, last, T, lr, beta1, beta2, eps), 3, "the result (w, m, v)")
    close(final, (W, M, V), what="the run's end")


# ---------------------------------------------------------------------------------------------- q3: a decay rate that changes


@prepared
def _changing():
    """The letters of q3, and what known mistakes give."""
    import sympy as sp

    from lecture_optim.derivation import Index

    beta, gamma = sp.symbols("beta gamma", nonnegative=True)
    n, k = Index("n"), Index("k", 0)
    wrong = {
        "only the new rate is counted": 1 - gamma**k,
        "as if the new rate had been there all the time": 1 - gamma ** (n + k),
        "as if the rate had never changed": 1 - beta ** (n + k),
        "the two corrections are multiplied": (1 - beta**n) * (1 - gamma**k),
        "the weight of the zero, not of the gradients": beta**n * gamma**k,
        "the old average fades, and nothing new is counted": (1 - beta**n) * gamma**k,
        "no correction at all": sp.S.One,
    }
    known = [(rate, "<", 1) for rate in (beta, gamma)]
    return SimpleNamespace(names={"beta": beta, "gamma": gamma, "n": n, "k": k}, wrong=wrong, known=known)


@test("q3", points=1, title="At the change")
def at_the_change(answer, rng):
    """No step with the new rate yet, k = 0: the correction that the chapter derives."""
    from lecture_optim.check.expressions import at, equivalent, expression

    names = _changing().names
    beta, n, k = (names[name] for name in ("beta", "n", "k"))
    got = at(expression(answer, names), {k: 0})
    wrong = {name: at(value, {k: 0}) for name, value in _changing().wrong.items()}
    equivalent(got, 1 - beta**n, given=_changing().known, mistakes=wrong, what="the expression at k = 0")


@test("q3", points=2, title="From one step to the next, for every k")
def one_more_step(answer, rng):
    """The induction: right at k = 0, and the update leads from k to k + 1."""
    from lecture_optim.check.expressions import equivalent, expression, proves
    from lecture_optim.derivation import Derivation, substitute

    names, wrong = _changing().names, _changing().wrong
    beta, gamma, n, k = names.values()
    got = expression(answer, names)

    def induction():
        d = Derivation("the divisor")
        for rate in (beta, gamma):
            d.given(rate, "<", 1, "the average forgets")
        d.start(gamma * got + (1 - gamma)).equal(substitute(got, {k: k + 1}), "one more step with the new rate")

    proves(induction, got=got, mistakes=wrong, what="the expression")
    equivalent(got, 1 - beta**n * gamma**k, given=_changing().known, mistakes=wrong, what="the expression")


# --------------------------------------------------------------------------------- q4: equal rates, and no step beyond lr


@prepared
def _equal_rates():
    """The letters of q4, and c v - m^2 before and after the step."""
    import sympy as sp

    b, v = sp.symbols("beta v", nonnegative=True)
    c = sp.Symbol("c", positive=True)
    m, g = sp.symbols("m g", real=True)
    after = (b * c + 1 - b) * (b * v + (1 - b) * g**2) - (b * m + (1 - b) * g) ** 2
    return SimpleNamespace(names={"beta": b, "c": c, "m": m, "v": v, "g": g}, before=c * v - m**2, after=after)


@test("q4", points=1, title="Both sides differ by the certificate")
def adds_up(answer, rng):
    """factor times (c v - m^2), and the gap, are together the difference after the step."""
    from lecture_optim.check.expressions import certificate, equivalent

    q = _equal_rates()
    factor, gap = certificate(answer, q.names, ("factor", "gap"))
    try:
        equivalent(factor * q.before + gap, q.after, given=[(q.names["beta"], "<", 1)], what="factor (c v - m^2) + gap")
    except Wrong as wrong:
        raise Wrong(wrong.message, "factor and gap do not add up") from None


@test("q4", points=3, title="The checker accepts the step")
def accepted(answer, rng):
    """The factor and the gap are seen not to be negative, and the induction's step is proved."""
    import sympy as sp

    from lecture_optim.check.expressions import certificate, proves
    from lecture_optim.derivation import Derivation, Unproved

    q = _equal_rates()
    b, c, m, v, g = q.names.values()
    factor, gap = certificate(answer, q.names, ("factor", "gap"))
    mistakes = {
        "the hypothesis is used once too little: v is larger than m^2/c": q.after - b**2 * q.before,
        "nothing is used of the hypothesis": q.after,
        "factor and gap do not add up": b * (1 - b) * (c * g - m) ** 2,
    }
    adds_up = sp.expand(sp.together(factor * q.before + gap - q.after)) == 0
    # Which of them it is shows in the gap; a right factor with a wrong gap does not add up.
    if sp.expand(factor - b**2 - b * (1 - b) / c) == 0 and not adds_up:
        mistakes = {"factor and gap do not add up": gap}

    def step(factor, gap):
        d = Derivation("equal decay rates")
        d.given(b, "<", 1, "the averages forget")
        before = d.given(m**2, "<=", c * v, "so it was at step t")
        d.start((b * m + (1 - b) * g) ** 2)
        d.at_most((b * c + 1 - b) * (b * v + (1 - b) * g**2), "certificate", gap=gap, using={before: factor})

    # A sign that is not seen as written may be seen in the product; what is equal is as good.
    if adds_up:
        for pair in {(sp.factor(factor), gap), (factor, sp.factor(gap)), (sp.factor(factor), sp.factor(gap))} - {(factor, gap)}:
            try:
                return step(*pair)
            except Unproved:
                continue
    proves(lambda: step(factor, gap), got=gap, mistakes=mistakes, what="the certificate")


# ------------------------------------------------------------------------------ q5: what the two averages have in common


@prepared
def _in_common():
    """The letters of q5, the right expression, what is known of its denominators, and what known mistakes give."""
    import sympy as sp

    from lecture_optim.derivation import Index

    b1, b2 = sp.symbols("beta1 beta2", nonnegative=True)
    t = Index("t")
    raw = (1 - b1) * (1 - b2) * (1 - (b1 * b2) ** t) / (1 - b1 * b2)
    both = (1 - b1**t) * (1 - b2**t)
    wrong = {
        "the corrections are missing": raw,
        "as if t were infinite": (1 - b1) * (1 - b2) / (1 - b1 * b2),
        "only one average is corrected": raw / (1 - b1**t),
        "the weights are squared, as for one average": (1 - b1) ** 2 * (1 - b1 ** (2 * t)) / (1 - b1**2) / (1 - b1**t) ** 2,
        "the covariance of sums is not the product of two sums": sp.S.One,
        "the geometric sum is missing": (1 - b1) * (1 - b2) / both,
        "the geometric sum has one term too many": (1 - b1) * (1 - b2) * (1 - (b1 * b2) ** (t + 1)) / (1 - b1 * b2) / both,
    }
    known = [(one, "<", 1) for one in (b1, b2, b1 * b2, b1**t, b2**t, b1**t * b2**t)]
    return SimpleNamespace(names={"beta1": b1, "beta2": b2, "t": t}, right=raw / both, known=known, wrong=wrong)


@test("q5", points=1, title="At the first step")
def first_covariance(answer, rng):
    """At t = 1 both averages are the first gradient and its square: the covariance is that of g and its square."""
    import sympy as sp

    from lecture_optim.check.expressions import at, equivalent, expression

    q = _in_common()
    b1, b2, t = q.names.values()
    got = at(expression(answer, q.names), {t: 1})
    wrong = {name: at(value, {t: 1}) for name, value in q.wrong.items()}
    first = [(b1, "<", 1), (b2, "<", 1), (b1 * b2, "<", 1), (b1**2, "<", 1)]
    equivalent(got, sp.S.One, given=first, mistakes=wrong, what="the expression at t = 1")


@test("q5", points=3, title="At every step")
def every_covariance(answer, rng):
    """For all decay rates below 1 and all t."""
    from lecture_optim.check.expressions import equivalent, expression

    q = _in_common()
    equivalent(expression(answer, q.names), q.right, given=q.known, mistakes=q.wrong, what="the expression")


# ------------------------------------------------------------------------------------------- q6: a drift out of nothing


@prepared
def _drift():
    """The mean of m_hat / sqrt(v_hat) in the long run, without noise, to more than ten digits.

    With equal rates both averages are functions of one number, the average Y of the indicator of the large gradient: m = 4 Y - 1
    and v = 8 Y + 1. One step takes a function f(y) to its mean p f(beta y + 1 - beta) + (1 - p) f(beta y); after many steps this
    is a constant, the mean in the long run. Functions are their values at Chebyshev points, so that a step is a matrix.
    """
    beta, p, n = 0.9, 0.25, 60
    angle = (np.arange(n) + 0.5) * np.pi / n
    points, signs = (1 + np.cos(angle)) / 2, np.where(np.arange(n) % 2, -1.0, 1.0) * np.sin(angle)

    def at(y):  # the values at y of the polynomials that are 1 at one point and 0 at the others
        share = signs / (y[:, None] - points)
        return share / share.sum(axis=1, keepdims=True)

    step = p * at(beta * points + 1 - beta) + (1 - p) * at(beta * points)
    return float(np.linalg.matrix_power(step, 1024)[0] @ ((4 * points - 1) / np.sqrt(8 * points + 1)))


@test("q6", points=1, title="Which way, and how far")
def drift_size(answer, rng):
    """The value alone, within 0.005: the sign and the size."""
    value = answer[0] if isinstance(answer, (tuple, list)) and len(answer) == 2 else answer
    want = _drift()
    mistakes = {
        "the sign of the weight's step, not of the quotient's mean": -want,
        "no drift is seen": 0.0,
        "the first step, not late ones": -0.5,
        "the mean of the size, not of the quotient": 0.19,
    }
    number(value, want, atol=0.005, mistakes=mistakes, what="the mean quotient")


@test("q6", points=3, title="An interval that covers it")
def drift_interval(answer, rng):
    """The recomputation has no noise; 0.0012 is less than what separates it from the first-order formula, 0.0016."""
    want = _drift()
    if isinstance(answer, (tuple, list)) and len(answer) == 2:
        value = answer[0]
        if isinstance(value, float) and abs(value - FIRST_ORDER) < 1e-4:
            number(value, want, atol=1e-4, what="the mean quotient", mistakes={"first order, not measured": FIRST_ORDER})
    mistakes = {
        "the sign of the weight's step, not of the quotient's mean": -want,
        "first order, not measured": FIRST_ORDER,
        "no drift is seen": 0.0,
    }
    interval(answer, want, widest=0.0012, what="the mean quotient", mistakes=mistakes)


FIRST_ORDER = -0.5 * 6 * 0.1 / 1.9 / 3**1.5

# ------------------------------------------------------------------------------------- q7 and q8: a program that is nearly Adam

MISTAKES = (
    "the two decay rates are exchanged",
    "the counter counts arrays, not steps",
    "eps stands in the wrong place",
    "the averages of one array are used for another",
    "the corrected averages are stored",
    "the averages are taken after the step",
)
KEYS7 = ("line", "mistake", "length")


@test("q7", points=1, title="The line")
def the_line(answer, rng):
    """The one line that has to go elsewhere."""
    wrong = {"the line only reads the counter": 2, "the line only stores the counter": 12}
    number(diagnosis(answer, "line", KEYS7), 6, mistakes=wrong, what="the line", sized=False)


@test("q7", points=1, title="The mistake's name")
def the_name(answer, rng):
    """Its name among six."""
    others = {name: f"not this: {name}" for name in MISTAKES}
    choice(diagnosis(answer, "mistake", KEYS7), MISTAKES[1], among=MISTAKES, mistakes=others, what="the mistake")


@test("q7", points=2, title="What it does to the twelfth array")
def the_length(answer, rng):
    """The first step of the twelfth array, in learning rates, by the rule itself with the wrong number of the step."""
    w, _, _ = adam(0.0, 1.0, 0.0, 0.0, 12.0, 1.0, 0.9, 0.999, 0.0)
    wrong = {
        "as if the correction were right": 1.0,
        "as if there were no correction": 0.1 / np.sqrt(0.001),
        "only the first average has the wrong correction": 0.1 / (1 - 0.9**12),
        "only the second average has the wrong correction": 1 / np.sqrt(0.001 / (1 - 0.999**12)),
        "the quotient is squared": w * w,
        "the factor, not the length": -1 / w,
        "the thirteenth, or the eleventh, array": -adam(0.0, 1.0, 0.0, 0.0, 13.0, 1.0, 0.9, 0.999, 0.0)[0],
    }
    number(diagnosis(answer, "length", KEYS7), -w, rtol=2e-3, mistakes=wrong, what="the length")


def _model(params, grads, state, lr, beta1, beta2, eps, wrong=None):
    """One step of Adam for several arrays, of which those without a gradient are frozen, or what a mistake makes of it."""
    new, t, m, v = dict(params), dict(state["t"]), dict(state["m"]), dict(state["v"])
    steps = max(t.values())  # of the model, as one array is never frozen
    for count, (name, w) in enumerate(params.items(), 1):
        if name not in grads and wrong != "a frozen array is taken to have the gradient 0":
            t[name] += int(wrong == "the counter of an array goes on while it is frozen")
            if wrong == "frozen arrays are missing in what is returned":
                del new[name]
            continue
        power = {
            "the counter counts arrays, not steps": steps + count,
            "one counter serves all arrays: it counts the steps of the model": steps + 1,
            "the counter stands still": 1,
            "the counter is one step behind": max(t[name], 1),
        }.get(wrong, t[name] + 1)
        new[name], m[name], v[name] = adam(w, grads.get(name, 0.0 * w), m[name], v[name], float(power), lr, beta1, beta2, eps)
        if wrong == "eps inside the root":
            m_hat, v_hat = m[name] / (1 - beta1**power), v[name] / (1 - beta2**power)
            new[name] = w - lr * m_hat / np.sqrt(v_hat + eps)
        t[name] = {"the counter is one step behind": t[name] + 1, "the new counter is not stored": t[name]}.get(wrong, power)
    return new, {"t": t, "m": m, "v": v}


KNOWN8 = (
    "the counter counts arrays, not steps", "one counter serves all arrays: it counts the steps of the model",
    "the counter stands still", "the counter is one step behind", "the new counter is not stored",
    "a frozen array is taken to have the gradient 0", "the counter of an array goes on while it is frozen",
    "frozen arrays are missing in what is returned", "eps inside the root",
)  # fmt: skip


def _play(answer, shapes, steps, rng, eps=TINY, size=1.0, frozen=()):
    """Several steps with the answer, each from the right state, compared with the package's rule.

    frozen: for each step, from the first, the names of the arrays that have no gradient in it; later none is frozen.
    """
    hyper = _hyper(rng, eps)
    params = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    zeros = {name: np.zeros(shape) for name, shape in shapes.items()}
    state = {"t": dict.fromkeys(shapes, 0), "m": zeros, "v": dict(zeros)}
    for n in range(steps):
        # None is so small that an epsilon of 1e-15 shows.
        grads = {name: size * rng.choice([-1.0, 1.0], shape) * rng.uniform(0.2, 2.0, shape) for name, shape in shapes.items()}
        for name in frozen[n] if n < len(frozen) else ():
            del grads[name]
        call = (params, grads, state, *hyper)
        want = _model(*call)
        mistakes = Mistakes(KNOWN8, lambda name, call=call: _model(*call, name))
        given = dict(zip(("params", "grads", "state", "lr", "beta1", "beta2", "eps"), call, strict=True))
        close(answer(*call), want, given=given, mistakes=mistakes, what="(params, state)")
        params, state = want


@test("q8", points=2, title="Three arrays, four steps")
def three_arrays(answer, rng):
    """Every array has the right counter, whatever its place; also in later calls, and where there are twenty."""
    _play(answer, {"weights": (2, 3), "bias": (3,), "scale": ()}, 4, rng)
    _play(answer, {f"layer {n}": (2,) for n in range(20)}, 2, rng)


@test("q8", points=1, title="Layers that thaw, and one that pauses", visible=False)
def thawing(answer, rng):
    """One array has no gradient in two steps between, another has its first one in the fourth step; a third always has one."""
    _play(answer, {"pauses": (2, 2), "head": (3,)}, 5, rng, frozen=[(), ("pauses",), ("pauses",)])
    _play(answer, {"late": (2,), "head": (3,)}, 5, rng, frozen=[("late",)] * 3)


@test("q8", points=1, title="The rest is as it was: a large epsilon", visible=False)
def large_epsilon_model(answer, rng):
    """eps = 1/2 and small gradients, to see that mending one line has not broken another."""
    _play(answer, {"a": (3,), "b": (2, 2)}, 3, rng, 0.5, size=0.3)


# ------------------------------------------------------------------------------------------------------- before a class is graded


@prepared
def rehearsed():
    """Right answers proved, and wrong ones refused, once before a class is graded: what is found then is kept."""
    import sympy as sp

    fraction = "(1 - beta1)*(1 - beta2)*(1 - beta1**t*beta2**t)/((1 - beta1*beta2)*(1 - beta1**t)*(1 - beta2**t))"
    parts = {"factor": "beta**2 + beta*(1 - beta)/c", "gap": "beta*(1 - beta)*(c*g - m)**2/c"}
    right = (
        (at_the_change, "1 - beta**n*gamma**k"), (one_more_step, "1 - beta**n*gamma**k"), (adds_up, parts), (accepted, parts),
        (first_covariance, fraction), (every_covariance, fraction), (every_covariance, str(sp.expand(_in_common().right))),
    )  # fmt: skip
    rehearse(right, ((accepted, {"factor": "0", "gap": "m**2"}), (every_covariance, "1")))
