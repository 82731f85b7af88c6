"""What the answers to "Sparse gradients" must do: every number is drawn, the right ones come from dense formulas.

SymPy is imported by the tests that need it, so that the others run without.
"""

from contextlib import suppress

import numpy as np

from lecture_optim.check.testing import Wrong, choice, close, entry, interval, parts, prepared, rehearse, test
from lecture_optim.optimizer import optimizer
from lecture_optim.problems import sigmoid
from lecture_optim.rules import sgd

HIGHEST = 9  # power in an answer


# ------------------------------------------------------------------------------------------------ q1: the rows of a gradient


def logistic_rows(w, indptr, indices, y):
    """The mean gradient by way of the full matrix of word counts, and what common mistakes make of it."""
    n, places = len(y), np.repeat(np.arange(len(y)), np.diff(indptr))
    X = np.zeros((n, len(w)))
    np.add.at(X, (places, indices), 1.0)
    margins = y * (X @ w)
    slopes = -y * sigmoid(-margins)
    rows = np.unique(indices)
    presence = (X > 0).astype(float)
    last = np.zeros(len(w))
    last[indices] = slopes[places] / n
    mean = slopes @ X / n
    mistakes = {
        "not divided by the number of paragraphs": n * mean,
        "divided by the number of words, not of paragraphs": mean * n / len(indices),
        "the sign is wrong": -mean,
        "of a word that comes twice only one entry counts": last,
        "the probability of the right answer in place of the wrong": -y * sigmoid(margins) @ X / n,
        "a word that comes twice in a paragraph counts once": (-y * sigmoid(-y * (presence @ w))) @ presence / n,
        "the label is missing in the exponent": -y * sigmoid(-(X @ w)) @ X / n,
    }
    named = {name: (rows, value[rows]) for name, value in mistakes.items()}
    named["rows that no paragraph holds are returned too"] = (np.arange(len(w)), mean)
    order = np.argsort(indices, kind="stable")[::-1]
    named["the rows are repeated"] = (np.sort(indices), mean[np.sort(indices)])
    named["the rows are repeated, one for each word"] = (indices, slopes[places] / n)
    named["the rows are not in rising order"] = (indices, mean[indices])
    named["the rows fall"] = (rows[::-1], mean[rows[::-1]]) if len(rows) > 1 else (indices[order], mean[indices[order]])
    return (rows, mean[rows]), named


def judge_rows(answer, w, indptr, indices, y):
    given = {"w": w, "indptr": indptr, "indices": indices, "y": y}
    want, mistakes = logistic_rows(w, indptr, indices, y)
    close(parts(answer(w, indptr, indices, y), 2, "the result"), want, given=given, mistakes=mistakes)


@test("q1", points=1, title="One paragraph of different words")
def one_paragraph(answer, rng):
    """The gradient is a number times the words; rows must come back in rising order although the words do not."""
    for d, label in ((5, -1.0), (9, 1.0)):
        indices = rng.permutation(d)[: d - 2]
        if np.all(np.diff(indices) > 0):
            indices = indices[::-1].copy()
        judge_rows(answer, rng.normal(size=d), np.array([0, d - 2]), indices, np.array([label]))


@test("q1", points=2, title="A batch whose paragraphs share and repeat words")
def shared_words(answer, rng):
    """Entries of one word add up, within a paragraph and over paragraphs, and the mean is over paragraphs."""
    for d, sizes in ((6, (3, 5, 2)), (8, (4, 4, 3, 6))):
        indices = np.concatenate([rng.integers(1, d - 1, size=k) for k in sizes])  # words 0 and d - 1 never come
        indices[:2], indices[-1] = indices[sizes[0]], indices[0]  # twice in the first paragraph, and in two others
        judge_rows(
            answer, rng.normal(size=d), np.cumsum([0, *sizes]), indices, rng.permutation([1.0, -1.0, 1.0, -1.0])[: len(sizes)]
        )


@test("q1", points=1, title="Scores of a thousand", visible=False)
def large_scores(answer, rng):
    """Neither exp(1000) nor exp(-1000) may turn the gradient into nan."""
    w, y = rng.uniform(900, 1100, size=7), rng.permutation([1.0, 1.0, -1.0, -1.0])
    judge_rows(answer, w, np.array([0, 1, 2, 4, 5]), np.array([3, 0, 2, 4, 1]), y)


