"""Other answers to the assignment on convergence, right and wrong, with the points that each must get."""

from lecture_optim.check.testing import Alternative, Mistaken

ANSWERS = {}


def _changed(code, *changes):
    """The code with some of its pieces replaced; each piece must be there."""
    for old, new in changes:
        if old not in code:
            raise ValueError(f"{old!r} does not stand in the code")
        code = code.replace(old, new)
    return code


# ------------------------------------------------------------------------------------------------------------------------ q1

Q1 = """
def amsgrad_path(gradients, x, alpha, beta1, beta2, low, high):
    m = v = top = np.zeros_like(x)
    points = [x]
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        top = np.maximum(top, v)
        root = np.sqrt(top)
        x = np.clip(x - alpha / np.sqrt(t) * m / (root + (root == 0)), low, high)
        points.append(x)
    return np.array(points)
"""

ANSWERS["q1"] = [
    Alternative("all averages first, and a running maximum", '''
def amsgrad_path(gradients, x, alpha, beta1, beta2, low, high):
    T, d = gradients.shape
    t = np.arange(1, T + 1)
    age = t[:, None] - t
    weights = lambda beta: np.where(age >= 0, (1 - beta) * np.power(float(beta), np.maximum(age, 0)), 0.0)
    m, v = weights(beta1) @ gradients, weights(beta2) @ gradients**2
    scale = np.sqrt(np.maximum.accumulate(v, axis=0))
    steps = np.divide(m, scale, out=np.zeros((T, d)), where=scale > 0) * (alpha / np.sqrt(t))[:, None]
    path = np.empty((T + 1, d))
    path[0] = x
    for k in range(T):
        path[k + 1] = np.minimum(np.maximum(path[k] - steps[k], low), high)
    return path
'''),
    Alternative("one coordinate after the other, in plain Python", '''
def amsgrad_path(gradients, x, alpha, beta1, beta2, low, high):
    columns = []
    for i in range(len(x)):
        w, m, v, top = float(x[i]), 0.0, 0.0, 0.0
        path = [w]
        for t, g in enumerate(gradients[:, i].tolist(), start=1):
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g**2 - v)
            if v > top:
                top = v
            if top > 0:
                w -= alpha * m / (t * top) ** 0.5
            w = min(max(w, low), high)
            path.append(w)
        columns.append(path)
    return np.array(columns).T
'''),
    Alternative("the maximum of roots, changed in place", '''
def amsgrad_path(gradients, x, alpha, beta1, beta2, low, high):
    points = np.zeros((len(gradients) + 1, len(x)))
    points[0] = x
    m, v, root = np.zeros((3, len(x)))
    for t, g in enumerate(gradients, start=1):
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * g**2
        np.maximum(root, np.sqrt(v), out=root)
        step = np.zeros(len(x))
        moved = root > 0
        step[moved] = m[moved] / root[moved]
        points[t] = np.clip(points[t - 1] - alpha * t**-0.5 * step, low, high)
    return points
'''),
    Mistaken("Adam", 0, _changed(Q1, ("        top = np.maximum(top, v)", "        top = v")), "this is Adam"),
    Mistaken("the maximum of squares", 0,
             _changed(Q1, ("np.maximum(top, v)", "np.maximum(top, g * g)")), "not of their averages"),
    Mistaken("averaged again", 0, _changed(Q1, ("v = beta2 * v +", "v = beta2 * top +")), "averaged again"),
    Mistaken("the root forgotten", 0, _changed(Q1, ("np.sqrt(top)", "top")), "root is forgotten"),
    Mistaken("corrected", 0, _changed(
        Q1, ("root = np.sqrt(top)", "root = np.sqrt(top / (1 - beta2**t))"), ("* m / (", "* m / (1 - beta1**t) / (")),
             "corrected"),
    Mistaken("a constant rate", 0, _changed(Q1, ("alpha / np.sqrt(t)", "alpha")), "does not fall"),
    Mistaken("counted from 2", 0, _changed(Q1, ("start=1", "start=2")), "number 0, or 2"),
    Mistaken("no box", 2, _changed(Q1, ("np.clip(x - alpha / np.sqrt(t) * m / (root + (root == 0)), low, high)",
                                        "x - alpha / np.sqrt(t) * m / (root + (root == 0))")), "not kept in the box"),
    Mistaken("the maximum before the average", 0, _changed(
        Q1, ("        v = beta2", "        top = np.maximum(top, v)\n        v = beta2"),
        ("        top = np.maximum(top, v)\n        root", "        root")), "before the present square"),
    Mistaken("one maximum for all coordinates", 2, _changed(Q1, ("np.maximum(top, v)", "np.maximum(top, v).max() + 0 * v")),
             "over the coordinates"),
    Mistaken("0/0", 4, _changed(Q1, ("(root + (root == 0))", "root")), "a division by zero"),
    Mistaken("without the start", 0, _changed(Q1, ("np.array(points)", "np.array(points[1:])")), "the shape is wrong"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q2

Q2 = """
def steps_back_win(C, beta2, k):
    C, beta2 = Fraction(*C), Fraction(*beta2)
    v, squares = Fraction(0), []
    for t in range(1, 3 * k + 4):
        g = C if t % 3 == 1 else Fraction(1)
        v = beta2 * v + (1 - beta2) * g**2
        squares.append(g**2 / (t * v))
    a, b, c = squares[-3:]
    rest = a - b - c
    return rest <= 0 or rest**2 <= 4 * b * c
"""
FLOATS = """
def steps_back_win(C, beta2, k):
    C, beta2 = C[0] / C[1], beta2[0] / beta2[1]
    v, steps = 0.0, []
    for t in range(1, 3 * k + 4):
        g = C if t % 3 == 1 else 1.0
        v = beta2 * v + (1 - beta2) * g**2
        steps.append(g / (t * v) ** 0.5)
    a, b, c = steps[-3:]
    return a <= b + c
"""

ANSWERS["q2"] = [
    Alternative("whole numbers alone", '''
def steps_back_win(C, beta2, k):
    p, q = C
    r, s = beta2
    # With v_t = V / (q^2 s^t): V' = r V + (s - r) s^(t-1) (p^2 or q^2).
    V, squares = 0, []
    for t in range(1, 3 * k + 4):
        top = p * p if t % 3 == 1 else q * q
        V = r * V + (s - r) * s ** (t - 1) * top
        squares.append((top * s**t, t * V))  # g^2 / (t v), as a pair
    (a1, a2), (b1, b2), (c1, c2) = squares[-3:]
    rest = a1 * b2 * c2 - b1 * a2 * c2 - c1 * a2 * b2
    return rest <= 0 or rest**2 <= 4 * b1 * c1 * b2 * c2 * a2**2
'''),
    Alternative("Heron's product: the sign of a product of sums of roots", '''
def steps_back_win(C, beta2, k):
    C, b = Fraction(*C), Fraction(*beta2)
    v = Fraction(0)
    for _ in range(k):
        v = b**3 * v + (1 - b) * (b**2 * C**2 + b + 1)
    v1 = b * v + (1 - b) * C**2
    v2 = b * v1 + 1 - b
    v3 = b * v2 + 1 - b
    x, y, z = C**2 / (v1 * (3 * k + 1)), 1 / (v2 * (3 * k + 2)), 1 / (v3 * (3 * k + 3))
    if x <= y or x <= z:
        return True
    # Where s1 is the longest, s1 <= s2 + s3 holds if and only if this is not negative.
    return 2 * (x * y + y * z + z * x) - x * x - y * y - z * z >= 0
'''),
    Alternative("roots of whole numbers with four hundred digits", '''
from decimal import Decimal, localcontext


def steps_back_win(C, beta2, k):
    with localcontext() as context:
        context.prec = 400
        C, b = Decimal(C[0]) / C[1], Decimal(beta2[0]) / beta2[1]
        v, steps = Decimal(0), []
        for t in range(1, 3 * k + 4):
            g = C if t % 3 == 1 else Decimal(1)
            v = b * v + (1 - b) * g * g
            steps.append(g / (t * v).sqrt())
        away, one, two = steps[-3:]
        return bool(away <= one + two)
'''),
    Mistaken("floats", 2, FLOATS, "rounded numbers"),
    Mistaken("fractions, but roots of floats", 2, _changed(Q2, (
        "rest <= 0 or rest**2 <= 4 * b * c",
        "bool(np.sqrt(float(a)) <= np.sqrt(float(b)) + np.sqrt(float(c)))")), "rounded numbers"),
    Mistaken("squares compared", 0,
             _changed(Q2, ("return rest <= 0 or rest**2 <= 4 * b * c", "return rest <= 0")), "squares are compared"),
    Mistaken("the averages begin anew", 0,
             _changed(Q2, ("        g = C", "        v = v if t > 3 * k + 1 else Fraction(0)\n        g = C")),
             "begin anew"),
    Mistaken("numbers of the step left out", 0, _changed(Q2, ("(t * v)", "v")), "does not fall within the cycle"),
    Mistaken("C left out of the step away", 0, _changed(Q2, ("squares.append(g**2 / (t * v))", "squares.append(1 / (t * v))")),
             "not C times"),
    Mistaken("the wrong way round", 0, _changed(Q2, ("return rest <= 0 or rest**2 <= 4 * b * c",
                                                      "return not (rest <= 0 or rest**2 <= 4 * b * c)")), "exchanged"),
    Mistaken("the limit's averages", 0, _changed(Q2, ("v, squares = Fraction(0), []",
        "v, squares = (1 + beta2 + beta2**2 * C**2) / (1 + beta2 + beta2**2), []")), "those of the limit"),
    Mistaken("returns the difference", 0, _changed(Q2, ("return rest <= 0 or rest**2 <= 4 * b * c", "return float(rest)")),
             "not True or False"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q3

ANSWERS["q3"] = [
    Alternative("a root of one half", "threshold = 1 - sp.Rational(1, 2) ** (1 / B)"),
    Alternative("as text", 'threshold = "1 - (1/2)**(1/B)"'),
    Alternative("with exp and log", "threshold = 1 - sp.exp(-sp.log(2) / B)"),
    Alternative("a fraction", "threshold = (2 ** (1 / B) - 1) / 2 ** (1 / B)"),
    Mistaken("the chance of a small gradient", 0, "threshold = 2 ** (-1 / B)", "one minus it"),
    Mistaken("chances added", 0, "threshold = 1 / (2 * B)", "as if chances added up"),
    Mistaken("the mean gradient", 0, "threshold = 1 / (B + 1)", "the mean gradient's threshold"),
    Mistaken("one half", 0, "threshold = sp.Rational(1, 2)", "whatever the batch"),
    Mistaken("large batches", 0, "threshold = sp.log(2) / B", "approximation"),
    Mistaken("the exponent not inverted", 0, "threshold = 1 - sp.Rational(1, 2) ** B", "root is missing"),
    Mistaken("pairs", 0, "threshold = 1 - 1 / sp.sqrt(2)", "square root"),
    Mistaken("with an unknown", 0, 'threshold = "1 - 2**(-1/N)"', "an unknown name"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q4

ANSWERS["q4"] = [
    Alternative("other pieces", '''
margin = eta * (288 + 768 * eta * (1 - eta) + 344 * eta**2 * (1 - eta)
                + eta**3 * 96 + 84 * eta**4 + 64 * eta**5 + 8 * eta**6)
'''),
    Alternative("as text", '''
margin = "288*eta + 672*eta**2*(1 - eta) + 248*eta**3*(1 - eta) + 96*eta**2 + 84*eta**5 + 64*eta**6 + 8*eta**7"
'''),
    Alternative("powers of the decay rate", '''
beta2 = 1 - eta
margin = sum(
    c * eta * beta2**k * eta**n
    for c, k, n in [(288, 0, 0), (768, 1, 1), (344, 1, 2), (96, 0, 3), (84, 0, 4), (64, 0, 5), (8, 0, 6)]
)
'''),
    Mistaken("only expanded", 1, '''
C2, beta2 = 4 + 2 * eta, 1 - eta
V1, V2, V3 = C2 + beta2 + beta2**2, 1 + beta2 * C2 + beta2**2, 1 + beta2 + beta2**2 * C2
margin = sp.expand(16 * V1**2 - C2**2 * V2 * V3)
''', "not seen in this form"),
    Mistaken("not even expanded", 1, '''
small, large = sides()
margin = large - small
''', "not seen in this form"),
    Mistaken("the chapter's slope", 0,
             "margin = 576*eta + 12*eta**2 - 338*eta**3 + 76*eta**4 + 44*eta**5 + 5*eta**6", "the chapter's slope"),
    Mistaken("the sides exchanged", 0, '''
small, large = sides()
margin = sp.expand(small - large)
''', "exchanged"),
    Mistaken("C^2 for C^4", 0, '''
C2, beta2 = 4 + 2 * eta, 1 - eta
V1, V2, V3 = C2 + beta2 + beta2**2, 1 + beta2 * C2 + beta2**2, 1 + beta2 + beta2**2 * C2
margin = 16 * V1**2 - C2 * V2 * V3
''', "in place of 4"),
    Mistaken("4 for 16", 0, '''
C2, beta2 = 4 + 2 * eta, 1 - eta
V1, V2, V3 = C2 + beta2 + beta2**2, 1 + beta2 * C2 + beta2**2, 1 + beta2 + beta2**2 * C2
margin = 4 * V1**2 - C2**2 * V2 * V3
''', "4 in place of 16"),
    Mistaken("the higher powers dropped", 0, "margin = 288 * eta + 768 * eta**2", "only the first terms"),
    Mistaken("beta in it", 0, 'margin = "288*(1 - beta2)"', "an unknown name"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q5

ANSWERS["q5"] = [
    Alternative("as text", 'forgets = {"factor": "p", "gap": "t*(Max(b*p, v) - b*p)"}'),
    Alternative("t multiplied out", 'forgets = {"factor": p, "gap": t * sp.Max(0, v - b * p)}'),
    Alternative("the hypothesis inside the gap", '''
forgets = {"factor": 0, "gap": p * (t * b - (t - 1)) + t * (sp.Max(b * p, v) - b * p)}
'''),
    Alternative("the gap expanded", 'forgets = {"factor": p, "gap": sp.expand(t * (sp.Max(b * p, v) - b * p))}'),
    Alternative("a third of the hypothesis, the gap expanded in part", '''
forgets = {"factor": p, "gap": t * sp.Max(b * p, v) / 3 - t * b * p / 3 + 2 * t * (sp.Max(b * p, v) - b * p) / 3}
'''),
    Alternative("half of each", '''
forgets = {"factor": p / 2, "gap": p / 2 * (t * b - t + 1) + t * (sp.Max(v, p * b) - b * p)}
'''),
    Mistaken("t missing", 0, 'forgets = {"factor": p, "gap": sp.Max(b * p, v) - b * p}', "the factor t is missing"),
    Mistaken("less v", 0, 'forgets = {"factor": p, "gap": t * (sp.Max(b * p, v) - v)}', "the wrong one"),
    Mistaken("a maximum without memory", 0, 'forgets = {"factor": p, "gap": t * (sp.Max(p, v) - p)}', "without its memory"),
    Mistaken("everything is gap", 1, 'forgets = {"factor": 0, "gap": t * sp.Max(b * p, v) - (t - 1) * p}', "sign is not seen"),
    Mistaken("half of the hypothesis in a gap that is expanded", 1, '''
forgets = {"factor": p / 2, "gap": sp.expand(p / 2 * (t * b - t + 1) + t * (sp.Max(b * p, v) - b * p))}
''', "not seen in this form"),
    Mistaken("the factor is t", 0, 'forgets = {"factor": t * p, "gap": t * (sp.Max(b * p, v) - b * p)}', "do not add up"),
    Mistaken("no gap", 0, 'forgets = {"factor": p, "gap": 0}', "do not add up"),
    Mistaken("the factor alone", 0, "forgets = p", "not a certificate"),
    Mistaken("other names for the parts", 0,
             'forgets = {"memory": p, "gap": t * (sp.Max(b * p, v) - b * p)}', "not a certificate"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q6

ANSWERS["q6"] = [
    Alternative("runs of the method itself, a line through the drifts near the zero", '''
def drifts(slopes, seed, runs=4000, T=160, beta2=0.6):
    """The mean quotient of each slope in many runs, all slopes on the same large gradients: (runs, slopes)."""
    rng = np.random.default_rng(seed)
    v, total = np.ones((runs, len(slopes))), np.zeros((runs, len(slopes)))
    for t in range(T):
        large = rng.random((runs, 1)) < 1 / 3
        total += (t >= 40) * (
            slopes / np.sqrt(beta2 * v + (1 - beta2) * slopes**2) - 2 / np.sqrt(beta2 * v + 1 - beta2)) / 3
        v = beta2 * v + (1 - beta2) * np.where(large, slopes, -1.0) ** 2
    return total / (T - 40)


slopes = np.linspace(3.1, 3.5, 9)
each = drifts(slopes, 1).reshape(20, 200, 9).mean(axis=1)
zeros = []
for row in each:
    curve = np.polyfit(slopes, row, 3)
    roots = np.roots(curve)
    zeros.append(next(float(r.real) for r in roots if abs(r.imag) < 1e-9 and 3 < r.real < 3.7))
slope = (float(np.mean(zeros)), 3 * float(np.std(zeros, ddof=1)) / 20**0.5)
'''),
    Alternative("all histories of fourteen steps, the rest bounded", '''
beta2, n = 0.6, 14
bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
chance = (1 / 3) ** bits.sum(axis=1) * (2 / 3) ** (n - bits.sum(axis=1))
newest = bits @ ((1 - beta2) * beta2 ** np.arange(n))


def zero(older):
    Y = newest + beta2**n * older
    low, high = 2.0, 6.0
    for _ in range(50):
        C = (low + high) / 2
        V = 1 + (C**2 - 1) * Y
        drift = chance @ (C / np.sqrt(beta2 * V + (1 - beta2) * C**2) - 2 / np.sqrt(beta2 * V + 1 - beta2))
        low, high = (low, C) if drift > 0 else (C, high)
    return low


ends = zero(0.0), zero(1.0)
slope = (sum(ends) / 2, abs(ends[1] - ends[0]) / 2 + 1e-3)
'''),
    Alternative("one long average, in blocks", '''
rng = np.random.default_rng(9)
Y, kept = np.zeros(2000), []
for t in range(400):
    Y = 0.6 * Y + 0.4 * (rng.random(2000) < 1 / 3)
    if t >= 60 and t % 5 == 0:
        kept.append(Y)
kept = np.array(kept)


def drift(C, Y):
    V = 1 + (C * C - 1) * Y
    return np.mean(C / np.sqrt(0.6 * V + 0.4 * C * C) - 2 / np.sqrt(0.6 * V + 0.4))


def newton(Y, C=3.0):
    for _ in range(12):
        C -= drift(C, Y) * 2e-4 / (drift(C + 1e-4, Y) - drift(C - 1e-4, Y))
    return C


zeros = np.array([newton(kept[:, k::20]) for k in range(20)])
slope = [zeros.mean(), 3.5 * zeros.std(ddof=1) / 20**0.5]
'''),
    Mistaken("the periodic order", 0, "slope = (2.5715, 0.01)", "periodic one"),
    Mistaken("first order", 1, "slope = (3.3403, 0.03)", "first order, not measured"),
    Mistaken("the mean gradient", 0, "slope = (2.0, 0.01)", "the mean gradient changes its sign"),
    Mistaken("no uncertainty", 1, "slope = 3.297", "no uncertainty"),
    Mistaken("too uncertain", 1, "slope = (3.29, 0.08)", "too uncertain"),
    Mistaken("an uncertainty of zero", 1, "slope = (3.2961, 0)", "no uncertainty"),
    Mistaken("a text", 0, 'slope = ("3.296", "0.01")', "not a number"),
    Mistaken("too sure", 1, "slope = (3.315, 0.005)"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q7

NAME = "the maximum is averaged again"


def _flaw(**changed):
    parts = {"line": 3, "mistake": NAME, "program": 9.0, "amsgrad": 3.6935} | changed
    return f"flaw = {parts!r}"


ANSWERS["q7"] = [
    Alternative("by running both", '''
v, top, program = 0.0, 0.0, 0.0
for t in range(9000):
    g = 3.0 if t % 3 == 0 else -1.0
    v = 0.99 * v + 0.01 * g * g
    top = max(top, v)
    program = max(program, 0.99 * program + 0.01 * g * g)
flaw = {"amsgrad": top, "program": program, "mistake": "The maximum is averaged again.", "line": 3}
'''),
    Alternative("exactly", f'flaw = {{"line": 3, "mistake": "{NAME}", "program": 9, "amsgrad": float(Fraction(109701, 29701))}}'),
    Alternative("four digits", f'flaw = {{"line": np.int64(3), "mistake": "{NAME.upper()}", "program": 9.00, "amsgrad": 3.694}}'),
    Mistaken("line 2", 3, _flaw(line=2), "corrects nothing"),
    Mistaken("line 4", 3, _flaw(line=4), "a root of a maximum"),
    Mistaken("the bias", 3, _flaw(mistake="the bias is not corrected"), "not this: the bias"),
    Mistaken("words of one's own", 3, _flaw(mistake="v is wrong"), "not one of the choices"),
    Mistaken("both exchanged", 2, _flaw(program=3.6935, amsgrad=9.0), "exchanged"),
    Mistaken("roots", 2, _flaw(program=3.0, amsgrad=1.92185), "the root"),
    Mistaken("mean squares", 2, _flaw(amsgrad=11 / 3), "the mean square"),
    Mistaken("the end of the cycle", 2, _flaw(amsgrad=3.64), None),
    Mistaken("no limits", 2, f'flaw = {{"line": 3, "mistake": "{NAME}"}}', "not a diagnosis"),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------------------ q8

Q8 = """
def amsgrad_step(x, g, m, v, top, t, alpha, beta1, beta2, power=0.5):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    keep = (1 - 1 / t) ** (2 * power)
    top = np.maximum(keep * top, v)
    root = np.sqrt(top)
    return x - alpha / t**power * m / (root + (root == 0)), m, v, top
"""

ANSWERS["q8"] = [
    Alternative("where one is larger", '''
def amsgrad_step(x, g, m, v, top, t, alpha, beta1, beta2, power=0.5):
    m = m + (1 - beta1) * (g - m)
    v = v + (1 - beta2) * (g**2 - v)
    faded = ((t - 1) / t) ** power * ((t - 1) / t) ** power * top
    top = np.where(v > faded, v, faded)
    step = np.divide(m, np.sqrt(t ** (2 * power) * top), out=np.zeros_like(m), where=top > 0)
    return (x - alpha * step, m, v, top)
'''),
    Alternative("coordinate by coordinate", '''
def amsgrad_step(x, g, m, v, top, t, alpha, beta1, beta2, power=0.5):
    x, m, v, top = (np.array(a, dtype=float) for a in (x, m, v, top))
    for i in np.ndindex(x.shape):
        m[i] = beta1 * m[i] + (1 - beta1) * g[i]
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2
        top[i] = max((t - 1) ** (2 * power) * top[i] / t ** (2 * power), v[i])
        if top[i]:
            x[i] -= alpha * m[i] / (top[i] ** 0.5 * t**power)
    return [x, m, v, top]
'''),
    Alternative("the scale itself does not fall", '''
def amsgrad_step(x, g, m, v, top, t, alpha, beta1, beta2, power=0.5):
    v = beta2 * v + (1 - beta2) * np.square(g)
    m = beta1 * m + (1 - beta1) * g
    scale = np.stack([(t - 1.0) ** (2 * power) * top, t ** (2.0 * power) * v]).max(axis=0)
    with np.errstate(invalid="ignore"):
        quotient = np.nan_to_num(m / scale**0.5)
    return x - alpha * quotient, m, v, scale / t ** (2.0 * power)
'''),
    Mistaken("as it was", 0, _changed(Q8, ("v = beta2 * v +", "v = beta2 * top +")), "averaged again"),
    Mistaken("nothing is forgotten", 2, _changed(Q8, ("keep * top", "top")), "forgets nothing"),
    Mistaken("the share of question 5", 2, _changed(Q8, ("(1 - 1 / t) ** (2 * power)", "1 - 1 / t")), "whatever the rate"),
    Mistaken("the power not doubled", 2, _changed(Q8, ("(2 * power)", "power")), "not of the scale"),
    Mistaken("one step ahead", 2, _changed(Q8, ("(1 - 1 / t)", "(t / (t + 1))")), "share of the next step"),
    Mistaken("both are made to forget", 2, _changed(Q8, ("np.maximum(keep * top, v)", "keep * np.maximum(top, v)")),
             "larger of both"),
    Mistaken("the share of the average", 2, _changed(Q8, ("np.maximum(keep * top, v)", "np.maximum(top, keep * v)")),
             "not of the maximum"),
    Mistaken("Adam", 0, _changed(Q8, ("np.maximum(keep * top, v)", "v")), "there is no maximum"),
    Mistaken("the maximum stored as the average", 0, _changed(Q8, ("m, v, top\n", "m, top, top\n")), "stored as the average"),
    Mistaken("the maximum before the average", 0, _changed(Q8, (
        "    v = beta2", "    old = v\n    v = beta2"), ("np.maximum(keep * top, v)", "np.maximum(keep * top, old)")),
             "leaves out the present"),
    Mistaken("the root forgotten", 0, _changed(Q8, ("np.sqrt(top)", "top")), "root is forgotten"),
    Mistaken("a constant rate", 2, _changed(Q8, ("alpha / t**power", "alpha")), "does not fall"),
    Mistaken("always the root of t", 2, _changed(Q8, ("alpha / t**power", "alpha / np.sqrt(t)")), "whatever the power"),
    Mistaken("changed in place", 0, _changed(Q8, ("    m = beta1", "    top *= 1.0\n    m = beta1")), "changes its input"),
    Mistaken("0/0", 4, _changed(Q8, ("(root + (root == 0))", "root")), "a division by zero"),
]  # fmt: skip
