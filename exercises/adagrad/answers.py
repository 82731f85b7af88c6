"""Other right answers to "AdaGrad", and wrong ones with the points that each must get and the mistake to be named."""

from lecture_optim.check.testing import Alternative, Mistaken

ROWS = """
def adagrad_rows(W, S, rows, G, lr, eps):
    g = np.zeros_like(W)
    np.add.at(g, rows, G)
    S = S + g**2
    root = np.sqrt(S) + eps
    return W - lr * g / np.where(root > 0, root, 1.0), S
"""

CAUSES = """
causes = {
    "A": "the squares are averaged over the steps so far",
    "B": "one sum serves all coordinates",
    "C": "nothing is wrong",
    "D": "the gradients are added up, and their sum is squared",
    "E": "the sum starts anew every four steps",
}
"""

TRAIN = """
def train(w, epochs, lr, eps):
    w, S = w.copy(), np.zeros_like(w)
    for epoch in epochs:
        for g in epoch:
            S += g**2
            root = np.sqrt(S) + eps
            w -= lr * g / np.where(root > 0, root, 1.0)
    return w
"""

METER = """
def regret_curve(w, g, low, high):
    paid = np.cumsum(np.sum(g * w, axis=1))
    total = np.cumsum(g, axis=0)
    best = np.sum(np.minimum(total * low, total * high), axis=1)
    return paid - best
"""

COIN = """
def mean_regret(q, runs=20_000, T=400, c=2**0.5, seed=3):
    rng = np.random.default_rng(seed)
    w, paid, total = np.zeros(runs), np.zeros(runs), np.zeros(runs)
    for t in range(1, T + 1):
        g = np.where(rng.random(runs) < q, -1.0, 1.0)
        paid += g * w
        total += g
        w = np.clip(w - c * g / np.sqrt(t), -1, 1)
    regret = (paid + np.abs(total)) / np.sqrt(T)
    return regret.mean(), 3 * regret.std() / np.sqrt(runs)

curve = {q: mean_regret(q) for q in (0.5, 0.525, 0.55, 0.575, 0.6, 0.65, 0.75)}
coin = {"fair": curve[0.5], "loaded": curve[0.6], "worst": max(curve, key=lambda q: curve[q][0])}
"""
QUICK = COIN.replace("(0.5, 0.525, 0.55, 0.575, 0.6, 0.65, 0.75)", "(0.5, 0.575, 0.6)").replace("20_000", "8_000")

PLANE = """
def project_sum(w, h, total):
    unseen = h == 0
    gives = unseen.astype(float) if unseen.any() else 1 / h
    return w + (total - np.sum(w)) * gives / np.sum(gives)
"""


def changed(code, *changes):
    """The code with each (old, new) put in; ValueError where an old part is not there."""
    for old, new in changes:
        if old not in code:
            raise ValueError(f"{old!r} does not stand in the code")
        code = code.replace(old, new)
    return code


def gaps(above="(b - a) ** 2 / b", below="a * (b - a) / b"):
    return f'gaps = {{"above": {above}, "below": {below}}}'


def cube(gap="(b - a) ** 2 * (b + 2 * a) / (2 * b)", bound="W**2 * b / (2 * c) + sp.Rational(3, 4) * c * b**2"):
    return f'cube = {{"gap": {gap}, "bound": {bound}}}'


