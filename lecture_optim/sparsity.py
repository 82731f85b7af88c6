"""Measures of sparsity: of one gradient, along the last axis of an array, and of a stream's supports over a window.

The zero vector has every measure 0. Every measure but `block_norms` ignores the scale of g, and none overflows.
"""

import numpy as np

from lecture_optim import checks

__all__ = [
    "block_norms", "coordinates_holding", "cumulative_share", "effective_support", "expected_union",
    "expected_union_random_order", "support_size", "window_unions",
]  # fmt: skip


def _sizes(g):
    """|g| divided by its largest entry along the last axis; zero vectors stay zero."""
    a = np.abs(np.asarray(g, dtype=float))
    if a.ndim == 0 or a.shape[-1] == 0:
        raise ValueError(f"g must have coordinates along its last axis, but has shape {a.shape}")
    checks.finite(g=a)
    largest = a.max(axis=-1, keepdims=True)
    return a / np.where(largest > 0, largest, 1.0)


def support_size(g):
    """The number of coordinates of g (..., d) that are not exactly zero; an integer, or (...)."""
    _sizes(g)  # for its checks: scaling would turn the smallest entries into zeros
    return np.count_nonzero(g, axis=-1)


def effective_support(g, power=1.0):
    """(sum |g|^power)^2 / sum |g|^(2 power) of g (..., d), between 1 and the support's size; 0 for the zero vector; (...).

    power = 1 is ||g||_1^2 / ||g||_2^2; power = 2 is the participation ratio of the squared entries. Raises ValueError unless
    power > 0.
    """
    checks.positive(power=power)
    a = _sizes(g) ** power
    squares = np.sum(a * a, axis=-1)
    return np.sum(a, axis=-1) ** 2 / np.where(squares > 0, squares, 1.0)


def cumulative_share(g, power=2.0):
    """The share of sum |g|^power that the k largest entries of g (..., d) hold, for k = 1 .. d; zeros for the zero vector.

    Returns (..., d), increasing along the last axis to 1. Raises ValueError unless power > 0.
    """
    checks.positive(power=power)
    sums = np.cumsum(-np.sort(-(_sizes(g) ** power), axis=-1), axis=-1)
    return sums / np.where(sums[..., -1:] > 0, sums[..., -1:], 1.0)


def coordinates_holding(g, share=0.9, power=2.0):
    """The least number of coordinates of g (..., d) that hold ``share`` of sum |g|^power; 0 for the zero vector; (...).

    Shares count as equal within 1e-12, the rounding of long sums: share = 1 leaves out entries that hold less in all. Raises
    ValueError unless 0 < share <= 1.
    """
    checks.positive(share=share)
    checks.at_most(1, share=share)
    held = cumulative_share(g, power)
    return np.where(held[..., -1] > 0, np.argmax(held >= share - 1e-12, axis=-1) + 1, 0)[()]


def block_norms(g, blocks):
    """The Euclidean norm of each block of g (..., d), for blocks (d,) that number each coordinate's block from 0.

    Returns (..., number of blocks). Raises ValueError where blocks are not whole numbers >= 0, one a coordinate.
    """
    g, blocks = np.asarray(g, dtype=float), np.asarray(blocks)
    checks.finite(g=g)
    if blocks.shape != g.shape[-1:] or blocks.dtype.kind not in "iu" or blocks.min(initial=0) < 0:
        raise ValueError(f"blocks must hold a whole number >= 0 for each of the {g.shape[-1]} coordinates, but is {blocks!r}")
    norms = np.zeros((*g.shape[:-1], blocks.max(initial=-1) + 1))
    np.hypot.at(norms, (..., blocks), g)  # squares could overflow
    return norms


def window_unions(indptr, indices, length, order=None):
    """The number of distinct coordinates that each window of ``length`` steps touches; an integer array (n // length,).

    The supports stand as CSR: step i touches indices[indptr[i]:indptr[i + 1]]. The windows follow each other without overlap and
    what is left at the end is dropped. order: the steps in another order, an index array (n,). Raises ValueError unless
    1 <= length <= n.
    """
    n = len(indptr) - 1
    if not 1 <= length <= n:
        raise ValueError(f"length must lie in 1 .. {n}, the number of steps, but is {length!r}")
    position = np.arange(n)
    if order is not None:
        if not np.array_equal(np.sort(order), position):
            raise ValueError(f"order must hold each of 0 .. {n - 1} once")
        position[np.asarray(order)] = np.arange(n)
    indices = np.asarray(indices, dtype=np.int64)
    window = np.repeat(position // length, np.diff(indptr))
    width = int(indices.max(initial=0)) + 1
    pairs = np.sort(window * width + indices)  # faster than np.unique, which hashes
    distinct = pairs[np.diff(pairs, prepend=-1) > 0]
    return np.bincount(distinct // width, minlength=n // length)[: n // length]


def expected_union(p, n):
    """sum_i 1 - (1 - p_i)^n: the expected number of coordinates touched in n independent steps; the shape of n.

    p (d,): the probability that a step touches coordinate i.
    Coordinates may depend on each other, steps may not.
    """
    checks.at_least(0, p=p, n=n)
    checks.at_most(1, p=p)
    n = np.asarray(n)[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        # log1p and expm1 keep the digits of a small p.
        touched = -np.expm1(n * np.log1p(-np.asarray(p, dtype=float)))
    return np.sum(np.where(n > 0, touched, 0.0), axis=-1)


def expected_union_random_order(counts, total, n):
    """The expected number of coordinates touched by the first n of ``total`` steps in uniformly random order; the shape of n.

    counts (d,): how many of the steps touch coordinate i.
    It is sum_i 1 - C(total - counts_i, n) / C(total, n).
    """
    counts, n = np.asarray(counts), np.asarray(n)[..., None]
    checks.at_least(0, counts=counts, n=n)
    checks.at_most(total, counts=counts, n=n)
    # C(total - c, n) / C(total, n) = product over j < c of 1 - n / (total - j): small factors, where factorials would cancel.
    j = np.arange(counts.max(initial=0))
    with np.errstate(divide="ignore"):
        logs = np.log1p(-np.minimum(n / (total - j), 1.0))
    log_missed = np.concatenate([np.zeros(n.shape), np.cumsum(logs, axis=-1)], axis=-1)
    return np.sum(-np.expm1(log_missed[..., counts]), axis=-1)
