"""The seed of a class: a file with a secret, from which the numbers of every test are made."""

import os
import secrets
import stat

__all__ = ["ME", "Refused", "make_seed", "read_seed"]

ME = "python -m lecture_optim.grading"
SHORTEST = 32  # characters of a seed


class Refused(Exception):
    """Something that the person at the keyboard has to mend; the message says what and how."""


def make_seed(file):
    """Write a new seed, readable by its owner alone. Refused: the file exists, or cannot be written."""
    try:
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(f"{file} exists, and a seed is never overwritten; choose another name, or move that file away") from None
    except OSError as error:
        raise Refused(f"{file}: it cannot be written: {error.strerror}; choose another place by --to") from None
    with open(fd, "w", encoding="ascii") as out:
        out.write(f"{secrets.token_hex(32)}\n")
        out.flush()
        os.fsync(out.fileno())


def read_seed(file):
    """The bytes of a class's seed. Refused: it cannot be read, others can read it, or it is too short to be a secret."""
    make = f"make one with: {ME} seed --to {file}"
    try:
        with open(file, "rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            if os.name == "posix" and mode & 0o077:
                raise Refused(
                    f"{file}: others can read or write this seed, which is a secret of yours; mend it with: chmod 600 {file}"
                )
            seed = opened.read(4096).strip()
    except OSError as error:
        raise Refused(f"{file}: it cannot be read: {error.strerror}; {make}") from None
    if len(seed) < SHORTEST:
        raise Refused(f"{file}: it has {len(seed)} characters, and a seed needs {SHORTEST}, which nobody can guess; {make}")
    return seed