# ----------------------------------------------------------------------------------------------------- q2: keep and scale


def sparsified(g, p, u):
    kept = np.flatnonzero(u < p)
    seen = p > 0
    variance = np.sum(g[seen] ** 2 * (1 - p[seen]) / p[seen])
    return kept, g[kept] / p[kept], variance


def draw_sparse(rng, d):
    """Numbers for q2 of which some entries are kept and some are not."""
    g, p, u = rng.normal(size=d) * 3, rng.uniform(0.2, 0.9, size=d), rng.random(d)
    u[0], u[1] = 0.5 * p[0], 0.5 * (1 + p[1])
    return g, p, u


@test("q2", points=1, title="What is kept, and how it is scaled")
def kept_entries(answer, rng):
    """Coordinate i is kept where u[i] < p[i], and divided by p[i], which makes its mean right."""
    for d in (4, 7):
        g, p, u = draw_sparse(rng, d)
        rows, values, _ = parts(answer(g, p, u), 3, "the result")
        kept, want, _ = sparsified(g, p, u)
        others = np.flatnonzero(u >= p)
        mistakes = {
            "the kept entries are not scaled": (kept, g[kept]),
            "multiplied by the probability": (kept, g[kept] * p[kept]),
            "kept with the probability 1 - p": (others, g[others] / p[others]),
            "scaled by the number kept, not by p": (kept, g[kept] * d / len(kept)),
            "the zeros are returned too": (np.arange(d), np.where(u < p, g / p, 0.0)),
        }
        close((rows, values), (kept, want), given={"g": g, "p": p, "u": u}, mistakes=mistakes, what="(rows, values)")


@test("q2", points=2, title="The exact variance")
def exact_variance(answer, rng):
    """It is the sum over all coordinates of E[(estimate - g)^2], whatever was drawn this time."""
    for d in (3, 6):
        g, p, u = draw_sparse(rng, d)
        kept, values, want = sparsified(g, p, u)
        full = np.zeros(d)
        full[kept] = values
        mistakes = {
            "the variance without the scale": np.sum(g**2 * p * (1 - p)),
            "the second moment, not the variance": np.sum(g**2 / p),
            "the error of this one draw": np.sum((full - g) ** 2),
            "only kept coordinates are counted": np.sum(g[kept] ** 2 * (1 / p[kept] - 1)),
            "the root of the variance": np.sqrt(want),
            "the mean over coordinates, not the sum": want / d,
            "the probability of a loss instead of the odds": np.sum(g**2 * (1 - p)),
        }
        got = parts(answer(g, p, u), 3, "the result")[2]
        close(got, want, given={"g": g, "p": p, "u": u}, mistakes=mistakes, what="variance")


@test("q2", points=1, title="Entries that are surely kept, or zero", visible=False)
def sure_entries(answer, rng):
    """p = 1 adds no variance; p = 0 is allowed where g = 0, and 0/0 counts as 0."""
    g = np.concatenate([rng.normal(size=3), [0.0, 0.0]])
    p, u = np.array([1.0, 1.0, 0.3, 0.0, 0.5]), np.array([0.999, 0.0, 0.1, 0.0, 0.7])
    want = sparsified(g, p, u)
    close(parts(answer(g, p, u), 3, "the result"), want, given={"g": g, "p": p, "u": u})


# ------------------------------------------------------------------------------------------------------------ q3: coasting


@prepared
def coast_letters():
    """The symbols of q3, w, delta, mu, k, by their names."""
    import sympy as sp

    from lecture_optim.derivation import Index

    w, delta = sp.symbols("w delta", real=True)
    return {"w": w, "delta": delta, "mu": sp.Symbol("mu", positive=True), "k": Index("k", 0)}


