"""Other answers to the warm-up, right and wrong, with the points that each must get."""

from lecture_optim.check.testing import Alternative, Mistaken


def _function(body):
    return f"def descend(w, a, lr, steps):\n{body}"


IN_PLACE = "    out = [w]\n    for _ in range(steps):\n        w -= lr * a * w\n        out.append(w)\n    return np.array(out)"
ANSWERS = {
    "q1": [
        Alternative("computed", "start = np.array([2.0, -1.0])\nnew_point = start - 0.15 * np.array([1.0, 10.0]) * start"),
        Alternative("a list", "new_point = [1.7, 0.5]"),
        Alternative(
            "a tuple of NumPy's numbers, by the factors", "new_point = tuple((1 - 0.15 * np.array([1, 10])) * np.array([2, -1]))"
        ),
        Alternative("rounded differently", "new_point = np.array([2 - 0.1 - 0.1 - 0.1, 0.1 + 0.2 + 0.2])"),
        Mistaken("uphill", 0, "new_point = np.array([2.3, -2.5])", names="uphill"),
        Mistaken("without the rate", 0, "new_point = np.array([0.0, 9.0])", names="the learning rate is forgotten"),
        Mistaken("one curvature for both", 1, "new_point = np.array([1.7, -0.85])", names="the curvature is forgotten"),
        Mistaken("the step alone", 0, "new_point = np.array([-0.3, 1.5])", names="the step is given"),
        Mistaken("the gradient alone", 0, "new_point = np.array([2.0, -10.0])", names="the gradient is given"),
        Mistaken("twice the gradient", 0, "new_point = np.array([1.4, 2.0])", names="without the half"),
        Mistaken("a slip in the sign", 1, "new_point = np.array([1.7, -0.5])", names="the sign is wrong"),
        Mistaken("one number", 0, "new_point = 1.7", names="the shape is wrong"),
        Mistaken("a slip of the pen", 1, "new_point = np.array([1.7, 0.4])"),
        Mistaken("text", 0, "new_point = '1.7, 0.5'", names="must be an array of numbers"),
    ],
    "q2": [
        Alternative("without a loop", _function("    t = np.arange(steps + 1)[:, None]\n    return (1 - lr * a) ** t * w")),
        Alternative(
            "into a table made before",
            _function(
                "    table = np.empty((steps + 1, len(w)))\n    table[0] = w\n    for t in range(steps):\n"
                "        table[t + 1] = table[t] - lr * (a * table[t])\n    return table"
            ),
        ),
        Alternative(
            "on a copy, changed in place, copied at each step",
            _function(
                "    w = w.copy()\n    out = [w.copy()]\n    for t in range(steps):\n        w -= lr * a * w\n"
                "        out.append(w.copy())\n    return np.stack(out)"
            ),
        ),
        Alternative(
            "by recursion, printing on the way",
            _function(
                "    print(steps, 'to go')\n    if steps == 0:\n        return w[None, :]\n"
                "    return np.vstack([w[None, :], descend(w - lr * a * w, a, lr, steps - 1)])"
            ),
        ),
        Alternative(
            "lists of Python's numbers",
            _function("    return [[(1 - lr * c) ** t * x for x, c in zip(w, a)] for t in range(steps + 1)]"),
        ),
        Mistaken(
            "the caller's array is changed",
            1,
            _function(IN_PLACE),
            names="changes its input",
        ),
        Mistaken(
            "one array, many times",
            1,
            _function("    w = w.copy()\n" + IN_PLACE),
            names="one array is appended many times",
        ),
        Mistaken(
            "uphill", 1, _function("    return np.array([(1 + lr * a) ** t * w for t in range(steps + 1)])"), names="uphill"
        ),
        Mistaken(
            "without the rate",
            1,
            _function("    return np.array([(1 - a) ** t * w for t in range(steps + 1)])"),
            names="the learning rate is forgotten",
        ),
        Mistaken(
            "without the curvature",
            1,
            _function("    return np.array([(1 - lr) ** t * w for t in range(steps + 1)])"),
            names="the curvature is forgotten",
        ),
        Mistaken(
            "one gradient for all steps",
            1,
            _function("    return np.array([w - t * lr * a * w for t in range(steps + 1)])"),
            names="always that at the start",
        ),
        Mistaken(
            "without the start",
            0,
            _function("    return np.array([(1 - lr * a) ** t * w for t in range(1, steps + 1)]).reshape(-1, len(w))"),
            names="the start is missing",
        ),
        Mistaken(
            "one step too few",
            0,
            _function("    return np.array([(1 - lr * a) ** t * w for t in range(steps)]).reshape(-1, len(w))"),
            names="one step is missing",
        ),
        Mistaken("the end alone", 0, _function("    return (1 - lr * a) ** steps * w"), names="only the last position"),
        Mistaken("no return", 0, _function("    w = w - lr * a * w"), names="nothing is returned"),
        Mistaken("it is called, and not given", 0, "descend = np.zeros((3, 2))", names="must be a function"),
        Mistaken(
            "positions in columns",
            0,
            _function("    return np.array([(1 - lr * a) ** t * w for t in range(steps + 1)]).T"),
            names="rows and columns",
        ),
    ],
    "q3": [
        Alternative(
            "multiplied out",
            'from sympy import symbols\neta, a = symbols("eta a", positive=True)\nfactor = 1 - 2 * eta * a + eta**2 * a**2',
        ),
        Alternative(
            "the other way round",
            'from sympy import symbols\neta, a = symbols("eta a", positive=True)\nfactor = (a * eta - 1) ** 2',
        ),
        Alternative("as text", 'factor = "(1 - eta*a)**2"'),
        Alternative(
            "the ratio of two losses",
            'from sympy import symbols, Rational\neta, a = symbols("eta a", positive=True)\n'
            "factor = (Rational(1, 2) * a * (3 - eta * a * 3) ** 2) / (Rational(1, 2) * a * 9)",
        ),
        Mistaken("of w", 0, 'factor = "1 - eta*a"', names="the factor of w"),
        Mistaken("uphill", 0, 'factor = "(1 + eta*a)**2"', names="uphill"),
        Mistaken("without the curvature", 0, 'factor = "(1 - eta)**2"', names="the curvature is forgotten"),
        Mistaken("squared piece by piece", 0, 'factor = "1 - eta**2*a**2"', names="the square is of a and eta alone"),
        Mistaken("first order", 0, 'factor = "1 - 2*eta*a"', names="for small eta only"),
        Mistaken("the loss", 0, 'factor = "a/2*(1 - eta*a)**2"', names="the loss itself"),
        Mistaken("before over after", 0, 'factor = "1/(1 - eta*a)**2"', names="turned over"),
        Mistaken("another letter", 0, 'factor = "(1 - lr*a)**2"', names="an unknown name"),
        Mistaken("a wrong power", 0, 'factor = "(1 - eta*a)**4"'),
    ],
    "q4": [
        Alternative("typed in", "best_rate = 0.17"),
        Alternative(
            "by a loop that keeps the best",
            "best = None\nfor k in range(1, 26):\n    w = descend(np.ones(2), np.array([1.0, 10.0]), k / 100, 20)[-1]\n"
            "    loss = 0.5 * (w[0] ** 2 + 10 * w[1] ** 2)\n    if best is None or loss < best:\n"
            "        best, best_rate = loss, k / 100",
        ),
        Alternative(
            "by the formula",
            "rates = np.linspace(0.01, 0.25, 25)\n"
            "best_rate = min(rates, key=lambda r: 0.5 * (1 - r) ** 40 + 5 * (1 - 10 * r) ** 40)",
        ),
        Mistaken("the classical rate", 0, "best_rate = 0.18", names="the classical rate"),
        Mistaken("for the steep coordinate", 0, "best_rate = 0.1", names="the steep coordinate alone"),
        Mistaken("the place and not the rate", 0, "best_rate = 16", names="the place in the list"),
        Mistaken("the loss and not the rate", 0, "best_rate = 0.5 * 0.83**40 + 5 * 0.7**40", names="the smallest loss"),
        Mistaken("the largest rate", 0, "best_rate = 0.25", names="the largest rate"),
        Mistaken("the smallest rate", 0, "best_rate = 0.01", names="the smallest rate"),
        Mistaken("the limit", 0, "best_rate = 0.2", names="stops shrinking"),
        Mistaken("nan", 0, "best_rate = float('nan')", names="not finite"),
        Mistaken("a list of rates", 0, "best_rate = [0.17, 0.18]", names="not a number"),
        Mistaken("a slip of the pen", 0, "best_rate = 0.16"),
    ],
}
