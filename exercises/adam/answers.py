"""Other answers to the assignment on Adam, right and wrong, with the points that each must get."""

from lecture_optim.check.testing import Alternative, Mistaken

ANSWERS = {}

# ------------------------------------------------------------------------------------------------------------------------ q1

Q1 = """
def adam_run(gradients, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    w, m, v, t = state["w"], state["m"], state["v"], state["t"]
    for g in gradients:
        t = t + 1
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        below = np.sqrt(v_hat) + eps
        w = w - lr * m_hat / (below + (below == 0))
    return {"w": w, "m": m, "v": v, "t": t}
"""


def _q1(*changes):
    code = Q1
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    return code


ANSWERS["q1"] = [
    Alternative("copies, changed in place, and one coordinate after the other", '''
def adam_run(gradients, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    w, m, v = (np.array(state[name], dtype=float) for name in ("w", "m", "v"))
    t = state["t"]
    for g in gradients:
        t += 1
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g**2
        for place in np.ndindex(w.shape):
            below = (v[place] / (1 - beta2**t)) ** 0.5 + eps
            if below > 0:
                w[place] -= lr * m[place] / (1 - beta1**t) / below
    return dict(w=w, m=m, v=v, t=t)
'''),
    Alternative("the averages moved towards the gradient, and the rate corrected", '''
def adam_run(gradients, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    w, m, v = (1.0 * state[name] for name in ("w", "m", "v"))
    for n, g in enumerate(gradients):
        t = state["t"] + n + 1
        m = m + (1 - beta1) * (g - m)
        v = v + (1 - beta2) * (g * g - v)
        root = np.sqrt(1 - beta2**t)
        below = np.sqrt(v) + eps * root
        rate = lr * root / (1 - beta1**t)
        w = w - rate * np.divide(m, below, out=np.zeros_like(m), where=below > 0)
    return {"t": state["t"] + len(gradients), "v": v, "m": m, "w": w}
'''),
    Alternative("written out, by weights", '''
def adam_run(gradients, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    gradients = np.asarray(gradients)
    t0, T = state["t"], len(gradients)
    w = np.array(state["w"], dtype=float)

    def average(start, values, beta):
        weights = (1 - beta) * beta ** np.arange(len(values))[::-1]
        return beta ** len(values) * start + np.tensordot(weights, values, axes=1)

    m, v = state["m"], state["v"]
    for n in range(1, T + 1):
        m = average(state["m"], gradients[:n], beta1)
        v = average(state["v"], gradients[:n] ** 2, beta2)
        with np.errstate(all="ignore"):
            step = (m / (1 - beta1 ** (t0 + n))) / (np.sqrt(v / (1 - beta2 ** (t0 + n))) + eps)
        w = w - lr * np.nan_to_num(step)
    return {"w": w, "m": m, "v": v, "t": t0 + T}
'''),
    Mistaken("the counter is frozen", 0, _q1(
        ("        t = t + 1\n", ""), ("beta1**t", "beta1**(t + 1)"), ("beta2**t", "beta2**(t + 1)")), "frozen"),
    Mistaken("every call begins at 1", 5, _q1(
        ("    for g in gradients:\n        t = t + 1", "    t0, t = t, 0\n    for g in gradients:\n        t = t + 1"),
        ('"t": t}', '"t": t0 + t}')), "begins again in every call"),
    Mistaken("no bias correction", 0, _q1(("m / (1 - beta1**t), v / (1 - beta2**t)", "m, v")), "no bias correction"),
    Mistaken("eps inside the root", 5, _q1(("np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)")), "eps inside the root"),
    Mistaken("a missing bracket", 5, _q1(
        ("m_hat / (below + (below == 0))", "(m_hat / (below - eps + (below == eps)) + eps)")), "eps added to the quotient"),
    Mistaken("rates swapped", 0, _q1(
        ("m = beta1 * m + (1 - beta1)", "m = beta2 * m + (1 - beta2)"),
        ("v = beta2 * v + (1 - beta2)", "v = beta1 * v + (1 - beta1)"),
        ("m / (1 - beta1**t), v / (1 - beta2**t)", "m / (1 - beta2**t), v / (1 - beta1**t)")), "swapped"),
    Mistaken("the square is forgotten", 0, _q1(("* g * g", "* abs(g)")), "square is forgotten"),
    Mistaken("the corrected averages are stored", 0, _q1(
        ("        below =", "        m, v = m_hat, v_hat\n        below =")), "corrected averages are stored"),
    Mistaken("the caller's arrays are changed", 0, _q1(
        ("        w = w - lr * m_hat", "        w -= lr * m_hat")), "changes its input"),
    Mistaken("the caller's dict is changed", 0, _q1(
        ('return {"w": w, "m": m, "v": v, "t": t}', 'state.update({"w": w, "m": m, "v": v, "t": t})\n    return state')),
             "changes its input"),
    Mistaken("the caller's counter is changed", 0, _q1(("        t = t + 1", '        t = state["t"] = t + 1')),
             "changes its input"),
    Mistaken("0/0 is not settled", 6, _q1(("(below + (below == 0))", "below")), "0/0 is not settled"),
    Mistaken("the second form with a constant epsilon", 5, _q1(
        ("np.sqrt(v_hat) + eps", "np.sqrt(v_hat) + eps / np.sqrt(1 - beta2**t)")), "second form"),
    Mistaken("returns a tuple", 0, _q1(('{"w": w, "m": m, "v": v, "t": t}', "w, m, v, t"))),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q2

Q2 = """
def catch_up(w, m, v, last, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    quiet = (t - last)[:, None]
    now = np.array(w, dtype=float)
    for k in range(1, int(quiet.max(initial=0)) + 1):
        s = last[:, None] + k
        m_hat = m * beta1**k / (1 - beta1**s)
        v_hat = v * beta2**k / (1 - beta2**s)
        below = np.sqrt(v_hat) + eps
        step = m_hat / (below + (below == 0))
        now = now - lr * step * (k <= quiet)
    return now, m * beta1**quiet, v * beta2**quiet
"""


def _q2(*changes):
    code = Q2
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    return code


ANSWERS["q2"] = [
    Alternative("row by row and step by step", '''
def catch_up(w, m, v, last, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    w, m, v = w.copy(), m.copy(), v.copy()
    for i, first in enumerate(last):
        for s in range(int(first) + 1, int(t) + 1):
            m[i] *= beta1
            v[i] *= beta2
            root = np.sqrt(v[i] / (1 - beta2**s)) + eps
            ok = root > 0
            w[i, ok] -= lr * (m[i, ok] / (1 - beta1**s)) / root[ok]
    return w, m, v
'''),
    Alternative("all silent steps in one array", '''
def catch_up(w, m, v, last, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    s = np.arange(1, t + 1)[:, None, None]
    silent = s > last[None, :, None]
    k = np.where(silent, s - last[None, :, None], 0)
    top = m * beta1**k / (1 - beta1**s)
    low = np.sqrt(v * beta2**k / (1 - beta2**s)) + eps
    with np.errstate(all="ignore"):
        steps = np.where(silent & (low > 0), top / low, 0.0)
    quiet = t - np.reshape(last, (-1, 1))
    return w - lr * steps.sum(axis=0), beta1**quiet * m, beta2**quiet * v
'''),
    Alternative("Adam with zero gradients, on the rows that still sleep", '''
def catch_up(w, m, v, last, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    w, m, v = (np.array(a, dtype=float) for a in (w, m, v))
    for s in range(1, t + 1):
        rows = np.asarray(last) < s
        m[rows], v[rows] = beta1 * m[rows], beta2 * v[rows]
        m_hat, v_hat = m[rows] / (1 - beta1**s), v[rows] / (1 - beta2**s)
        low = np.sqrt(v_hat) + eps
        low[low == 0] = 1
        w[rows] = w[rows] - lr * m_hat / low
    return [w, m, v]
'''),
    Mistaken("weights stand still", 1, _q2(("now = now - lr * step * (k <= quiet)", "pass")), "stand still"),
    Mistaken("no correction", 1, _q2((" / (1 - beta1**s)", ""), (" / (1 - beta2**s)", "")), "no bias correction"),
    Mistaken("the counter stands still", 1, _q2(("s = last[:, None] + k", "s = last[:, None]")), "counter stands still"),
    Mistaken("decay by t", 2, _q2(("return now, m * beta1**quiet, v * beta2**quiet", "return now, m * beta1**t, v * beta2**t")),
             "not by the length of the silence"),
    Mistaken("one step too many", 0, _q2(
        ("quiet = (t - last)[:, None]", "quiet = (t - last)[:, None] + 1")), "one silent step too many"),
    Mistaken("one rate for both", 0, _q2(("    quiet =", "    beta2 = beta1\n    quiet =")), "one decay rate"),
    Mistaken("eps inside the root", 4, _q2(("np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)")), "eps inside the root"),
    Mistaken("all rows sleep as long as the longest", 1, _q2((" * (k <= quiet)", "")),
             "as long as the one that slept longest"),
    Mistaken("only m is returned decayed", 2, _q2(("v * beta2**quiet", "v")), "v does not fade"),
    Mistaken("corrected by the length of the silence", 1, _q2(("s = last[:, None] + k", "s = k")), "count the silent steps"),
    Mistaken("the weights alone", 0, _q2(("return now, m * beta1**quiet, v * beta2**quiet", "return now")),
             "not a tuple of the right length"),
    Mistaken("changed in place", 0, _q2(("now = np.array(w, dtype=float)", "now = w"), (
        "now = now - lr * step * (k <= quiet)", "now -= lr * step * (k <= quiet)")), "changes its input"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q3

ANSWERS["q3"] = [
    Alternative("both parts added up", "divisor = (1 - beta**n) * gamma**k + 1 - gamma**k"),
    Alternative("as text", 'divisor = "1 - gamma**k * beta**n"'),
    Alternative("a fraction that cancels", "divisor = (1 - beta**(2 * n) * gamma**(2 * k)) / (1 + beta**n * gamma**k)"),
    Alternative("with the last step taken out", "divisor = 1 - beta * beta**(n - 1) * gamma**k"),
    Mistaken("only the new rate", 0, "divisor = 1 - gamma**k", "only the new rate is counted"),
    Mistaken("the new rate for all steps", 0, "divisor = 1 - gamma**(n + k)", "as if the new rate"),
    Mistaken("the old rate for all steps", 1, "divisor = 1 - beta**(n + k)", "never changed"),
    Mistaken("corrections multiplied", 0, "divisor = (1 - beta**n) * (1 - gamma**k)", "are multiplied"),
    Mistaken("the weight of the start", 0, "divisor = beta**n * gamma**k", "weight of the zero"),
    Mistaken("nothing new", 1, "divisor = (1 - beta**n) * gamma**k", "nothing new is counted"),
    Mistaken("no correction", 0, "divisor = sp.Integer(1)", "no correction at all"),
    Mistaken("a number", 0, "divisor = 0.95"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q4

ANSWERS["q4"] = [
    Alternative("the square the other way round", '''
no_longer = {
    "factor": beta * (beta + (1 - beta) / c),
    "gap": c * beta * (1 - beta) * (m / c - g) ** 2,
}
'''),
    Alternative("as text", '''
no_longer = {"factor": "beta**2 + (beta - beta**2)/c", "gap": "beta*(1 - beta)*(m - c*g)**2/c"}
'''),
    Alternative("over one denominator", '''
no_longer = {"gap": (1 - beta) * beta * (c * g - m)**2 / c, "factor": beta * (beta * c + 1 - beta) / c}
'''),
    Alternative("the square expanded", '''
no_longer = {"factor": beta**2 + beta * (1 - beta) / c, "gap": sp.expand(beta * (1 - beta) / c * (c * g - m) ** 2)}
'''),
    Mistaken("the hypothesis used with the square of the rate only", 1, '''
no_longer = {"factor": beta**2, "gap": beta * (1 - beta) * (c * g**2 - 2 * m * g + v)}
''', "used once too little"),
    Mistaken("everything is gap", 1, '''
left, right = (beta * m + (1 - beta) * g) ** 2, (beta * c + 1 - beta) * (beta * v + (1 - beta) * g**2)
no_longer = {"factor": 0, "gap": sp.expand(right - left)}
''', "nothing is used of the hypothesis"),
    Mistaken("no denominator under the square", 0, '''
no_longer = {"factor": beta**2 + beta * (1 - beta) / c, "gap": beta * (1 - beta) * (c * g - m) ** 2}
''', "do not add up"),
    Mistaken("the sign inside the square", 0, '''
no_longer = {"factor": beta**2 + beta * (1 - beta) / c, "gap": beta * (1 - beta) / c * (c * g + m) ** 2}
''', "do not add up"),
    Mistaken("a factor with a gap that is not its own", 0, '''
no_longer = {"factor": beta**2, "gap": beta * (1 - beta) / c * (c * g - m) ** 2}
''', "do not add up"),
    Mistaken("no factor", 0, 'no_longer = {"gap": beta * (1 - beta) / c * (c * g - m) ** 2}', "not a certificate"),
    Mistaken("the gap alone", 0, "no_longer = beta * (1 - beta) / c * (c * g - m) ** 2", "not a certificate"),
    Mistaken("a gap with an unknown letter", 0, '''
no_longer = {"factor": "beta**2 + beta*(1 - beta)/c", "gap": "beta*(1 - beta)/c*(c*x - m)**2"}
''', "an unknown name"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q5

ANSWERS["q5"] = [
    Alternative("as text, in one fraction",
                'common = "(1 - beta1)*(1 - beta2)*(1 - beta1**t*beta2**t)/((1 - beta1*beta2)*(1 - beta1**t)*(1 - beta2**t))"'),
    Alternative("weights of the newest gradient", '''
a, b = (1 - beta1) / (1 - beta1**t), (1 - beta2) / (1 - beta2**t)
common = a * b * (1 - (beta1 * beta2)**t) / (1 - beta1 * beta2)
'''),
    Alternative("one term taken out of the sum", '''
x = beta1 * beta2
common = (1 - beta1) * (1 - beta2) * (1 + (x - x**t) / (1 - x)) / (1 - beta1**t) / (1 - beta2**t)
'''),
    Alternative("everything multiplied out", '''
common = sp.expand((1 - beta1) * (1 - beta2) * (1 - (beta1 * beta2)**t) / ((1 - beta1 * beta2) * (1 - beta1**t) * (1 - beta2**t)))
'''),
    Alternative("one denominator, multiplied out", '''
top = (1 - beta1) * (1 - beta2) * (1 - beta1**t * beta2**t)
common = sp.expand(top) / sp.expand((1 - beta1 * beta2) * (1 - beta1**t) * (1 - beta2**t))
'''),
    Alternative("signs turned round", '''
common = (1 - beta1) * (beta2 - 1) * (beta1**t * beta2**t - 1) / ((1 - beta1 * beta2) * (beta1**t - 1) * (beta2**t - 1))
'''),
    Mistaken("no corrections", 0, "common = (1 - beta1) * (1 - beta2) * (1 - (beta1 * beta2)**t) / (1 - beta1 * beta2)",
             "corrections are missing"),
    Mistaken("the limit", 0, "common = (1 - beta1) * (1 - beta2) / (1 - beta1 * beta2)", "as if t were infinite"),
    Mistaken("only m is corrected", 0, '''
common = (1 - beta1) * (1 - beta2) * (1 - (beta1 * beta2)**t) / (1 - beta1 * beta2) / (1 - beta1**t)
''', "only one average is corrected"),
    Mistaken("the factor of the variance", 1, "common = (1 - beta1) * (1 + beta1**t) / (1 + beta1) / (1 - beta1**t)",
             "weights are squared"),
    Mistaken("all terms of the double sum", 1, "common = sp.Integer(1)", "product of two sums"),
    Mistaken("the sum forgotten", 1, "common = (1 - beta1) * (1 - beta2) / ((1 - beta1**t) * (1 - beta2**t))",
             "geometric sum is missing"),
    Mistaken("one term too many", 0, '''
common = (1 - beta1) * (1 - beta2) * (1 - (beta1 * beta2)**(t + 1)) / (1 - beta1 * beta2) / (1 - beta1**t) / (1 - beta2**t)
''', "one term too many"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q6

RUNS = """
def runs_of(seed, runs, T, beta=0.9, start=150):
    rng = np.random.default_rng(seed)
    m, v, quotient, control, second = np.zeros((5, runs))
    for t in range(1, T + 1):
        g = np.where(rng.random(runs) < 0.25, 3.0, -1.0)
        m = beta * m + (1 - beta) * g
        v = beta * v + (1 - beta) * g * g
        if t > start:
            quotient += m / np.sqrt((1 - beta**t) * v)
            control += m / (1 - beta**t)
            second += m * (v - 3)
    return quotient / (T - start), control / (T - start), second / (T - start)
"""

ANSWERS["q6"] = [
    Alternative("by brute force", RUNS + '''
q, _, _ = runs_of(3, 4000, 3000)
drift = (q.mean(), 3 * q.std(ddof=1) / np.sqrt(len(q)))
'''),
    Alternative("with both control variates, fitted", RUNS + '''
q, a, b = runs_of(4, 1000, 1000)
X = np.column_stack([a, b - 6 * 0.1 / 1.9])
share, *_ = np.linalg.lstsq(X - X.mean(axis=0), q - q.mean(), rcond=None)
rest = q - X @ share
drift = [float(rest.mean()), float(4 * rest.std(ddof=1) / np.sqrt(len(rest)))]
'''),
    Alternative("exactly, over all gradients of the last twelve steps, the rest drawn", '''
rng = np.random.default_rng(5)
beta, last = 0.9, 12
draws = np.where(rng.random((40_000, 200)) < 0.25, 3.0, -1.0)
ages = 0.1 * beta ** np.arange(last, last + 200)
old_m, old_v = draws @ ages, draws**2 @ ages
heads = (np.arange(2**last)[:, None] >> np.arange(last)) & 1
chances = 0.25 ** heads.sum(axis=1) * 0.75 ** (last - heads.sum(axis=1))
weights = 0.1 * beta ** np.arange(last)
m, v = np.where(heads, 3.0, -1.0) @ weights, np.where(heads, 9.0, 1.0) @ weights
some = np.arange(len(draws)).reshape(40, -1)[:, :60]
parts = np.array([
    np.mean([chances @ ((m + old_m[i]) / np.sqrt(v + old_v[i])) - old_m[i] / np.sqrt(3) for i in group]) for group in some
])
drift = (parts.mean(), max(3 * parts.std(ddof=1) / np.sqrt(len(parts)), 1e-4))
'''),
    Mistaken("the weight's step", 0, "drift = (0.0321, 0.0005)", "sign of the weight's step"),
    Mistaken("first order, not measured", 1, "drift = (-0.5 * 6 * (0.1 / 1.9) / 3**1.5, 0.0010)", "first order, not measured"),
    Mistaken("no drift", 0, "drift = (0.0, 0.0012)", "no drift is seen"),
    Mistaken("the first step", 0, "drift = (-0.5, 0.001)", "the first step"),
    Mistaken("a single run", 1, RUNS + '''
q, a, _ = runs_of(7, 200, 2000)
rest = q - a / np.sqrt(3)
drift = (rest.mean(), 0.02)
''', "too uncertain"),
    Mistaken("no uncertainty", 1, RUNS + '''
q, a, _ = runs_of(8, 2000, 1000)
drift = (q - a / np.sqrt(3)).mean()
''', "no uncertainty"),
    Mistaken("an uncertainty of zero", 1, "drift = (-0.0321, 0.0)", "no uncertainty"),
    Mistaken("the mean of the size", 0, "drift = (0.19, 0.001)", "the mean of the size"),
    Mistaken("the standard error of dependent steps", 1, "drift = (-0.0334, 0.0003)"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q7

NAME = "the counter counts arrays, not steps"

ANSWERS["q7"] = [
    Alternative("the length from a run of the program", '''
def one_step(arrays):
    t, lengths = 0, []
    for _ in range(arrays):
        t += 1
        m_hat, v_hat = 0.1 * 2.5 / (1 - 0.9**t), 0.001 * 2.5**2 / (1 - 0.999**t)
        lengths.append(m_hat / v_hat**0.5)
    return lengths


diagnosis = {"line": 6, "mistake": "The counter counts arrays, not steps.", "length": one_step(20)[11]}
'''),
    Alternative("three digits by hand", f'diagnosis = {{"length": 0.481, "line": 6.0, "mistake": "{NAME}"}}'),
    Alternative("in arrays", f'diagnosis = {{"line": np.array(6), "mistake": " {NAME} ", "length": np.float64(0.4815)}}'),
    Mistaken("the line that reads", 3, f'diagnosis = {{"line": 2, "mistake": "{NAME}", "length": 0.481}}', "only reads"),
    Mistaken("the line that stores", 3, f'diagnosis = {{"line": 12, "mistake": "{NAME}", "length": 0.481}}', "only stores"),
    Mistaken("epsilon", 3,
             'diagnosis = {"line": 6, "mistake": "eps stands in the wrong place", "length": 0.481}', "not this: eps"),
    Mistaken("words of one's own", 3,
             'diagnosis = {"line": 6, "mistake": "t is wrong", "length": 0.481}', "not one of the choices"),
    Mistaken("as if the step were right", 2,
             f'diagnosis = {{"line": 6, "mistake": "{NAME}", "length": 1}}', "as if the correction were right"),
    Mistaken("without correction", 2, f'diagnosis = {{"line": 6, "mistake": "{NAME}", "length": 3.162}}', "no correction"),
    Mistaken("only the first correction", 2, f'diagnosis = {{"line": 6, "mistake": "{NAME}", "length": 0.1 / (1 - 0.9**12)}}',
             "only the first average"),
    Mistaken("how many times too short", 2,
             f'diagnosis = {{"line": 6, "mistake": "{NAME}", "length": 2.0769}}', "the factor, not the length"),
    Mistaken("no length", 2, f'diagnosis = {{"line": 6, "mistake": "{NAME}"}}', "not a diagnosis"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q8

Q8 = """
def adam_model(params, grads, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    new, t, m, v = dict(params), dict(state["t"]), dict(state["m"]), dict(state["v"])
    for name, g in grads.items():
        t[name] = t[name] + 1
        m[name] = beta1 * m[name] + (1 - beta1) * g
        v[name] = beta2 * v[name] + (1 - beta2) * g * g
        m_hat = m[name] / (1 - beta1 ** t[name])
        v_hat = v[name] / (1 - beta2 ** t[name])
        new[name] = params[name] - lr * m_hat / (np.sqrt(v_hat) + eps)
    return new, {"t": t, "m": m, "v": v}
"""


def _q8(*changes):
    code = Q8
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    return code


ANSWERS["q8"] = [
    Alternative("comprehensions", '''
def adam_model(params, grads, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    t = {k: n + (k in grads) for k, n in state["t"].items()}
    m = {k: beta1 * a + (1 - beta1) * grads[k] if k in grads else a for k, a in state["m"].items()}
    v = {k: beta2 * a + (1 - beta2) * grads[k] ** 2 if k in grads else a for k, a in state["v"].items()}

    def step(k):
        root = (1 - beta2 ** t[k]) ** 0.5
        return lr * root / (1 - beta1 ** t[k]) * m[k] / (v[k] ** 0.5 + eps * root)

    return {k: w - step(k) if k in grads else w for k, w in params.items()}, {"m": m, "v": v, "t": t}
'''),
    Alternative("a step of one array as a function", '''
def one_array(w, g, m, v, t, lr, beta1, beta2, eps):
    m, v, t = m + (1 - beta1) * (g - m), v + (1 - beta2) * (g * g - v), t + 1
    return w - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v, t


def adam_model(params, grads, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    new, after = {}, {"t": {}, "m": {}, "v": {}}
    for name, w in params.items():
        m, v, t = (state[kind][name] for kind in "mvt")
        if name in grads:
            w, m, v, t = one_array(w, grads[name], m, v, t, lr, beta1, beta2, eps)
        new[name], after["m"][name], after["v"][name], after["t"][name] = w, m, v, t
    return new, after
'''),
    Alternative("a deep copy, changed", '''
from copy import deepcopy


def adam_model(params, grads, state, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    new, after = deepcopy(params), deepcopy(state)
    for name in sorted(grads):
        after["t"][name] += 1
        for kind, beta, value in (("m", beta1, grads[name]), ("v", beta2, grads[name] ** 2)):
            after[kind][name] = beta * after[kind][name] + (1 - beta) * value
        m_hat, v_hat = (after[kind][name] / (1 - beta ** after["t"][name]) for kind, beta in (("m", beta1), ("v", beta2)))
        new[name] = new[name] - lr * m_hat / (v_hat**0.5 + eps)
    return new, after
'''),
    Mistaken("as it was", 0, _q8(
        ("    for name, g", "    n = max(t.values())\n    for name, g"), ("t[name] = t[name] + 1", "t[name] = n = n + 1")),
             "counts arrays"),
    Mistaken("one counter for the model", 3, _q8(
        ("    for name, g", "    step = max(t.values()) + 1\n    for name, g"), ("t[name] = t[name] + 1", "t[name] = step")),
             "one counter serves all arrays"),
    Mistaken("zeros for absent gradients", 3, _q8(
        ("for name, g in grads.items():", "for name in params:\n        g = grads.get(name, 0.0)")),
             "taken to have the gradient 0"),
    Mistaken("all counters go on", 3, _q8(
        ('dict(state["t"])', '{k: n + 1 for k, n in state["t"].items()}'), ("        t[name] = t[name] + 1\n", "")),
             "goes on while it is frozen"),
    Mistaken("frozen arrays left out", 3, _q8(("dict(params)", "{}")), "missing in what is returned"),
    Mistaken("always 1", 0, _q8(("t[name] = t[name] + 1", "t[name] = 1")), "stands still"),
    Mistaken("incremented after the step", 0, _q8(
        ("beta1 ** t[name]", "beta1 ** max(t[name] - 1, 1)"), ("beta2 ** t[name]", "beta2 ** max(t[name] - 1, 1)")),
             "one step behind"),
    Mistaken("epsilon moved on the way", 3, _q8(("np.sqrt(v_hat) + eps", "np.sqrt(v_hat + eps)")), "eps inside the root"),
    Mistaken("the counter right, its new value not stored", 0, _q8(('{"t": t, ', '{"t": state["t"], ')), "not stored"),
    Mistaken("the caller's counters are changed", 0, _q8(('dict(state["t"])', 'state["t"]')), "changes its input"),
    Mistaken("the caller's arrays are changed", 0, _q8(
        ("        m_hat", "        params[name][...] -= 0\n        m_hat")), "changes its input"),
]  # fmt: skip
