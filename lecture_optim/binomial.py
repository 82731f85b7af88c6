"""Exact means under the binomial law: the number of steps, of T independent ones, in which a coordinate is seen."""

import numpy as np

from lecture_optim import checks

__all__ = ["mean"]


def mean(values, p):
    """E f(N) for N ~ Bin(T, p), the number of successes in T independent steps of probability p.

    values: f(0), f(1), ..., f(T), an array (T + 1,). p: in [0, 1].
    Returns a float, summed over all T + 1 outcomes; nothing is sampled. Raises ValueError for p outside [0, 1] and for values
    that are empty, not finite or have more than one axis.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"values must be f(0), ..., f(T), an array of one axis, but has shape {values.shape}")
    checks.finite(values=values)
    checks.at_least(0, p=p, **{"1 - p": 1 - p})
    T = len(values) - 1
    if p in (0, 1):
        return float(values[T * int(p)])
    # log P(k + 1) / P(k), added up from the most likely k outwards: factorials of T would cost digits.
    k = np.arange(T)
    ratios = np.log((T - k) / (k + 1)) + np.log(p) - np.log1p(-p)
    mode = min(int((T + 1) * p), T)
    below, above = -np.cumsum(ratios[:mode][::-1])[::-1], np.cumsum(ratios[mode:])
    weights = np.exp(np.concatenate([below, [0.0], above]))
    return float(weights @ values / weights.sum())
