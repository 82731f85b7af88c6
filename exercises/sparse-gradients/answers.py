"""Other right answers to "Sparse gradients", and wrong ones with the points that each must get and the mistake to be named."""

from lecture_optim.check.testing import Alternative, Mistaken

ROWS = """
def batch_gradient(w, indptr, indices, y):
    paragraph = np.repeat(np.arange(len(y)), np.diff(indptr))
    scores = np.bincount(paragraph, weights=w[indices], minlength=len(y))
    slopes = -y / (1 + np.exp(y * scores)) / len(y)
    rows, place = np.unique(indices, return_inverse=True)
    return rows, np.bincount(place, weights=slopes[paragraph])
"""

KEEP = """
def keep_and_scale(g, p, u):
    rows = np.flatnonzero(u < p)
    some = p > 0
    variance = np.sum(g[some] ** 2 * (1 / p[some] - 1))
    return rows, g[rows] / p[rows], variance
"""

TABLE = """
def table_step(W, rows, G, batch, lr, decay):
    W = W - lr * decay * W
    np.subtract.at(W, rows, lr * G / batch)
    return W
"""

DECAYED = """
def decayed_step(v, scale, rows, G, lr, decay):
    v, scale = v.copy(), (1 - lr * decay) * scale
    if scale < 1e-6:
        v, scale = scale * v, 1.0
    v[rows] -= lr * G / scale
    return v, scale
"""

LUCK = """
rng, runs = np.random.default_rng(5), 100_000
def times(n):
    drawn = rng.integers(1, 10_001, size=(runs, n)).astype(float)
    return drawn
rare, common = times(8), times(12)
share = np.array([np.mean(np.sum(rare ** -power, axis=1) > np.sum(common ** -power, axis=1)) for power in (0.5, 1.0)])
error = 3 * np.sqrt(share * (1 - share) / runs)
luck = {"root": (share[0], error[0]), "harmonic": (share[1], error[1])}
"""

NAMES = """
mistakes = {
    "A": "of a repeated row only the last gradient counts",
    "B": "only rows in the batch decay, once for each time they are there",
    "C": "each row is averaged over its own sightings, not over the batch",
}
"""


def changed(code, *changes):
    """The code with each (old, new) put in; ValueError where an old part is not there."""
    for old, new in changes:
        if old not in code:
            raise ValueError(f"{old!r} does not stand in the code")
        code = code.replace(old, new)
    return code


