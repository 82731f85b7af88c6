"""Run the peers and store their trajectories: ``python -m tests.package.peers.record``, from the repository's root.

It needs the versions of torch and optax that are to be recorded, as `compare.py` does.
"""

import numpy as np

from tests.package.peers import conventions


def record():
    """Write the gradients, the peers' versions and the kept steps of every case to `conventions.DATA`."""
    gradients = conventions.make_gradients()
    paths = {f"w/{case.name}": conventions.theirs(case, gradients)[conventions.KEPT - 1] for case in conventions.CASES}
    versions = {f"version/{name}": np.array(version) for name, version in conventions.versions().items()}
    np.savez_compressed(conventions.DATA, gradients=gradients, **versions, **paths)


if __name__ == "__main__":
    record()
    print(f"{conventions.DATA.name}: {len(conventions.CASES)} trajectories, {conventions.DATA.stat().st_size:,} bytes")
