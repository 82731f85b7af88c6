"""Tests of the warm-up. SymPy is imported by the test that needs it, so that the others run without."""

from types import SimpleNamespace

import numpy as np

from lecture_optim.check.testing import close, number, numbers, prepared, test

# ------------------------------------------------------------------------------------------------------ q1: one step by hand

START, CURVATURE, RATE = np.array([2.0, -1.0]), np.array([1.0, 10.0]), 0.15


def one_step(answer, coordinate):
    """That one coordinate of the new point is right; the message does not tell the right number."""
    gradient = CURVATURE * START
    wrong = {
        "the step goes uphill": START + RATE * gradient,
        "the learning rate is forgotten": START - gradient,
        "the curvature is forgotten": START - RATE * START,
        "the step is given, and not the new point": -RATE * gradient,
        "the gradient is given, and not the new point": gradient,
        "the gradient is that of the sum of a w², without the half": START - 2 * RATE * gradient,
    }
    # The whole answer tells which mistake it was, better than one of its coordinates.
    right, entries = START - RATE * gradient, numbers(answer)
    if entries is None or entries.shape != (2,):
        close(answer, right, what="new_point", show=False)
    named = next((name for name, value in wrong.items() if np.allclose(entries, value)), None)
    mistakes = {named: wrong[named][coordinate]} if named else {}
    close(entries[coordinate], right[coordinate], rtol=1e-6, what=f"new_point[{coordinate}]", mistakes=mistakes, show=False)


@test("q1", points=1, title="The flat coordinate")
def flat(answer, rng):
    """The coordinate of curvature 1."""
    one_step(answer, 0)


@test("q1", points=1, title="The steep coordinate")
def steep(answer, rng):
    """The coordinate of curvature 10, which jumps over its minimum."""
    one_step(answer, 1)


# -------------------------------------------------------------------------------------------------- q2: every position on the way


def positions(w, a, lr, steps):
    return np.array([(1 - lr * a) ** t * w for t in range(steps + 1)])


@test("q2", points=2, title="Every position on the way")
def on_the_way(answer, rng):
    """Several sizes, each coordinate with a curvature of its own."""
    for d in (1, 3, 5):
        steps = int(rng.integers(3, 7))
        w, a, lr = rng.standard_normal(d), rng.uniform(0.5, 3.0, d), rng.uniform(0.05, 0.3)
        right = positions(w, a, lr, steps)
        mistakes = {
            "one array is appended many times, so that every row is the last position": np.array([right[-1]] * (steps + 1)),
            "the step goes uphill": positions(w, -a, lr, steps),
            "the learning rate is forgotten": positions(w, a, 1.0, steps),
            "the curvature is forgotten": positions(w, np.ones(d), lr, steps),
            "the gradient is always that at the start": np.array([w - t * lr * a * w for t in range(steps + 1)]),
            "the start is missing": right[1:],
            "one step is missing": right[:-1],
            "only the last position is returned": right[-1],
        }
        close(answer(w, a, lr, steps), right, given={"w": w, "a": a, "lr": lr, "steps": steps}, mistakes=mistakes)


@test("q2", points=1, title="No step at all")
def no_step(answer, rng):
    """The smallest case: the start alone, as a table of one row."""
    w, a = rng.standard_normal(4), rng.uniform(0.5, 3.0, 4)
    mistakes = {"the start is missing": np.zeros((0, 4)), "only the last position is returned": w}
    close(answer(w, a, 0.1, 0), w[None], given={"w": w, "a": a, "lr": 0.1, "steps": 0}, mistakes=mistakes)


# ------------------------------------------------------------------------------------------- q3: what happens to the loss


@prepared
def factors():
    """The letters of q3, the right expression, and what known mistakes give."""
    import sympy as sp

    eta, a = sp.symbols("eta a", positive=True)
    wrong = {
        "this is the factor of w, and not of the loss": 1 - eta * a,
        "the step goes uphill": (1 + eta * a) ** 2,
        "the curvature is forgotten": (1 - eta) ** 2,
        "the square is of a and eta alone": 1 - eta**2 * a**2,
        "the term with eta² is dropped, which holds for small eta only": 1 - 2 * eta * a,
        "the loss itself is part of the factor": a / 2 * (1 - eta * a) ** 2,
        "the factor is turned over: it is the loss before over the loss after": 1 / (1 - eta * a) ** 2,
    }
    return SimpleNamespace(names={"eta": eta, "a": a}, right=(1 - eta * a) ** 2, wrong=wrong)


@test("q3", points=2, title="The factor of the loss")
def loss_factor(answer, rng):
    """Any form of the expression, as the book's checker sees it."""
    from lecture_optim.check.expressions import equivalent, expression

    q = factors()
    equivalent(expression(answer, q.names, "factor"), q.right, mistakes=q.wrong, what="factor")


# ------------------------------------------------------------------------------------------------------- q4: a small measurement


def losses(steps=20, start=(1.0, 1.0), weights=CURVATURE):
    """The loss after these steps, for each of the rates 0.01 to 0.25."""
    rates = np.arange(1, 26) / 100
    return rates, np.array([np.sum(weights * positions(np.array(start), CURVATURE, rate, steps)[-1] ** 2) for rate in rates])


@test("q4", points=2, title="The best of the learning rates")
def best_of_the_rates(answer, rng):
    """Recomputed. Neighbours on the grid are 0.01 apart."""
    rates, found = losses()
    best = rates[np.argmin(found)]
    mistakes = {
        "this is the smallest loss, and not the rate that leaves it": found.min() / 2,
        "the place in the list of rates is given, and not the rate": float(np.argmin(found)),
        "this is the rate that suits the steep coordinate alone": 0.1,
        "this is the classical rate; the measured one is another": 0.18,
        "this is where the steep coordinate stops shrinking": 0.2,
        "the largest rate leaves the largest loss": 0.25,
        "the smallest rate leaves the loss almost as it was": 0.01,
        "one step alone is looked at": rates[np.argmin(losses(1)[1])],
    }
    near = {name: value for name, value in mistakes.items() if abs(value - best) > 0.005}
    number(answer, best, atol=0.004, mistakes=near, what="best_rate")
