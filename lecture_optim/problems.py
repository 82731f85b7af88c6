"""Losses with exact gradients, and the online streams of the book.

A `Problem` takes parameters w of shape (..., d); leading axes are a batch of independent runs. A stream is an array of
gradients, one a step along the first axis, of the linear losses f_t(w) = <g_t, w>.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lecture_optim import checks

__all__ = [
    "Network", "Problem", "SparseLogistic", "least_squares", "log1p_exp", "logistic", "mini_batches", "one_hot", "power_law",
    "quadratic", "reddi_periodic", "saddle", "sigmoid", "two_point",
]  # fmt: skip


def sigmoid(z):
    """1 / (1 + exp(-z)), without overflow for any finite z."""
    e = np.exp(-np.abs(z))
    return np.where(np.asarray(z) >= 0, 1.0, e)[()] / (1.0 + e)


def log1p_exp(z):
    """log(1 + exp(z)), without overflow: the logistic loss of margin -z."""
    return np.logaddexp(0.0, z)


@dataclass(frozen=True)
class Problem:
    """A differentiable loss on R^d, as a mean over n terms where it has terms (n = 0 where it has none).

    loss(w, rows=None) -> (...) and gradient(w, rows=None) -> (..., d) for w of shape (..., d); ``rows`` picks the terms of a
    batch: an index array (B,), or (k, B) with a batch of its own for each of k runs, for w of shape (k, d).
    smoothness: the exact Lipschitz constant of the gradient, None where there is none.
    minimizer: one point of least loss, None where it is not known in closed form.
    """

    d: int
    loss: Callable
    gradient: Callable
    n: int = 0
    smoothness: float | None = None
    minimizer: np.ndarray | None = None


def _matrix(**named):
    """The one named argument as a finite float matrix; raises ValueError that names it otherwise."""
    ((name, value),) = named.items()
    matrix = np.asarray(value, dtype=float)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(f"{name} must be a matrix with rows and columns, but has shape {matrix.shape}")
    checks.finite(**{name: matrix})
    return matrix


def _examples(X, y):
    X, y = _matrix(X=X), np.asarray(y, dtype=float)
    if y.shape != X.shape[:1]:
        raise ValueError(f"y must have one number for each of the {len(X)} rows of X, but has shape {y.shape}")
    checks.finite(y=y)
    return X, y


def quadratic(A, b=None):
    """1/2 w'Aw - b'w for a symmetric matrix A (d, d) and a vector b (d,), zero unless given.

    ``smoothness`` is the largest absolute eigenvalue; ``minimizer`` is given where A is positive definite beyond rounding.
    It has no terms: ``rows`` must be None.
    """
    A = _matrix(A=A)
    if A.shape[0] != A.shape[1] or not np.array_equal(A, A.T):
        raise ValueError(f"A must be symmetric, but is {A!r}")
    b = np.zeros(len(A)) if b is None else np.asarray(b, dtype=float)
    if b.shape != (len(A),):
        raise ValueError(f"b must have shape {(len(A),)}, but has {b.shape}")
    checks.finite(b=b)
    eigenvalues = np.linalg.eigvalsh(A)
    definite = eigenvalues.min() > len(A) * np.finfo(float).eps * np.abs(eigenvalues).max()
    return Problem(
        d=len(A),
        loss=_without_terms(lambda w: 0.5 * np.sum(w @ A * w, axis=-1) - w @ b),
        gradient=_without_terms(lambda w: w @ A - b),
        smoothness=float(np.abs(eigenvalues).max()),
        minimizer=np.linalg.solve(A, b) if definite else None,
    )


def _without_terms(f):
    """f as a function of (w, rows=None) that refuses rows."""

    def g(w, rows=None):
        if rows is not None:
            raise ValueError("rows must be None: this problem is no mean over terms")
        return f(w)

    return g


def _scores(w, A):
    """<x, w> of the rows x of A: one matrix (n, d) for all runs, or one for each, (k, B, d) with w (k, d)."""
    return w @ A.T if A.ndim == 2 else (A @ w[..., None])[..., 0]


def _row_sums(c, A):
    """The sums of the rows of A with weights c, (..., n) or (k, B): the transpose of `_scores`."""
    return c @ A if A.ndim == 2 else (c[..., None, :] @ A)[..., 0, :]


def least_squares(X, y):
    """Mean over the n rows of (<x, w> - y)^2 / 2, for X (n, d) and y (n,)."""
    X, y = _examples(X, y)

    def pick(rows):
        return (X, y) if rows is None else (X[rows], y[rows])

    def loss(w, rows=None):
        A, b = pick(rows)
        return 0.5 * np.mean((_scores(w, A) - b) ** 2, axis=-1)

    def gradient(w, rows=None):
        A, b = pick(rows)
        return _row_sums(_scores(w, A) - b, A) / b.shape[-1]

    return Problem(
        d=X.shape[1],
        n=len(X),
        loss=loss,
        gradient=gradient,
        smoothness=float(np.linalg.norm(X, 2) ** 2 / len(X)),
        minimizer=np.linalg.lstsq(X, y)[0],
    )


def _require_signs(labels):
    if not np.isin(labels, (-1.0, 1.0)).all():
        raise ValueError(f"labels must be -1 or +1, but hold {np.unique(labels)[:5]}")


def logistic(X, y, l2=0.0):
    """Mean over the n rows of log(1 + exp(-y <x, w>)), plus l2/2 ||w||^2, for X (n, d) and labels y (n,) of -1 and +1.

    ``smoothness`` is exact: ||X||_2^2 / (4 n) + l2, attained at w = 0 (for one row ||x||^2 / 4).
    """
    X, y = _examples(X, y)
    _require_signs(y)
    checks.at_least(0, l2=l2)
    Z = X * y[:, None]

    def loss(w, rows=None):
        terms = Z if rows is None else Z[rows]
        return np.mean(log1p_exp(-_scores(w, terms)), axis=-1) + 0.5 * l2 * np.sum(w * w, axis=-1)

    def gradient(w, rows=None):
        terms = Z if rows is None else Z[rows]
        return -_row_sums(sigmoid(-_scores(w, terms)), terms) / terms.shape[-2] + l2 * w

    return Problem(
        d=X.shape[1], n=len(X), loss=loss, gradient=gradient, smoothness=float(np.linalg.norm(X, 2) ** 2 / (4 * len(X)) + l2)
    )


def mini_batches(problem, size, rng):
    """The losses of mini-batch descent for `online.play`: (t, w) -> (loss, gradient), each the mean over ``size`` random terms.

    problem: a `Problem` of n terms.
    The terms are drawn with replacement, afresh at every step and for each run of a batch w (k, d) by itself; asked twice in
    one step, as for a comparator, the function keeps to its terms, so it serves one run.
    size = None takes all n, so that nothing is random. Raises ValueError for a problem without terms or size < 1.
    """
    if problem.n < 1:
        raise ValueError("problem must be a mean over terms, as least_squares or logistic makes it, but has none")
    checks.count(1, size=1 if size is None else size)
    step, rows = None, None

    def losses(t, w):
        nonlocal step, rows
        # One f_t for the player and, asked second, for the comparator.
        if size is not None and step != t:
            step, rows = t, rng.integers(problem.n, size=(*w.shape[:-1], size))
        return problem.loss(w, rows), problem.gradient(w, rows)

    return losses


def saddle():
    """x^2/2 + y^4/4 - y^2/2: a saddle at (0, 0), and the minimizers (0, 1) and (0, -1) with loss -1/4."""
    return Problem(
        d=2,
        loss=_without_terms(lambda w: 0.5 * w[..., 0] ** 2 + 0.25 * w[..., 1] ** 4 - 0.5 * w[..., 1] ** 2),
        gradient=_without_terms(lambda w: np.stack([w[..., 0], w[..., 1] ** 3 - w[..., 1]], axis=-1)),
        minimizer=np.array([0.0, 1.0]),
    )


@dataclass(frozen=True)
class SparseLogistic:
    """Logistic loss of a linear score on examples whose features are 0 or 1, stored by the places of their ones.

    indptr (n + 1,), indices: example i has ones at indices[indptr[i]:indptr[i + 1]]; labels (n,) of -1 and +1; d features.
    Weights W have shape (d,), or (d, k) for k runs side by side. Raises ValueError for no examples, an example without ones,
    or an index that is no feature.
    """

    indptr: np.ndarray
    indices: np.ndarray
    labels: np.ndarray
    d: int

    def __post_init__(self):
        if len(self.labels) == 0:
            raise ValueError("labels must hold at least one example, but is empty")
        _require_signs(self.labels)
        if len(self.indptr) != len(self.labels) + 1 or self.indptr[0] != 0 or self.indptr[-1] != len(self.indices):
            raise ValueError("indptr must have one entry more than labels, begin at 0 and end at the length of indices")
        checks.indices("indices", self.indices, self.d)
        if not np.all(np.diff(self.indptr) > 0):
            raise ValueError(f"every example needs a feature, but example {int(np.argmin(np.diff(self.indptr)))} has none")

    def __len__(self):
        return len(self.labels)

    def row(self, i):
        """The features that example i has: the coordinates in which its gradient may differ from zero."""
        return self.indices[self.indptr[i] : self.indptr[i + 1]]

    def margins(self, W):
        """y <w, x> of every example: (n,), or (n, k) for W of shape (d, k)."""
        y = self.labels if W.ndim == 1 else self.labels[:, None]
        return y * np.add.reduceat(W[self.indices], self.indptr[:-1], axis=0)

    def loss(self, W):
        """The mean loss: a number, or (k,)."""
        return np.mean(log1p_exp(-self.margins(W)), axis=0)

    def error(self, W):
        """The share of wrong signs; a margin of exactly 0 counts as half an error."""
        margins = self.margins(W)
        return np.mean((margins < 0) + 0.5 * (margins == 0), axis=0)

    def example(self, W, i):
        """Loss and gradient of example i: (loss, rows, G) with G = the gradient's entries at ``rows``, (r,) or (r, k)."""
        rows = self.row(i)
        # The label makes the margin double also for W in single precision, in which the square of a small slope would be zero.
        y = self.labels[i]
        margin = y * W[rows].sum(axis=0)
        return log1p_exp(-margin), rows, np.full((len(rows), *W.shape[1:]), -y * sigmoid(-margin))