ANSWERS = {
    "q1": [
        Alternative("distinct rows only", """
def adagrad_rows(W, S, rows, G, lr, eps):
    W, S = W.copy(), S.copy()
    distinct, place = np.unique(rows, return_inverse=True)
    g = np.zeros((len(distinct), W.shape[1]))
    np.add.at(g, place, G)
    S[distinct] += g * g
    root = np.sqrt(S[distinct]) + eps
    W[distinct] -= np.divide(lr * g, root, out=np.zeros_like(g), where=g != 0)
    return W, S
"""),
        Alternative("a dictionary of rows", """
def adagrad_rows(W, S, rows, G, lr, eps):
    W, S, found = W.copy(), S.copy(), {}
    for row, part in zip(rows.tolist(), G):
        found[row] = found.get(row, 0) + part
    for row, g in found.items():
        S[row] = S[row] + g**2
        for j in range(W.shape[1]):
            if g[j] != 0:
                W[row, j] -= lr * g[j] / (S[row, j] ** 0.5 + eps)
    return [W, S]
"""),
        Alternative("a matrix of sightings", """
def adagrad_rows(W, S, rows, G, lr, eps):
    g = np.equal.outer(np.arange(len(W)), rows).astype(float) @ G
    S = S + np.square(g)
    with np.errstate(invalid="ignore", divide="ignore"):
        return W - np.where(g == 0, 0.0, lr * g / (np.sqrt(S) + eps)), S
"""),
        Mistaken("squares of the parts", 1, """
def adagrad_rows(W, S, rows, G, lr, eps):
    g, S = np.zeros_like(W), S.copy()
    np.add.at(g, rows, G)
    np.add.at(S, rows, G**2)
    root = np.sqrt(S) + eps
    return W - lr * g / np.where(root > 0, root, 1.0), S
""", "the squares of the parts"),
        Mistaken("repeated rows forgotten", 1, changed(ROWS, ("np.add.at(g, rows, G)", "g[rows] += G")),
                 "only the last gradient counts"),
        Mistaken("eps inside", 1, changed(ROWS, ("np.sqrt(S) + eps", "np.sqrt(S + eps)")), "eps stands inside"),
        Mistaken("0/0", 3, changed(ROWS, ("np.where(root > 0, root, 1.0)", "root"))),
        Mistaken("the old sum", 0, changed(ROWS, ("S = S + g**2\n    root = np.sqrt(S) + eps",
                                                 "root = np.sqrt(S) + eps\n    S = S + g**2")), "the old sum divides"),
        Mistaken("no square", 0, changed(ROWS, ("g**2", "np.abs(g)")), "the square is forgotten"),
        Mistaken("no root", 0, changed(ROWS, ("np.sqrt(S)", "S")), "the root is forgotten"),
        Mistaken("one sum a row", 0, changed(ROWS, ("g**2", "np.sum(g**2, axis=1, keepdims=True)")), "one sum for each row"),
        Mistaken("no memory", 1, changed(ROWS, ("S + g**2", "g**2"))),
        Mistaken("in place", 0, changed(ROWS, ("S = S + g**2", "S += g**2")), "changes its input"),
        Mistaken("eps left out", 1, changed(ROWS, ("np.sqrt(S) + eps", "np.sqrt(S)")), "eps is left out"),
    ],
    "q2": [
        Alternative("with capital letters and full stops", changed(CAUSES, ('"the', '"The'), ('wrong"', 'wrong."'))),
        Alternative("key by key", changed(CAUSES, ("causes = {", "causes = dict({"), ("\n}", "\n})"))),
        Alternative("with blanks", changed(CAUSES, ('coordinates"', 'coordinates "'), ('"nothing', '"  nothing'))),
        Alternative("by computation", """
def run(rule):
    w, S, total, path = np.zeros(2), np.zeros(2), np.zeros(2), []
    for t, g in enumerate(stream, 1):
        S, total = (np.zeros(2) if rule == "anew" and t == 5 else S) + g**2, total + g
        square = {"averaged": S / t, "shared": S.sum() + 0 * S, "summed": total**2, "root": S**2}.get(rule, S)
        w = w - np.divide(g, np.sqrt(square), out=np.zeros(2), where=g != 0)
        path.append(w)
    return np.array(path)

words = {
    "averaged": "the squares are averaged over the steps so far", "shared": "one sum serves all coordinates",
    "right": "nothing is wrong", "summed": "the gradients are added up, and their sum is squared",
    "anew": "the sum starts anew every four steps", "root": "the step divides by the sum, not by its root",
}
causes = {log: words[min(words, key=lambda rule: np.abs(run(rule) - path).max())] for log, path in logs.items()}
"""),
        Mistaken("A for C", 4, changed(
            CAUSES, ("the squares are averaged over the steps so far", "nothing is wrong")), "log A is"),
        Mistaken("B for the sum without root", 4, changed(
            CAUSES, ("one sum serves all coordinates", "the step divides by the sum, not by its root")), "log B is"),
        Mistaken("C suspected", 4, changed(
            CAUSES, ("nothing is wrong", "the step divides by the sum, not by its root")), "log C is"),
        Mistaken("D and E swapped", 3, changed(CAUSES, ('"D"', '"X"'), ('"E"', '"D"'), ('"X"', '"E"')), "log D is"),
        Mistaken("E for averaged", 4, changed(CAUSES, ("the sum starts anew every four steps",
                                                        "the squares are averaged over the steps so far")), "log E is"),
        Mistaken("own words", 4, changed(CAUSES, ("nothing is wrong", "all right")), "not one of the choices"),
        Mistaken("a list", 0, "causes = ['nothing is wrong'] * 5", "not a dict"),
        Mistaken("E left out", 4, changed(CAUSES, ('"E"', '"e"')), "a key is missing"),
    ],
    "q3": [
        Alternative("all epochs in one", """
def train(w, epochs, lr, eps):
    if len(epochs) == 0:
        return w.copy()
    g = np.concatenate(epochs)
    root = np.sqrt(np.cumsum(g**2, axis=0)) + eps
    return w - lr * np.sum(np.divide(g, root, out=np.zeros_like(g), where=g != 0), axis=0)
"""),
        Alternative("the printed program, mended line by line", """
def train(w, epochs, lr, eps):
    w = w.copy()
    S = [np.zeros(w.shape[1]) for _ in range(len(w))]
    for epoch in epochs:
        for g in epoch:
            for k in range(len(w)):
                S[k] += g[k] ** 2
                root = np.sqrt(S[k]) + eps
                w[k] -= lr * g[k] / np.where(root == 0, 1, root)
    return w
"""),
        Alternative("number by number", """
def train(w, epochs, lr, eps):
    w = w.tolist()
    S = [[0.0 for x in row] for row in w]
    for g in (g for epoch in epochs for g in epoch.tolist()):
        for k, row in enumerate(g):
            for j, x in enumerate(row):
                if x:
                    S[k][j] += x * x
                    w[k][j] -= lr * x / (S[k][j] ** 0.5 + eps)
    return w
"""),
        Mistaken("as printed", 0, """
def train(w, epochs, lr, eps):
    w = w.copy()
    for epoch in epochs:
        S = [np.zeros(w.shape[1])] * len(w)
        for g in epoch:
            for k in range(len(w)):
                S[k] += g[k] ** 2
                w[k] -= lr * g[k] / np.sqrt(S[k] + eps)
    return w
""", "all layers share one sum"),
        Mistaken("still shared", 2, """
def train(w, epochs, lr, eps):
    w, S = w.copy(), [np.zeros(w.shape[1])] * len(w)
    for epoch in epochs:
        for g in epoch:
            for k in range(len(w)):
                S[k] += g[k] ** 2
                root = np.sqrt(S[k]) + eps
                w[k] -= lr * g[k] / np.where(root > 0, root, 1.0)
    return w
""", "all layers share one sum"),
        Mistaken("still anew", 2, changed(TRAIN, ("    for epoch in epochs:\n", "    for epoch in epochs:\n        S[:] = 0\n")),
                 "the sums start anew"),
        Mistaken("eps still inside", 2, changed(
            TRAIN, ("root = np.sqrt(S) + eps", "root = np.sqrt(S + eps)")), "eps stands inside"),
        Mistaken("0/0", 3, changed(TRAIN, ("np.where(root > 0, root, 1.0)", "root"))),
        Mistaken("the last epoch", 2, changed(TRAIN, ("    for epoch", "    start = w.copy()\n    for epoch"), (
            "        for g in epoch", "        w[:], S[:] = start, 0\n        for g in epoch")), "only the last epoch counts"),
        Mistaken("in place", 0, changed(TRAIN, ("w.copy()", "w")), "changes its input"),
        Mistaken("one epoch", 2, changed(TRAIN, ("return w", "    return w"),), "only the first epoch counts"),
    ],
    "q4": [
        Alternative("by 1 - a/b", gaps("b * (1 - a / b) ** 2", "a * (1 - a / b)")),
        Alternative("as text", gaps("'(a - b)**2/b'", "'(b - a)*a/b'")),
        Alternative("factored by SymPy", "gaps = {'above': sp.factor(2 * (b - a) - (b**2 - a**2) / b), "
                    "'below': sp.factor((b**2 - a**2) / b - (b - a))}"),
        Mistaken("a symbol that has become an array", 0, "a = np.array([1.0, 2.0])\n" + gaps(), "name of a symbol to an array"),
        Mistaken("both symbols have become numbers", 0, "a, b = 1.0, 2.0\n" + gaps(), "a symbol was overwritten"),
        Mistaken("no denominators", 0, gaps("(b - a) ** 2", "a * (b - a)"), "the denominator is missing"),
        Mistaken("exchanged", 0, gaps("a * (b - a) / b", "(b - a) ** 2 / b"), "the gap of the other inequality"),
        Mistaken("not factored", 0, gaps("2 * (b - a) - (b**2 - a**2) / b", "(b**2 - a**2) / b - (b - a)"),
                 "whose sign is not seen"),
        Mistaken("half", 2, gaps(above="(b - a) ** 2 / (2 * b)"), "half the gap"),
        Mistaken("no square", 2, gaps(above="(b - a) / b"), "the square is missing"),
        Mistaken("a sign", 1, gaps(below="a * (a - b) / b"), "the sign is wrong"),
        Mistaken("nothing", 0, gaps("0", "0"), "no gap"),
        Mistaken("divided by a", 2, gaps(above="(b - a) ** 2 / a"), "which may be 0"),
    ],
    "q5": [
        Alternative("a loop over the steps", """
def regret_curve(w, g, low, high):
    paid, total, curve = 0.0, np.zeros(g.shape[1]), []
    for x, gradient in zip(w, g):
        paid += gradient @ x
        total = total + gradient
        u = np.where(total < 0, high, low)
        curve.append(paid - total @ u)
    return curve
"""),
        Alternative("centre and half-width", """
def regret_curve(w, g, low, high):
    middle, half = (low + high) / 2, (high - low) / 2
    total = g.cumsum(axis=0)
    return (g * (w - middle)).sum(axis=1).cumsum() + np.abs(total) @ half
"""),
        Alternative("all corners", """
from itertools import product

def regret_curve(w, g, low, high):
    corners = np.array(list(product(*zip(low, high))))
    return np.cumsum(np.einsum("td,td->t", g, w)) - np.min(np.cumsum(g, axis=0) @ corners.T, axis=1)
"""),
        Mistaken("the best of all steps", 0, changed(
            METER, ("np.sum(np.minimum(total * low, total * high), axis=1)", "total @ np.where(total[-1] < 0, high, low)"),
        ), "the best point of all T steps"),
        Mistaken("a comparator that moves", 0, changed(
            METER, ("np.sum(np.minimum(total * low, total * high), axis=1)",
                    "np.cumsum(np.sum(np.minimum(g * low, g * high), axis=1))"),
        ), "the comparator moves"),
        Mistaken("the worst point", 0, changed(METER, ("minimum", "maximum")), "the worst point"),
        Mistaken("the unit box", 1, changed(
            METER, ("np.sum(np.minimum(total * low, total * high), axis=1)", "-np.sum(np.abs(total), axis=1)"),
        ), "taken to be [-1, 1]"),
        Mistaken("one end for all", 1, changed(
            METER, ("np.sum(np.minimum(total * low, total * high), axis=1)", "np.minimum(total @ low, total @ high)"),
        ), "one end of the box"),
        Mistaken("the loss only", 0, changed(METER, ("paid - best", "paid")), "the comparator is left out"),
        Mistaken("among the played", 0, changed(
            METER, ("np.sum(np.minimum(total * low, total * high), axis=1)",
                    "np.array([np.min(w[: t + 1] @ total[t]) for t in range(len(w))])"),
        ), "only points that were played"),
        Mistaken("the last only", 0, changed(METER, ("return paid - best", "return (paid - best)[-1]")), "only the last number"),
        Mistaken("the sign", 0, changed(METER, ("paid - best", "best - paid")), "the sign is wrong"),
    ],
    "q6": [
        Alternative("another seed, and fewer coins looked at", changed(QUICK, ("seed=3", "seed=8"))),
        Alternative("an exact fair coin, and the sum of squares kept", """
from math import comb
rng, runs = np.random.default_rng(12), 8_000
coin, means = {"fair": [400 * comb(400, 200) / 2**400 / 20, 0.001]}, {}
for q in (0.55, 0.575, 0.6):
    g = np.where(rng.random((400, runs)) < q, -1.0, 1.0)
    w, S, paid = np.zeros(runs), 0.0, 0.0
    for row in g:
        paid = paid + row * w
        S = S + row**2
        w = np.minimum(np.maximum(w - np.sqrt(2) * row / np.sqrt(S), -1), 1)
    R = (paid - np.minimum(g.sum(axis=0), -g.sum(axis=0))) / 20
    means[q] = R.mean()
    if q == 0.6:
        coin["loaded"] = [R.mean(), 3 * R.std(ddof=1) / np.sqrt(runs)]
coin["worst"] = max(means, key=means.get)
"""),
        Alternative("a generous uncertainty", changed(QUICK, ("3 * regret.std() / np.sqrt(runs)", "0.02"))),
        Mistaken("not divided", 1, changed(QUICK, ("/ np.sqrt(T)\n", "\n"), ("3 * regret", "0.02 + 0 * regret"),),
                 "not divided by the root"),
        Mistaken("divided by T", 1, changed(QUICK, ("/ np.sqrt(T)\n", "/ T\n")), "divided by T"),
        Mistaken("a comparator that is always 1", 3, changed(
            QUICK, ("np.abs(total)", "-total"), ("8_000", "20_000"), ("3 * regret.std() / np.sqrt(runs)", "0.02"),
            ("max(curve, key=lambda q: curve[q][0])", "0.575"),
        ), "the comparator is missing"),
        Mistaken("c = 1", 2, changed(QUICK, ("c=2**0.5", "c=1.0"), ('max(curve, key=lambda q: curve[q][0])', "0.575")), "c = 1"),
        Mistaken("too few runs", 1, changed(QUICK, ("8_000", "500"), ('max(curve, key=lambda q: curve[q][0])', "0.575")),
                 "too uncertain"),
        Mistaken("fair is worst", 3, changed(QUICK, ('max(curve, key=lambda q: curve[q][0])', "0.5")), "the fair coin"),
        Mistaken("loaded is worst", 3, changed(QUICK, ('max(curve, key=lambda q: curve[q][0])', "0.75")), "loaded most"),
        Mistaken("one coin for both", 2, changed(QUICK, ("curve[0.6]", "curve[0.5]")), "the fair coin"),
        Mistaken("no uncertainty", 1, changed(QUICK, ("curve[0.5]", "curve[0.5][0]"), ("curve[0.6]", "curve[0.6][0]")),
                 "no uncertainty"),
    ],
    "q7": [
        Alternative("Lagrange's equations, solved", """
def project_sum(w, h, total):
    d = len(w)
    if (h == 0).any():
        x = w.copy()
        x[h == 0] += (total - w.sum()) / np.sum(h == 0)
        return x
    A = np.zeros((d + 1, d + 1))
    A[:d, :d], A[:d, d], A[d, :d] = np.diag(h), -1, 1
    return np.linalg.solve(A, np.append(h * w, total))[:d]
"""),
        Alternative("a loop", """
def project_sum(w, h, total):
    miss = total - sum(w)
    zeros = sum(1 for x in h if x == 0)
    if zeros:
        return [x + (miss / zeros if weight == 0 else 0) for x, weight in zip(w, h)]
    scale = miss / sum(1 / weight for weight in h)
    return [x + scale / weight for x, weight in zip(w, h)]
"""),
        Alternative("in coordinates in which the norm is the usual one", """
def project_sum(w, h, total):
    if np.min(h) == 0:
        return w + np.where(h == 0, (total - w.sum()) / np.sum(h == 0), 0)
    n = 1 / np.sqrt(h)
    z = w / n
    return n * (z - n * (n @ z - total) / (n @ n))
"""),
        Mistaken("Euclidean", 1, "def project_sum(w, h, total):\n    return w + (total - w.sum()) / len(w)",
                 "all give way alike"),
        Mistaken("weights upside down", 1, changed(PLANE, ("1 / h", "h"), ("unseen.astype(float) if unseen.any() else ", "")),
                 "the weights themselves"),
        Mistaken("squares", 2, changed(PLANE, ("1 / h", "1 / h**2")), "one over the squares"),
        Mistaken("roots", 2, changed(PLANE, ("1 / h", "1 / np.sqrt(h)")), "one over the roots"),
        Mistaken("scaled", 0, "def project_sum(w, h, total):\n    return w * total / w.sum()", "scaled, not moved"),
        Mistaken("the wrong way", 0, changed(PLANE, ("w +", "w -")), "the sign is wrong"),
        Mistaken("sum 0", 0, changed(PLANE, ("(total - np.sum(w))", "(0 - np.sum(w))")), "the sum is made 0"),
        Mistaken("division by 0", 3, "def project_sum(w, h, total):\n    return w + (total - w.sum()) / h / np.sum(1 / h)"),
        Mistaken("the last one", 0, changed(PLANE, (
            "return w + (total - np.sum(w)) * gives / np.sum(gives)", "return np.append(w[:-1], total - np.sum(w[:-1]))")),
            "only the last entry"),
    ],
    "q8": [
        Alternative("factored by SymPy", cube("sp.factor(sp.Rational(3, 2) * (b**2 - a**2) - (b**3 - a**3) / b)",
                                             "b * (2 * W**2 + 3 * b * c**2) / (4 * c)")),
        Alternative("as text", cube("'(a - b)**2*(a + b/2)/b'", "'W**2*b/(2*c) + 0.75*c*b**2'")),
        Alternative("two terms", cube("(b - a) ** 2 / 2 + a * (b - a) ** 2 / b", "(W**2 / c + 3 * c * b / 2) * b / 2")),
        Mistaken("a symbol that has become an array", 0, "b = np.array([1.0, 2.0])\n" + cube(), "name of a symbol to an array"),
        Mistaken("not factored", 2, cube("sp.Rational(3, 2) * (b**2 - a**2) - (b**3 - a**3) / b"), "whose sign is not seen"),
        Mistaken("twice the gap", 2, cube("(b - a) ** 2 * (b + 2 * a) / b"), "the factor 1/2 is missing"),
        Mistaken("a and b exchanged", 2, cube("(b - a) ** 2 * (2 * b + a) / (2 * b)"), "a and b are exchanged"),
        Mistaken("no square", 2, cube("(b - a) * (b + 2 * a) / (2 * b)"), "the square is missing"),
        Mistaken("the whole price", 2, cube(bound="W**2 * b / (2 * c) + sp.Rational(3, 2) * c * b**2"), "half of the price"),
        Mistaken("the whole weight", 2, cube(bound="W**2 * b / c + sp.Rational(3, 4) * c * b**2"), "half of the weight"),
        Mistaken("as for the root", 0, cube("(b - a) ** 2 / b", "W**2 * b / (2 * c) + c * b"), "for square roots"),
        Mistaken("no factor", 2, cube(bound="W**2 * b / (2 * c) + c * b**2 / 2"), "the factor 3/2 of the sum"),
        Mistaken("W", 2, cube(bound="W * b / (2 * c) + sp.Rational(3, 4) * c * b**2"), "W is not squared"),
        Mistaken("from a", 2, cube(bound="W**2 * b / (2 * c) + sp.Rational(3, 4) * c * (b**2 - a**2)"), "does not begin at 0"),
    ],
}  # fmt: skip
