"""Errors for bad input: each names the argument, shows the value and says what would be right."""

import numpy as np

__all__ = ["at_least", "below_one", "finite", "positive", "same_shape"]


def _values(name, value):
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number or an array of numbers, not {value!r}") from None
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, but is {value!r}")
    return array


def _require(condition, name, value, wanted):
    if not np.all(condition):
        raise ValueError(f"{name} must be {wanted}, but is {value!r}")


def positive(**named):
    """Raise ValueError unless every value is a finite number > 0 (or an array of such)."""
    for name, value in named.items():
        _require(_values(name, value) > 0, name, value, "> 0")


def at_least(bound, **named):
    """Raise ValueError unless every value is a finite number >= bound (or an array of such)."""
    for name, value in named.items():
        _require(_values(name, value) >= bound, name, value, f">= {bound}")


def below_one(**named):
    """Raise ValueError unless every value lies in [0, 1)."""
    for name, value in named.items():
        array = _values(name, value)
        _require((array >= 0) & (array < 1), name, value, "in [0, 1)")


def finite(**named):
    """Raise ValueError that names the array and its first bad entry where one holds NaN or infinity."""
    for name, value in named.items():
        bad = ~np.isfinite(value)
        if np.any(bad):
            where = "" if np.ndim(value) == 0 else f" at index {tuple(int(i) for i in np.argwhere(bad)[0])}"
            raise ValueError(f"{name} must be finite, but holds {np.asarray(value)[bad][0]}{where}; the step was not taken")


def same_shape(**named):
    """Raise ValueError that names both arrays unless all have one shape."""
    (first, reference), *others = named.items()
    for name, value in others:
        if np.shape(value) != np.shape(reference):
            raise ValueError(f"{name} must have the shape of {first}, {np.shape(reference)}, but has {np.shape(value)}")
