"""Every derivation of the book, a module a subject: functions without arguments that return a checked `Derivation`, made once."""

from functools import cache
from importlib import import_module

__all__ = ["SUBJECTS", "derivations", "proof"]

SUBJECTS = (
    "lemmas", "speaker", "counts", "regret", "adagrad", "geometry", "averages", "mistakes", "step_cap", "momentum", "work",
    "bias", "relatives", "sign_descent", "failure", "threshold", "climb", "nonconvex", "amsgrad",
)  # fmt: skip
_registered = {}


def proof(function):
    """Mark a function as one that makes a derivation of the book; it is run once."""
    made = cache(function)
    _registered[f"{function.__module__.rpartition('.')[2]}:{function.__name__}"] = made
    return made


def derivations():
    """Every derivation of the book by its name, such as "adagrad:projection"."""
    for subject in SUBJECTS:
        import_module(f"{__name__}.{subject}")
    return {name: make() for name, make in _registered.items()}
