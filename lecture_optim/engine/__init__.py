"""The compiled engine: numba runs the functions of `rules` one coordinate at a time, and no rule is written a second time.

A rule is pure and takes numbers as well as arrays. So a loop over the coordinates that calls it with numbers is the step in
place without temporaries, a loop over the rows that a sparse gradient names is the sparse step, and a loop over time is online
learning. numba compiles loop and rule as one and keeps the machine code for the next process. The numbers are NumPy's, bit by
bit. The one exception is a power of an *array* of hyper-parameters, which NumPy itself rounds unlike the power of a number.

`weak` teaches numba how Python's floats meet float32, `loops` holds the loops, `kernels` compiles and keeps them, `steps` is
what an `Optimizer` calls. Importing this package loads numba.
"""

from lecture_optim.engine.steps import Compiled

__all__ = ["Compiled"]
