"""Submissions of the small course of `miniature`, and how the class side is run on them."""

import os
import subprocess
import sys
from pathlib import Path

from . import miniature
from .classes import code, notebook, prose

SEED = b"0123456789abcdef0123456789abcdef"
RIGHT = {"q1": "def twice(x):\n    return 2 * x", "q2": "half = 0.5"}
ESSAY = "My thought is my own."


def submission(essay=ESSAY, before="", **changed):
    """The bytes of a notebook with right answers, but for those given here."""
    answers = RIGHT | changed
    first = "import numpy as np\nfrom lecture_optim.check import open_assignment\ncheck = open_assignment('small')\n" + before
    cells = [code(first), *map(code, answers.values()), code('check("q1", twice)')]
    return notebook([*cells, prose(f"Below.\n\n<!-- essay: q3 -->\n{essay}")])


def fill(folder, files):
    """Write files, a dict from paths to bytes, into a folder; returns it."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def contents(folder):
    """The bytes of every file below a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def course(folder):
    return miniature.write(folder / "course")


def seed_file(folder):
    file = folder / "class.seed"
    file.touch(mode=0o600)
    file.write_bytes(SEED)
    return file


def command(*arguments, popen=False, **environment):
    """Run the class's command; the finished process, or, with popen, the running one."""
    run = [sys.executable, "-m", "lecture_optim.grading", *map(str, arguments)]
    options = {"env": {**os.environ, **environment}, "text": True, "cwd": Path(__file__).resolve().parents[2]}
    if popen:
        return subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    return subprocess.run(run, capture_output=True, timeout=120, **options)
