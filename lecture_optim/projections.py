"""Projections onto convex sets: functions of w that an `optimizer` applies after each step."""

import numpy as np

from lecture_optim.checks import finite, fits, own, positive

__all__ = ["ball", "box"]


def clip(w, low, high):
    """The nearest number to w in [low, high]: the formula of `box`."""
    return np.minimum(np.maximum(w, low), high)


def box(low, high):
    """Projection onto {low <= w <= high}, coordinate by coordinate; bounds are numbers or arrays, infinite ones allowed.

    It is the nearest point in the Euclidean norm and in every weighted norm sum_i h_i w_i^2 with h_i > 0, as the coordinates
    separate: the projection that AdaGrad's analysis asks for costs no more than a clip.
    Raises ValueError where a bound is NaN or low > high, TypeError where a bound is no number.
    """
    low, high = own("low", low), own("high", high)
    try:
        np.broadcast_shapes(np.shape(low), np.shape(high))
    except ValueError:
        raise ValueError(f"low and high must fit together, but have shapes {np.shape(low)} and {np.shape(high)}") from None
    if np.isnan(low).any() or np.isnan(high).any():
        raise ValueError(f"low and high must not be NaN, but are {low!r} and {high!r}")
    if not np.all(np.asarray(low) <= np.asarray(high)):
        raise ValueError(f"low must be <= high, but low is {low!r} and high is {high!r}")

    def project(w):
        fits(np.shape(w), "w", low=low, high=high)
        return clip(w, low, high)

    # What an engine that takes one coordinate at a time compiles.
    project.formula, project.bounds = clip, (low, high)
    # Bounds of one coordinate each would have to be picked like the rows.
    project.coordinatewise = np.ndim(low) == np.ndim(high) == 0
    return project


def ball(radius, center=0.0):
    """Projection onto {||w - center||_2 <= radius}; the norm is that of the last axis, so a batch is projected run by run.

    radius: a number, or an array (..., 1) with one for each run; center: a number or an array that broadcasts against w.
    Raises ValueError unless radius > 0 and center is finite.
    """
    positive(radius=radius)
    finite(center=center)

    def project(w):
        fits(np.shape(w), "w", center=center)
        offset = w - center
        # Divided by the largest entry first, whose square could overflow.
        largest = np.max(np.abs(offset), axis=-1, keepdims=True) if np.ndim(w) else np.abs(offset)
        unit = offset / np.where(largest > 0, largest, 1.0)
        norm = largest * (np.linalg.norm(unit, axis=-1, keepdims=True) if np.ndim(w) else 1.0)
        outside = norm > radius
        # Points inside are returned as they are, not as center + (w - center), which rounds.
        return np.where(outside, center + offset * (radius / np.where(outside, norm, 1.0)), w)[()]

    return project