@test("q3", points=2, title="After k steps without a gradient, by induction")
def coasting(answer, rng):
    """The checker proves the closed form for all k from the rule alone: base k = 0, and the step from k to k + 1."""
    import sympy as sp

    from lecture_optim.check.expressions import expression
    from lecture_optim.derivation import Derivation, Family

    w, delta, mu, k = coast_letters().values()
    after = expression(entry(answer, "after", "coast"), coast_letters(), "coast['after']", highest=HIGHEST)
    if after.has(sp.Sum, sp.Product):
        raise Wrong("coast['after'] still holds a sum; a closed form has none.", "not a closed form")
    place = Family("W", first=0)

    def by_induction():
        d = Derivation("coasting")
        below_one = d.given(mu, "<", 1, "momentum forgets")
        d.given(1, "<", 1 / mu, "the same, divided by mu")  # for answers with 1/mu - 1 below a fraction line
        begin = d.given(place[0], "=", w, "the start")
        rule = d.given(place[k + 1], "=", place[k] + delta * mu ** (k + 1), "the step is mu times the one before")

        def base(chain):
            chain.equal(w, "the start", put=[begin]).equal(after.subs(k, 0), "no step yet", knowing=[below_one])

        def step(chain, hypothesis):
            chain.equal(place[k] + delta * mu ** (k + 1), "the rule", using={rule: 1})
            chain.equal(after.subs(k, k + 1), "the hypothesis", using={hypothesis: 1}, knowing=[below_one])

        d.induct(k, place[k], "=", after, base, step)

    right = w + delta * mu * (1 - mu**k) / (1 - mu)
    mistakes = {
        "one step too many: the first coasting step is mu delta, not delta": w + delta * (1 - mu**k) / (1 - mu),
        "one step too few": w + delta * mu * (1 - mu ** (k - 1)) / (1 - mu),
        "only the last step is counted": w + delta * mu**k,
        "every step is taken to be as long as the first": w + k * mu * delta,
        "the sign is wrong": w - delta * mu * (1 - mu**k) / (1 - mu),
        "the start is left out": right - w,
        "decay of the weight, not of the step": w * mu**k,
    }
    named_proof(by_induction, after, right, mistakes, "coast['after']")


def named_proof(step, got, right, mistakes, what):
    """`proves`, with mistakes that are recognised by their values at a point rather than by their form."""
    import sympy as sp

    from lecture_optim.check.expressions import proves

    w, delta, mu, k = coast_letters().values()
    point = {w: sp.Rational(3, 7), delta: sp.Rational(5, 11), mu: sp.Rational(2, 3), k: 4}
    at = sp.simplify(got.subs(point))
    same = {name: got for name, value in mistakes.items() if sp.simplify(value.subs(point) - at) == 0}
    proves(step, got=got, mistakes=same, what=what)


@test("q3", points=1, title="Where it comes to rest")
def rest(answer, rng):
    """The limit for k to infinity, for 0 < mu < 1."""
    from lecture_optim.check.expressions import equivalent, expression

    w, delta, mu, k = coast_letters().values()
    limit = expression(entry(answer, "limit", "coast"), coast_letters(), "coast['limit']", highest=HIGHEST)
    mistakes = {
        "one step too many: the first coasting step is mu delta, not delta": w + delta / (1 - mu),
        "the start is left out": delta * mu / (1 - mu),
        "the sign is wrong": w - delta * mu / (1 - mu),
        "only the first step is counted": w + mu * delta,
    }
    if limit.has(k):
        raise Wrong("coast['limit'] holds k, which has gone to infinity.", "the limit holds k")
    equivalent(limit, w + delta * mu / (1 - mu), given=[(mu, "<", 1), (1, "<", 1 / mu)], mistakes=mistakes, what="coast['limit']")


# ------------------------------------------------------------------------------------------------ q4, q5: an embedding step

REPEATED = "of a repeated row only the last gradient counts"
UNSEEN = "only rows in the batch decay, once for each time they are there"
SIGHTINGS = "each row is averaged over its own sightings, not over the batch"
CHOICES = (
    REPEATED, UNSEEN, SIGHTINGS, "the gradient is added up where it should be averaged",
    "the decay is not multiplied by the rate", "the table that was passed in is changed",
)  # fmt: skip


def named(answer, program, right, why):
    got = entry(answer, program, "mistakes")
    choice(got, right, among=CHOICES, mistakes=why, what=f"mistakes[{program!r}]")


