"""Python's floats among float32 numbers, for numba.

NumPy computes 1 - beta2**t in float64 and rounds it where it meets a float32 array. To numba, such a meeting is float64: half
the speed, and other numbers. So in float32 the hyper-parameters and t are of a type of their own, which this module defines.
"""

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_model

__all__ = ["LIKE_NUMPY", "weaken"]

# Dividing by zero gives infinity, as in NumPy; Python's error would need a test that keeps loops from being vectorised.
# Nothing else is relaxed: numba's fastmath would change the numbers.
LIKE_NUMPY = {"error_model": "numpy"}


class Weak(types.Number):
    """A float64 that becomes float32 where it meets one: NumPy's rule for Python floats (NEP 50)."""

    def __init__(self):
        super().__init__(name="weak")


weak = Weak()


@register_model(Weak)
class WeakModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, ir.DoubleType())


@intrinsic
def weaken(context, x):
    return weak(types.float64), lambda context, builder, signature, arguments: arguments[0]


@intrinsic
def strengthen(context, x):
    return types.float64(weak), lambda context, builder, signature, arguments: arguments[0]


def meeting(x, other):
    """x as it enters an operation with other."""


@overload(meeting)
def _meeting(x, other):
    if x is not weak:
        return lambda x, other: x
    if other is types.float32:
        return lambda x, other: np.float32(strengthen(x))
    return lambda x, other: strengthen(x)


def _teach(operation, returns_weak):
    @overload(operation, jit_options=LIKE_NUMPY)
    def typed(a, b):
        if weak not in (a, b):
            return None
        if returns_weak and not isinstance(a, types.Float) and not isinstance(b, types.Float):
            impl = lambda a, b: weaken(operation(meeting(a, b), meeting(b, a)))  # noqa: E731
        else:
            impl = lambda a, b: operation(meeting(a, b), meeting(b, a))  # noqa: E731
        impl.__qualname__ = f"weak_{operation.__name__}"
        return impl


for _operation in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
    _teach(_operation, returns_weak=True)
for _operation in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, np.minimum, np.maximum):
    _teach(_operation, returns_weak=False)


@overload(operator.neg)
def _negative(a):
    return (lambda a: weaken(-strengthen(a))) if a is weak else None
