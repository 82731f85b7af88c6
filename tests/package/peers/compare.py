"""Compare the package with PyTorch and optax, live: ``python -m tests.package.peers.compare``, from the repository's root.

Prints a table and ends with 1 where a difference is above its tolerance, with 2 where a peer is not installed.
The peers are not in the lock, as they bring gigabytes: `make peers` gives them an environment of their own and runs this.
"""

import sys

import numpy as np

from tests.package.peers import conventions


def compare(cases=conventions.CASES):
    """Print a line a case; returns the number of cases above their tolerance."""
    gradients, versions = conventions.make_gradients(), conventions.versions()
    print(f"{conventions.STEPS} float64 steps with prescribed gradients; jax {versions['jax']}, numpy {np.__version__}\n")
    width = max(len(case.convention) for case in cases)
    print(f"{'rule':16} | {'peer':18} | {'convention':{width}} | difference | tolerance")
    above = 0
    for case in cases:
        off = conventions.difference(conventions.ours(case, gradients), conventions.theirs(case, gradients))
        bad = not off <= case.tolerance
        above += bad
        peer = f"{case.peer} {versions[case.peer]}"
        row = f"{case.rule.__name__:16} | {peer:18} | {case.convention:{width}} | {off:10.1e} | {case.tolerance:9.0e}"
        print(row + "  ABOVE" * bad, flush=True)
    print(f"\n{len(cases) - above} of {len(cases)} within their tolerance")
    return above


if __name__ == "__main__":
    try:
        sys.exit(1 if compare() else 0)
    except ImportError as error:
        print(f"The comparison needs PyTorch and optax beside NumPy, but: {error}", file=sys.stderr)
        print("`make peers` installs them in an environment of their own and compares", file=sys.stderr)
        sys.exit(2)