@test("q4", points=1, title="Program A")
def program_a(answer, rng):
    named(answer, "A", REPEATED, {UNSEEN: "A lets every row decay", SIGHTINGS: "A divides by the batch"})


@test("q4", points=1, title="Program B")
def program_b(answer, rng):
    named(answer, "B", UNSEEN, {REPEATED: "B adds up repeated rows", SIGHTINGS: "B divides by the batch"})


@test("q4", points=1, title="Program C")
def program_c(answer, rng):
    named(answer, "C", SIGHTINGS, {REPEATED: "C adds up repeated rows", UNSEEN: "C lets every row decay"})


def table_step(W, rows, G, batch, lr, decay):
    """The dense step of the package on the table, flattened, and what the three programs and others do."""
    g = np.zeros_like(W)
    for row, gradient in zip(rows, G, strict=True):
        g[row] += gradient
    flat = W.ravel()
    o = optimizer(sgd, lr=lr)
    want = o.update(flat, (g / batch + decay * W).ravel(), o.init(flat))[0].reshape(W.shape)
    last, own = W - lr * decay * W, np.array(W)
    last[rows] -= lr * G / batch
    np.subtract.at(own, rows, lr * (G / batch + decay * W[rows]))
    seen = np.zeros(len(W))
    np.add.at(seen, rows, 1)
    there = W - lr * g / batch
    there[seen > 0] -= lr * decay * W[seen > 0]
    each = g / np.maximum(seen, 1)[:, None]
    mistakes = {
        REPEATED: last,
        UNSEEN: own,
        "only rows in the batch decay": there,
        SIGHTINGS: W - lr * (each + decay * W),
        "the gradient is added up where it should be averaged": W - lr * (g + decay * W),
        "the decay is not multiplied by the rate": W - lr * g / batch - decay * W,
        "the decay is forgotten": W - lr * g / batch,
        "the decay is divided by the batch": W - lr * (g + decay * W) / batch,
        "the decay comes after the gradient": (1 - lr * decay) * (W - lr * g / batch),
    }
    return want, mistakes


def judge_table(answer, W, rows, G, batch, lr, decay):
    want, mistakes = table_step(W, rows, G, batch, lr, decay)
    given = {"W": W, "rows": rows, "G": G, "batch": batch, "lr": lr, "decay": decay}
    close(answer(W, rows, G, batch, lr, decay), want, given=given, mistakes=mistakes, what="the new table")


def draw_table(rng, rows, n=6, m=3):
    rows = np.array(rows, dtype=int)
    return rng.normal(size=(n, m)), rows, rng.normal(size=(len(rows), m)), int(rng.integers(3, 9)), rng.uniform(0.1, 0.9)


@test("q5", points=1, title="Different rows, no decay")
def different_rows(answer, rng):
    """Without repetition and decay the step is a subtraction in the rows of the batch."""
    for n, m in ((6, 3), (5, 1)):
        judge_table(answer, *draw_table(rng, rng.permutation(n)[: n - 2], n, m), 0.0)


@test("q5", points=1, title="Rows that come more than once")
def repeated_rows(answer, rng):
    """All gradients of a row count."""
    a, b, c = rng.permutation(6)[:3]
    judge_table(answer, *draw_table(rng, [a, b, a, c, b, a]), 0.0)


@test("q5", points=1, title="Rows that the batch does not hold")
def unseen_rows(answer, rng):
    """They decay like all others."""
    judge_table(answer, *draw_table(rng, rng.permutation(6)[:3]), rng.uniform(0.2, 0.6))


@test("q5", points=1, title="Three batches in a row, the last one empty", visible=False)
def three_batches(answer, rng):
    """Repeated rows and decay together; a batch without rows still decays the table."""
    for rows in ([1, 4, 1, 1], [0, 0, 5, 2], []):
        judge_table(answer, *draw_table(rng, rows), rng.uniform(0.2, 0.6))


# ------------------------------------------------------------------------------------------------- q6: decay without touching

FOLD = 1e-6  # below this scale the function may touch all entries