ANSWERS = {
    "q1": [
        Alternative("np.add.at, and a naive logistic function that overflows to the right value", changed(
            ROWS, ("return rows, np.bincount(place, weights=slopes[paragraph])", """entries = np.zeros(len(rows))
    np.add.at(entries, place, slopes[paragraph])
    return rows, entries"""),
        )),
        Alternative("a dictionary and a loop", """
from math import exp

def batch_gradient(w, indptr, indices, y):
    found = {}
    for b in range(len(y)):
        words = [int(j) for j in indices[indptr[b]:indptr[b + 1]]]
        margin = y[b] * sum(w[j] for j in words)
        wrong = exp(-margin) / (1 + exp(-margin)) if margin > 0 else 1 / (1 + exp(margin))
        for j in words:
            found[j] = found.get(j, 0.0) - y[b] * wrong / len(y)
    rows = sorted(found)
    return rows, [found[j] for j in rows]
"""),
        Alternative("a dense vector, then its rows", changed(ROWS, ("rows, place = np.unique(indices, return_inverse=True)\n", """
    full = np.bincount(indices, weights=slopes[paragraph], minlength=len(w))
    rows = np.array(sorted(set(indices.tolist())))
"""), ("return rows, np.bincount(place, weights=slopes[paragraph])", "return rows, full[rows]"))),
        Alternative("reduceat and tanh", changed(
            ROWS, ("np.bincount(paragraph, weights=w[indices], minlength=len(y))", "np.add.reduceat(w[indices], indptr[:-1])"),
            ("-y / (1 + np.exp(y * scores)) / len(y)", "-y * 0.5 * (1 - np.tanh(y * scores / 2)) / len(y)"),
        )),
        Mistaken("the sum, not the mean", 1, changed(ROWS, (" / len(y)\n", "\n")), "not divided by the number of paragraphs"),
        Mistaken("uphill", 0, changed(ROWS, ("-y /", "y /")), "the sign is wrong"),
        Mistaken("repeated words forgotten", 2, changed(
            ROWS, ("return rows, np.bincount(place, weights=slopes[paragraph])", """entries = np.zeros(len(rows))
    entries[place] += slopes[paragraph]
    return rows, entries"""),
        ), "only one entry counts"),
        Mistaken("the probability of the right answer", 0, changed(ROWS, ("np.exp(y", "np.exp(-y")), "the right answer"),
        Mistaken("no label in the exponent", 0, changed(ROWS, ("np.exp(y * scores)", "np.exp(scores)")), "label is missing"),
        Mistaken("all rows", 0, changed(
            ROWS, ("return rows, np.bincount(place, weights=slopes[paragraph])",
                   "return np.arange(len(w)), np.bincount(indices, weights=slopes[paragraph], minlength=len(w))"),
        ), "rows that no paragraph holds"),
        Mistaken("not sorted, not added up", 0, changed(
            ROWS, ("return rows, np.bincount(place, weights=slopes[paragraph])", "return indices, slopes[paragraph]"),
        ), "the rows are"),
        Mistaken("nan for large scores", 3, changed(
            ROWS, ("-y / (1 + np.exp(y * scores))", "-y * np.exp(-y * scores) / (1 + np.exp(-y * scores))"),
        )),
        Mistaken("divided by the words", 0, changed(ROWS, ("/ len(y)\n", "/ len(indices)\n")), "number of words"),
    ],
    "q2": [
        Alternative("the second moment less the square", changed(
            KEEP, ("np.sum(g[some] ** 2 * (1 / p[some] - 1))", "np.sum(g[some] ** 2 / p[some]) - np.sum(g**2)"),
        )),
        Alternative("a loop", """
def keep_and_scale(g, p, u):
    rows, values, variance = [], [], 0.0
    for j in range(len(g)):
        if u[j] < p[j]:
            rows.append(j)
            values.append(g[j] / p[j])
        if g[j] != 0:
            variance += p[j] * (g[j] / p[j] - g[j]) ** 2 + (1 - p[j]) * g[j] ** 2
    return rows, values, variance
"""),
        Alternative("np.where, and a division that is told where", """
def keep_and_scale(g, p, u):
    scaled = np.divide(g, p, out=np.zeros_like(g), where=p > 0)
    kept = np.nonzero(u < p)[0]
    return [kept, scaled[kept], float(np.dot(g * scaled, 1 - p))]
"""),
        Mistaken("not scaled", 2, changed(KEEP, ("g[rows] / p[rows]", "g[rows]")), "not scaled"),
        Mistaken("multiplied", 2, changed(KEEP, ("g[rows] / p[rows]", "g[rows] * p[rows]")), "multiplied by the probability"),
        Mistaken("kept the wrong way", 2, changed(KEEP, ("u < p", "u >= p")), "the probability 1 - p"),
        Mistaken("variance of what is not scaled", 1, changed(
            KEEP, ("(1 / p[some] - 1)", "p[some] * (1 - p[some])"),
        ), "without the scale"),
        Mistaken("second moment", 1, changed(KEEP, ("(1 / p[some] - 1)", "(1 / p[some])")), "second moment"),
        Mistaken("this draw's error", 1, changed(KEEP, ("np.sum(g[some] ** 2 * (1 / p[some] - 1))", "0.0"), ("    return", """
    estimate = np.zeros(len(g))
    estimate[rows] = g[rows] / p[rows]
    variance = np.sum((estimate - g) ** 2)
    return""")), "this one draw"),
        Mistaken("standard deviation", 1, changed(
            KEEP, ("np.sum(g[some] ** 2 * (1 / p[some] - 1))", "np.sqrt(np.sum(g[some] ** 2 * (1 / p[some] - 1)))"),
        ), "root of the variance"),
        Mistaken("mean over coordinates", 1, changed(
            KEEP, ("np.sum(g[some] ** 2 * (1 / p[some] - 1))", "np.sum(g[some] ** 2 * (1 / p[some] - 1)) / len(g)"),
        ), "mean over coordinates"),
        Mistaken("0/0", 3, changed(KEEP, ("some = p > 0", "some = slice(None)"))),
        Mistaken("the zeros too", 2, changed(
            KEEP, ("return rows, g[rows] / p[rows], variance",
                   "return np.arange(len(g)), np.where(u < p, g / np.where(p > 0, p, 1), 0.0), variance"),
        ), "the zeros are returned"),
    ],
    "q3": [
        Alternative("one fraction", 'coast = {"after": (w * (1 - mu) + delta * (mu - mu ** (k + 1))) / (1 - mu), '
                    '"limit": (w - mu * w + mu * delta) / (1 - mu)}'),
        Alternative("what is left of the way", 'whole = delta / (1 / mu - 1)\n'
                    'coast = {"after": w + whole - mu**k * whole, "limit": w + whole}'),
        Alternative("over mu - 1", 'coast = {"after": w - delta * mu * (1 - mu**k) / (mu - 1), '
                    '"limit": w + delta * (1 / (1 - mu) - 1)}'),
        Alternative("as text", 'coast = {"after": "w + mu*delta*(mu**k - 1)/(mu - 1)", "limit": "w - mu*delta/(mu - 1)"}'),
        Mistaken("one step too many", 0, 'coast = {"after": w + delta * (1 - mu**k) / (1 - mu), "limit": w + delta / (1 - mu)}',
                 "one step too many"),
        Mistaken("one step too few", 1, 'coast = {"after": w + delta * (mu - mu**k) / (1 - mu), '
                 '"limit": w + delta * mu / (1 - mu)}', "one step too few"),
        Mistaken("the last step only", 0, 'coast = {"after": w + delta * mu**k, "limit": w}', "only the last step"),
        Mistaken("steps all alike", 0, 'coast = {"after": w + k * mu * delta, "limit": w + mu * delta}', "as long as the first"),
        Mistaken("a sum left standing", 1, 'j = Index("j")\n'
                 'coast = {"after": w + delta * sp.Sum(mu**j, (j, 1, k)), "limit": w + delta * mu / (1 - mu)}', "closed form"),
        Mistaken("no start", 0, 'coast = {"after": delta * mu * (1 - mu**k) / (1 - mu), "limit": delta * mu / (1 - mu)}',
                 "the start is left out"),
        Mistaken("the wrong way", 0, 'coast = {"after": w - delta * mu * (1 - mu**k) / (1 - mu), '
                 '"limit": w - delta * mu / (1 - mu)}', "the sign is wrong"),
        Mistaken("a limit that still moves", 2, 'after = w + delta * mu * (1 - mu**k) / (1 - mu)\n'
                 'coast = {"after": after, "limit": after}', "the limit holds k"),
    ],
    "q4": [
        Alternative("with capital letters and full stops", changed(NAMES, ('"of', '"Of'), ('counts"', 'counts."'))),
        Alternative("key by key", changed(NAMES, ("mistakes = {", "mistakes = dict({"), ("\n}", "\n})"))),
        Alternative("with blanks", changed(NAMES, ('there"', 'there "'), ('"each', '"  each'))),
        Mistaken("A and B swapped", 1, changed(NAMES, ('"A"', '"X"'), ('"B"', '"A"'), ('"X"', '"B"')), "A lets every row decay"),
        Mistaken("B and C swapped", 1, changed(NAMES, ('"B"', '"X"'), ('"C"', '"B"'), ('"X"', '"C"')), "B divides by the batch"),
        Mistaken("A and C swapped", 1, changed(NAMES, ('"A"', '"X"'), ('"C"', '"A"'), ('"X"', '"C"')), "C adds up repeated"),
        Mistaken("C not looked at", 2, changed(NAMES, ('"C"', '"c"')), "a key is missing"),
        Mistaken("own words", 2, changed(NAMES, ("each row is averaged over its own sightings, not over the batch", "mean")),
                 "not one of the choices"),
        Mistaken("a list", 0, "mistakes = ['of a repeated row only the last gradient counts'] * 3", "not a dict"),
        Mistaken("B unanswered", 2, changed(
            NAMES, ('"only rows in the batch decay, once for each time they are there"', "None"),
        ), "not answered yet"),
    ],
    "q5": [
        Alternative("a loop over the rows", """
def table_step(W, rows, G, batch, lr, decay):
    new = (1 - lr * decay) * W
    for row, gradient in zip(rows, G):
        new[row] = new[row] - lr / batch * gradient
    return new
"""),
        Alternative("the dense gradient", """
def table_step(W, rows, G, batch, lr, decay):
    g = np.zeros(W.shape)
    np.add.at(g, rows, G)
    return W - lr * (g / batch + decay * W)
"""),
        Alternative("a matrix of sightings", """
def table_step(W, rows, G, batch, lr, decay):
    sightings = np.equal.outer(np.arange(len(W)), rows).astype(float)
    return W - lr * (sightings @ G / batch + decay * W)
"""),
        Alternative("unique rows", """
def table_step(W, rows, G, batch, lr, decay):
    new = W * (1 - lr * decay)
    for row in set(rows.tolist()):
        new[row] -= lr * G[rows == row].sum(axis=0) / batch
    return new
"""),
        Mistaken("program A", 2, changed(TABLE, ("np.subtract.at(W, rows, lr * G / batch)", "W[rows] -= lr * G / batch")),
                 "of a repeated row only the last gradient counts"),
        Mistaken("program B", 2, """
def table_step(W, rows, G, batch, lr, decay):
    W = W.copy()
    np.subtract.at(W, rows, lr * (G / batch + decay * W[rows]))
    return W
""", "only rows in the batch decay"),
        Mistaken("program C", 0, """
def table_step(W, rows, G, batch, lr, decay):
    g, seen = np.zeros_like(W), np.zeros(len(W))
    np.add.at(g, rows, G)
    np.add.at(seen, rows, 1)
    return W - lr * (g / np.maximum(seen, 1)[:, None] + decay * W)
""", "averaged over its own sightings"),
        Mistaken("not averaged", 0, changed(TABLE, ("lr * G / batch", "lr * G")), "where it should be averaged"),
        Mistaken("decay without rate", 2, changed(TABLE, ("lr * decay", "decay")), "not multiplied by the rate"),
        Mistaken("no decay", 2, changed(TABLE, ("W - lr * decay * W", "W.copy()")), "the decay is forgotten"),
        Mistaken("in place", 0, changed(TABLE, ("W = W - lr * decay * W", "W *= 1 - lr * decay")), "changes its input"),
        Mistaken("decay last", 2, changed(
            TABLE, ("W = W - lr * decay * W", "W = W.copy()"), ("return W", "return W - lr * decay * W"),
        ), "after the gradient"),
        Mistaken("decay over the batch", 2, changed(TABLE, ("lr * decay", "lr * decay / batch")), "divided by the batch"),
    ],
    "q6": [
        Alternative("folds late", changed(DECAYED, ("1e-6", "1e-100"))),
        Alternative("folds where it must, by a loop", """
def decayed_step(v, scale, rows, G, lr, decay):
    new = scale * (1 - lr * decay)
    out = np.array(v)
    if new < 1e-7:
        out = np.array([new * x for x in out])
        new = 1.0
    for row, gradient in zip(rows, G):
        out[row] = out[row] - lr * gradient / new
    return out, new
"""),
        Alternative("by the wanted weights", changed(
            DECAYED, ("v[rows] -= lr * G / scale", "v[rows] = (scale * v[rows] - lr * G) / scale"), ("1e-6", "9e-7"),
        )),
        Mistaken("not divided", 1, changed(DECAYED, ("lr * G / scale", "lr * G")), "not divided by the scale"),
        Mistaken("divided by the old scale", 1, """
def decayed_step(v, scale, rows, G, lr, decay):
    v = v.copy()
    v[rows] -= lr * G / scale
    scale = (1 - lr * decay) * scale
    if scale < 1e-6:
        v, scale = scale * v, 1.0
    return v, scale
""", "before the step"),
        Mistaken("never folded", 3, changed(DECAYED, ("scale < 1e-6", "False")), "underflows"),
        Mistaken("dense", 3, changed(DECAYED, ("scale < 1e-6", "True")), "every entry is touched"),
        Mistaken("no rate", 0, changed(DECAYED, ("lr * decay", "decay")), "the rate is missing"),
        Mistaken("no decay", 0, changed(DECAYED, ("(1 - lr * decay) * scale", "scale")), "the decay is forgotten"),
        Mistaken("in place", 0, changed(DECAYED, ("v.copy()", "v")), "changes its input"),
        Mistaken("uphill", 1, changed(DECAYED, ("-=", "+=")), "the sign is wrong"),
        Mistaken("only seen rows decay", 0, """
def decayed_step(v, scale, rows, G, lr, decay):
    v = v.copy()
    v[rows] = (1 - lr * decay) * v[rows] - lr * G / scale
    return v, scale
""", "only rows that are seen decay"),
        Mistaken("folded at zero only", 3, changed(DECAYED, ("scale < 1e-6", "scale == 0"))),
    ],
    "q7": [
        Alternative("repeated steps allowed, which is rare", LUCK),
        Alternative("eighty batches and their standard error", """
rng, shares = np.random.default_rng(11), []
for batch in range(80):
    a, b = rng.integers(1, 10_001, (600, 8)).astype(float), rng.integers(1, 10_001, (600, 12)).astype(float)
    shares.append([np.mean((a**-q).sum(axis=1) > (b**-q).sum(axis=1)) for q in (0.5, 1.0)])
shares = np.array(shares)
error = 3 * shares.std(axis=0, ddof=1) / np.sqrt(len(shares))
luck = {"root": [shares[:, 0].mean(), error[0]], "harmonic": [shares[:, 1].mean(), error[1]]}
"""),
        Alternative("a generous uncertainty", changed(LUCK, ("error = ", "error = [0.01, 0.01] #"))),
        Mistaken("exchanged", 0, changed(LUCK, ("> np.sum(common", "< np.sum(common")), "the words are exchanged"),
        Mistaken("rates exchanged", 0, changed(LUCK, ('"root"', '"x"'), ('"harmonic"', '"root"'), ('"x"', '"harmonic"')),
                 "the rate of the other question"),
        Mistaken("own clocks", 0, 'luck = {"root": (0.0, 0.001), "harmonic": (0.0, 0.001)}', "its own clock"),
        Mistaken("too few runs", 0, changed(LUCK, ("100_000", "2_000")), "too uncertain"),
        Mistaken("no uncertainty", 0, changed(LUCK, ("(share[0], error[0])", "share[0]"), ("(share[1], error[1])", "share[1]")),
                 "no uncertainty"),
        Mistaken("in percent", 0, changed(LUCK, ("(share[0], error[0])", "(100 * share[0], 0.01)"),
                                          ("(share[1], error[1])", "(100 * share[1], 0.01)"))),
        Mistaken("certain", 0, changed(LUCK, ("error = ", "error = [0.0, 0.0] #")), "no uncertainty"),
        Mistaken("one rate for both", 2, changed(LUCK, ("(share[1], error[1])", "(share[0], error[0])")),
                 "the rate of the other question"),
    ],
    "q8": [
        Alternative("over p", 'price = {"best": a[i] / (A / B), "gap": sp.Sum((a[i] - p[i] * A / B) ** 2 / p[i], (i, 1, d))}'),
        Alternative("Lagrange's identity", 'j = Index("j")\nprice = {"best": B * a[i] / sp.Sum(a[j], (j, 1, d)) * '
                    'sp.Sum(a[j], (j, 1, d)) / A, "gap": sp.Sum(p[i] * p[j] * (a[i] / p[i] - a[j] / p[j]) ** 2, '
                    '(i, 1, d), (j, 1, d)) / (2 * B)}'),
        Alternative("the sum of sizes written out", 'j = Index("j")\nprice = {"best": B * a[i] / A, "gap": '
                    'sp.Sum(p[i] * (a[i] / p[i] - sp.Sum(a[j], (j, 1, d)) / B) ** 2, (i, 1, d))}'),
        Alternative("roots", 'price = {"best": a[i] * B * A**-1, "gap": '
                    'sp.Sum((a[i] / sp.sqrt(p[i]) - sp.sqrt(p[i]) * A / B) ** 2, (i, 1, d))}'),
        Mistaken("the difference itself", 1, 'price = {"best": B * a[i] / A, "gap": '
                 'sp.Sum(a[i] ** 2 / p[i], (i, 1, d)) - A**2 / B}', "the difference itself"),
        Mistaken("no weight", 1, 'price = {"best": B * a[i] / A, "gap": sp.Sum((a[i] / p[i] - A / B) ** 2, (i, 1, d))}',
                 "the weight p[i] is missing"),
        Mistaken("no square", 1, 'price = {"best": B * a[i] / A, "gap": sp.Sum(p[i] * (a[i] / p[i] - A / B), (i, 1, d))}',
                 "the square is missing"),
        Mistaken("half", 1, 'price = {"best": B * a[i] / A, "gap": sp.Sum(p[i] * (a[i] / p[i] - A / B) ** 2, (i, 1, d)) / 2}',
                 "half the gap"),
        Mistaken("a distribution", 2, 'price = {"best": a[i] / A, "gap": sp.Sum(p[i] * (a[i] / p[i] - A / B) ** 2, (i, 1, d))}',
                 "add up to 1"),
        Mistaken("all alike", 2, 'price = {"best": B / d, "gap": sp.Sum(p[i] * (a[i] / p[i] - A / B) ** 2, (i, 1, d))}',
                 "all alike"),
        Mistaken("by squares", 2, 'price = {"best": B * a[i] ** 2 / A ** 2, "gap": '
                 'sp.Sum(p[i] * (a[i] / p[i] - A / B) ** 2, (i, 1, d))}', "proportion to the squares"),
        Mistaken("no gap", 0, 'price = {"best": p[i], "gap": 0}', "no gap"),
    ],
}  # fmt: skip