@dataclass(frozen=True)
class Network:
    """A fully connected ReLU network with a softmax loss, its parameters one flat vector w.

    sizes: inputs, hidden layers, classes, as in (64, 100, 10). Raises ValueError for fewer than two sizes or a size below 1.
    """

    sizes: tuple

    def __post_init__(self):
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(f"sizes must hold at least inputs and classes, each >= 1, but is {self.sizes!r}")

    @property
    def d(self):
        """The number of parameters."""
        return sum((a + 1) * b for a, b in pairwise(self.sizes))

    def init(self, rng):
        """He's starting values: weights from N(0, 2 / inputs), biases 0 (He et al. 2015, section 2.2); shape (d,)."""
        w = np.zeros(self.d)
        for W, _ in self.layers(w):
            W[...] = rng.normal(0.0, np.sqrt(2.0 / len(W)), W.shape)
        return w

    def layers(self, w):
        """The pairs (weights (inputs, outputs), biases (outputs,)) of each layer, as views into the flat vector w (d,)."""
        if np.shape(w) != (self.d,):
            raise ValueError(f"w must have shape {(self.d,)}, but has {np.shape(w)}")
        views, start = [], 0
        for a, b in pairwise(self.sizes):
            views.append((w[start : start + a * b].reshape(a, b), w[start + a * b : start + (a + 1) * b]))
            start += (a + 1) * b
        return views

    def forward(self, w, X, dropout=0.0, rng=None):
        """Scores (n, classes) and the hidden activations, each (n, units), zeros where a unit is silent or dropped.

        dropout: the share of hidden units dropped, in [0, 1); the others are scaled by 1 / (1 - dropout), so that means hold
        (Srivastava et al. 2014, section 10, in its inverted form). Needs ``rng`` where dropout > 0.
        """
        checks.below_one(dropout=dropout)
        if dropout and rng is None:
            raise ValueError("dropout > 0 needs rng, a numpy.random.Generator")
        *hidden, (W_out, b_out) = self.layers(w)
        activations = []
        for W, b in hidden:
            X = np.maximum(X @ W + b, 0.0)
            if dropout:
                X = X * (rng.random(X.shape) >= dropout) / (1 - dropout)
            activations.append(X)
        return X @ W_out + b_out, activations

    def loss_and_gradient(self, w, X, y, dropout=0.0, rng=None):
        """The mean cross-entropy of inputs X (n, inputs) with classes y (n,) of integers, and its exact gradient (d,).

        With dropout, both belong to the network with the units that were drawn. Raises ValueError for a class that is none.
        """
        y = checks.indices("y", y, self.sizes[-1])
        scores, activations = self.forward(w, X, dropout, rng)
        log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        n = len(y)
        back = np.exp(log_p)
        back[np.arange(n), y] -= 1.0
        back /= n
        gradient = np.empty(self.d)
        inputs = [X, *activations]
        layers = list(zip(self.layers(gradient), self.layers(w), inputs, strict=True))
        for k, ((dW, db), (W, _), A) in reversed(list(enumerate(layers))):
            dW[...], db[...] = A.T @ back, back.sum(axis=0)
            if k > 0:
                # A unit that is silent or dropped passes nothing back; a surviving one passes its dropout scale.
                back = back @ W.T * (A > 0) / (1 - dropout)
        return -np.mean(log_p[np.arange(n), y]), gradient