def decayed(w, rows, G, lr, decay):
    g = np.zeros_like(w)
    g[rows] = G
    return w - lr * (g + decay * w)


def one_decayed(answer, v, scale, rows, G, lr, decay):
    """One step of the answer, looked at for its form: (v, scale)."""
    v_new, scale_new = parts(answer(v, scale, rows, G, lr, decay), 2, "the result")
    if not isinstance(v_new, np.ndarray) or v_new.shape != v.shape or v_new.dtype.kind not in "fiu":
        raise Wrong(f"v must come back as a float array of the shape {v.shape}.", "the shape is wrong")
    if isinstance(scale_new, np.ndarray) and scale_new.ndim == 0:
        scale_new = scale_new[()]
    if isinstance(scale_new, bool) or not isinstance(scale_new, (int, float, np.integer, np.floating)):
        raise Wrong("scale must come back as one real number.", "the scale is not a number")
    try:
        return np.array(v_new, dtype=float), float(scale_new)
    except OverflowError:
        raise Wrong("scale is an integer beyond every float.", "not finite") from None


@test("q6", points=2, title="Five steps against the dense step")
def five_decayed_steps(answer, rng):
    """scale * v is the dense weight after every step, with a rate that changes; the scale does not begin at 1."""
    for n in (4, 7):
        v, scale = rng.normal(size=n), rng.uniform(0.3, 0.8)
        for _ in range(5):
            rows = rng.permutation(n)[: n // 2]
            G, lr, decay = rng.normal(size=len(rows)), rng.uniform(0.1, 0.5), rng.uniform(0.2, 0.7)
            given = {"v": v, "scale": scale, "rows": rows, "G": G, "lr": lr, "decay": decay}
            w, shrink = scale * v, 1 - lr * decay
            step = np.zeros(n)
            step[rows] = lr * G
            mistakes = {
                "the gradient is not divided by the scale": shrink * w - shrink * scale * step,
                "divided by the scale before the step, not after": shrink * (w - step),
                "multiplied by the scale": shrink * w - (shrink * scale) ** 2 * step,
                "the rate is missing in the decay": (1 - decay) * w - step,
                "the decay is forgotten": w - step,
                "decayed twice": shrink**2 * w - step,
                "the sign is wrong": shrink * w + step,
            }
            seen = np.array(w)
            seen[rows] *= shrink
            mistakes["only rows that are seen decay"] = seen - step
            v_new, scale_new = one_decayed(answer, v, scale, rows, G, lr, decay)
            want = decayed(w, rows, G, lr, decay)
            close(scale_new * v_new, want, given=given, mistakes=mistakes, what="scale * v")
            v, scale = v_new, scale_new


@test("q6", points=1, title="What is not seen is not touched")
def untouched(answer, rng):
    """Outside the rows v comes back bit for bit, so that a step costs as much as its rows."""
    n, rows = 9, rng.permutation(9)[:3]
    v, scale, G = rng.normal(size=n), rng.uniform(0.5, 2.0), rng.normal(size=3)
    lr, decay = rng.uniform(0.1, 0.5), rng.uniform(0.2, 0.7)
    v_new, scale_new = one_decayed(answer, v, scale, rows, G, lr, decay)
    others = np.setdiff1d(np.arange(n), rows)
    given = {"v": v, "scale": scale, "rows": rows, "G": G, "lr": lr, "decay": decay}
    close(scale_new * v_new[others], (1 - lr * decay) * scale * v[others], given=given, what="scale * v outside the rows")
    if not np.array_equal(v_new[others], v[others]):
        raise Wrong("The weights are right, but entries of v outside the rows were changed.", "every entry is touched")


@test("q6", points=1, title="A hundred and twenty steps, and a decay to nothing", visible=False)
def long_decay(answer, rng):
    """A product of so many factors of 0.001 is 0 in floating point; lr * decay = 1 makes the scale 0 at once."""
    w = rng.normal(size=3)
    v, scale = np.array(w), 1.0
    for step in range(120):
        rows, G = np.array([step % 2]), rng.normal(size=1)
        v, scale = one_decayed(answer, v, scale, rows, G, 0.5, 1.998)
        w = decayed(w, rows, G, 0.5, 1.998)
        if not (np.isfinite(v).all() and np.isfinite(scale)):
            raise Wrong(f"After {step + 1} steps with lr * decay = 0.999 there is no finite v and scale.", "the scale underflows")
    with np.errstate(all="ignore"):
        close(scale * v, w, what="scale * v after 120 steps", show=False)
    v, scale = rng.normal(size=3), 1.0
    rows, G = np.array([0, 2]), rng.normal(size=2)
    v_new, scale_new = one_decayed(answer, v, scale, rows, G, 0.5, 2.0)
    want = decayed(v, rows, G, 0.5, 2.0)
    with np.errstate(all="ignore"):
        got = scale_new * v_new
    if not np.isfinite(got).all():
        raise Wrong("With lr * decay = 1 the weights are not finite.", "a division by the scale 0")
    close(got, want, given={"v": v, "rows": rows, "G": G, "lr": 0.5, "decay": 2.0}, what="scale * v")
    rows, G = np.array([1]), rng.normal(size=1)
    v_last, scale_last = one_decayed(answer, v_new, scale_new, rows, G, 0.5, 0.4)
    with np.errstate(all="ignore"):
        got = scale_last * v_last
    close(got, decayed(want, rows, G, 0.5, 0.4), what="scale * v one step after lr * decay = 1")


# ------------------------------------------------------------------------------------------------------- q7: luck and evidence

STEPS, RARE, COMMON, WIDEST = 10_000, 8, 12, 0.01


@prepared
def luck():
    """For the rates 1/sqrt(t) and 1/t the share of runs in which the rarer word travels farther, and its standard error.

    Facts that no answer changes, measured once, in some 200,000 runs.
    """
    rng, runs = np.random.default_rng(812), 200_000

    def travels(seen):
        times = np.sort(rng.integers(1, STEPS + 1, size=(runs, seen)), axis=1)
        times = times[np.all(np.diff(times, axis=1) > 0, axis=1)]  # no two sightings at one step
        return np.sum(times**-0.5, axis=1), np.sum(1 / times, axis=1)

    shares = [
        np.mean(rare[:kept] > common[:kept])
        for rare, common in zip(travels(RARE), travels(COMMON), strict=True)
        for kept in [min(len(rare), len(common))]
    ]
    return [(share, np.sqrt(share * (1 - share) / (0.9 * runs))) for share in shares]


def judge_luck(answer, key):
    got, both = entry(answer, key, "luck"), luck()
    (want, error), (other, _) = both if key == "root" else both[::-1]
    mistakes = {"the words are exchanged": 1 - want, "the rate of the other question": other, "every word has its own clock": 0.0}
    mistakes["given in percent"] = 100 * want
    if isinstance(got, (tuple, list)) and len(got) == 2 and isinstance(got[0], (float, np.floating)) and np.isfinite(got[0]):
        # The recomputation is itself measured: its own four standard errors are given to the answer.
        want += float(np.clip(got[0] - want, -4 * error, 4 * error))
    interval(got, want, widest=WIDEST, what=f"luck[{key!r}]", mistakes=mistakes)


@test("q7", points=2, title="The rate that falls with the root of t")
def luck_root(answer, rng):
    """A recomputation with some 200,000 pairs of words; your three standard errors must cover it."""
    judge_luck(answer, "root")


@test("q7", points=2, title="The rate that falls with t")
def luck_harmonic(answer, rng):
    """The same for 1/t, where the first sighting is nearly everything."""
    judge_luck(answer, "harmonic")


# -------------------------------------------------------------------------------------------------- q8: the price of sparsity


@prepared
def price_letters():
    """The families, symbols and indices of q8, a, p, A, B, i, d and more indices, by their names."""
    import sympy as sp

    from lecture_optim.derivation import Family, Index

    families = {"a": Family("a", sign="nonnegative"), "p": Family("p", sign="positive")}
    return families | {name: sp.Symbol(name, positive=True) for name in "AB"} | {name: Index(name) for name in "idjkmn"}


@test("q8", points=1, title="The best probabilities")
def best_probabilities(answer, rng):
    """Where the gap is 0: a[i]/p[i] is the same for all i."""
    from lecture_optim.check.expressions import equivalent, expression

    a, p, A, budget, i, d, *_ = price_letters().values()
    best = expression(entry(answer, "best", "price"), price_letters(), "price['best']", highest=HIGHEST)
    mistakes = {
        "they add up to 1, not to B": a[i] / A,
        "all alike": budget / d,
        "in proportion to the squares": budget * a[i] ** 2 / A**2,
        "the reciprocal": A / (budget * a[i]),
    }
    if best.has(p):
        raise Wrong("price['best'] holds p itself; say what p[i] is, by a[i], A and B.", "p is explained by p")
    equivalent(best, budget * a[i] / A, mistakes=mistakes, what="price['best']")


def is_whole(total):
    """Whether a sum is that of all a[i] or of all p[i]."""
    a, p, d = (price_letters()[name] for name in "apd")
    (index, low, high), *others = total.limits
    return not others and (low, high) == (1, d) and total.function in (a[index], p[index])


@test("q8", points=2, title="The gap, seen not to be negative")
def price_gap(answer, rng):
    """The checker proves the inequality for all d, a and p with your gap; what it cannot see to be >= 0 proves nothing."""
    import sympy as sp

    from lecture_optim.check.expressions import expression, proves
    from lecture_optim.derivation import Derivation, Unproved

    a, p, A, budget, i, last, *_ = price_letters().values()
    gap = expression(entry(answer, "gap", "price"), price_letters(), "price['gap']", highest=HIGHEST)
    moment = sp.Sum(a[i] ** 2 / p[i], (i, 1, last))

    # The hypotheses put in where the student wrote the sums out.
    whole = {s: A if s.function == a[s.limits[0][0]] else budget for s in gap.atoms(sp.Sum) if is_whole(s)}
    gap = gap.xreplace(whole)
    total, sizes = sp.Sum(p[i], (i, 1, last)), sp.Sum(a[i], (i, 1, last))
    # What an equality is multiplied by depends on the form of the gap: one sum of squares, or Lagrange's sum over pairs.
    ways = [(A**2 / budget**2, -2 * A / budget), (moment / budget, -(A + sizes) / budget)]

    def derivation(of_total, of_sizes):
        d = Derivation("the price of sparsity")
        kept = d.given(total, "=", budget, "the budget")
        size = d.given(sizes, "=", A, "the sum of sizes")
        d.start(moment).at_least(A**2 / budget, "the gap", gap=gap, using={kept: of_total, size: of_sizes})

    if any(len(s.limits) > 1 for s in gap.atoms(sp.Sum)):
        ways.reverse()

    def some_way():
        try:
            return derivation(*ways[0])
        except Unproved as refusal:
            with suppress(Unproved):
                return derivation(*ways[1])
            raise refusal

    ratio, fair = a[i] / p[i], A / budget
    mistakes = {
        "the difference itself, whose sign is to be proved": moment - A**2 / budget,
        "the weight p[i] is missing": sp.Sum((ratio - fair) ** 2, (i, 1, last)),
        "the square is missing": sp.Sum(p[i] * (ratio - fair), (i, 1, last)),
        "half the gap": sp.Sum(p[i] * (ratio - fair) ** 2, (i, 1, last)) / 2,
        "A in place of A/B": sp.Sum(p[i] * (ratio - A) ** 2, (i, 1, last)),
        "no gap": sp.S.Zero,
    }
    proves(some_way, got=gap, mistakes=mistakes, what="price['gap']")


# ------------------------------------------------------------------------------------------------------- before a class is graded


@prepared
def rehearsed():
    """Right answers proved, and wrong ones refused, once before a class is graded: what is found then is kept."""
    coast = {"after": "w + delta*mu*(1 - mu**k)/(1 - mu)", "limit": "w + delta*mu/(1 - mu)"}
    price = {"best": "B*a[i]/A", "gap": "Sum(p[i]*(a[i]/p[i] - A/B)**2, (i, 1, d))"}
    right = ((coasting, coast), (rest, coast), (best_probabilities, price), (price_gap, price))
    rehearse(right, ((coasting, {"after": "w"}), (price_gap, {"gap": "A"})))
