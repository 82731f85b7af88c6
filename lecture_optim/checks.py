"""Errors for bad input: each names the argument, shows the value and says what would be right."""

import numpy as np

__all__ = [
    "at_least", "at_most", "below_one", "count", "finite", "fits", "floats", "indices", "numbers", "own", "positive",
    "same_shape",
]  # fmt: skip


def numbers(name, value):
    """The value as an array; raises TypeError unless it holds real numbers (text that reads as a number is text)."""
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be a number or an array of numbers, not {value!r}")
    return array


def floats(name, value):
    """The value itself where it is a float or a float array, else the same numbers as float64; TypeError as in `numbers`."""
    # A subclass of an array may mean something else by *: a matrix means a product of matrices.
    if isinstance(value, float | np.floating) or (type(value) is np.ndarray and value.dtype.kind == "f"):
        return value
    array = numbers(name, value)
    return (array if array.dtype.kind == "f" else array.astype(float))[()]


def _values(name, value):
    finite(**{name: value})
    return numbers(name, value)


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


def at_most(bound, **named):
    """Raise ValueError unless every value is a finite number <= bound (or an array of such)."""
    for name, value in named.items():
        _require(_values(name, value) <= bound, name, value, f"<= {bound}")


def count(least, **named):
    """Raise ValueError unless every value is one whole number >= least."""
    for name, value in named.items():
        if np.ndim(value) or numbers(name, value).dtype.kind not in "iu" or value < least:
            raise ValueError(f"{name} must be a whole number >= {least}, but is {value!r}")


def own(name, value):
    """A float for a number and a copy for an array, so that what the caller does to the array later changes nothing."""
    array = np.array(floats(name, value))
    return array if array.ndim else float(array)


def indices(name, values, bound):
    """The values as an array of integers in 0 .. bound - 1, with one axis; raises ValueError that names the first that is not."""
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        found = f"has shape {array.shape} and type {array.dtype}"
        raise ValueError(f"{name} must be a list of integers, but {found}; np.flatnonzero makes one of a mask")
    bad = array[(array < 0) | (array >= bound)]
    if bad.size:
        raise ValueError(f"{name} must lie in 0 .. {bound - 1}, but holds {bad[0]}")
    return array


def below_one(**named):
    """Raise ValueError unless every value lies in [0, 1)."""
    for name, value in named.items():
        array = _values(name, value)
        _require((array >= 0) & (array < 1), name, value, "in [0, 1)")


def finite(**named):
    """Raise ValueError that names the array and its first bad entry where one holds NaN or infinity."""
    for name, value in named.items():
        array = numbers(name, value)
        good = np.isfinite(array)
        if not good.all():
            bad = ~good
            where = "" if array.ndim == 0 else f" at index {tuple(int(i) for i in np.argwhere(bad)[0])}"
            raise ValueError(f"{name} must be finite, but holds {array[bad][0]}{where}")


def same_shape(**named):
    """Raise ValueError that names both arrays unless all have one shape."""
    (first, reference), *others = named.items()
    for name, value in others:
        if np.shape(value) != np.shape(reference):
            raise ValueError(f"{name} must have the shape of {first}, {np.shape(reference)}, but has {np.shape(value)}")


def fits(shape, target, **named):
    """Raise ValueError that names both unless every value broadcasts to the shape, which ``target`` has."""
    for name, value in named.items():
        own = np.shape(value)
        if len(own) > len(shape) or any(a not in (1, b) for a, b in zip(own[::-1], shape[::-1], strict=False)):
            raise ValueError(f"{name} must broadcast to the shape of {target}, {shape}, but has {own}")
