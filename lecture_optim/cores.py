"""How many processes are worth starting."""

import os

__all__ = ["cores"]


def cores():
    """The number of processor cores that this process may use, at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