def power_law(d, exponent=2.0):
    """Probabilities p_i = i^(-exponent) / sum_j j^(-exponent) of the coordinates i = 1 .. d; shape (d,)."""
    checks.count(1, d=d)
    checks.at_least(0, exponent=exponent)
    p = np.arange(1, d + 1, dtype=float) ** -exponent
    return p / p.sum()


def one_hot(T, p, rng):
    """A stream with one non-zero coordinate a step: coordinate i with probability p[i], its sign +1 or -1 with probability 1/2.

    Returns (coordinates (T,), signs (T,)): g_t = signs[t] at coordinates[t]. The lecture notes' example is p = power_law(d).
    """
    checks.at_least(0, p=p)
    if not np.isclose(np.sum(p), 1.0):
        raise ValueError(f"p must sum to 1, but sums to {np.sum(p)!r}")
    return rng.choice(len(p), size=T, p=p), rng.choice([-1.0, 1.0], size=T)


def two_point(T, high, low, p, rng, shape=()):
    """A stream of independent gradients, ``high`` with probability p and ``low`` otherwise; returns (T, *shape).

    It is the lecture notes' sign example (high = C, low = -1), the stochastic example of Reddi et al. 2018, Theorem 3
    (p = (1 + delta) / (C + 1)), and, with 1 and 0, a coordinate that is seen with probability p (an array p: one a coordinate).
    """
    checks.count(0, T=T)
    checks.at_least(0, p=p)
    checks.at_most(1, p=p)
    checks.finite(high=high, low=low)
    return np.where(rng.random((T, *shape)) < p, float(high), float(low))


def reddi_periodic(T, high, low=-1.0, period=3):
    """The periodic stream of Reddi et al. 2018, Theorem 1: ``high`` at t = 1, 1 + period, ..., else ``low``; shape (T,).

    Its best fixed point on [-1, 1] is -1 where high > -(period - 1) low.
    """
    checks.count(1, T=T, period=period)
    checks.finite(high=high, low=low)
    return np.where(np.arange(T) % period == 0, float(high), float(low))
